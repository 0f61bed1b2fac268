// Random lives of producers, partitions and their coordinator, each from a seed: whatever is delayed,
// repeated, lost and killed, transactions are whole. And the walk finds a protocol that is not.

import { expect, test } from 'vitest'
import { SeededRandom } from '../../support/seeded-random.ts'
import { ModelCluster, type ModelOptions } from './model-cluster.ts'

const WALKS = 100
const STEPS = 400
/** Between two looks at whether the state is what the log says. */
const STEPS_UNSEEN = 7

function walk(seed: number, options: ModelOptions): ModelCluster {
  const cluster = new ModelCluster(new SeededRandom(seed), options)
  for (let step = 0; step < STEPS; step++) {
    cluster.step()
    if (step % STEPS_UNSEEN > 0) continue
    const [log, state] = cluster.fixture.states()
    expect(state, `seed ${seed}, step ${step}`).toEqual(log)
  }
  cluster.drain()
  return cluster
}

/** What is wrong with what the partitions hold at the end, against what the producers were told. */
function anomaliesOf({ partitions, told }: ModelCluster): string[] {
  const found: string[] = []
  const outcomes = new Map<string, Set<string>>()
  const committed: string[] = []
  for (const partition of partitions) {
    if (partition.openCount > 0) found.push('a transaction hangs')
    for (const { write, outcome } of partition.entries) {
      outcomes.set(write.tag, (outcomes.get(write.tag) ?? new Set()).add(outcome ?? 'open'))
      if (outcome === 'commit') committed.push(write.value)
    }
  }
  const read = new Set(committed)
  if (read.size < committed.length) found.push('a record is there twice')
  for (const [tag, { acked, outcome }] of told) {
    const ends = outcomes.get(tag) ?? new Set()
    if (ends.size > 1) found.push(`${tag} is torn`)
    if (outcome === 'commit' && [...acked].some((value) => !read.has(value))) {
      found.push(`${tag} was committed, and is not all there`)
    }
    if (outcome === 'abort' && ends.has('commit')) found.push(`${tag} was aborted, and is read`)
  }
  return found
}

test('with an epoch for each transaction, none is torn, lost or doubled, whatever comes late', () => {
  let [commits, fenced] = [0, 0]
  for (let seed = 1; seed <= WALKS; seed++) {
    const cluster = walk(seed, { version: 2, repeats: 0.3, successors: seed % 2 === 0 })
    expect(anomaliesOf(cluster), `seed ${seed}`).toEqual([])
    commits += cluster.fixture.counters.commits
    fenced += cluster.fixture.counters.fenced
  }
  // It does what it is to be tested at.
  expect(commits).toBeGreaterThan(WALKS)
  expect(fenced).toBeGreaterThan(WALKS / 4)
})

test('without one, transactions are whole where nothing comes twice', () => {
  let commits = 0
  for (let seed = 1; seed <= WALKS; seed++) {
    const cluster = walk(seed, { version: 1, repeats: 0, successors: seed % 2 === 0 })
    expect(anomaliesOf(cluster), `seed ${seed}`).toEqual([])
    commits += cluster.fixture.counters.commits
  }
  expect(commits).toBeGreaterThan(WALKS)
})

/** What is found in some walks with a planted bug. */
function findings(options: Partial<ModelOptions>): string {
  let found = ''
  for (let seed = 1; seed <= WALKS && found === ''; seed++) {
    found = anomaliesOf(
      walk(seed, { repeats: 0.3, successors: false, version: 2, ...options }),
    ).join()
  }
  return found
}

test('the walk finds ends that do not raise the epoch: an old one that comes late ends the next', () => {
  expect(findings({ bumps: false })).toMatch(/torn|aborted|committed/)
})

test('the walk finds records that nobody has verified: they begin what nobody ends', () => {
  expect(findings({ version: 1, verifies: false })).toContain('hangs')
})
