// Messages inside other messages: behind their version, or behind the type of a record.

import { expect, test } from 'vitest'
import {
  CONSUMER_PROTOCOL_ASSIGNMENT,
  CONSUMER_PROTOCOL_SUBSCRIPTION,
} from '../../../src/protocol/kafka/gen/consumer-protocol.ts'
import {
  GROUP_METADATA_KEY,
  OFFSET_COMMIT_KEY,
  OFFSET_COMMIT_VALUE,
} from '../../../src/protocol/kafka/gen/offset-records.ts'
import {
  decodeForward,
  decodeRecordKey,
  decodeVersioned,
  encodeRecordKey,
  encodeVersioned,
  recordTypeOf,
} from '../../../src/protocol/kafka/versioned-bytes.ts'

test('a value stands behind its version', () => {
  const value = { offset: 5, leaderEpoch: -1, metadata: '', commitTimestamp: 1000 }
  const bytes = encodeVersioned(OFFSET_COMMIT_VALUE, value, 3)
  expect(bytes.toString('hex')).toBe(
    '0003' + '0000000000000005' + 'ffffffff' + '0000' + '00000000000003e8',
  )
  expect(decodeVersioned(OFFSET_COMMIT_VALUE, bytes)).toMatchObject(value)
})

test('a value of a version that is not known is refused', () => {
  const bytes = Buffer.from('0063', 'hex')
  expect(() => decodeVersioned(OFFSET_COMMIT_VALUE, bytes)).toThrow(/UNSUPPORTED_VERSION/)
})

test('a key stands behind its type', () => {
  const key = { group: 'g', topic: 't', partition: 1 }
  const bytes = encodeRecordKey(OFFSET_COMMIT_KEY, key)
  expect(bytes.toString('hex')).toBe('0001' + '000167' + '000174' + '00000001')
  expect(recordTypeOf(bytes)).toBe(OFFSET_COMMIT_KEY.recordType)
  expect(decodeRecordKey(OFFSET_COMMIT_KEY, bytes)).toEqual(key)
  expect(recordTypeOf(encodeRecordKey(GROUP_METADATA_KEY, { group: 'g' }))).toBe(2)
})

test('a newer consumer protocol is read as the newest that is known', () => {
  const message = { topics: ['a'], userData: null, ownedPartitions: [], generationId: 4 }
  const bytes = encodeVersioned(CONSUMER_PROTOCOL_SUBSCRIPTION, message, 3)
  bytes.writeInt16BE(7, 0)
  const newer = Buffer.concat([bytes, Buffer.from('what nobody knows yet')])
  const read = decodeForward(CONSUMER_PROTOCOL_SUBSCRIPTION, newer)
  expect(read).toEqual({ ...message, rackId: null })
})

test('values do not share memory', () => {
  const assigned = (topic: string) => ({ assignedPartitions: [{ topic, partitions: [1] }] })
  const first = encodeVersioned(CONSUMER_PROTOCOL_ASSIGNMENT, assigned('a'), 0)
  const before = Buffer.from(first)
  encodeVersioned(CONSUMER_PROTOCOL_ASSIGNMENT, assigned('b'), 0)
  expect(first).toEqual(before)
})
