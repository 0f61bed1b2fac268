// Entries of the metadata log and of its snapshots.
//
//   byte 0          4          8          12                 20
//        +----------+----------+----------+------------------+------------------+
//        | checksum | "SlM1"   | size     | version          | body             |
//        +----------+----------+----------+------------------+------------------+
//
//   checksum   CRC-32C of all that follows in the entry
//   "SlM1"     says that an entry begins here, and that its format is the first
//   size       bytes of the body
//   version    in a log, of the image before these records; in a snapshot, of the image it holds
//   body       records as JSON: an array, in UTF-8. A log's entry is applied as a whole or not at all
//
// Numbers are unsigned and big-endian. The format is our own.

import assert from 'node:assert'
import type { MetadataRecord } from './metadata-record.ts'
import { decodeRecords, encodeRecords } from './record-codec.ts'

/** CRC-32C of bytes, unsigned 32 bits. */
export type Checksum = (bytes: Uint8Array) => number

export interface MetadataEntry {
  readonly version: number
  readonly records: readonly MetadataRecord[]
  /** Bytes that it takes in the file. */
  readonly sizeBytes: number
}

const MAGIC = Buffer.from('SlM1', 'latin1')
const MAGIC_AT = 4
const SIZE_AT = 8
const VERSION_AT = 12
const HEADER_BYTES = 20

/** Largest body: some 2 million partitions. */
const MAX_BODY_BYTES = 256 * 1024 * 1024

/** @param version see the layout */
export function encodeEntry(
  version: number,
  records: readonly MetadataRecord[],
  crc32c: Checksum,
): Buffer {
  const body = encodeRecords(records)
  assert(body.byteLength <= MAX_BODY_BYTES, 'metadata entry is too large')
  const entry = Buffer.alloc(HEADER_BYTES + body.byteLength)
  MAGIC.copy(entry, MAGIC_AT)
  entry.writeUInt32BE(body.byteLength, SIZE_AT)
  entry.writeBigUInt64BE(BigInt(version), VERSION_AT)
  entry.set(body, HEADER_BYTES)
  entry.writeUInt32BE(crc32c(entry.subarray(MAGIC_AT)), 0)
  return entry
}

/**
 * Reads the entry that begins at `at`.
 *
 * @returns null when no whole and undamaged entry begins there
 * @throws UnknownRecordError when the entry is whole, and a newer version wrote records into it that
 *   this one does not know
 */
export function decodeEntry(bytes: Buffer, at: number, crc32c: Checksum): MetadataEntry | null {
  if (!isEntry(bytes, at, crc32c)) return null
  const sizeBytes = HEADER_BYTES + bytes.readUInt32BE(at + SIZE_AT)
  const version = Number(bytes.readBigUInt64BE(at + VERSION_AT))
  const records = decodeRecords(bytes.subarray(at + HEADER_BYTES, at + sizeBytes))
  return { version, records, sizeBytes }
}

/** Where the next undamaged entry begins, at `from` or after; -1 when there is none. */
export function findEntry(bytes: Buffer, from: number, crc32c: Checksum): number {
  for (let at = from; ; at++) {
    const magicAt = bytes.indexOf(MAGIC, at + MAGIC_AT)
    if (magicAt < 0) return -1
    at = magicAt - MAGIC_AT
    if (isEntry(bytes, at, crc32c)) return at
  }
}

function isEntry(bytes: Buffer, at: number, crc32c: Checksum): boolean {
  if (at + HEADER_BYTES > bytes.byteLength) return false
  if (bytes.compare(MAGIC, 0, MAGIC.byteLength, at + MAGIC_AT, at + SIZE_AT) !== 0) return false
  const end = at + HEADER_BYTES + bytes.readUInt32BE(at + SIZE_AT)
  return (
    end <= bytes.byteLength && crc32c(bytes.subarray(at + MAGIC_AT, end)) === bytes.readUInt32BE(at)
  )
}
