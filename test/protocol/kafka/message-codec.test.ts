// What the generated codecs do with fields that a version lacks, or that somebody newer sent.

import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/protocol/kafka/decode-error.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { JOIN_GROUP } from '../../../src/protocol/kafka/gen/join-group.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { decode, encode } from './codec-bytes.ts'

const FETCH_ALL = { maxWaitMs: 500, minBytes: 1, isolationLevel: 0, topics: [] }

describe('a field that the version lacks', () => {
  test('has its default when it is read', () => {
    const { message } = decode(FETCH.request, encode(FETCH.request, FETCH_ALL, 4), 4)
    expect(message).toMatchObject({ sessionId: 0, sessionEpoch: -1, rackId: '', clusterId: null })
    expect(message).toMatchObject({ replicaState: { replicaId: -1, replicaEpoch: -1 } })
  })

  test('is dropped when it is written, if it may be ignored', () => {
    const given = { ...FETCH_ALL, rackId: 'r' }
    expect(encode(FETCH.request, given, 4)).toEqual(encode(FETCH.request, FETCH_ALL, 4))
  })

  test('is refused when it is written, if not', () => {
    const forgotten = [{ topic: 't', partitions: [0] }]
    const given = { ...FETCH_ALL, forgottenTopicsData: forgotten }
    expect(() => encode(FETCH.request, given, 6)).toThrow(
      /UNSUPPORTED_VERSION.*FetchRequest.forgottenTopicsData/,
    )
    const replica = { ...FETCH_ALL, replicaState: { replicaId: 3, replicaEpoch: 1 } }
    expect(() => encode(FETCH.request, replica, 14)).toThrow(/replicaState/)
    expect(() => encode(FETCH.request, { ...FETCH_ALL, replicaId: 3 }, 15)).toThrow(/replicaId/)
  })

  test('may be named with its default', () => {
    const given = { ...FETCH_ALL, forgottenTopicsData: [], replicaId: -1 }
    expect(encode(FETCH.request, given, 4)).toEqual(encode(FETCH.request, FETCH_ALL, 4))
  })
})

describe('null', () => {
  test('is refused in a version that cannot say it', () => {
    const all = { topics: null }
    expect(encode(METADATA.request, all, 1).toString('hex')).toBe('ffffffff')
    expect(() => encode(METADATA.request, all, 0)).toThrow(/MetadataRequest.topics/)
    expect(() => decode(METADATA.request, Buffer.from('ffffffff', 'hex'), 0)).toThrow(DecodeError)
  })

  test('in place of a name is refused too', () => {
    const joined = { errorCode: 0, generationId: 1, leader: '', memberId: '', members: [] }
    const given = { ...joined, protocolName: null }
    expect(() => encode(JOIN_GROUP.response, given, 6)).toThrow(/JoinGroupResponse.protocolName/)
    expect(encode(JOIN_GROUP.response, given, 7)).toBeInstanceOf(Buffer)
  })
})

test('versions outside the range are refused', () => {
  expect(() => encode(FETCH.request, FETCH_ALL, 3)).toThrow(/UNSUPPORTED_VERSION/)
  expect(() => encode(FETCH.request, FETCH_ALL, 19)).toThrow(/UNSUPPORTED_VERSION/)
  expect(() => decode(FETCH.request, Buffer.alloc(100), 3)).toThrow(/UNSUPPORTED_VERSION/)
})

test('tagged fields that nobody knows are skipped, between those that are known too', () => {
  // Version 12: all as in FETCH_ALL, then three tagged fields of which 0 is clusterId.
  const plain = encode(FETCH.request, FETCH_ALL, 12)
  const body = plain.subarray(0, -1)
  const tagged = Buffer.concat([body, Buffer.from('03' + '00020263' + '0700' + '630141', 'hex')])
  const { message, remaining } = decode(FETCH.request, tagged, 12)
  expect(message).toMatchObject({ clusterId: 'c', maxWaitMs: 500 })
  expect(remaining).toBe(0)
})

test('an array of the smallest structs is refused when it would swell to many times the frame', () => {
  // A Fetch request whose 900,000 topics take three bytes each and hold nothing.
  const topics = Buffer.alloc(900_000 * 3, Buffer.from('010100', 'hex'))
  const head = encode(FETCH.request, FETCH_ALL, 12).subarray(0, 25)
  const frame = Buffer.concat([head, Buffer.from('a1f736', 'hex'), topics, Buffer.of(1, 1, 0)])
  expect(() => decode(FETCH.request, frame, 12)).toThrow(/too much memory/)
})

test('records are a view over the frame, and leave as a part of their own', () => {
  const records = Buffer.alloc(4096, 7)
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
  const frame = encode(PRODUCE.request, { acks: -1, timeoutMs: 1, topicData }, 9)
  const message = decode(PRODUCE.request, frame, 9).message as { topicData: typeof topicData }
  const view = message.topicData[0]!.partitionData[0]!.records
  expect(view).toEqual(records)
  expect(view.buffer).toBe(frame.buffer)
})
