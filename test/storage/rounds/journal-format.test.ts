// The bytes of a commit journal: known answers, and every way to be wrong.

import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import { describe, expect, test } from 'vitest'
import { uuidOf } from '../../../src/base/uuid.ts'
import {
  checkJournalHeader,
  decodeEntry,
  encodeEntryHeader,
  encodeJournalHeader,
  ENTRY_HEADER_BYTES,
  JOURNAL_HEADER_BYTES,
  journalName,
  parseJournalName,
} from '../../../src/storage/rounds/journal-format.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'

const core = StorageCore.load()
const crc32c = (bytes: Uint8Array): number => core.crc32c(bytes)
const DIRECTORY_ID = uuidOf(Buffer.alloc(16, 7))
const TOPIC_ID = uuidOf(Buffer.alloc(16, 9))

test('the name of a journal carries its number, in twenty digits', () => {
  expect(journalName(42)).toBe('commit-journal-00000000000000000042')
  expect(parseJournalName(journalName(42))).toBe(42)
  expect(parseJournalName('commit-journal-42')).toBeNull()
  expect(parseJournalName('commit-journal-00000000000000000042.tmp')).toBeNull()
})

describe('the file header', () => {
  const header = encodeJournalHeader(DIRECTORY_ID, 5, crc32c)

  test('is laid out as drawn', () => {
    expect(header.byteLength).toBe(JOURNAL_HEADER_BYTES)
    expect(header.subarray(0, 44).toString('hex')).toBe(
      '534c554943454a00' + // SLUICEJ
        '00000001' +
        '00000000' +
        '07'.repeat(16) +
        '0000000000000005' +
        nativeCrc32c(header.subarray(0, 40)).toString(16).padStart(8, '0'),
    )
    expect(checkJournalHeader(header, DIRECTORY_ID, 5, crc32c)).toBeNull()
  })

  test('is refused with a reason when it is not the one expected', () => {
    expect(checkJournalHeader(header.subarray(0, 43), DIRECTORY_ID, 5, crc32c)).toMatch('short')
    expect(checkJournalHeader(header, TOPIC_ID, 5, crc32c)).toMatch('belongs to directory')
    expect(checkJournalHeader(header, DIRECTORY_ID, 6, crc32c)).toMatch('says that it is file 5')
    for (let bit = 0; bit < JOURNAL_HEADER_BYTES * 8; bit++) {
      const damaged = Buffer.from(header)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(checkJournalHeader(damaged, DIRECTORY_ID, 5, crc32c), `bit ${bit}`).not.toBeNull()
    }
  })
})

describe('an entry', () => {
  const entry = {
    sizeBytes: 5,
    roundPositionBytes: 44,
    topicId: TOPIC_ID,
    partition: 3,
    segmentBaseOffset: 2 ** 40 + 1,
    positionBytes: 1_000,
    endOffset: 2 ** 40 + 9,
  }
  const bytes = Buffer.alloc(10 + ENTRY_HEADER_BYTES + 5)
  bytes.write('hello', 10 + ENTRY_HEADER_BYTES)
  encodeEntryHeader(bytes, 10, 5, entry, crc32c)

  test('is laid out as drawn', () => {
    expect(bytes.subarray(10).toString('hex')).toBe(
      '434a4531' +
        nativeCrc32c(bytes.subarray(18)).toString(16).padStart(8, '0') +
        '00000005' +
        '0000000000000005' +
        '000000000000002c' +
        '09'.repeat(16) +
        '00000003' +
        '0000010000000001' +
        '00000000000003e8' +
        '0000010000000009' +
        '68656c6c6f',
    )
  })

  test('is read as it was written', () => {
    expect(decodeEntry(bytes, 10, 5, crc32c)).toEqual(entry)
  })

  test('is none when any bit is wrong, when it is cut, or when it is of another file', () => {
    expect(decodeEntry(bytes, 10, 6, crc32c)).toBeNull()
    for (let size = 0; size < bytes.byteLength; size++) {
      expect(decodeEntry(bytes.subarray(0, size), 10, 5, crc32c), `${size} bytes`).toBeNull()
    }
    for (let bit = 80; bit < bytes.byteLength * 8; bit++) {
      const damaged = Buffer.from(bytes)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeEntry(damaged, 10, 5, crc32c), `bit ${bit}`).toBeNull()
    }
  })
})
