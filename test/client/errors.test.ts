// Errors: those of the broker, of gRPC, and the client's own, as one class.

import { Metadata, status } from '@grpc/grpc-js'
import type { StatusObject } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { parseBootstrap } from '../../src/client/connection-options.ts'
import { errorOfNumber } from '../../src/client/errors.ts'
import { errorOfStream } from '../../src/client/grpc/status.ts'
import { SluiceError } from '../../src/client/index.ts'
import { backoffMs } from '../../src/client/backoff.ts'
import { STATUS_DETAILS_KEY, statusOf } from '../../src/protocol/grpc/status-details.ts'
import { SeededRandom } from '../support/seeded-random.ts'

function ended(code: number, details: string, trailer?: Buffer): StatusObject {
  const metadata = new Metadata()
  if (trailer !== undefined) metadata.set(STATUS_DETAILS_KEY, trailer)
  return { code, details, metadata }
}

test('a refusal of the broker keeps its code, its facts and its sentence', () => {
  const error = SluiceError.from(
    new BrokerError('INVALID_CONFIG', { message: 'No such option', option: 'x' }),
  )
  expect(error).toMatchObject({ code: 'INVALID_CONFIG', retriable: false, facts: { option: 'x' } })
  expect(error.message).toBe('INVALID_CONFIG: No such option option=x')
  expect(SluiceError.from(error)).toBe(error)
})

test('anything else is an unknown error with its cause', () => {
  const cause = new TypeError('oh')
  expect(SluiceError.from(cause)).toMatchObject({ code: 'UNKNOWN_SERVER_ERROR', cause })
})

test('a number that is not known keeps what the broker said of it', () => {
  const error = errorOfNumber(9_999, 'From the future', true, { a: 'b' })
  expect(error).toMatchObject({ code: 'UNKNOWN_SERVER_ERROR', retriable: true, facts: { a: 'b' } })
  expect(error.message).toContain('From the future')
})

describe('a gRPC status', () => {
  test('with details is the broker’s own error', () => {
    const refusal = new BrokerError('NOT_ENOUGH_REPLICAS', { isr: 1 })
    const { code, text, details } = statusOf(refusal)
    const error = errorOfStream(ended(code, text, details))
    expect(error).toMatchObject({
      code: 'NOT_ENOUGH_REPLICAS',
      retriable: true,
      facts: { isr: '1' },
      retryAfterMs: 100,
    })
    expect(error.message).toBe('NOT_ENOUGH_REPLICAS: Too few in-sync replicas isr=1')
  })

  test.each([
    [status.UNAVAILABLE, 'No connection established', 'NETWORK_EXCEPTION', true],
    [status.OK, '', 'NETWORK_EXCEPTION', true],
    [status.CANCELLED, 'Cancelled on client', 'NETWORK_EXCEPTION', true],
    [status.INTERNAL, 'Received RST_STREAM with code 2 (Internal)', 'NETWORK_EXCEPTION', true],
    [status.INTERNAL, 'Response message parsing error', 'UNKNOWN_SERVER_ERROR', false],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'REQUEST_TIMED_OUT', true],
    [status.UNIMPLEMENTED, 'unknown method', 'UNSUPPORTED_VERSION', false],
    [status.RESOURCE_EXHAUSTED, 'message larger than max', 'MESSAGE_TOO_LARGE', false],
  ] as const)('%i without details, "%s", is %s', (code, text, expected, retriable) => {
    expect(errorOfStream(ended(code, text))).toMatchObject({ code: expected, retriable })
  })
})

describe('bootstrap', () => {
  test.each([
    [undefined, 'grpc', ['127.0.0.1:9094']],
    ['host', 'grpc', ['host:9094']],
    ['a:1, b:2', 'grpc', ['a:1', 'b:2']],
    [['a:1', '[::1]:2', '[::1]'], 'grpc', ['a:1', '[::1]:2', '[::1]:9094']],
    ['grpc://a', 'grpc', ['a:9094']],
    ['kafka://a:1,b:2', 'kafka', ['a:1', 'b:2']],
    [['kafka://a', 'kafka://[::1]'], 'kafka', ['a:9092', '[::1]:9092']],
  ])('%j', (given, protocol, addresses) => {
    expect(parseBootstrap(given)).toEqual({ protocol, addresses })
  })

  test.each([
    '',
    'a:0',
    'a:65536',
    'a:b',
    'http://a:1',
    'a:1,',
    ':1',
    '::1',
    'kafka://',
    'kafka://a:1/b',
    'kafka://a:1,grpc://b:1',
    'a:1,kafka://b:1',
  ])('not %j', (given) => {
    expect(() => parseBootstrap(given)).toThrowError(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test('not an empty list', () => {
    expect(() => parseBootstrap([])).toThrowError(SluiceError)
  })
})

test('back-off doubles, stays within its bounds, and heeds what the broker asks for', () => {
  const random = new SeededRandom(4)
  const options = { initialMs: 100, maxMs: 1_000 }
  for (let attempt = 1; attempt < 60; attempt++) {
    const waitMs = backoffMs(options, attempt, random)
    const exact = 100 * 2 ** (attempt - 1)
    expect(waitMs).toBeGreaterThanOrEqual(Math.min(1_000, exact * 0.8))
    expect(waitMs).toBeLessThanOrEqual(Math.min(1_000, exact * 1.2))
  }
  expect(backoffMs(options, 1, random, 5_000)).toBe(5_000)
})
