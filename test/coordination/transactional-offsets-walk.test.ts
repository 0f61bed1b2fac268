// Committed offsets under transactions, against the plainest model there is: the log itself. Of a key
// counts what stands last in the log among the records that were decided: plain ones, and those of
// transactions that were committed. So must it be live, after a reload, and after compaction.

import { expect, test } from 'vitest'
import type {
  CommitOffsetsResponse,
  DeleteOffsetsResponse,
} from '../../src/coordination/group/offsets/messages.ts'
import type {
  GroupRecord,
  OffsetRecord,
} from '../../src/coordination/group/records/group-record.ts'
import type { GroupShard } from '../../src/coordination/group/group-shard.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { Caller, ShardFixture, topicIdOf } from './shard-fixture.ts'

type Entry =
  | { readonly kind: 'record'; readonly record: GroupRecord; readonly producerId: number | null }
  | {
      readonly kind: 'marker'
      readonly producerId: number
      readonly outcome: 'committed' | 'aborted'
    }

const WALKS = 60
const STEPS = 150
const GROUPS = ['a', 'b', 'c']
const TOPICS = ['clicks', 'orders']
const PRODUCERS = [1, 2, 3, 4]

class Walk {
  readonly random: SeededRandom
  readonly fixture = new ShardFixture()
  readonly log: Entry[] = []
  #offset = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  step(): void {
    const { random } = this
    const groupId = random.pick(GROUPS)
    const topic = random.pick(TOPICS)
    const partition = random.below(2)
    const chance = random.below(100)
    if (chance < 20) this.#commit(groupId, topic, partition)
    else if (chance < 60) this.#commitInTransaction(groupId, topic, partition)
    else if (chance < 85) this.#end(random.pick(PRODUCERS), random.chance(0.6))
    else if (chance < 90) this.#deleteOffset(groupId, topic, partition)
    else if (chance < 93) this.#deleteGroup(groupId)
    else if (chance < 95) this.#advance(random.pick([600_000, 4 * 24 * 3_600_000]))
    else if (chance < 97) this.#recreateTopic(topic)
    else this.#crash()
  }

  #commit(groupId: string, topic: string, partition: number): void {
    const by = { memberId: '', instanceId: null, generationOrEpoch: -1, retentionMs: -1 }
    const offsets = [this.#draw(topic, partition)]
    this.#run<CommitOffsetsResponse>((call) => {
      return this.fixture.shard.commitOffsets({ groupId, ...by, offsets }, call, this.fixture.now)
    })
  }

  #commitInTransaction(groupId: string, topic: string, partition: number): void {
    const by = { memberId: '', instanceId: null, generationOrEpoch: -1 }
    const offsets = [this.#draw(topic, partition), this.#draw(topic, partition + 1)]
    const writer = { producerId: this.random.pick(PRODUCERS), producerEpoch: 0, guard: null }
    const caller = new Caller<CommitOffsetsResponse>()
    const { shard, now } = this.fixture
    const before = snapshot(shard)
    const step = shard.commitInTransaction({ groupId, ...by, offsets }, writer, caller, now)
    // The log refuses some: nothing has happened then.
    if (this.random.chance(0.2)) {
      expect(snapshot(shard)).toEqual(before)
      return
    }
    for (const record of step.records) {
      this.log.push({ kind: 'record', record, producerId: writer.producerId })
    }
    step.apply()
    step.release()
    expect(caller.value.partitions.map(({ error }) => error)).toEqual([null, null])
  }

  #end(producerId: number, isCommit: boolean): void {
    const outcome = isCommit ? 'committed' : 'aborted'
    this.log.push({ kind: 'marker', producerId, outcome })
    this.fixture.shard.replayMarker(producerId, outcome)
  }

  #deleteOffset(groupId: string, topic: string, partition: number): void {
    const request = { groupId, partitions: [{ topic, partition }] }
    this.#run<DeleteOffsetsResponse>((call) => {
      return this.fixture.shard.deleteOffsets(request, call, this.fixture.now)
    })
  }

  #deleteGroup(groupId: string): void {
    this.#run<null>((call) => this.fixture.shard.deleteGroup(groupId, call, this.fixture.now))
    const { offsets } = this.fixture.shard.state
    expect(offsets.hasGroup(groupId)).toBe(false)
  }

  #recreateTopic(topic: string): void {
    this.fixture.setTopics(topic === 'clicks' ? { orders: 3 } : { clicks: 6 })
    this.fixture.shard.topicsDeleted(this.fixture.now)
    this.#advance(0)
    this.fixture.setTopics({ clicks: 6, orders: 3 })
  }

  #advance(byMs: number): void {
    const { fixture } = this
    const finish = fixture.finish.bind(fixture)
    fixture.finish = (step) => {
      this.#take(step.records)
      finish(step)
    }
    fixture.advance(byMs)
    fixture.finish = finish
  }

  /** A kill: what was undecided is still so afterwards. */
  #crash(): void {
    this.fixture.shard = load(this.fixture, this.random.chance(0.5) ? this.log : compact(this.log))
  }

  #draw(topic: string, partition: number) {
    const offset = this.#offset++
    return { topic, topicId: topicIdOf(topic), partition, offset, leaderEpoch: -1, metadata: '' }
  }

  #run<T>(handle: (call: Caller<T>) => ReturnType<GroupShard['commitOffsets']>): void {
    const step = handle(new Caller<T>())
    this.#take(step.records)
    step.release()
  }

  #take(records: readonly GroupRecord[]): void {
    for (const record of records) this.log.push({ kind: 'record', record, producerId: null })
  }
}

