// Turns what was timed into a table and a plot.

import { barPlots } from '../support/plot.ts'
import type { BarPlot } from '../support/plot.ts'
import { machineLine } from '../support/machine.ts'
import type { MachineFacts } from '../support/machine.ts'
import { markdownTable, threeDigits } from '../support/table.ts'

/** One row: how many units a second each alternative does. */
export interface Outcome {
  readonly kernel: string
  readonly input: string
  readonly unit: string
  /** By name; the first is ours, the second what it is compared with. */
  readonly rates: Readonly<Record<string, number>>
  /** Our rate by that of the second. */
  readonly ratio: number
  readonly floor: number | null
}

/** True unless a floor is not held. */
export function floorsHold(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ ratio, floor }) => floor === null || ratio >= floor)
}

export function markdownReport(outcomes: readonly Outcome[], machine: MachineFacts): string {
  const rows = outcomes.map((outcome) => {
    const [ours, other, third] = Object.entries(outcome.rates)
    return [
      outcome.kernel,
      outcome.input,
      `${threeDigits(ours![1])} ${outcome.unit}/s`,
      cell(other),
      `${outcome.ratio.toFixed(2)}×`,
      verdict(outcome),
      cell(third),
    ]
  })
  return [
    '# Kernels of the storage core',
    '',
    `${machineLine(machine)}`,
    '',
    'Every figure is one call of the public method: copy into the core’s memory and copy of the',
    'result out of it included. Median of interleaved rounds. MB/s are 10^6 bytes a second. Where',
    'decompression names a new buffer, the result is copied to fresh memory; else to a buffer that',
    'is used again, which lz4-napi has no way to take.',
    '',
    markdownTable(['kernel', 'input', 'sluice', 'compared with', 'ratio', 'floor', 'also'], rows),
    '',
  ].join('\n')
}

function cell(entry: [string, number] | undefined): string {
  return entry === undefined ? '' : `${entry[0]} ${threeDigits(entry[1])}`
}

function verdict({ ratio, floor }: Outcome): string {
  if (floor === null) return ''
  return `${floor}× ${ratio >= floor ? 'held' : 'MISSED'}`
}

/** One panel for each kernel. */
export function svgReport(outcomes: readonly Outcome[]): string {
  const kernels = [...new Set(outcomes.map(({ kernel }) => kernel))]
  const plots = kernels.map((kernel): BarPlot => {
    const rows = outcomes.filter((outcome) => outcome.kernel === kernel)
    const { unit, rates } = rows[0]!
    return {
      title: kernel,
      unit: `${unit}/s, copies included`,
      series: Object.keys(rates),
      groups: rows.map((row) => ({
        label: row.input,
        values: Object.values(row.rates).map((rate) => Math.round(rate * 10) / 10),
      })),
    }
  })
  return barPlots(plots)
}
