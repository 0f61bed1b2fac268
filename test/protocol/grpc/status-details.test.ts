// google.rpc.Status in the trailer: what we write, what we read, and what others may send.

import { expect, test } from 'vitest'
import { BrokerError } from '../../../src/base/errors.ts'
import {
  decodeStatusDetails,
  errorOfStatus,
  statusOf,
} from '../../../src/protocol/grpc/status-details.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

test('an error comes back from its status with code, sentence and facts', () => {
  const facts = { topic: 'clicks', offset: 17, message: 'Offset 17 is gone.' }
  const { code, text, details } = statusOf(new BrokerError('OFFSET_OUT_OF_RANGE', facts))
  expect([code, text]).toEqual([11, 'Offset 17 is gone.'])

  const back = errorOfStatus(code, text, details)
  expect(back.code).toBe('OFFSET_OUT_OF_RANGE')
  expect(back.facts).toEqual({ topic: 'clicks', offset: '17', message: 'Offset 17 is gone.' })
})

test('RetryInfo is there when the same request may succeed later, and only then', () => {
  const retriable = statusOf(new BrokerError('LEADER_NOT_AVAILABLE'))
  expect(decodeStatusDetails(retriable.details)?.retryDelayMs).toBe(100)
  const final = statusOf(new BrokerError('INVALID_TOPIC_EXCEPTION'))
  expect(decodeStatusDetails(final.details)?.retryDelayMs).toBeNull()
})

// Known answer, written out by hand from the field numbers of google/rpc/status.proto.
test('the bytes are those of google.rpc.Status', () => {
  const { details } = statusOf(new BrokerError('TOPIC_ALREADY_EXISTS', { topic: 'a' }))
  const info = [
    ...[0x0a, 20, ...Buffer.from('TOPIC_ALREADY_EXISTS')],
    ...[0x12, 6, ...Buffer.from('sluice')],
    ...[0x1a, 10, 0x0a, 5, ...Buffer.from('topic'), 0x12, 1, ...Buffer.from('a')],
  ]
  const url = Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')
  const any = [0x0a, url.byteLength, ...url, 0x12, info.length, ...info]
  const text = Buffer.from('Topic exists already')
  const status = [8, 6, 0x12, text.byteLength, ...text, 0x1a, any.length, ...any]
  expect([...details]).toEqual(status)
})

test('text that no header can carry is made whole, and endless facts are cut', () => {
  const facts = { message: `half \ud83d${'x'.repeat(5_000)}`, a: 'y'.repeat(9_000), b: 'kept not' }
  const { text, details } = statusOf(new BrokerError('INVALID_CONFIG', facts))
  expect(() => encodeURI(text)).not.toThrow()
  expect(text.length).toBeLessThanOrEqual(1_024)
  expect(details.byteLength).toBeLessThan(4_096)
})

test('a status of somebody else stands for what its number says', () => {
  expect(errorOfStatus(14, 'no route', null).code).toBe('NETWORK_EXCEPTION')
  expect(errorOfStatus(4, 'too late', null).code).toBe('REQUEST_TIMED_OUT')
  expect(errorOfStatus(2, '?', Buffer.from('not protobuf')).code).toBe('UNKNOWN_SERVER_ERROR')
})

test('random trailers are read or passed over, and never throw', () => {
  const random = new SeededRandom(21)
  const { details } = statusOf(new BrokerError('NOT_LEADER_OR_FOLLOWER', { leader: 3 }))
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(details)
    for (let flip = 0; flip < 3; flip++) bytes[random.below(bytes.byteLength)] = random.below(256)
    expect(errorOfStatus(9, 'moved', bytes)).toBeInstanceOf(BrokerError)
  }
})
