// cleanup.policy=compact,delete: old segments go from the front, by time or by size, and what is left is
// compacted. Random lives against the plain rules of both.

import { expect, test } from 'vitest'
import { splitBatches } from '../../../src/record/batch-reader.ts'
import type { LogConfig } from '../../../src/storage/log-config.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { testBatch } from '../../support/batches.ts'
import { ManagerFixture } from '../manager-fixture.ts'
import { COMPACTED, CompactionLife } from './compaction-life.ts'

const SEEDS = Number(process.env['SEEDS'] ?? 25)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)

const BOTH: Partial<LogConfig> = { cleanupPolicy: ['compact', 'delete'] }

/** Size and newest timestamp of each segment, by what stands in it; -1: nothing with a timestamp. */
async function segmentsOf(life: CompactionLife) {
  const { log } = life
  const { batches } = splitBatches(await life.content())
  return log.segmentFacts().map(({ baseOffset, endOffset, sizeBytes }) => {
    const inside = batches.filter(({ header }) => {
      return header.baseOffset >= baseOffset && header.baseOffset < endOffset
    })
    const newest = Math.max(-1, ...inside.map(({ header }) => header.maxTimestamp))
    return { baseOffset, endOffset, sizeBytes, newest }
  })
}

/** Runs retention, and checks that it took what it has to, and nothing else. */
async function retain(life: CompactionLife, message: string): Promise<void> {
  const { log, rig } = life
  const { retentionMs, retentionBytes } = log.config
  const before = await segmentsOf(life)
  await rig.settled(rig.manager.runRetention())
  const start = log.logStartOffset
  const kept = before.filter(({ endOffset }) => endOffset > start)
  const now = rig.clock.now()
  const isOld = (newest: number): boolean => retentionMs >= 0 && now - newest > retentionMs
  for (const [at, { endOffset, newest }] of before.entries()) {
    if (endOffset > start || endOffset === 0) break
    const behind = before.slice(at + 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const bySize = retentionBytes >= 0 && behind >= retentionBytes
    expect(bySize || isOld(newest), `${message}: before ${endOffset}`).toBe(true)
  }
  const behind = kept.slice(1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (kept.length > 1 && retentionBytes >= 0) expect(behind, message).toBeLessThan(retentionBytes)
  const dated = kept.find(({ newest }) => newest >= 0)
  if (dated !== undefined) expect(isOld(dated.newest), message).toBe(false)
}

async function live(seed: number, config: Partial<LogConfig>): Promise<number> {
  const random = new SeededRandom(seed)
  const life = await CompactionLife.begin(random, {
    keyCount: random.pick([5, 40, 400]),
    config: { ...BOTH, ...config },
    transactions: random.pick([0, 0.3]),
    manager: { retentionCheckIntervalMs: 1e12 },
  })
  for (let steps = random.between(20, 60); steps > 0; steps--) {
    const message = `seed ${seed}, ${steps} steps left`
    const draw = random.below(100)
    if (draw < 50) for (let count = random.between(1, 8); count > 0; count--) life.append()
    else if (draw < 60) await life.settle()
    else if (draw < 68) await life.rig.pass(random.between(1, 3_000))
    else if (draw < 71) life.log.roll()
    else if (draw < 83) {
      await life.settle()
      await life.compact()
      await life.expectInOrder(message)
    } else if (draw < 94) {
      await life.settle()
      await retain(life, message)
      await life.expectInOrder(message)
    } else {
      await life.restart(random.pick(['stop', 'kill', 'power-cut'] as const), message)
      await life.expectInOrder(message)
    }
  }
  return life.log.logStartOffset
}

test.each([
  ['by time', { retentionMs: 2_500 }],
  ['by size', { retentionBytes: 6_000 }],
  ['by both', { retentionMs: 4_000, retentionBytes: 9_000 }],
])(`segments go %s, over ${SEEDS} lives`, { timeout: 300_000 }, async (_, config) => {
  let moved = 0
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    if ((await live(seed, config)) > 0) moved += 1
  }
  expect(moved).toBeGreaterThan(SEEDS / 3)
})

test('a segment that compaction has emptied does not keep old ones behind it', async () => {
  const rig = await ManagerFixture.start({
    retentionCheckIntervalMs: 1e12,
    compaction: {
      ...{ enabled: false, backoffMs: 0, keyBytes: 4_096 },
      ...{ ioBufferBytes: 10_000, ioBytesPerSecond: Infinity },
    },
  })
  await rig.topic('table', 1, { ...COMPACTED, ...BOTH, retentionMs: 5_000 })
  const log = rig.log('table')
  const write = (key: string, bytes: number): void => {
    const records = [{ key, value: Buffer.alloc(bytes, 1) }]
    rig.appendBatch(log, testBatch({ records, timestamp: rig.clock.now() }))
  }
  // The key of the first segment comes again in the second, which is as large as a segment gets.
  write('a', 2_000)
  log.roll()
  write('a', 1_000)
  write('b', 1_300)
  log.roll()
  write('c', 10)
  await rig.clock.settle()
  await rig.settled(rig.manager.runCompaction())
  expect(log.segmentFacts().map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 3])
  expect(await log.segmentTimestamp(0)).toBe(-1)
  await rig.pass(4_000)
  write('c', 10)
  await rig.clock.settle()
  await rig.pass(2_000)
  await rig.settled(rig.manager.runRetention())
  expect(log.segmentFacts().map(({ baseOffset }) => baseOffset)).toEqual([3])
  expect(log.logStartOffset).toBe(3)
})
