// The commit journal's file format.
//
//   commit-journal-<20 digits>, the digits are the file number
//
//   byte 0         8         12        16                  32            40       44
//        +---------+---------+---------+-------------------+-------------+--------+---------+
//        | SLUICEJ | version | 0       | directory id      | file number | CRC-32C| entries |
//        | and \0  | = 1     |         |                   |             |        |         |
//        +---------+---------+---------+-------------------+-------------+--------+---------+
//
// Entries follow each other with no gap. The bytes of a round form one run of entries, synced
// before the next round writes anything.
//
//   byte 0         4         8        12            20               28
//        +---------+---------+---------+-------------+----------------+---
//        | magic   | CRC-32C | size    | file number | round position |
//        +---------+---------+---------+-------------+----------------+---
//       28                   44          48              56           64           72
//     ---+-------------------+-----------+---------------+------------+------------+-------+
//        | topic id          | partition | segment base  | position   | end offset | bytes |
//        |                   |           | offset        |            |            |       |
//     ---+-------------------+-----------+---------------+------------+------------+-------+
//
//   size            of the bytes that follow the header. 0: a void. The log was cut, and what entries
//                   before this one say of it counts no more
//   file number     that of the file: an entry left over from another file is none of this one
//   round position  where the round's first entry starts in this file. A bad entry at or behind
//                   the greatest of them belongs to the last round, which was cut short and told
//                   to nobody; before it, the disk has lost bytes that were synced.
//   position        where the bytes stand in the segment's .log file
//   end offset      every record in the bytes has a smaller offset
//
// All integers are big-endian. The file header's CRC covers [0, 40), an entry's [8, 72 + size).

import assert from 'node:assert'
import { uuidBytes, uuidOf, type Uuid } from '../../base/uuid.ts'

/** CRC-32C of `bytes`, unsigned, carried on from `carried` when that is given. */
export type Crc32c = (bytes: Uint8Array, carried?: number) => number

export const JOURNAL_HEADER_BYTES = 44
export const ENTRY_HEADER_BYTES = 72

const FILE_MAGIC = Buffer.from('SLUICEJ\0', 'latin1')
const VERSION = 1
const ENTRY_MAGIC_BYTES = Buffer.from('CJE1', 'latin1')
const ENTRY_MAGIC = ENTRY_MAGIC_BYTES.readUInt32BE(0)
const NAME = /^commit-journal-(\d{20})$/

/** An entry's header. A void when `sizeBytes` is 0. */
export interface JournalEntry {
  readonly topicId: Uuid
  readonly partition: number
  readonly segmentBaseOffset: number
  readonly positionBytes: number
  readonly sizeBytes: number
  /** Every record in the bytes has a smaller offset. */
  readonly endOffset: number
  readonly roundPositionBytes: number
}

/** The file name of a journal. */
export function journalName(fileNumber: number): string {
  return `commit-journal-${String(fileNumber).padStart(20, '0')}`
}

/** The file number in a name, or null when the name is not that of a journal. */
export function parseJournalName(name: string): number | null {
  const match = NAME.exec(name)
  return match === null ? null : Number(match[1])
}

/** The file header's bytes. */
export function encodeJournalHeader(directoryId: Uuid, fileNumber: number, crc32c: Crc32c): Buffer {
  const header = Buffer.alloc(JOURNAL_HEADER_BYTES)
  FILE_MAGIC.copy(header, 0)
  header.writeUInt32BE(VERSION, 8)
  uuidBytes(directoryId).copy(header, 16)
  header.writeBigUInt64BE(BigInt(fileNumber), 32)
  header.writeUInt32BE(crc32c(header.subarray(0, 40)), 40)
  return header
}

/**
 * Reads a file header.
 *
 * @returns null when the header is whole and that of the journal `fileNumber` of this directory; if
 *   not, what is wrong with it
 */
