// Kafka's own dump tool over a log that our compaction has been over: every batch is valid, records are the
// last ones of their keys, indexes agree with the log. Needs Java and Maven, and is left out, with a line
// that says so, where they are missing; a continuous-integration run must have them.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { uuidOf } from '../../src/base/uuid.ts'
import { realClock } from '../../src/io/real-clock.ts'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { realRandom } from '../../src/io/real-random.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { ThreadCleaner } from '../../src/storage/compaction/cleaner/thread-cleaner.ts'
import { LogManager } from '../../src/storage/log-manager.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { fetchKafka } from '../../tools/kafka/fetch.mjs'
import { infoOf } from '../support/batches.ts'
import { SMALL_LOG } from '../storage/log-fixture.ts'
import { dumpLogSegments } from './dump-log-segments.ts'
import { segmentFilesIn } from './logs.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-compacted.test.ts is left out: ${missing}\n`)
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const BATCHES = 400

/** Writes a table, compacts it, and stops. @returns the last offset of each key that has a value */
async function writeTable(directory: string): Promise<Map<string, number>> {
  const topicId = uuidOf(Buffer.alloc(16, 5))
  const config = {
    ...SMALL_LOG,
    ...{ cleanupPolicy: ['compact'] as const, segmentBytes: 8_000, indexIntervalBytes: 300 },
    minCleanableDirtyRatio: 0,
  }
  const ignore = (): undefined => undefined
  const manager = await LogManager.open({
    ...{ files: realFileSystem, directory, clock: realClock, random: realRandom },
    ...{ core: StorageCore.load(), clusterId: 'q1w2e3r4t5y6u7i8o9p0aa', nodeId: 1 },
    configOf: () => config,
    listener: { written: ignore, durable: ignore, failed: ignore, damaged: ignore },
    compaction: {
      ...{ enabled: false, backoffMs: 1_000, keyBytes: 8_192 },
      ...{ ioBufferBytes: 4_096, ioBytesPerSecond: Infinity },
    },
    openCleaner: () => new ThreadCleaner(),
  })
  const log = await manager.create({ topic: 'table', partition: 0 }, topicId, config)
  const builder = new BatchBuilder(StorageCore.load(), 100_000)
  const last = new Map<string, number>()
  for (let n = 0; n < BATCHES; n++) {
    builder.reset()
    for (let index = 0; index < 1 + (n % 4); index++) {
      const [key, value] = [`key-${(n * 7 + index) % 90}`, n % 11 === 0 ? null : `value-${n}`]
      builder.append(key, value, 1_700_000_000_000 + n)
      if (value === null) last.delete(key)
      else last.set(key, log.logEndOffset + index)
    }
    const baseSequence = log.producers.facts()[0]?.lastSequence ?? -1
    const stamp = { producerId: 41, producerEpoch: 0, baseSequence: baseSequence + 1 }
    const batch = Buffer.from(
      builder.build({ codec: CODECS[n % 5]!, ...(n % 3 === 0 ? stamp : {}) }),
    )
    log.append(batch, infoOf(batch))
  }
  log.roll()
  for (let tries = 0; log.recoveryPoint < log.logEndOffset && tries < 500; tries++) await delay(20)
  await manager.runCompaction()
  expect(manager.stats().compaction.recordsRemoved).toBeGreaterThan(500)
  await manager.close()
  return last
}

test.skipIf(missing !== null)("Kafka's tool reads what compaction leaves", async () => {
  const directory = temporaryDirectory()
  const last = await writeTable(directory)
  const partition = join(directory, 'table-0')
  const paths = (suffix: string): string[] => {
    const names = Object.keys(segmentFilesIn(partition)).filter((name) => name.endsWith(suffix))
    return names.map((name) => join(partition, name))
  }
  const logs = dumpLogSegments(classpath!, paths('.log'), '--print-data-log')
  // That offsets are missing is what compaction is about.
  const gap = /^Non-consecutive offsets in |^ +\d+ is followed by \d+$/
  expect(logs.complaints.filter((line) => !gap.test(line))).toEqual([])
  const records = logs.files.flatMap((file) => file.records)
  const kept = new Map(records.filter((r) => r.valueSize >= 0).map((r) => [r.key, r.offset]))
  expect(kept).toEqual(last)
  expect(new Set(records.map(({ key }) => key)).size).toBe(records.length)
  for (const suffix of ['.index', '.timeindex']) {
    const checked = dumpLogSegments(classpath!, paths(suffix), '--index-sanity-check')
    expect(checked.complaints).toEqual([])
    expect(checked.files.every((file) => file.passedSanityCheck)).toBe(true)
  }
})
