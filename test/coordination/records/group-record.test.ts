// Records of __consumer_offsets against those of a real Kafka, and against themselves.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BrokerError } from '../../../src/base/errors.ts'
import { uuidOf } from '../../../src/base/uuid.ts'
import { MEMBER_STATES } from '../../../src/coordination/group/records/consumer-group.ts'
import type { MemberState } from '../../../src/coordination/group/records/consumer-group.ts'
import {
  decodeRecord,
  encodeKey,
  encodeRecord,
} from '../../../src/coordination/group/records/group-record.ts'
import type { GroupRecord } from '../../../src/coordination/group/records/group-record.ts'
import { KAFKA_RECORDS } from './kafka-records.ts'

const CLICKS = '4PkjRkIFSASSN-uIzWJUkA'

function decodedAll(): GroupRecord[] {
  return KAFKA_RECORDS.map(({ key, value }) => decodeRecord(key, value)!)
}

function find(type: GroupRecord['type'], groupId: string): GroupRecord | undefined {
  const isIt = (record: GroupRecord) => record.type === type && record.groupId === groupId
  return decodedAll().find((record) => isIt(record) && record.value !== null)
}

test("Kafka's records are read", () => {
  expect(find('Offset', 'classic-one')).toMatchObject({
    topic: 'clicks',
    partition: 2,
    value: { offset: 3, leaderEpoch: 0, metadata: '', expireTimestampMs: -1, topicId: CLICKS },
  })
  const classic = decodedAll().find((record) => {
    return record.type === 'ClassicGroup' && (record.value?.members.length ?? 0) > 0
  })
  expect(classic).toMatchObject({
    groupId: 'classic-one',
    value: {
      ...{ protocolType: 'consumer', generation: 1, protocol: 'range' },
      members: [{ instanceId: null, sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 300_000 }],
    },
  })
  expect(find('GroupEpoch', 'newer')).toMatchObject({ value: { epoch: 2 } })
  expect(find('Member', 'newer')).toMatchObject({
    value: { clientId: 'console-consumer', topicNames: ['clicks'], classic: null },
  })
  expect(find('Member', 'newer-static')).toMatchObject({ value: { instanceId: 'inst-2' } })
  expect(find('TargetEpoch', 'newer')).toMatchObject({ value: { epoch: 2 } })
  expect(find('TargetMember', 'newer')).toMatchObject({
    value: [{ topicId: CLICKS, partitions: [0, 1, 2] }],
  })
  expect(find('CurrentAssignment', 'newer')).toMatchObject({
    value: {
      ...{ memberEpoch: 2, previousMemberEpoch: 0, state: 'stable' },
      ...{ assigned: [{ topicId: CLICKS, partitions: [0, 1, 2] }], pendingRevocation: [] },
    },
  })
})

test("Kafka's records are written as Kafka writes them, byte for byte", () => {
  for (const [index, { key, value }] of KAFKA_RECORDS.entries()) {
    const record = decodeRecord(key, value)!
    // Kafka keeps with a partition at which epoch it was assigned, which is not written here.
    if (record.type === 'CurrentAssignment' && value !== null) continue
    const encoded = encodeRecord(record)
    const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex')
    expect([index, hex(encoded.key), hex(encoded.value)]).toEqual([index, hex(key), hex(value)])
  }
})

test('older offsets are read', () => {
  const key = encodeKey({ type: 'Offset', groupId: 'g', topic: 't', partition: 1, value: null })
  const offset = '0000000000000007'
  const time = '0000000000000009'
  const read = (hex: string) => decodeRecord(key, Buffer.from(hex, 'hex'))!.value
  const expected = { offset: 7, metadata: 'm', commitTimestampMs: 9, expireTimestampMs: -1 }
  expect(read(`0000${offset}00016d${time}`)).toMatchObject({ ...expected, leaderEpoch: -1 })
  expect(read(`0001${offset}00016d${time}${offset}`)).toMatchObject({ expireTimestampMs: 7 })
  expect(read(`0002${offset}00016d${time}`)).toMatchObject(expected)
  expect(read(`0003${offset}0000000500016d${time}`)).toMatchObject({ ...expected, leaderEpoch: 5 })
})

test('older groups are read', () => {
  const key = encodeKey({ type: 'ClassicGroup', groupId: 'g', value: null })
  const head = '000161 00000002 000170 00016c'.replaceAll(' ', '')
  const texts = '00016d 000163 000168'.replaceAll(' ', '')
  const tail = '00001388 0000000173 0000000161'.replaceAll(' ', '')
  const value = decodeRecord(key, Buffer.from(`0000${head}00000001${texts}${tail}`, 'hex'))!.value
  expect(value).toMatchObject({ generation: 2, protocol: 'p', leader: 'l', stateTimestampMs: -1 })
  expect(value).toMatchObject({
    members: [
      { memberId: 'm', instanceId: null, rebalanceTimeoutMs: 5000, sessionTimeoutMs: 5000 },
    ],
  })
})

