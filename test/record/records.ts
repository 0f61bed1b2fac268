// Records for property tests: every kind of key, value, header and time that a record may have.

import fc from 'fast-check'
import type { Record } from '../../src/record/record.ts'

const PAYLOAD = fc.option(
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 100, maxLength: 400 }) },
    { weight: 1, arbitrary: fc.nat(20_000).map((size) => new Uint8Array(size).fill(size)) },
  ),
  { nil: null, freq: 5 },
)

const HEADER = fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 12 }), value: PAYLOAD })

const TIMESTAMP = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: -1, max: 2 ** 52 }),
)

/** One to thirty records. */
export const RECORDS: fc.Arbitrary<Record[]> = fc.array(
  fc.record({
    key: PAYLOAD,
    value: PAYLOAD,
    timestamp: TIMESTAMP,
    headers: fc.oneof(fc.constant([]), fc.array(HEADER, { maxLength: 4 })),
  }),
  { minLength: 1, maxLength: 30 },
)

/** The record in a form that compares by content, whichever class its bytes have. */
export function plain({ key, value, timestamp, headers }: Record): unknown {
  return {
    key: hex(key),
    value: hex(value),
    timestamp,
    headers: headers.map((header) => [header.key, hex(header.value)]),
  }
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}