function load(fixture: ShardFixture, log: readonly Entry[]): GroupShard {
  fixture.reload([])
  const { shard } = fixture
  for (const entry of log) {
    if (entry.kind === 'marker') shard.replayMarker(entry.producerId, entry.outcome)
    else shard.replay(entry.record, entry.producerId)
  }
  return shard
}

/** Where each transactional record's fate is written, or null. */
function outcomeOf(log: readonly Entry[], at: number): 'committed' | 'aborted' | null {
  const entry = log[at]!
  if (entry.producerId === null) return 'committed'
  const marker = log.slice(at).find((other) => {
    return other.kind === 'marker' && other.producerId === entry.producerId
  })
  return marker?.kind === 'marker' ? marker.outcome : null
}

function keyOf({ groupId, topic, partition }: OffsetRecord): string {
  return `${groupId} ${topic} ${partition}`
}

/** What counts, and what is undecided, by key: read off the log. */
function model(log: readonly Entry[]) {
  const committed = new Map<string, number>()
  const pending = new Set<string>()
  for (const [at, entry] of log.entries()) {
    if (entry.kind !== 'record' || entry.record.type !== 'Offset') continue
    const key = keyOf(entry.record)
    const outcome = outcomeOf(log, at)
    if (outcome === null) pending.add(key)
    if (outcome !== 'committed') continue
    if (entry.record.value !== null) committed.set(key, entry.record.value.offset)
    else {
      committed.delete(key)
      pending.delete(key)
    }
  }
  return { committed: sorted(committed), pending: [...pending].toSorted() }
}

function snapshot({ state: { offsets } }: GroupShard) {
  const committed = new Map<string, number>()
  const pending: string[] = []
  for (const groupId of offsets.groupIds()) {
    for (const { topic, partition } of offsets.partitionsOf(groupId)) {
      const key = `${groupId} ${topic} ${partition}`
      const value = offsets.get(groupId, topic, partition)
      if (value !== null) committed.set(key, value.offset)
      if (offsets.isPending(groupId, topic, partition)) pending.push(key)
    }
  }
  return { committed: sorted(committed), pending: pending.toSorted() }
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** As the cleaner leaves a log: below the first undecided record, the last that counts of each key. */
function compact(log: readonly Entry[]): Entry[] {
  const isUndecided = (entry: Entry, at: number): boolean => {
    return entry.kind === 'record' && outcomeOf(log, at) === null
  }
  const first = log.findIndex(isUndecided)
  const end = first === -1 ? log.length : first
  const last = new Map<string, number>()
  for (const [at, entry] of log.entries()) {
    if (at >= end) break
    if (entry.kind !== 'record' || entry.record.type !== 'Offset') continue
    // Records that are cleaned and whose marker stands behind the end have an outcome all the same.
    if (outcomeOf(log, at) === 'committed') last.set(keyOf(entry.record), at)
  }
  const kept = new Set(last.values())
  return log.filter((entry, at) => at >= end || entry.kind === 'marker' || kept.has(at))
}

test(
  'committed offsets are those that stand last in the log, live, reloaded and compacted',
  { timeout: 120_000 },
  () => {
    for (let seed = 1; seed <= WALKS; seed++) {
      const walk = new Walk(seed)
      for (let step = 0; step < STEPS; step++) {
        const hint = `seed ${seed}, step ${step}`
        walk.step()
        expect(snapshot(walk.fixture.shard), hint).toEqual(model(walk.log))
      }
      const reloaded = new ShardFixture()
      expect(snapshot(load(reloaded, walk.log)), `seed ${seed}, reloaded`).toEqual(model(walk.log))
      const compacted = compact(walk.log)
      expect(compacted.length).toBeLessThan(walk.log.length)
      expect(snapshot(load(reloaded, compacted)), `seed ${seed}, compacted`).toEqual(
        model(walk.log),
      )
    }
  },
)
