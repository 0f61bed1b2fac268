// Topics with many partitions: what their making and deleting costs, and what a power cut leaves of it.

import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../support/seeded-random.ts'
import type { CreatedLog, WantedLog } from '../../../src/storage/directory/log-creation.ts'
import { DATA, SMALL_LOG, TOPIC_ID } from '../log-fixture.ts'
import { ManagerFixture } from '../manager-fixture.ts'

const COUNT = 20

function wanted(topicId = TOPIC_ID): WantedLog[] {
  return Array.from({ length: COUNT }, (_, partition) => {
    return { topic: 'many', partition, topicId, config: SMALL_LOG }
  })
}

async function start(): Promise<ManagerFixture> {
  const rig = await ManagerFixture.start()
  rig.topics.set('many', { id: TOPIC_ID, config: SMALL_LOG })
  return rig
}

function create(rig: ManagerFixture): Promise<readonly CreatedLog[]> {
  return rig.settled(rig.manager.createAll(wanted()))
}

describe('many logs', () => {
  test('are made with two syncs each and one of the data directory, none of which blocks', async () => {
    const rig = await start()
    const all = rig.files.faults.count({ operation: ['sync', 'syncDirectory'] })
    const ofData = rig.files.faults.count({ operation: 'syncDirectory', path: /^\/data$/ })
    const release = rig.files.holdSyncs()
    const creating = rig.manager.createAll(wanted())
    await rig.clock.settle()
    expect([all.calls, rig.manager.stats().logs]).toEqual([0, 0])
    expect(rig.names(/^many-/)).toHaveLength(COUNT)
    release()
    const created = await rig.settled(creating)
    expect([all.calls, ofData.calls]).toEqual([2 * COUNT + 1, 1])
    expect(created.map(({ log }) => log)).toEqual(
      wanted().map((partition) => rig.manager.get(partition)),
    )
    rig.files.crash()
    await rig.open()
    expect(rig.manager.stats()).toMatchObject({ logs: COUNT, strays: 0, offlineLogs: 0 })
  })

  test('that are there already are the answer', async () => {
    const rig = await start()
    const first = await create(rig)
    expect(await create(rig)).toEqual(first)
  })

  test('of which one fails are there but for that one, and nothing is left of it', async () => {
    for (const operation of ['makeDirectory', 'open', 'write', 'sync', 'syncDirectory'] as const) {
      const rig = await start()
      const fault = rig.files.faults.add({ operation, path: /many-7/, times: 1, code: 'EIO' })
      const created = await create(rig)
      expect(fault.failed, operation).toBe(1)
      const errors = created.map(({ error }) => error?.code ?? null)
      expect(errors.filter((code) => code !== null)).toEqual(['KAFKA_STORAGE_ERROR'])
      expect(errors[7]).toBe('KAFKA_STORAGE_ERROR')
      expect(rig.names(/^many-/)).toHaveLength(COUNT - 1)
      const again = await create(rig)
      expect(again.every(({ error }) => error === null)).toBe(true)
    }
  })

  test('of another topic of the same name are refused', async () => {
    const rig = await start()
    await create(rig)
    const other = wanted('AAAAAAAAAAAAAAAAAAAAAA')
    const created = await rig.settled(rig.manager.createAll(other))
    expect(created.every(({ error }) => error?.code === 'INCONSISTENT_TOPIC_ID')).toBe(true)
  })

  test('can be made after a power cut at any call while they were made', async () => {
    const counting = await start()
    const counted = counting.files.faults.count()
    await create(counting)
    expect(counted.calls).toBeGreaterThan(COUNT * 5)
    for (let nth = 1; nth <= counted.calls; nth += 3) {
      const rig = await start()
      rig.files.faults.add({ nth, times: Infinity, code: 'EIO' })
      await create(rig)
      rig.files.crash(new SeededRandom(nth))
      await rig.open()
      const created = await create(rig)
      const what = `power cut at call ${nth}`
      expect(
        created.map(({ error }) => error),
        what,
      ).toEqual(created.map(() => null))
      for (const log of rig.logs()) rig.append(log)
      await rig.clock.settle()
      rig.files.crash()
      await rig.open()
      for (const log of rig.logs()) await rig.expectKept(log, 1, what)
      // Nothing was in what was cut short, so nothing is kept aside.
      expect(rig.names(/-stray$/), what).toEqual([])
    }
  })

  test('of one that is deleted while its records are: nothing of it comes back', async () => {
    const rig = await start()
    await create(rig)
    const log = rig.log('many', 3)
    for (let n = 0; n < 20; n++) rig.append(log)
    await rig.clock.settle()
    const release = rig.files.holdSyncs()
    const trimmed = rig.manager.deleteRecordsBefore(log, 10)
    trimmed.catch(() => undefined)
    const deleted = rig.manager.delete(log)
    await rig.clock.settle()
    release()
    await rig.settled(deleted)
    await expect(trimmed).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
    await rig.pass(2_000)
    expect(rig.names(/^many-3\b/)).toEqual([])
    expect(rig.heard.failures).toEqual([])
  })

  test('are deleted with one sync, and are gone after a power cut', async () => {
    const rig = await start()
    await create(rig)
    const syncs = rig.files.faults.count({ operation: ['sync', 'syncDirectory'] })
    const errors = await rig.settled(rig.manager.deleteAll(wanted()))
    expect([syncs.calls, new Set(errors)]).toEqual([1, new Set([null])])
    rig.files.crash()
    await rig.open()
    expect(rig.manager.stats()).toMatchObject({ logs: 0, strays: 0, deletedDirectories: COUNT })
    await rig.pass(2_000)
    expect(rig.files.filesBelow(DATA).filter((path) => path.includes('many-'))).toEqual([])
  })
})
