// Records of __transaction_state: known bytes, all that can be written, and what is not to be believed.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PartitionSet } from '../../../src/coordination/transaction/partition-set.ts'
import {
  NONE,
  transactionCodec,
  type TransactionValue,
} from '../../../src/coordination/transaction/transaction-record.ts'
import { TRANSACTION_STATES } from '../../../src/coordination/transaction/transaction-state.ts'

const KEY = Buffer.from('0000' + '0004' + '73686f70', 'hex') // type 0, "shop"

const ONGOING: TransactionValue = {
  producerId: 4001,
  producerEpoch: 7,
  previousProducerId: 4001,
  nextProducerId: NONE,
  lastProducerEpoch: NONE,
  timeoutMs: 60_000,
  state: 'Ongoing',
  partitions: PartitionSet.of([
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 3 },
  ]),
  lastUpdateMs: 1_700_000_000_001,
  startTimeMs: 1_700_000_000_000,
  clientVersion: 2,
}

// By hand, after TransactionLogValue.json of apache/kafka, version 1.
const ONGOING_BYTES =
  '0001' + // version
  '0000000000000fa1' + // producer id
  '0007' + // epoch
  '0000ea60' + // time-out
  '01' + // state
  '02' + // one topic
  '0261' + // "a"
  '03' + // two partitions
  '00000000' +
  '00000003' +
  '00' + // no tags
  '0000018bcfe56801' + // last update
  '0000018bcfe56800' + // begin
  '02' + // two tags
  '00' + // tag 0: previous producer id
  '08' +
  '0000000000000fa1' +
  '02' + // tag 2: version of the client
  '02' +
  '0002'

function plain(value: TransactionValue | null): unknown {
  return value && { ...value, partitions: [...value.partitions] }
}

test('a transaction stands on record as Kafka has it', () => {
  const { key, value } = transactionCodec.encode({ transactionalId: 'shop', value: ONGOING })
  expect(Buffer.from(key)).toEqual(KEY)
  expect(Buffer.from(value!).toString('hex')).toBe(ONGOING_BYTES)
  const decoded = transactionCodec.decode(KEY, Buffer.from(ONGOING_BYTES, 'hex'))
  expect(decoded!.transactionalId).toBe('shop')
  expect(plain(decoded!.value)).toEqual(plain(ONGOING))
})

test('version 0, as brokers before Kafka 4 wrote it, is read', () => {
  const bytes =
    '0000' + '0000000000000fa1' + '0007' + '0000ea60' + '00' + // state Empty
    'ffffffff' + // no list
    '0000018bcfe56801' + 'ffffffffffffffff' // prettier-ignore
  const decoded = transactionCodec.decode(KEY, Buffer.from(bytes, 'hex'))
  expect(plain(decoded!.value)).toEqual({
    ...{ ...ONGOING, state: 'Empty', partitions: [], startTimeMs: NONE },
    ...{ previousProducerId: NONE, clientVersion: 0 },
  })
})

test('tombstones, and types that are not known', () => {
  expect(transactionCodec.decode(KEY, null)).toEqual({ transactionalId: 'shop', value: null })
  expect(transactionCodec.decode(Buffer.from('0001', 'hex'), null)).toBeNull()
})

const id = fc.oneof(fc.constant(NONE), fc.nat(2 ** 40))
const epoch = fc.integer({ min: 0, max: 32_767 })
const time = fc.nat(2 ** 45)
const partition = fc.record({ topic: fc.stringMatching(/^[a-z.]{1,30}$/), partition: fc.nat(999) })
const value = fc.record({
  ...{ producerId: fc.nat(2 ** 40), previousProducerId: id, nextProducerId: id },
  ...{ producerEpoch: epoch, lastProducerEpoch: fc.constant(NONE), timeoutMs: fc.nat(900_000) },
  state: fc.constantFrom(
    ...(Object.keys(TRANSACTION_STATES) as (keyof typeof TRANSACTION_STATES)[]),
  ),
  partitions: fc.array(partition, { maxLength: 20 }).map((all) => PartitionSet.of(all)),
  ...{ lastUpdateMs: time, startTimeMs: fc.oneof(fc.constant(NONE), time) },
  clientVersion: fc.constantFrom(0 as const, 1 as const, 2 as const),
})

test('what is written is read', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 100, unit: 'grapheme' }),
      value,
      (transactionalId, given) => {
        const encoded = transactionCodec.encode({ transactionalId, value: given })
        const decoded = transactionCodec.decode(encoded.key, encoded.value)!
        const partitions = given.state === 'Empty' ? [] : [...given.partitions]
        expect(decoded.transactionalId).toBe(transactionalId)
        expect(plain(decoded.value)).toEqual({ ...given, partitions })
      },
    ),
  )
})

test('bytes that are cut or changed are refused, or are another value', () => {
  const whole = Buffer.from(ONGOING_BYTES, 'hex')
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      expect(() => transactionCodec.decode(KEY, whole.subarray(0, at))).toThrow('CORRUPT_MESSAGE')
      const changed = Buffer.from(whole)
      changed[at] = byte
      try {
        transactionCodec.decode(KEY, changed)
      } catch (error) {
        expect(String(error)).toContain('CORRUPT_MESSAGE')
      }
    }),
  )
})
