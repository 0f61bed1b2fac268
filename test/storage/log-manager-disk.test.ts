// The same on a real disk: a process that dies, and a clean stop.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appendTo, readAll } from './log-fixture.ts'
import { openOnDisk } from './real-manager.ts'
import { batchOf } from '../support/batches.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-test-manager-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

test(
  'what a process called durable before it was killed is there',
  { timeout: 60_000 },
  async () => {
    const writer = join(import.meta.dirname, 'crash-writer.ts')
    const child = spawnSync(process.execPath, [writer, directory], { encoding: 'utf8' })
    expect(child.signal, child.stderr).toBe('SIGKILL')
    const { offsets, journalRounds } = JSON.parse(child.stdout) as {
      offsets: Record<string, number>
      journalRounds: number
    }
    expect(journalRounds).toBeGreaterThan(0)
    expect(readdirSync(directory).some((name) => name.startsWith('commit-journal'))).toBe(true)

    const { manager } = await openOnDisk(directory)
    for (const log of manager.logs()) {
      // The page cache outlives a process, so that even what was only written is there.
      expect(log.logEndOffset).toBe(offsets[log.name]! + 1)
      const bytes = await readAll(log, 0, 10_000)
      expect(bytes.readInt32BE(8) + 12).toBe(batchOf(2, 50).byteLength)
      expect(bytes.byteLength).toBe(log.sizeBytes)
    }
    expect([...manager.logs()]).toHaveLength(Object.keys(offsets).length)
    await manager.close()
    expect(readdirSync(directory).some((name) => name.startsWith('commit-journal'))).toBe(false)
  },
)

test('after a clean stop everything is there, and can be appended to', async () => {
  const first = await openOnDisk(directory)
  const partition = { topic: 'clicks', partition: 0 }
  const log = await first.manager.create(partition, first.topicId, first.config)
  for (let n = 0; n < 50; n++) appendTo(log, batchOf(1, 100))
  await first.manager.close()
  expect(readdirSync(directory)).toContain('.kafka_cleanshutdown')

  const second = await openOnDisk(directory)
  const again = second.manager.get(partition)!
  expect(again.logEndOffset).toBe(50)
  appendTo(again, batchOf(1, 100))
  await second.durable(() => again.durableOffset === 51)
  expect(second.manager.stats()).toMatchObject({ journalRounds: 0, syncFailures: 0, dirtyLogs: 0 })
  await second.manager.close()
})
