// What values of flags mean, and which are refused.

import { describe, expect, test } from 'vitest'
import {
  bootstrap,
  dateTime,
  durationMs,
  header,
  hostPort,
  integer,
  integers,
  keyValue,
  refreshInterval,
  signedInteger,
  sizeBytes,
  startPosition,
  timeSpan,
  topicConfig,
  topicPartitions,
} from '../../src/cli/flag-values.ts'

describe('a whole number', () => {
  test('may have underscores between thousands', () => {
    expect(integer(1)('1_000_000')).toBe(1_000_000)
  })

  test.each(['', ' ', '-1', '0', '1.5', '1e3', '0x10', '5x', '99999999999999999'])(
    'is not %j, where it is to be 1 or more',
    (text) => {
      expect(() => integer(1)(text)).toThrow('It is a whole number of 1 or more.')
    },
  )

  test('comes once, however often a repeated flag has it', () => {
    const parse = integers(0)
    expect(parse('2,3', parse('2', parse('7')))).toEqual([7, 2, 3])
  })
})

describe('name=value', () => {
  test('may have more of "=" in the value, and nothing in it', () => {
    expect(keyValue('b=', keyValue('a=1=2'))).toEqual(
      new Map([
        ['a', '1=2'],
        ['b', ''],
      ]),
    )
  })

  test.each(['a', '=a', ''])('is not %j', (text) => {
    expect(() => keyValue(text)).toThrow('It has the form name=value.')
  })

  test('of a topic takes durations and sizes, and leaves all else to the broker', () => {
    const words = ['retention.ms=7d', 'segment.bytes=256MiB', 'cleanup.policy=1h', 'unknown=7d']
    const configs = words.reduce((map, word) => topicConfig(word, map), new Map<string, string>())
    expect(Object.fromEntries(configs)).toEqual({
      'retention.ms': '604800000',
      'segment.bytes': '268435456',
      'cleanup.policy': '1h',
      unknown: '7d',
    })
    expect(topicConfig('retention.ms=-1').get('retention.ms')).toBe('-1')
    expect(topicConfig('retention.ms=7 moons').get('retention.ms')).toBe('7 moons')
  })

  test('of headers keeps the order, and names that come twice', () => {
    expect(header('a=2', header('b=', header('a=1')))).toEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '' },
      { key: 'a', value: '2' },
    ])
  })
})

describe('sizes, durations and addresses', () => {
  test('have units', () => {
    expect([sizeBytes('65536'), sizeBytes('64KiB'), sizeBytes('1MB')]).toEqual([
      65_536, 65_536, 1_000_000,
    ])
    expect([durationMs('5'), durationMs('5ms'), durationMs('1.5s'), durationMs('2m')]).toEqual([
      5, 5, 1_500, 120_000,
    ])
  })

  test('are refused with what is allowed', () => {
    expect(() => sizeBytes('0')).toThrow('as in 65536, 64KiB or 1MB')
    expect(() => sizeBytes('1XB')).toThrow('as in 65536, 64KiB or 1MB')
    expect(() => durationMs('soon')).toThrow('as in 5ms, 1.5s or 2m')
    expect(() => hostPort('127.0.0.1')).toThrow('It is host:port.')
    expect(() => bootstrap('a:1,:2')).toThrow('It is host:port')
  })

  test('of brokers may be several, and without a port', () => {
    expect(bootstrap('a:1, b')).toEqual(['a:1', 'b:9094'])
  })
})

describe('where reading begins', () => {
  const now = Date.UTC(2026, 0, 31, 12)

  test.each([
    ['beginning', { kind: 'earliest' }],
    ['earliest', { kind: 'earliest' }],
    ['end', { kind: 'latest' }],
    ['latest', { kind: 'latest' }],
    ['0', { kind: 'offset', offset: 0 }],
    ['1200', { kind: 'offset', offset: 1200 }],
    ['15m', { kind: 'timestamp', timestampMs: now - 900_000 }],
    ['1.5h', { kind: 'timestamp', timestampMs: now - 5_400_000 }],
    ['99999d', { kind: 'timestamp', timestampMs: 0 }],
    ['2026-01-31', { kind: 'timestamp', timestampMs: Date.UTC(2026, 0, 31) }],
    ['2026-01-31T11:59Z', { kind: 'timestamp', timestampMs: now - 60_000 }],
    ['2026-01-31T13:00:00.5+01:00', { kind: 'timestamp', timestampMs: now + 500 }],
  ])('is told by %j', (text, start) => {
    expect(startPosition(text, now)).toEqual(start)
  })

  test.each(['', 'start', '-1', '1.5', '15 moons', '2026-13-31', '99999999999999999'])(
    'is not told by %j',
    (text) => {
      expect(() => startPosition(text, now)).toThrow(/^It is /)
    },
  )
})

test.each([
  ['PT15M', 900_000],
  ['P1DT2H3M4.5S', 93_784_500],
  ['P7D', 604_800_000],
  ['15m', 900_000],
  ['1.5h', 5_400_000],
])('the span of time %s is %i ms', (text, expected) => {
  expect(timeSpan(text)).toBe(expected)
})

test.each(['P', 'PT', '-PT5M', 'P1Y', 'soon'])('%j is no span of time', (text) => {
  expect(() => timeSpan(text)).toThrow('It is a duration')
})

test('a time has a date', () => {
  expect(dateTime('2026-01-31T12:00Z')).toBe(Date.UTC(2026, 0, 31, 12))
  expect(dateTime('2026-01-31T12:00:00.250+01:00')).toBe(Date.UTC(2026, 0, 31, 11, 0, 0, 250))
  for (const text of ['12:00', '2026-13-01', '7d', '']) {
    expect(() => dateTime(text)).toThrow('It is a time, as in')
  }
})

test('a number of records to shift by may be below 0', () => {
  expect(['-10', '+1_000', '0'].map(signedInteger)).toEqual([-10, 1_000, 0])
  for (const text of ['', '-', '1.5', '--1']) expect(() => signedInteger(text)).toThrow('whole')
})

test('what is shown again and again is so at most ten times a second', () => {
  expect(refreshInterval('100ms')).toBe(100)
  for (const text of ['99ms', '2h', 'x']) {
    expect(() => refreshInterval(text)).toThrow(/It is a duration/)
  }
})

test('topics come with some of their partitions, or all', () => {
  expect(topicPartitions('orders', topicPartitions('clicks:0,2'))).toEqual([
    { topic: 'clicks', partitions: [0, 2] },
    { topic: 'orders', partitions: null },
  ])
  for (const text of ['', ':1', 'a:b', 'a:', 'a:1:2']) {
    expect(() => topicPartitions(text)).toThrow(/It is a/)
  }
})
