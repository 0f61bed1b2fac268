// What benchmarks print and draw: tables, plots, and the verdict over their floors.

import { describe, expect, test } from 'vitest'
import { floorsHold, markdownReport, svgReport } from '../../bench/kernel/report.ts'
import type { Outcome } from '../../bench/kernel/report.ts'
import { timeContest } from '../../bench/kernel/measure.ts'
import { machineFacts } from '../../bench/support/machine.ts'
import { barPlots, linePlots } from '../../bench/support/plot.ts'
import { markdownTable, threeDigits } from '../../bench/support/table.ts'

const machine = machineFacts()

function outcome(ratio: number, floor: number | null): Outcome {
  const rates = { sluice: 12_345.6, other: 12_345.6 / ratio }
  return { kernel: 'crc32c', input: '64 KB', unit: 'MB', rates, ratio, floor }
}

describe('a table', () => {
  test('is padded, with the first column to the left and the others to the right', () => {
    expect(
      markdownTable(
        ['name', 'rate'],
        [
          ['a', '1'],
          ['longer', '1,000'],
        ],
      ),
    ).toBe(
      ['| name   |  rate |', '| ------ | ----: |', '| a      |     1 |', '| longer | 1,000 |'].join(
        '\n',
      ),
    )
  })

  test('has numbers of three digits', () => {
    expect([8123.4, 100, 99.96, 1.234, 0.0567].map(threeDigits)).toEqual([
      '8,123',
      '100',
      '100',
      '1.23',
      '0.0567',
    ])
  })
})

describe('a plot', () => {
  const bars = barPlots([
    {
      title: 'a < b & c',
      unit: 'MB/s',
      series: ['ours', 'theirs'],
      groups: [
        { label: '1 KB', values: [300, 75] },
        { label: '1 MB', values: [150, 0] },
      ],
    },
  ])

  test('of bars has one for each value, as high as the value', () => {
    const heights = [...bars.matchAll(/height="([\d.]+)" fill="#(?:0072b2|e69f00)"><title>/g)]
    expect(heights.map(([, height]) => Number(height))).toEqual([200, 50, 100, 0])
  })

  test('escapes what a title may hold', () => {
    expect(bars).toContain('a &lt; b &amp; c')
    expect(bars).not.toContain('a < b')
  })

  test('of lines has one point for each value, spread by magnitude', () => {
    const lines = linePlots([
      {
        title: 'latency',
        xLabel: 'partitions',
        yLabel: 'ms',
        xs: [1, 10, 100],
        series: [{ name: 'p99', values: [1, 2, 4] }],
      },
    ])
    const points = /points="([^"]+)"/
      .exec(lines)![1]!
      .split(' ')
      .map((p) => p.split(',').map(Number))
    expect(points.map(([x]) => x! - points[0]![0]!)).toEqual([0, 378, 756])
    expect(points.map(([, y]) => y)).toEqual([206, 156, 56])
  })
})

describe('the kernel report', () => {
  test('names floors that are held and missed', () => {
    const held = outcome(1.99, 1.5)
    const missed = outcome(1.49, 1.5)
    expect(floorsHold([held, outcome(0.1, null)])).toBe(true)
    expect(floorsHold([held, missed])).toBe(false)
    const report = markdownReport([held, missed], machine)
    expect(report).toMatch(/1\.99× \|\s+1\.5× held/)
    expect(report).toMatch(/1\.49× \|\s+1\.5× MISSED/)
    expect(report).toContain(machine.node)
  })

  test('plots each kernel once', () => {
    const svg = svgReport([outcome(2, null), outcome(3, null)])
    expect(svg.match(/font-weight="bold">crc32c</g)).toHaveLength(1)
    expect(svg.match(/<title>sluice: 12345.6</g)).toHaveLength(2)
  })

  test('times every alternative', () => {
    let calls = 0
    const work = (): number => (calls += 1)
    const seconds = timeContest({ one: work, two: () => null }, { rounds: 3, atLeastMs: 0.1 })
    expect([...seconds.keys()]).toEqual(['one', 'two'])
    expect(seconds.get('one')).toBeGreaterThan(0)
    expect(calls).toBeGreaterThan(3)
  })
})
