// A disk that fails at every call that a log makes, one after the other.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { batchOf, testBatch } from '../support/batches.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { appendTo, fileOf, LogFixture } from './log-fixture.ts'
import {
  expectContent,
  expectPromisesKept,
  expectUsable,
  Promises,
  runWorkload,
} from './log-workload.ts'

/** Calls that the workload makes on a disk that works. */
async function countCalls(): Promise<number> {
  const fixture = await LogFixture.open()
  const counted = fixture.files.faults.count()
  expect(await runWorkload(fixture, new Promises())).toBeNull()
  return counted.calls
}

const FAULTS = [
  { code: 'EIO', partialBytes: 0 },
  { code: 'ENOSPC', partialBytes: 0 },
  { code: 'ENOSPC', partialBytes: 1 },
  { code: 'EIO', partialBytes: 300 },
] as const

describe.each(['disk', 'os'] as const)('flush.policy=%s', (flushPolicy) => {
  const time = { timeout: 300_000 }
  test(
    'a call that fails takes the log offline, and it comes back with all that was durable',
    time,
    async () => {
      const calls = await countCalls()
      expect(calls).toBeGreaterThan(40)
      for (let nth = 1; nth <= calls; nth++) {
        for (const fault of FAULTS) {
          const what = `call ${nth} of ${calls}, ${fault.code} after ${fault.partialBytes} bytes`
          const fixture = await LogFixture.open({ config: { flushPolicy } })
          const { log, heard, files } = fixture
          const promises = new Promises()
          const rule = files.faults.add({ ...fault, nth })
          const error = await runWorkload(fixture, promises)
          expect(rule.failed, what).toBe(1)
          if (error === null) continue // a removal of files that is done at the next start
          expect(log.offline, what).toBe(error)
          expect(heard.failures, what).toEqual([error])
          expect((error.cause as { code?: string }).code, what).toBe(fault.code)
          expect(() => appendTo(log, testBatch()), what).toThrow(/KAFKA_STORAGE_ERROR/)
          await expectContent(fixture, promises, what)
          const { writtenOffset } = log

          log.revive()
          expect(log.offline, what).toBeNull()
          if (flushPolicy === 'os') expect(log.logEndOffset, what).toBe(writtenOffset)
          await expectContent(fixture, promises, what)
          await expectUsable(fixture, promises, new SeededRandom(nth), what)
          promises.recoveryPoint = log.recoveryPoint
          files.crash()
          const after = await expectPromisesKept(fixture, promises, what)
          expect(after.log.logEndOffset, what).toBe(promises.durableOffset)
        }
      }
    },
  )
})

test('a revival that fails, at any call, may be tried again', async () => {
  for (const operation of ['write', 'sync'] as const) {
    for (let nth = 1; ; nth++) {
      const what = `after a failed ${operation}, call ${nth} of the revival fails`
      const fixture = await LogFixture.open()
      const { log, files } = fixture
      const promises = new Promises()
      files.faults.add({ operation, path: /\.log$/, nth: 4, code: 'EIO', partialBytes: 9 })
      expect(await runWorkload(fixture, promises), what).not.toBeNull()
      const rule = files.faults.add({ nth, code: 'ENOSPC' })
      let failed = false
      try {
        log.revive()
      } catch (error) {
        expect(error, what).toBeInstanceOf(BrokerError)
        expect(log.offline, what).not.toBeNull()
        failed = true
      }
      rule.cancel()
      if (failed) log.revive()
      // Index files of a removed segment that keep their names are no reason to stay offline.
      if (rule.failed === 0) expect(failed, what).toBe(false)
      expect(log.offline, what).toBeNull()
      await expectContent(fixture, promises, what)
      await expectUsable(fixture, promises, new SeededRandom(nth), what)
      if (rule.failed === 0) break
    }
  }
})

test('a failed sync is not believed later: the bytes are written again, elsewhere', async () => {
  const fixture = await LogFixture.open({ config: { flushPolicy: 'os' } })
  const { log, files } = fixture
  fixture.append(batchOf(2, 100))
  await fixture.sync()
  fixture.append(batchOf(2, 100))
  const round = log.unsynced()
  files.faults.add({ operation: 'sync', code: 'EIO' })
  await expect(round.ranges[0]!.file.sync()).rejects.toMatchObject({ code: 'EIO' })
  log.fail(new Error('the sync failed'))
  log.revive()
  expect(log.logEndOffset).toBe(4)
  expect(log.segments.active.baseOffset).toBe(2)
  files.crash()
  expect(files.contentOf(fileOf(2)).readInt32BE(23)).toBe(1)
})

