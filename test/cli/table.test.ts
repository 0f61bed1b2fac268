// How rows, numbers and long texts look.

import { describe, expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, layOut, wrap } from '../../src/cli/table.ts'
import { stripVTControlCharacters } from 'node:util'

describe('a table', () => {
  test('has quantities to the right, words to the left, and no blanks at the ends', () => {
    const lines = layOut(
      ['TOPIC', 'RECORDS', 'SIZE', 'NOTE'],
      [
        ['a', 7, '1.5 MiB', ''],
        ['a-long-name', 1234, '12 B', '3 of 4'],
      ],
    )
    expect(lines.map(stripVTControlCharacters)).toEqual([
      'TOPIC        RECORDS     SIZE  NOTE',
      'a                  7  1.5 MiB',
      'a-long-name     1234     12 B  3 of 4',
    ])
  })

  test('of no rows is its heading', () => {
    expect(layOut(['A', 'B'], []).map(stripVTControlCharacters)).toEqual(['A  B'])
  })
})

test('long texts break between words', () => {
  expect(wrap('one two three four', 10, '  ')).toEqual(['  one two', '  three', '  four'])
  expect(wrap('incomprehensibilities', 5)).toEqual(['incomprehensibilities'])
  expect(wrap('', 5, '  ')).toEqual(['  '])
})

test('quantities read well', () => {
  expect([0, 1023, 1024, 1536, 5 * 1024 ** 4].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '5.0 TiB',
  ])
  expect(formatCount(1_234_567.4)).toBe('1,234,567')
  expect([340, 12_345, 245_000].map(formatDuration)).toEqual(['340 ms', '12.3 s', '4 min 5 s'])
})

test('a duration has no 60 in its seconds', () => {
  expect([999.7, 59_970, 119_700, 3_600_000].map(formatDuration)).toEqual([
    '1.0 s',
    '1 min 0 s',
    '2 min 0 s',
    '60 min 0 s',
  ])
})
