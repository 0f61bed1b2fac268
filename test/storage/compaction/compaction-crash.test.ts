// Power cuts, kills and failing disks at every call that a compaction makes: a log is left as it was, or as
// it should be, and goes on from there.

import { expect, test } from 'vitest'
import { SeededRandom } from '../../support/seeded-random.ts'
import { dirtyLog, type CompactionLife } from './compaction-life.ts'

const TIME = { timeout: 600_000 }

/** Calls to the disk that the compaction of the log makes. */
async function callsOf(dirty: CompactionLife): Promise<number> {
  const life = await dirty.fork(new SeededRandom(0))
  const counted = life.rig.files.faults.count()
  await life.compact()
  expect(life.cleanOffset()).toBe(life.log.segments.active.baseOffset)
  return counted.calls
}

async function expectGoesOn(life: CompactionLife, message: string): Promise<void> {
  await life.expectInOrder(message)
  for (let count = 5; count > 0; count--) life.append()
  await life.settle()
  life.log.roll()
  await life.settle()
  await life.compact()
  await life.expectInOrder(`${message}, and then compacted`)
  expect(life.cleanOffset(), message).toBe(life.log.segments.active.baseOffset)
  const leftovers = life.rig.files.filesBelow('/data/table-0').filter((path) => {
    return path.endsWith('.cleaned') || path.endsWith('.swap')
  })
  expect(leftovers, message).toEqual([])
}

test('a crash at any call leaves the log in order', TIME, async () => {
  const dirty = await dirtyLog(1)
  const calls = await callsOf(dirty)
  expect(calls).toBeGreaterThan(60)
  for (let nth = 1; nth <= calls; nth++) {
    for (const kind of nth % 3 === 0 ? (['kill', 'power-cut'] as const) : ['power-cut' as const]) {
      const seed = nth * 10 + kind.length
      const message = `${kind} at call ${nth} of ${calls}, seed ${seed}`
      const life = await dirty.fork(new SeededRandom(seed))
      // The call that the crash comes in does nothing, or some of it; the process sees no more.
      const partialBytes = life.random.below(200)
      life.rig.files.faults.add({ nth, times: Infinity, code: 'EIO', partialBytes })
      await life.compact()
      await life.restart(kind, message)
      await expectGoesOn(life, message)
    }
  }
})

test(
  'a call that fails does no harm, and the log is compacted when the disk works again',
  TIME,
  async () => {
    const dirty = await dirtyLog(3)
    const calls = await callsOf(dirty)
    for (let nth = 1; nth <= calls; nth++) {
      const message = `call ${nth} of ${calls}`
      const life = await dirty.fork(new SeededRandom(nth))
      life.rig.files.faults.add({ nth, times: life.random.pick([1, 3]), code: 'EIO' })
      await life.compact()
      life.rig.files.faults.clear()
      await life.rig.pass(12_000)
      expect(life.log.offline, message).toBeNull()
      await expectGoesOn(life, message)
    }
  },
)