test('records that only the journal has are not given up when they cannot be read back', async () => {
  const fixture = await LogFixture.open()
  const { log, files } = fixture
  fixture.append(batchOf(2, 100))
  await fixture.sync()
  fixture.append(batchOf(2, 100))
  log.markDurable(log.unsynced().endOffset) // by the journal
  files.faults.add({ operation: 'sync', code: 'EIO' })
  await expect(log.segments.active.open().sync()).rejects.toMatchObject({ code: 'EIO' })
  log.fail(new Error('the sync failed'))
  files.dropCache(fileOf(0))
  expect(() => log.revive()).toThrow(/KAFKA_STORAGE_ERROR/)
  expect(log.offline).not.toBeNull()
  expect(log.durableOffset).toBe(4)
})

test('what was read back is kept until it stands in a file again', async () => {
  const fixture = await LogFixture.open()
  const { log, files } = fixture
  fixture.append(batchOf(2, 100))
  await fixture.sync()
  fixture.append(batchOf(2, 100))
  log.markDurable(log.unsynced().endOffset) // by the journal
  log.fail(new Error('the sync failed'))
  files.faults.add({ operation: 'open', path: /2\.log$/, code: 'ENOSPC' })
  expect(() => log.revive()).toThrow(/KAFKA_STORAGE_ERROR/)
  log.revive()
  files.crash()
  expect(
    files.contentOf(fileOf(2)).equals(batchOf(2, 100, { baseOffset: 2, leaderEpoch: 0 })),
  ).toBe(true)
})

test('a full disk takes the log offline, reads go on, and space brings it back', async () => {
  const files = new MemoryFileSystem()
  const fixture = await LogFixture.open({ config: { segmentBytes: 10_000 } }, files)
  const { log, heard } = fixture
  fixture.append(batchOf(5, 100))
  await fixture.sync()
  files.capacityBytes = files.usedBytes + 300
  const size = files.contentOf(fileOf(0)).byteLength
  expect(() => fixture.append(batchOf(5, 100))).toThrow(/KAFKA_STORAGE_ERROR/)
  expect(heard.failures).toHaveLength(1)
  expect(files.contentOf(fileOf(0)).byteLength).toBe(size)
  expect([log.logEndOffset, log.writtenOffset]).toEqual([5, 5])
  expect((await log.read(0, { maxBytes: 10_000 })).nextOffset).toBe(5)

  files.capacityBytes = Infinity
  log.revive()
  expect(fixture.append(batchOf(5, 100)).baseOffset).toBe(5)
})

test('damage that a read meets does not take the log offline', async () => {
  const fixture = await LogFixture.open()
  fixture.append(batchOf(2, 100))
  fixture.append(batchOf(2, 100))
  fixture.files.faults.add({ operation: 'read', code: 'EIO' })
  expect(() => fixture.log.read(0, { maxBytes: 100 })).toThrow(
    expect.objectContaining({ code: 'KAFKA_STORAGE_ERROR' }),
  )
  expect(fixture.log.offline).toBeNull()
  expect((await fixture.log.read(0, { maxBytes: 100 })).batchCount).toBe(1)
})

test('opening fails cleanly at any call, and succeeds afterwards', async () => {
  const before = await LogFixture.open()
  const promises = new Promises()
  await runWorkload(before, promises)
  before.files.kill()
  const { recoveryPoint, logStartOffset } = promises
  for (let nth = 1; ; nth++) {
    const disk = before.files.clone()
    const rule = disk.faults.add({ nth, code: 'EIO' })
    const opened = LogFixture.open({ recoveryPoint, logStartOffset }, disk)
    const error = await opened.then(
      () => null,
      (reason: unknown) => reason,
    )
    if (rule.failed === 0) {
      expect(nth).toBeGreaterThan(2)
      break
    }
    expect(error, `call ${nth}`).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    disk.kill()
    const again = await LogFixture.open({ recoveryPoint, logStartOffset }, disk)
    await expectContent(again, promises, `after call ${nth} failed`)
  }
})
