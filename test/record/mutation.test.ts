// Bytes that lie: every byte of several batches changed, every length cut, every varint replaced.
// Whatever comes, the answer is a BrokerError or the same records, and never depends on bytes that
// lie behind the batch.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { BATCH_LENGTH, CODECS, LENGTH_OVERHEAD, RECORDS } from '../../src/record/layout.ts'
import type { CodecName } from '../../src/record/layout.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { ProduceRules } from '../../src/record/validate.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { seal } from '../support/batches.ts'
import { plain } from './records.ts'

const core = StorageCore.load()
const NOW = 1_700_000_000_000

// Compacted: the rule for which compressed batches are opened as well.
const RULES: ProduceRules = {
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: Infinity,
  timestampAfterMaxMs: Infinity,
  compacted: true,
  now: NOW,
}

/** Five records with everything in them, and sizes on both sides of one varint byte. */
function sample(codec: CodecName): Buffer {
  const builder = new BatchBuilder(core, 1024 * 1024)
  builder.append('key', 'value', NOW)
  builder.append('', '', NOW - 1)
  builder.append('tombstone', null, NOW + 100_000)
  builder.append('headers', 'v', NOW, [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
    { key: '', value: Buffer.alloc(0) },
  ])
  builder.append('large', Buffer.alloc(90, 'large value '), NOW + 1)
  return Buffer.from(builder.build({ codec }))
}

type Outcome = string

function attempt(act: () => unknown): Outcome {
  try {
    return JSON.stringify(act())
  } catch (error) {
    // Anything else, a RangeError say, is a crash and fails the test here.
    if (error instanceof BrokerError) return error.code
    throw error
  }
}

function decode(bytes: Uint8Array): Outcome {
  return attempt(() => {
    const { batches, tail } = splitBatches(bytes)
    return [batches.map((batch) => decodeBatch(core, batch).map(plain)), tail]
  })
}

function validate(bytes: Uint8Array): Outcome {
  return attempt(() => {
    // Only what the records say: base offset and epoch are not the client's to choose.
    const { recordCount, maxTimestamp, codec } = validateProduced(core, bytes, RULES)
    return [recordCount, maxTimestamp, codec]
  })
}

/** The same bytes, with 0xff or 0x00 around them. */
function within(bytes: Uint8Array, around: number): Uint8Array {
  const larger = Buffer.alloc(bytes.byteLength + 200, around)
  larger.set(bytes, 100)
  return larger.subarray(100, 100 + bytes.byteLength)
}

function mutations(bytes: Buffer, at: number): Buffer[] {
  return [0x01, 0x02, 0x40, 0x80, 0xff].map((mask) => {
    const changed = Buffer.from(bytes)
    changed[at] = changed[at]! ^ mask
    return changed
  })
}

describe.each(Object.keys(CODECS) as CodecName[])('a batch with codec %s', (codec) => {
  const good = sample(codec)
  const accepted = validate(Buffer.from(good))
  const decoded = decode(good)

  test('is accepted as it is', () => {
    expect(accepted).toBe(JSON.stringify([5, NOW + 100_000, codec]))
    expect(decoded).not.toMatch(/^[A-Z]/)
  })

  test('is refused with any byte changed that the checksum covers', () => {
    for (let at = 0; at < good.byteLength; at++) {
      for (const changed of mutations(good, at)) {
        const outcome = validate(changed)
        const outside = at < BATCH_LENGTH || (at >= LENGTH_OVERHEAD && at < 16)
        if (!outside || outcome !== accepted) expect(outcome, `byte ${at}`).toMatch(/^[A-Z_]+$/)
      }
    }
  })

  test('is refused when it is cut, at every length', () => {
    for (let size = 0; size < good.byteLength; size++) {
      expect(validate(good.subarray(0, size)), `${size} bytes`).toBe('CORRUPT_MESSAGE')
      expect(decode(good.subarray(0, size)), `${size} bytes`).not.toBe(decoded)
    }
  })

  test('is refused or read alike with any byte changed and a checksum that fits', () => {
    let refused = 0
    for (let at = 16; at < good.byteLength; at++) {
      for (const changed of mutations(good, at)) {
        seal(changed)
        const verdict = validate(Buffer.from(changed))
        const records = decode(changed)
        if (/^[A-Z_]+$/.test(verdict)) refused += 1
        else expect(records, `byte ${at}: accepted, then unreadable`).not.toMatch(/^[A-Z]/)
        expect(decode(within(changed, 0x00)), `byte ${at}`).toBe(records)
        expect(decode(within(changed, 0xff)), `byte ${at}`).toBe(records)
      }
    }
    expect(refused).toBeGreaterThan(good.byteLength)
  })

  test('is refused when it is cut with a length and a checksum that fit', () => {
    for (let size = RECORDS; size < good.byteLength; size++) {
      const cut = Buffer.from(good.subarray(0, size))
      cut.writeInt32BE(size - LENGTH_OVERHEAD, BATCH_LENGTH)
      seal(cut)
      const verdict = validate(Buffer.from(cut))
      // A decoder may have all it needs before the last bytes, which are checksums and end marks.
      if (verdict !== accepted) expect(verdict, `${size} bytes`).toMatch(/^[A-Z_]+$/)
      if (codec === 'none') expect(verdict, `${size} bytes`).toBe('INVALID_RECORD')
      expect(decode(within(cut, 0x00))).toBe(decode(within(cut, 0xff)))
    }
  })
})

test('every byte of the records replaced by a varint that lies is refused or read alike', () => {
  const good = sample('none')
  // -1, -2, 2^31 - 1, -2^31, over 32 bits, never ending, and a 64-bit one.
  const lies = [
    '01',
    '03',
    'feffffff0f',
    'ffffffff0f',
    'ffffffff1f',
    'ffffffffff',
    'feffffffffffff1f',
  ]
  for (let at = RECORDS; at < good.byteLength; at++) {
    for (const lie of lies) {
      const changed = Buffer.concat([
        good.subarray(0, at),
        Buffer.from(lie, 'hex'),
        good.subarray(at + 1),
      ])
      changed.writeInt32BE(changed.byteLength - LENGTH_OVERHEAD, BATCH_LENGTH)
      seal(changed)
      const verdict = validate(Buffer.from(changed))
      const records = decode(changed)
      if (!/^[A-Z_]+$/.test(verdict)) expect(records, `byte ${at}, ${lie}`).not.toMatch(/^[A-Z]/)
      expect(decode(within(changed, 0x00)), `byte ${at}, ${lie}`).toBe(records)
    }
  }
})
