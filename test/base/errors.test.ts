// The error table and the class that carries its codes.

import { expect, test } from 'vitest'
import { BrokerError, ERRORS, errorCodeOf, type ErrorCode } from '../../src/base/errors.ts'

test('no two errors share a number, and each number finds its error', () => {
  const ids = Object.values(ERRORS).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    expect(errorCodeOf(ERRORS[code].id)).toBe(code)
  }
})

test('every error has a gRPC status that means failure', () => {
  const wrong = Object.entries(ERRORS).filter(([, { grpc }]) => grpc < 1 || grpc > 16)
  expect(wrong).toEqual([])
})

// Kafka's protocol page, a sample of codes that clients depend on.
test.each([
  ['OFFSET_OUT_OF_RANGE', 1, false],
  ['CORRUPT_MESSAGE', 2, true],
  ['UNKNOWN_TOPIC_OR_PARTITION', 3, true],
  ['NOT_LEADER_OR_FOLLOWER', 6, true],
  ['MESSAGE_TOO_LARGE', 10, false],
  ['UNSUPPORTED_VERSION', 35, false],
  ['KAFKA_STORAGE_ERROR', 56, true],
  ['INVALID_RECORD', 87, false],
  ['PRODUCER_FENCED', 90, false],
] as const)('%s is number %i on the wire, retriable: %s', (code, id, retriable) => {
  expect(ERRORS[code]).toMatchObject({ id, retriable })
})

test('a number that nobody knows is an unexpected server error', () => {
  expect(errorCodeOf(32_000)).toBe('UNKNOWN_SERVER_ERROR')
})

test('the message tells the facts, and the fact called message replaces the general text', () => {
  expect(new BrokerError('MESSAGE_TOO_LARGE', { sizeBytes: 9, limitBytes: 8 }).message).toBe(
    'MESSAGE_TOO_LARGE: Batch is over the size limit sizeBytes=9 limitBytes=8',
  )
  expect(new BrokerError('INVALID_CONFIG', { message: 'retention.ms is a number' }).message).toBe(
    'INVALID_CONFIG: retention.ms is a number',
  )
})

test('what is no refusal is hidden behind one, with its cause kept', () => {
  const bug = new TypeError('x is not a function')
  const hidden = BrokerError.from(bug)
  expect(hidden.code).toBe('UNKNOWN_SERVER_ERROR')
  expect(hidden.message).not.toContain('function')
  expect(hidden.cause).toBe(bug)
  expect(BrokerError.from(hidden)).toBe(hidden)
})
