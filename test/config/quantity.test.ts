// Durations and sizes as people write them, and the name that somebody meant.

import { expect, test } from 'vitest'
import { nearestName } from '../../src/config/nearest-name.ts'
import { parseDurationMs, parseSizeBytes, plainNumber } from '../../src/config/quantity.ts'

test.each([
  ['0', 0],
  ['250', 250],
  ['250ms', 250],
  ['1.5h', 5_400_000],
  ['7d', 604_800_000],
  ['2 w', 1_209_600_000],
  ['10min', 600_000],
  ['-1', null],
  ['d', null],
  ['7y', null],
  ['9999999999999999d', null],
  ['1e3', null],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms)
})

test.each([
  ['65536', 65_536],
  ['64KiB', 65_536],
  ['64k', 65_536],
  ['1MB', 1_000_000],
  ['1.5 GiB', 1_610_612_736],
  ['1GiBs', null],
  ['', null],
])('the size %s is %s bytes', (text, sizeBytes) => {
  expect(parseSizeBytes(text)).toBe(sizeBytes)
})

test('a plain number is what the option counts; anything else is left for the option to refuse', () => {
  expect(plainNumber('7d', 'ms')).toBe('604800000')
  expect(plainNumber('7d', 'hours')).toBe('168')
  expect(plainNumber('90s', 'minutes')).toBe('90s') // is no whole number of minutes
  expect(plainNumber('1KiB', 'bytes')).toBe('1024')
  expect(plainNumber('-1', 'ms')).toBe('-1')
  expect(plainNumber('soon', 'ms')).toBe('soon')
  expect(plainNumber('7d', null)).toBe('7d')
  expect(plainNumber('9223372036854775807', 'ms')).toBe('9223372036854775807')
})

test('the nearest name is one that is near', () => {
  const names = ['retention.ms', 'retention.bytes', 'segment.ms']
  expect(nearestName('retention.m', names)).toBe('retention.ms')
  expect(nearestName('RETENTION.BYTE', names)).toBe('retention.bytes')
  expect(nearestName('retenton.sm', names)).toBe('retention.ms')
  expect(nearestName('qqqqqqqqqq', names)).toBeNull()
  expect(nearestName('', names)).toBeNull()
  expect(nearestName('x'.repeat(1_000_000), names)).toBeNull()
})
