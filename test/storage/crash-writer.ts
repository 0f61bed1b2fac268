// A process that appends to many logs, says what is durable, and dies: crash-writer.ts DIRECTORY
//
// Run by log-manager-disk.test.ts. Prints, as its last act, the durable offset of each log as JSON.

import { writeSync } from 'node:fs'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { appendTo } from './log-fixture.ts'
import { batchOf } from '../support/batches.ts'
import { openOnDisk } from './real-manager.ts'

const LOGS = 30
const ROUNDS = 20

const { manager, topicId, config, durable } = await openOnDisk(process.argv[2]!)
const logs: PartitionLog[] = []
for (let partition = 0; partition < LOGS; partition++) {
  logs.push(await manager.create({ topic: 'clicks', partition }, topicId, config))
}
for (let round = 0; round < ROUNDS; round++) {
  for (const log of logs) appendTo(log, batchOf(2, 50 + round))
  await durable(() => logs.every((log) => log.durableOffset === log.logEndOffset))
}
// Written, and not durable when the process dies.
for (const log of logs) {
  appendTo(log, batchOf(1, 40))
  log.writePending()
}
const offsets = Object.fromEntries(logs.map((log) => [log.name, log.durableOffset]))
writeSync(1, JSON.stringify({ offsets, journalRounds: manager.stats().journalRounds }))
process.kill(process.pid, 'SIGKILL')
