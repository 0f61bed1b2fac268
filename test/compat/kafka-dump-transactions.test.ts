// Kafka's own dump tool over a log of ours with transactions: markers, the index of aborted ones, and what
// snapshots say of open ones. Needs Java and Maven; see kafka-dump.test.ts.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fetchKafka, runKafkaClass } from '../../tools/kafka/fetch.mjs'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { infoOf, testBatch } from '../support/batches.ts'
import { append, openLog, segmentFilesIn } from './logs.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-dump-transactions.test.ts is left out: ${missing}\n`)
}

const TRANSACTIONAL = 0x10

function send(log: PartitionLog, producerId: number, baseSequence: number): void {
  const records = [{ key: 'k', value: 'v' }]
  const attributes = TRANSACTIONAL
  const batch = testBatch({ producerId, producerEpoch: 2, baseSequence, records, attributes })
  append(log, 0, batch, infoOf(batch))
}

function end(log: PartitionLog, producerId: number, outcome: 'abort' | 'commit'): void {
  log.appendMarker({ producerId, producerEpoch: 3, coordinatorEpoch: 7, outcome }, 2)
}

describe.skipIf(missing !== null)("Kafka's dump tool", () => {
  test('reads markers, aborted transactions and open ones', async () => {
    const directory = temporaryDirectory()
    const { log } = await openLog(directory, 'txn', {})
    send(log, 5, 0) // 0
    send(log, 6, 0) // 1
    send(log, 5, 1) // 2
    end(log, 5, 'abort') // 3
    end(log, 6, 'commit') // 4
    send(log, 8, 0) // 5
    log.roll()
    send(log, 9, 0) // 6
    end(log, 9, 'abort') // 7
    log.close(true)
    const partition = join(directory, 'txn-0')
    const paths = Object.keys(segmentFilesIn(partition)).map((name) => join(partition, name))
    const flags = ['--print-data-log', '--deep-iteration', '--files', paths.join(',')]
    const run = runKafkaClass(classpath!, 'org.apache.kafka.tools.DumpLogSegments', flags)
    expect(run.status, run.stderr).toBe(0)
    const lines = run.stdout.split('\n')
    const found = (pattern: RegExp): string[] => lines.flatMap((line) => pattern.exec(line) ?? [])
    expect(
      found(/offset: \d .*endTxnMarker: .*/).map((line) => line.replace(/Create.*\[\] /, '')),
    ).toEqual([
      'offset: 3 endTxnMarker: ABORT coordinatorEpoch: 7',
      'offset: 4 endTxnMarker: COMMIT coordinatorEpoch: 7',
      'offset: 7 endTxnMarker: ABORT coordinatorEpoch: 7',
    ])
    expect(found(/^version: .*/)).toEqual([
      'version: 0 producerId: 5 firstOffset: 0 lastOffset: 3 lastStableOffset: 1',
      'version: 0 producerId: 9 firstOffset: 6 lastOffset: 7 lastStableOffset: 5',
    ])
    // Of the two snapshots: where the second segment begins, and at the end.
    const producers = found(/^producerId: .* currentTxnFirstOffset: \S+/)
    const ended = [5, 6].map((producerId) => {
      return `producerId: ${producerId} producerEpoch: 3 coordinatorEpoch: 7 currentTxnFirstOffset: OptionalLong.empty`
    })
    const open =
      'producerId: 8 producerEpoch: 2 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong[5]'
    const last = ended[0]!.replace('producerId: 5', 'producerId: 9')
    expect(producers).toEqual([...ended, open, ...ended, open, last])
  })
})
