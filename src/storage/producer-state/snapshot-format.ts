// A .snapshot file: the producers of a partition, as the batches below an offset left them.
//
//   byte 0         2        6        10
//        +---------+--------+--------+─────────────────
//        | version | CRC-32C| count  | entries …             version 1; the CRC covers [6, end)
//        +---------+--------+--------+─────────────────
//
//   entry 0          8       10         14          22       26          34         38         46
//        +----------+--------+----------+-----------+--------+-----------+----------+----------+
//        | producer | epoch  | last     | last      | offset | timestamp | coordi-  | first    |
//        | id       |        | sequence | offset    | delta  |           | nator    | offset of|
//        |          |        |          |           |        |           | epoch    | its txn  |
//        +----------+--------+----------+-----------+--------+-----------+----------+----------+
//
// All integers are big-endian and signed but for the CRC; -1 where there is none. Kafka writes one entry
// a producer, of its last batch. We write one for each of its last batches, oldest first: where a producer
// has many entries Kafka's reader goes by the last, so it finds in our files what it would have
// written. With the others a retry is known again after a restart, also when it is not the last batch.
//
// Source: apache/kafka, ProducerStateManager.java, readSnapshot and writeSnapshot.

import { readInt16, readInt32, readInt64, readUint32 } from '../../record/integers.ts'
import { writeInt16, writeInt32, writeInt64 } from '../../record/integers.ts'
import { ProducerEntry, type RecentBatch } from './producer-entry.ts'

const VERSION = 1
const CRC_AT = 2
const COUNT_AT = 6
const ENTRIES_AT = 10
const ENTRY_BYTES = 46

type Crc32c = (bytes: Uint8Array) => number

/** Stands where a producer has no batch. */
const NO_BATCH: RecentBatch = { lastSequence: -1, lastOffset: -1, offsetDelta: 0, timestamp: -1 }

export function encodeSnapshot(producers: Iterable<ProducerEntry>, crc32c: Crc32c): Buffer {
  const lines: [ProducerEntry, RecentBatch, number][] = []
  for (const entry of producers) {
    let before: RecentBatch | null = null
    for (const batch of entry.batches()) {
      if (before !== null) lines.push([entry, before, -1])
      before = batch
    }
    lines.push([entry, before ?? NO_BATCH, entry.currentTransactionOffset])
  }
  const bytes = Buffer.allocUnsafe(ENTRIES_AT + lines.length * ENTRY_BYTES)
  writeInt16(bytes, 0, VERSION)
  writeInt32(bytes, COUNT_AT, lines.length)
  let at = ENTRIES_AT
  for (const [entry, batch, transactionOffset] of lines) {
    const timestamp = batch === NO_BATCH ? entry.lastTimestamp : batch.timestamp
    writeInt64(bytes, at, entry.producerId)
    writeInt16(bytes, at + 8, entry.epoch)
    writeInt32(bytes, at + 10, batch.lastSequence)
    writeInt64(bytes, at + 14, batch.lastOffset)
    writeInt32(bytes, at + 22, batch.offsetDelta)
    writeInt64(bytes, at + 26, timestamp)
    writeInt32(bytes, at + 34, entry.coordinatorEpoch)
    writeInt64(bytes, at + 38, transactionOffset)
    at += ENTRY_BYTES
  }
  writeInt32(bytes, CRC_AT, crc32c(bytes.subarray(COUNT_AT)))
  return bytes
}

/** @returns null when the bytes are no snapshot, or damaged */
export function decodeSnapshot(bytes: Uint8Array, crc32c: Crc32c): ProducerEntry[] | null {
  if (bytes.byteLength < ENTRIES_AT || readInt16(bytes, 0) !== VERSION) return null
  const count = readInt32(bytes, COUNT_AT)
  if (bytes.byteLength !== ENTRIES_AT + count * ENTRY_BYTES) return null
  if (readUint32(bytes, CRC_AT) !== crc32c(bytes.subarray(COUNT_AT))) return null
  const byId = new Map<number, ProducerEntry>()
  for (let at = ENTRIES_AT; at < bytes.byteLength; at += ENTRY_BYTES) {
    const producerId = readInt64(bytes, at)
    const entry = byId.get(producerId) ?? new ProducerEntry(producerId)
    byId.set(producerId, entry)
    const lastSequence = readInt32(bytes, at + 10)
    const timestamp = readInt64(bytes, at + 26)
    entry.enterEpoch(readInt16(bytes, at + 8))
    if (lastSequence >= 0) {
      const lastOffset = readInt64(bytes, at + 14)
      entry.restore(lastSequence, lastOffset, readInt32(bytes, at + 22), timestamp)
    }
    entry.lastTimestamp = timestamp
    entry.coordinatorEpoch = readInt32(bytes, at + 34)
    entry.currentTransactionOffset = readInt64(bytes, at + 38)
  }
  return [...byId.values()]
}
