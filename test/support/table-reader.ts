// Reads a compacted topic of one partition over Kafka's protocol, as far as it goes.

import { FETCH } from '../../src/protocol/kafka/gen/fetch.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PlacedRecord } from './written-table.ts'

const core = StorageCore.load()

/**
 * The records of one answer.
 *
 * @returns the offset to go on at, which is the one that was asked for at the end
 * @throws Error when the broker refuses
 */
export async function fetchTable(
  client: KafkaClient,
  topic: string,
  fromOffset: number,
  maxBytes: number,
): Promise<{ readonly records: readonly PlacedRecord[]; readonly nextOffset: number }> {
  const partitions = [{ partition: 0, fetchOffset: fromOffset, partitionMaxBytes: maxBytes }]
  const topics = [{ topic, partitions }]
  const request = { maxWaitMs: 0, minBytes: 0, maxBytes, isolationLevel: 0, topics }
  const { responses } = await client.call(FETCH, 11, request)
  const { errorCode, records: bytes } = responses[0]!.partitions[0]!
  if (errorCode !== 0) throw new Error(`offset ${fromOffset}: refused with error ${errorCode}`)
  const { batches } = splitBatches(bytes ?? Buffer.alloc(0))
  const last = batches.at(-1)?.header
  const nextOffset = last === undefined ? fromOffset : last.baseOffset + last.lastOffsetDelta + 1
  const records = batches
    .flatMap((batch) => decodeBatch(core, batch))
    .map((record) => ({
      offset: record.offset,
      key: textOf(record.key),
      value: textOf(record.value),
    }))
  return { records: records.filter(({ offset }) => offset >= fromOffset), nextOffset }
}

/** All records from an offset on. @throws Error when the broker refuses */
export async function readTable(
  client: KafkaClient,
  topic: string,
  fromOffset = 0,
): Promise<PlacedRecord[]> {
  const found: PlacedRecord[] = []
  for (let offset = fromOffset; ;) {
    const { records, nextOffset } = await fetchTable(client, topic, offset, 1_000_000)
    if (nextOffset === offset) return found
    found.push(...records)
    offset = nextOffset
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}
