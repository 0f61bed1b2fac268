// Checkpoints are saved off the event loop, one after the other, and never fall behind.

import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/observability/logger.ts'
import { CheckpointWriter } from '../../../src/storage/directory/checkpoint-writer.ts'
import { OffsetCheckpoints } from '../../../src/storage/directory/offset-checkpoints.ts'
import { microtasks } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'

function makeRig() {
  const files = new MemoryFileSystem()
  files.makeDirectory('/data')
  files.syncDirectory('/')
  const log = { name: 'a-0', topic: 'a', partition: 0, recoveryPoint: 100, logStartOffset: 0 }
  const checkpoints = new OffsetCheckpoints(files, '/data', silentLogger)
  const writer = new CheckpointWriter(checkpoints, () => [log], new Map(), 2_000)
  const saved = (): unknown => {
    const disk = files.clone()
    disk.crash()
    const found = new OffsetCheckpoints(disk, '/data', silentLogger).load().get('a-0')
    return found && [found.recoveryPoint, found.logStartOffset]
  }
  return { files, log, writer, saved }
}

test('saves that are asked for while one runs become one, with what is true when it begins', async () => {
  const { files, log, writer, saved } = makeRig()
  const release = files.holdSyncs()
  const renames = files.faults.count({ operation: 'rename' })
  const first = writer.save()
  await microtasks()
  log.recoveryPoint = 150
  const others = [writer.save(), writer.save()]
  log.recoveryPoint = 200
  release()
  await first
  await Promise.all(others)
  expect(saved()).toEqual([200, 0])
  expect(renames.calls).toBe(3) // both files, then the one that changed
})

test('a change happens after the checkpoints are on disk, and every save before it counts it in', async () => {
  const { files, log, writer, saved } = makeRig()
  log.logStartOffset = 10
  const release = files.holdSyncs()
  let done = false
  const moving = writer.saveAhead({ name: 'a-0', logStartOffset: 60, recoveryPoint: 70 }, () => {
    expect(saved()).toEqual([70, 60])
    done = true
    log.logStartOffset = 60
    log.recoveryPoint = 65
  })
  await microtasks()
  log.recoveryPoint = 120
  const other = writer.save()
  expect(done).toBe(false)
  release()
  await moving
  await other
  await writer.save()
  expect(saved()).toEqual([65, 60])
})

test('a save that fails changes nothing, and the next one tells the truth', async () => {
  const { files, log, writer, saved } = makeRig()
  await writer.save()
  for (const operation of ['open', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
    const fault = files.faults.add({ operation, code: 'ENOSPC' })
    const moving = writer.saveAhead({ name: 'a-0', logStartOffset: 60 }, () => {
      throw new Error('is not called')
    })
    await expect(moving, operation).rejects.toMatchObject({ code: 'ENOSPC' })
    fault.cancel()
    log.recoveryPoint += 1
    await writer.save()
    expect(saved(), operation).toEqual([log.recoveryPoint, 0])
  }
})

test('it is time to save after the interval, or when much was written', () => {
  const { writer } = makeRig()
  expect(writer.isDue(1_999, 0)).toBe(false)
  expect(writer.isDue(2_000, 0)).toBe(true)
  expect(writer.isDue(2_001, 255 * 1024 * 1024)).toBe(false)
  expect(writer.isDue(2_002, 256 * 1024 * 1024)).toBe(true)
})
