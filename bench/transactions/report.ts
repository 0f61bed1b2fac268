// Turns what both brokers made of the same transactions into tables with ratios, and a plot.

import { median } from '../broker/measure.ts'
import { machineLine, type MachineFacts } from '../support/machine.ts'
import { barPlots, type BarPlot } from '../support/plot.ts'
import { markdownTable, threeDigits } from '../support/table.ts'
import type { Findings, ReadCell, WriteCell } from './cells.ts'
import type { ReadFigures, WriteFigures } from './driver.ts'

export function report({ names, write, read, failures }: Findings, machine: MachineFacts): string {
  const sections = [
    `# Transactions, beside ${names[1]}`,
    machineLine(machine),
    [
      'Both with their defaults: Sluice has records, offsets, markers and the coordinator’s own records on',
      'disk before it answers, Kafka in the page cache, and Kafka answers a commit before its markers are',
      'written. In turns, in one process of Kafka’s Java client, median of the rounds; ratios are Sluice by',
      'Kafka, round by round. A topic of 4 partitions, records of a transaction spread over them; CPU is',
      'processor time of the broker.',
    ].join('\n'),
  ]
  if (write.length > 0) sections.push(writeTable(write), latencyTable(write))
  if (read.length > 0) sections.push(...readSection(read))
  if (failures.length > 0) sections.push(failureSection(failures))
  return `${sections.join('\n\n')}\n`
}

function failureSection(failures: readonly string[]): string {
  const reason = [
    'Done again, since the client failed with INVALID_TXN_STATE. So either broker answers when the end of a',
    'transaction comes before the record in it, which Kafka’s client may send (bench/README.md):',
  ]
  return [...reason, '', ...failures.map((failure) => `- ${failure}`)].join('\n')
}

/** Transactions a second of both, and records read. */
export function plot({ names, write, read }: Findings): string {
  const groups = [...new Set(write.map(({ shape }) => shape.producers))].map(
    (producers): BarPlot => {
      const cells = write.filter(({ shape }) => shape.producers === producers)
      return {
        title: `Transactions, ${producers} producer${producers === 1 ? '' : 's'}`,
        unit: 'transactions/s',
        series: names,
        groups: cells.map(({ name, ours, theirs }) => ({
          label: name.replace(/, \d+ producers?$/, ''),
          values: [ours, theirs].map((runs) => Math.round(middle(runs, rate))),
        })),
      }
    },
  )
  const readPlot: BarPlot = {
    title: 'Reading what transactions wrote',
    unit: 'records/s',
    series: names,
    groups: read.map(({ name, ours, theirs }) => ({
      label: name.replace(' records a transaction', '').replace('read_', ''),
      values: [ours, theirs].map((runs) => Math.round(middle(runs, readRate))),
    })),
  }
  return barPlots([...groups, readPlot].filter((one) => one.groups.length > 0))
}

function writeTable(cells: readonly WriteCell[]): string {
  const headings = [
    ...['a transaction', 'transactions/s', 'Kafka', 'ratio', 'records/s', 'Kafka'],
    ...['CPU ms each', 'Kafka', 'ratio'],
  ]
  const rows = cells.map(({ name, shape, ours, theirs }) => {
    const records = (runs: readonly WriteFigures[]): string =>
      threeDigits(middle(runs, rate) * shape.recordsPerTransaction)
    return [
      name,
      ...compared(ours, theirs, rate),
      ...[records(ours), records(theirs)],
      ...compared(ours, theirs, cpuMs),
    ]
  })
  return markdownTable(headings, rows)
}

function latencyTable(cells: readonly WriteCell[]): string {
  const headings = [
    ...['milliseconds', 'commit p50', 'Kafka', 'ratio', 'commit p99', 'Kafka', 'ratio'],
    ...['all p50', 'Kafka', 'all p99', 'Kafka'],
  ]
  const rows = cells.map(({ name, ours, theirs }) => [
    name,
    ...compared(ours, theirs, ({ commit }) => commit.p50),
    ...compared(ours, theirs, ({ commit }) => commit.p99),
    ...compared(ours, theirs, ({ whole }) => whole.p50).slice(0, 2),
    ...compared(ours, theirs, ({ whole }) => whole.p99).slice(0, 2),
  ])
  return markdownTable(headings, rows)
}

function readSection(cells: readonly ReadCell[]): string[] {
  const headings = [
    ...['one partition, records of 100 B', 'records/s', 'Kafka', 'ratio'],
    ...['CPU µs a record', 'Kafka', 'ratio'],
  ]
  const rows = cells.map(({ name, ours, theirs }) => [
    name,
    ...compared(ours, theirs, readRate),
    ...compared(ours, theirs, ({ brokerCpu, records }) => (brokerCpu * 1e6) / records),
  ])
  return ['## Reading', markdownTable(headings, rows), costTable(cells)]
}

/** What read_committed costs: its rate by that of read_uncommitted, counted in offsets gone over. */
function costTable(cells: readonly ReadCell[]): string {
  const contents = [...new Set(cells.map((cell) => cell.contents))]
  const rows = contents.map((content) => {
    const [all, committed] = (['read_uncommitted', 'read_committed'] as const).map((isolation) =>
      cells.find((cell) => cell.contents === content && cell.isolation === isolation),
    )
    const share = (which: 'ours' | 'theirs'): string => {
      const pairs = all![which].map((run, round) => {
        return scanRate(committed![which][round]!) / scanRate(run)
      })
      return median(pairs).toFixed(2)
    }
    return [content, share('ours'), share('theirs')]
  })
  const headings = [
    'read_committed by read_uncommitted, speed over the same topic',
    'Sluice',
    'Kafka',
  ]
  return markdownTable(headings, rows)
}

/** Of both the median, and the median of the ratios. */
function compared<T>(
  ours: readonly T[],
  theirs: readonly T[],
  figure: (run: T) => number,
): [string, string, string] {
  const ratios = ours.map((run, round) => figure(run) / figure(theirs[round]!))
  const ratio = median(ratios)
  return [
    threeDigits(middle(ours, figure)),
    threeDigits(middle(theirs, figure)),
    Number.isFinite(ratio) ? ratio.toFixed(2) : '',
  ]
}

function middle<T>(runs: readonly T[], figure: (run: T) => number): number {
  return median(runs.map(figure))
}

function rate({ transactions, seconds }: WriteFigures): number {
  return transactions / seconds
}

function readRate({ records, seconds }: ReadFigures): number {
  return records / seconds
}

function scanRate({ scanned, seconds }: ReadFigures): number {
  return scanned / seconds
}

function cpuMs({ brokerCpu, transactions }: WriteFigures): number {
  return (brokerCpu * 1_000) / transactions
}
