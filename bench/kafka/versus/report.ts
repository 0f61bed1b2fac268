// Turns what both brokers made of the same clients into tables with ratios, and a plot.

import { barPlots } from '../../support/plot.ts'
import { markdownTable, threeDigits } from '../../support/table.ts'
import { median } from '../../broker/measure.ts'
import type { Outcome } from './measure.ts'
import type { VersusCell, VersusFindings } from './versus.ts'

export function versusReport({ cells, footprints }: VersusFindings): string[] {
  const [ours, theirs] = footprints
  return [
    `## Sluice and ${theirs!.name}, under the same clients`,
    '',
    'Both with their defaults: Sluice has every record on disk before it answers acks=all, Kafka in the',
    'page cache. In turns, median of the rounds; ratios are Sluice by Kafka, round by round. Java is',
    'kafka-producer-perf-test and kafka-consumer-perf-test (batch.size 64 KB, linger 5 ms, warmed up;',
    'latency as they say it, consuming without the time to join the group), kcat is librdkafka, from the',
    'start of its process to its end. CPU is processor seconds of the broker for 10^9 bytes of values.',
    '',
    markdownTable(
      [
        '',
        'records/s',
        'Kafka',
        'ratio',
        'p50 ms',
        'Kafka',
        'p99 ms',
        'Kafka',
        'CPU s/GB',
        'Kafka',
      ],
      cells.map(rowOf),
    ),
    '',
    markdownTable(
      ['', ours!.name, theirs!.name, 'ratio'],
      [
        row('start to first acknowledged record, ms', ours!.firstProduceMs, theirs!.firstProduceMs),
        row('resident when idle, MB', ours!.idleMegabytes, theirs!.idleMegabytes),
        row('resident at the peak, MB', ours!.peakMegabytes, theirs!.peakMegabytes),
      ],
    ),
    '',
  ]
}

/** Records a second of both, one group a cell. */
export function versusPlot({ cells, footprints }: VersusFindings): string {
  const kinds = ['Java produce', 'Java consume', 'kcat'].map((kind) => ({
    title: kind,
    unit: 'records/s',
    series: footprints.map(({ name }) => name),
    groups: cells
      .filter(({ name }) => name.startsWith(kind))
      .map(({ name, ours, theirs }) => ({
        label: name.slice(kind.length).replace(/^,? /, ''),
        values: [ours, theirs].map((runs) => Math.round(middle(runs, rate))),
      })),
  }))
  return barPlots(kinds.filter(({ groups }) => groups.length > 0))
}

function rowOf({ name, ours, theirs }: VersusCell): string[] {
  const ratios = ours.map((run, round) => rate(run) / rate(theirs[round]!))
  const latency = (runs: readonly Outcome[], which: 'p50' | 'p99'): string => {
    if (runs[0]!.latency === null) return ''
    return threeDigits(middle(runs, (run) => run.latency![which]))
  }
  const cpu = (runs: readonly Outcome[]): string =>
    threeDigits(middle(runs, (run) => run.cpuSecondsPerGigabyte))
  return [
    name,
    threeDigits(middle(ours, rate)),
    threeDigits(middle(theirs, rate)),
    median(ratios).toFixed(2),
    ...[latency(ours, 'p50'), latency(theirs, 'p50')],
    ...[latency(ours, 'p99'), latency(theirs, 'p99')],
    ...[cpu(ours), cpu(theirs)],
  ]
}

function row(what: string, ours: number, theirs: number): string[] {
  return [what, threeDigits(ours), threeDigits(theirs), (ours / theirs).toFixed(2)]
}

function middle(runs: readonly Outcome[], figure: (run: Outcome) => number): number {
  return median(runs.map(figure))
}

function rate({ recordsPerSecond }: Outcome): number {
  return recordsPerSecond
}
