// Every call that changes the disk fails once, in everything that a data directory does. Nothing that
// was told durable is lost, other logs go on, and what failed works the next time.

import { describe, expect, test } from 'vitest'
import { uuidOf } from '../../src/base/uuid.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SMALL_LOG } from './log-fixture.ts'
import { ManagerFixture } from './manager-fixture.ts'

/** Enough for rounds to go through the journal. */
const LOGS = 8

async function prepared(): Promise<ManagerFixture> {
  const rig = await ManagerFixture.start()
  await rig.topic('clicks', LOGS)
  await appendToAll(rig)
  await rig.settled(rig.manager.close())
  return rig
}

/** A life of its own on a copy of the disk. */
async function copyOf(base: ManagerFixture): Promise<ManagerFixture> {
  const rig = new ManagerFixture(base.files.clone())
  for (const [name, topic] of base.topics) rig.topics.set(name, topic)
  for (const [name, sent] of base.sent) rig.sent.set(name, [...sent])
  return rig
}

async function appendToAll(rig: ManagerFixture): Promise<void> {
  for (const log of rig.logs()) {
    if (log.offline !== null) continue
    try {
      rig.append(log)
    } catch (error) {
      expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    }
  }
  await rig.clock.settle()
}

/**
 * Runs `act` once for each call that it makes, with that call failing; then checks that everything
 * comes back and that a power cut loses nothing.
 */
async function failEachCall(
  code: 'EIO' | 'ENOSPC',
  act: (rig: ManagerFixture) => Promise<unknown>,
  check: (rig: ManagerFixture, message: string) => Promise<void> | void = () => undefined,
): Promise<number> {
  const base = await prepared()
  let failed = true
  let nth = 0
  while (failed) {
    nth += 1
    const message = `${code} at call ${nth}`
    const rig = await copyOf(base)
    await rig.open()
    await appendToAll(rig)
    expect(rig.manager.stats().journalRounds).toBe(1)
    const fault = rig.files.faults.add({ nth, code })
    await act(rig)
    failed = fault.failed > 0
    fault.cancel()
    await check(rig, message)

    // All logs take appends again before long, and make them durable.
    await rig.pass(8_000)
    expect([...rig.manager.offline().keys()], message).toEqual([])
    await appendToAll(rig)
    const durable = rig.durable()
    for (const log of rig.logs()) expect(log.durableOffset, message).toBe(log.logEndOffset)
    rig.files.crash(new SeededRandom(nth))
    await rig.open()
    for (const log of rig.logs()) await rig.expectKept(log, durable.get(log.name)!, message)
    rig.files.kill()
  }
  return nth - 1
}

describe.each(['EIO', 'ENOSPC'] as const)('%s', (code) => {
  test('in a round through the journal, the first of a file and a later one', async () => {
    const calls = await failEachCall(code, async (rig) => {
      await appendToAll(rig)
      await appendToAll(rig)
    })
    expect(calls).toBeGreaterThan(2 * LOGS)
  })

  test('while journals are retired and checkpoints saved', async () => {
    const calls = await failEachCall(code, (rig) => rig.pass(8_000))
    expect(calls).toBeGreaterThan(LOGS + 10)
  })

  test('while a partition is made', async () => {
    const partition = { topic: 'views', partition: 0 }
    const id = uuidOf(Buffer.alloc(16, 9))
    const outcomes = new Set<string>()
    await failEachCall(
      code,
      async (rig) => {
        rig.topics.set('views', { id, config: SMALL_LOG })
        const made = rig.manager.create(partition, id, SMALL_LOG)
        const outcome = await rig.settled(made.then(() => 'made').catch(({ code }) => String(code)))
        outcomes.add(outcome)
      },
      async (rig, message) => {
        const made = await rig.settled(rig.manager.create(partition, id, SMALL_LOG))
        expect(made.logEndOffset, message).toBe(0)
        expect(rig.logs(), message).toHaveLength(LOGS + 1)
      },
    )
    expect([...outcomes].toSorted()).toEqual(['KAFKA_STORAGE_ERROR', 'made'])
  })

  test('while a partition is deleted', async () => {
    const partition = { topic: 'clicks', partition: 3 }
    await failEachCall(
      code,
      async (rig) => {
        await rig.settled(rig.manager.delete(partition).catch(() => undefined))
      },
      async (rig, message) => {
        await rig.settled(rig.manager.delete(partition))
        rig.deleted.add('clicks-3')
        expect(rig.manager.get(partition), message).toBeUndefined()
        expect(rig.logs(), message).toHaveLength(LOGS - 1)
      },
    )
  })

  test('while a log is cut', async () => {
    await failEachCall(
      code,
      async (rig) => {
        const log = rig.log('clicks', 3)
        rig.forgetAbove('clicks-3', 1)
        await rig.settled(rig.manager.truncate(log, 1).catch(() => undefined))
      },
      async (rig, message) => {
        await rig.pass(8_000)
        await rig.settled(rig.manager.truncate(rig.log('clicks', 3), 1))
        expect(rig.log('clicks', 3).logEndOffset, message).toBeLessThanOrEqual(1)
      },
    )
  })

  test('while records are deleted', async () => {
    await failEachCall(
      code,
      async (rig) => {
        const log = rig.log('clicks', 3)
        try {
          await rig.settled(rig.manager.deleteRecordsBefore(log, log.durableOffset))
        } catch (error) {
          expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
        }
      },
      async (rig, message) => {
        await rig.pass(8_000)
        const log = rig.log('clicks', 3)
        await rig.settled(rig.manager.deleteRecordsBefore(log, log.durableOffset))
        expect(log.logStartOffset, message).toBe(log.durableOffset)
      },
    )
  })

  test('while the directory is closed and opened again', async () => {
    const calls = await failEachCall(code, async (rig) => {
      await rig.settled(rig.manager.close())
      try {
        await rig.open()
      } catch (error) {
        expect(error).toMatchObject({ code })
        await rig.open()
      }
    })
    expect(calls).toBeGreaterThan(LOGS)
  })
})