export function checkJournalHeader(
  header: Buffer,
  directoryId: Uuid,
  fileNumber: number,
  crc32c: Crc32c,
): string | null {
  if (header.byteLength < JOURNAL_HEADER_BYTES) return 'header is cut short'
  if (!header.subarray(0, 8).equals(FILE_MAGIC)) return 'not a commit journal'
  if (header.readUInt32BE(40) !== crc32c(header.subarray(0, 40))) return 'header fails its checksum'
  const version = header.readUInt32BE(8)
  if (version !== VERSION) return `version ${version} is not known`
  const owner = uuidOf(header.subarray(16, 32))
  if (owner !== directoryId) return `belongs to directory ${owner}`
  const number = header.readBigUInt64BE(32)
  if (number !== BigInt(fileNumber)) return `says that it is file ${number}`
  return null
}

/**
 * Writes an entry's header in front of its bytes, which stand in `into` already, at
 * `[at + ENTRY_HEADER_BYTES, at + ENTRY_HEADER_BYTES + entry.sizeBytes)`.
 */
export function encodeEntryHeader(
  into: Buffer,
  at: number,
  fileNumber: number,
  entry: JournalEntry,
  crc32c: Crc32c,
): void {
  assert(entry.sizeBytes >= 0 && at + ENTRY_HEADER_BYTES + entry.sizeBytes <= into.byteLength)
  into.writeUInt32BE(ENTRY_MAGIC, at)
  into.writeUInt32BE(entry.sizeBytes, at + 8)
  writeSafe(into, fileNumber, at + 12)
  writeSafe(into, entry.roundPositionBytes, at + 20)
  uuidBytes(entry.topicId).copy(into, at + 28)
  into.writeUInt32BE(entry.partition, at + 44)
  writeSafe(into, entry.segmentBaseOffset, at + 48)
  writeSafe(into, entry.positionBytes, at + 56)
  writeSafe(into, entry.endOffset, at + 64)
  const covered = into.subarray(at + 8, at + ENTRY_HEADER_BYTES + entry.sizeBytes)
  into.writeUInt32BE(crc32c(covered), at + 4)
}

/**
 * The entry at `at`, when one stands there whole.
 *
 * @returns null when its bytes do not end before `bytes` does, or any check fails
 */
export function decodeEntry(
  bytes: Buffer,
  at: number,
  fileNumber: number,
  crc32c: Crc32c,
): JournalEntry | null {
  if (at + ENTRY_HEADER_BYTES > bytes.byteLength) return null
  if (bytes.readUInt32BE(at) !== ENTRY_MAGIC) return null
  const sizeBytes = bytes.readUInt32BE(at + 8)
  if (at + ENTRY_HEADER_BYTES + sizeBytes > bytes.byteLength) return null
  if (readSafe(bytes, at + 12) !== fileNumber) return null
  const covered = bytes.subarray(at + 8, at + ENTRY_HEADER_BYTES + sizeBytes)
  if (bytes.readUInt32BE(at + 4) !== crc32c(covered)) return null
  return {
    sizeBytes,
    roundPositionBytes: readSafe(bytes, at + 20),
    topicId: uuidOf(bytes.subarray(at + 28, at + 44)),
    partition: bytes.readUInt32BE(at + 44),
    segmentBaseOffset: readSafe(bytes, at + 48),
    positionBytes: readSafe(bytes, at + 56),
    endOffset: readSafe(bytes, at + 64),
  }
}

/** The first place at or behind `from` where an entry might start, or -1. */
export function findEntryMagic(bytes: Buffer, from: number): number {
  return bytes.indexOf(ENTRY_MAGIC_BYTES, from)
}

// Numbers inside are safe integers; anything larger in a file is damage, and fails some check.
function writeSafe(into: Buffer, value: number, at: number): void {
  assert(Number.isSafeInteger(value) && value >= 0)
  into.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at)
  into.writeUInt32BE(value >>> 0, at + 4)
}

function readSafe(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}