test('types that are not known are left alone, broken bytes are refused', () => {
  expect(decodeRecord(Buffer.from([0, 11, 0, 0]), Buffer.from([9]))).toBe(null)
  expect(() => decodeRecord(Buffer.from([0]), null)).toThrow(BrokerError)
  expect(() => decodeRecord(Buffer.from([0, 2, 0, 9, 1]), null)).toThrow(BrokerError)
  const key = encodeKey({ type: 'GroupEpoch', groupId: 'g', value: null })
  expect(() => decodeRecord(key, Buffer.from([0, 1, 0, 0]))).toThrow(/version 1/)
})

test('no bytes make the reader do anything but read or refuse', () => {
  const samples = fc.constantFrom(...KAFKA_RECORDS.filter(({ value }) => value !== null))
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), end: fc.nat() })
  fc.assert(
    fc.property(samples, change, ({ key, value }, { at, byte, end }) => {
      const changed = Buffer.from(value!)
      changed[at % changed.byteLength] = byte
      try {
        decodeRecord(key, changed.subarray(0, (end % changed.byteLength) + 1))
      } catch (error) {
        expect(error).toBeInstanceOf(BrokerError)
      }
    }),
    { numRuns: 2_000 },
  )
})

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const int32 = fc.integer()
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => uuidOf(array))
const time = fc.nat()
const topicPartitions = fc.array(
  fc.record({ topicId: uuid, partitions: fc.array(fc.nat(10_000), { maxLength: 20 }) }),
  { maxLength: 4 },
)
const classicMember = fc.record({
  ...{ memberId: text, instanceId: fc.option(text), clientId: text, clientHost: text },
  ...{ rebalanceTimeoutMs: fc.nat(), sessionTimeoutMs: fc.nat() },
  ...{ subscription: bytes, assignment: bytes },
})
const classicSupport = fc.record({
  sessionTimeoutMs: int32,
  protocols: fc.array(fc.record({ name: text, metadata: bytes }), { maxLength: 3 }),
})
const names = fc.array(text, { maxLength: 5 })
const ofGroup = { groupId: text }
const ofMember = { groupId: text, memberId: text }
const states = fc.constantFrom(...(Object.keys(MEMBER_STATES) as MemberState[]))

function recordOf<T extends GroupRecord['type'], V>(
  type: T,
  key: Record<string, fc.Arbitrary<unknown>>,
  value: fc.Arbitrary<V>,
): fc.Arbitrary<GroupRecord> {
  const made = fc.record({ type: fc.constant(type), ...key, value: fc.option(value) })
  return made as unknown as fc.Arbitrary<GroupRecord>
}

const anyRecord = fc.oneof(
  recordOf(
    'Offset',
    { groupId: text, topic: text, partition: fc.nat() },
    fc.record({
      ...{ offset: fc.maxSafeNat(), leaderEpoch: int32, metadata: text },
      ...{ commitTimestampMs: time, expireTimestampMs: fc.constant(-1), topicId: uuid },
    }),
  ),
  recordOf(
    'ClassicGroup',
    ofGroup,
    fc.record({
      ...{ protocolType: text, generation: int32, protocol: fc.option(text) },
      ...{ leader: fc.option(text), stateTimestampMs: time },
      members: fc.array(classicMember, { maxLength: 4 }),
    }),
  ),
  recordOf('GroupEpoch', ofGroup, fc.record({ epoch: int32, metadataHash: fc.bigInt(-9n, 9n) })),
  recordOf('TargetEpoch', ofGroup, fc.record({ epoch: int32, timestampMs: time })),
  recordOf(
    'Member',
    ofMember,
    fc.record({
      ...{ instanceId: fc.option(text), rackId: fc.option(text), clientId: text, clientHost: text },
      ...{ topicNames: names, topicRegex: fc.option(text), rebalanceTimeoutMs: int32 },
      ...{ serverAssignor: fc.option(text), classic: fc.option(classicSupport) },
    }),
  ),
  recordOf('TargetMember', ofMember, topicPartitions),
  recordOf(
    'CurrentAssignment',
    ofMember,
    fc.record({
      ...{ memberEpoch: int32, previousMemberEpoch: int32, state: states },
      ...{ assigned: topicPartitions, pendingRevocation: topicPartitions },
    }),
  ),
  recordOf(
    'Regex',
    { groupId: text, pattern: text },
    fc.record({ topics: names, version: fc.maxSafeNat(), timestampMs: time }),
  ),
)

test('what is written is read again', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { key, value } = encodeRecord(record)
      expect(decodeRecord(key, value)).toEqual(record)
    }),
    { numRuns: 1_000 },
  )
})
