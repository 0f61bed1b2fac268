// What is done to a log while a pass over it is under way, at every call that the pass makes to the disk: cut,
// deleted and made anew, its records deleted, retention, another policy.

import { expect, test } from 'vitest'
import { uuidOf } from '../../../src/base/uuid.ts'
import { silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { COMPACTED, dirtyLog, type CompactionLife } from './compaction-life.ts'

const TIME = { timeout: 300_000 }

/** Something that is done to a log, and what the log has to be like afterwards. */
interface Change {
  readonly name: string
  /** Before the pass begins. */
  readonly before?: (life: CompactionLife) => Promise<void>
  readonly act: (life: CompactionLife) => Promise<unknown>
  readonly after?: (life: CompactionLife, message: string) => Promise<void> | void
}

const CHANGES: readonly Change[] = [
  {
    name: 'deleted at its beginning',
    act: (life) => {
      const { log, random, rig } = life
      const offset = random.between(log.logStartOffset + 1, log.durableOffset)
      return rig.manager.deleteRecordsBefore(log, offset)
    },
    after: ({ log }, message) => expect(log.logStartOffset, message).toBeGreaterThan(0),
  },
  {
    name: 'cut',
    before: async (life) => {
      // As below a high watermark: what may be cut is not compacted.
      const bases = life.log.segmentFacts().map(({ baseOffset }) => baseOffset)
      life.stableOffset = bases.at(-2)!
      expect(life.stableOffset).toBeGreaterThan(life.cleanOffset())
    },
    act: async (life) => {
      const { log, random, rig, stableOffset } = life
      const offset = random.between(stableOffset, log.logEndOffset - 1)
      await rig.manager.truncate(log, offset)
      expect(log.logEndOffset).toBeLessThanOrEqual(offset)
      life.stableOffset = Infinity
      life.wasCut()
    },
  },
  {
    name: 'shortened by retention',
    before: async ({ log }) => {
      const size = log.sizeBytes
      const cleanupPolicy = ['compact', 'delete'] as const
      log.reconfigure({ ...log.config, cleanupPolicy, retentionBytes: Math.floor(size / 3) })
    },
    act: ({ rig }) => rig.manager.runRetention(),
    after: async (life) => {
      const { log, rig } = life
      log.reconfigure({ ...log.config, ...COMPACTED, segmentBytes: 1_500, retentionBytes: -1 })
      await rig.settled(rig.manager.runRetention())
    },
  },
]

async function callsOf(dirty: CompactionLife, change: Change): Promise<number> {
  const life = await dirty.fork(new SeededRandom(0))
  await change.before?.(life)
  const counted = life.rig.files.faults.count()
  await life.compact()
  return counted.calls
}

/** Compacts, and makes the change once the pass has made its nth call to the disk. */
async function changedAt(
  dirty: CompactionLife,
  nth: number,
  change: Pick<Change, 'before' | 'act'>,
): Promise<CompactionLife> {
  const life = await dirty.fork(new SeededRandom(nth))
  await change.before?.(life)
  let changed: Promise<unknown> | null = null
  life.rig.files.faults.act({ nth }, () => {
    changed = change.act(life)
  })
  await life.compact()
  expect(changed, `call ${nth} was made`).not.toBeNull()
  await life.rig.settled(changed!)
  return life
}

async function expectGoesOn(life: CompactionLife, message: string): Promise<void> {
  await life.expectInOrder(message)
  for (let count = 5; count > 0; count--) life.append()
  await life.settle()
  life.log.roll()
  await life.settle()
  await life.rig.pass(12_000)
  await life.compact()
  await life.expectInOrder(`${message}, and then compacted`)
  expect(life.cleanOffset(), message).toBe(life.log.segments.active.baseOffset)
  await life.restart('power-cut', message)
  await life.expectInOrder(`${message}, and then started again`)
  const names = life.rig.files.list('/data/table-0')
  expect(names.filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([])
}

test.each(CHANGES)('a log that is $name while it is compacted', TIME, async (change) => {
  const dirty = await dirtyLog(11)
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_, text) => void warnings.push(text) }
  dirty.rig.options = { ...dirty.rig.options, logger }
  const calls = await callsOf(dirty, change)
  expect(calls).toBeGreaterThan(30)
  for (let nth = 1; nth <= calls; nth++) {
    const message = `call ${nth} of ${calls}`
    const life = await changedAt(dirty, nth, change)
    await change.after?.(life, message)
    expect(life.log.offline, message).toBeNull()
    expect(warnings, message).toEqual([])
    await expectGoesOn(life, message)
    warnings.length = 0 // of the start
  }
})

test('a topic is deleted while it is compacted, and made anew', TIME, async () => {
  const dirty = await dirtyLog(12)
  const calls = await callsOf(dirty, { name: '', act: async () => {} })
  for (let nth = 1; nth <= calls; nth += 3) {
    const message = `call ${nth} of ${calls}`
    const partition = { topic: 'table', partition: 0 }
    const life = await changedAt(dirty, nth, {
      act: async ({ rig, random }) => {
        await rig.manager.delete(partition)
        expect(rig.manager.get(partition)).toBeUndefined()
        const topic = { id: uuidOf(random.bytes(16)), config: rig.topics.get('table')!.config }
        rig.topics.set('table', topic)
        await rig.manager.create(partition, topic.id, topic.config)
      },
    })
    life.wasCut()
    expect(life.log.logEndOffset, message).toBe(0)
    expect(life.cleanOffset(), message).toBe(0)
    const names = life.rig.files.list('/data/table-0')
    expect(names.filter((name) => /\.(cleaned|swap|deleted)$/.test(name))).toEqual([])
    for (let count = 20; count > 0; count--) life.append()
    await expectGoesOn(life, message)
  }
})

test('a pass ends when its topic is not compacted any more', TIME, async () => {
  const dirty = await dirtyLog(13)
  const calls = await callsOf(dirty, { name: '', act: async () => {} })
  let unfinished = 0
  for (let nth = 1; nth <= calls; nth += 3) {
    const message = `call ${nth} of ${calls}`
    const { cleanupPolicy } = dirty.rig.topics.get('table')!.config
    expect(cleanupPolicy).toEqual(['compact'])
    const life = await changedAt(dirty, nth, {
      act: async ({ log }) => log.reconfigure({ ...log.config, cleanupPolicy: ['delete'] }),
    })
    await life.expectInOrder(message)
    if (life.cleanOffset() < life.log.segments.active.baseOffset) unfinished += 1
    const size = life.log.sizeBytes
    await life.rig.pass(20_000)
    await life.compact()
    expect(life.log.sizeBytes, message).toBe(size)
    life.log.reconfigure({ ...life.log.config, cleanupPolicy })
    await expectGoesOn(life, message)
  }
  expect(unfinished).toBeGreaterThan(calls / 9)
})
