// Fills a data directory and dies as in a crash: node recovery-writer.ts DIRECTORY BYTES TAIL_BYTES
//
// BYTES are stored and below the recovery point when it dies, TAIL_BYTES are not. Run by recovery.ts.

import { readyBatch } from '../broker/batches.ts'
import { NO_PRODUCER } from '../../src/record/validate.ts'
import { makeLogs, openDirectory } from './data-directory.ts'
import { until } from './durable-append.ts'

const PARTITIONS = 10
const [directory, bytes, tailBytes] = process.argv.slice(2)
const { bytes: batch, recordCount } = readyBatch(1_024, 256 * 1024)
const times = { lastOffsetDelta: recordCount - 1, maxTimestamp: 1_700_000_000_000 }
const info = { ...NO_PRODUCER, ...times }

async function fill(flushPolicy: 'disk' | 'os', sizeBytes: number): Promise<void> {
  const manager = await openDirectory(directory!, { config: { flushPolicy } })
  const logs = await makeLogs(manager, PARTITIONS, { flushPolicy })
  for (let done = 0; done < sizeBytes;) {
    for (const log of logs) {
      log.append(Buffer.from(batch), info)
      done += batch.byteLength
    }
    await until(() => logs.every((log) => log.unsyncedBytes < 128 * 1024 * 1024))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (flushPolicy === 'disk') await manager.close()
}

await fill('disk', Number(bytes))
await fill('os', Number(tailBytes))
process.kill(process.pid, 'SIGKILL')
