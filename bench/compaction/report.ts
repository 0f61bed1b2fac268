// Turns what both cleaners made of the same logs, and what they did to producers, into tables and a plot.

import { median } from '../broker/measure.ts'
import { machineLine, type MachineFacts } from '../support/machine.ts'
import { barPlots, type BarPlot } from '../support/plot.ts'
import { markdownTable, threeDigits } from '../support/table.ts'
import type { CleaningCell } from './cleaning.ts'
import type { PassFigures } from './cleaner-process.ts'
import type { ProduceCell, ProduceFigures, ProduceFindings } from './produce.ts'
import { SEGMENT_BYTES } from './shapes.ts'

export interface Findings {
  readonly kafka: string
  readonly cleaning: readonly CleaningCell[]
  /** Null when it was left out. */
  readonly produce: ProduceFindings | null
}

export function report({ kafka, cleaning, produce }: Findings, machine: MachineFacts): string {
  const sections = [`# Compaction, beside ${kafka}`, machineLine(machine)]
  if (cleaning.length > 0) sections.push(...cleaningSection(cleaning))
  if (produce !== null) sections.push(...produceSection(produce))
  return `${sections.join('\n\n')}\n`
}

/** MB a second of both, and the latency of producers. */
export function plot({ kafka, cleaning, produce }: Findings): string {
  const series = ['Sluice', kafka]
  const plots: BarPlot[] = [
    {
      ...{ title: 'Compaction of the same log', unit: 'MB of the log a second', series },
      groups: cleaning.map((cell) => ({
        label: shortName(cell.shape.name),
        values: [cell.ours, cell.theirs].map((runs) => Math.round(middle(runs, speedOf(cell)))),
      })),
    },
    {
      ...{ title: 'Produce, acks=all, p99', unit: 'ms', series },
      groups: (produce?.cells ?? []).map(({ state, ours, theirs }) => ({
        label: `cleaner ${state}`,
        values: [ours, theirs].map((runs) => middle(runs, ({ p99 }) => p99)),
      })),
    },
  ]
  return barPlots(plots.filter((one) => one.groups.length > 0))
}

/** What fits below a bar: "100 B 50%", and what is special. */
function shortName(name: string): string {
  const words = name.replace(' distinct', '').replace(' %', '%').replaceAll(', ', ' ')
  return words.replace('1024 B', '1 KB').replace('a batch each', 'tiny')
}

function cleaningSection(cells: readonly CleaningCell[]): string[] {
  const headings = [
    ...['values, keys', 'log MB', 'MB/s', 'Kafka', 'ratio'],
    ...['mapped, million records/s', 'Kafka', 'ratio', 'CPU s a GB', 'Kafka', 'ratio'],
  ]
  const rows = cells.map((cell) => {
    const { shape, log, ours, theirs } = cell
    return [
      shape.name,
      threeDigits(log.sizeBytes / 1e6),
      ...compared(ours, theirs, speedOf(cell)),
      ...compared(ours, theirs, ({ mapped, mapSeconds }) => mapped / mapSeconds / 1e6),
      ...compared(ours, theirs, ({ cpuSeconds }) => cpuSeconds / (log.sizeBytes / 1e9)),
    ]
  })
  const count = cells[0]!.ours.length
  return [
    [
      'One pass over a log that was never cleaned: keys mapped, segments filtered, written, synced and swapped',
      'in. The same files for both, in the page cache; batches of 16 KB before compression unless the name says',
      `otherwise, keys of 16 B, segments of ${SEGMENT_BYTES >> 20} MiB. MB/s counts the log once, though it is read twice. Both with`,
      'their default buffers, one thread, no throttle, in a process that has cleaned such logs before, below',
      'others with the scheduler (nice 10). Both left the same number of records. Sluice checks the checksum of',
      'every batch, twice; Kafka none. Sluice: a whole pass of its compaction, with the log’s own sync, recovery',
      'points and checkpoint; a new segment is synced every 4 MB beside the work, its indexes once, the directory',
      'four times. Kafka: its Cleaner class alone, which syncs the new segment and its indexes once and the directory at',
      `each rename. In turns, median of ${count} rounds; ratios are Sluice by Kafka, round by round.`,
    ].join('\n'),
    markdownTable(headings, rows),
  ]
}

function produceSection({ load, cells }: ProduceFindings): string[] {
  const headings = [
    ...['milliseconds', 'p50', 'Kafka', 'p99', 'Kafka', 'ratio', 'p99.9', 'Kafka'],
    ...['broker CPU', 'Kafka'],
  ]
  const rows = cells.map(({ state, ours, theirs }) => [
    `cleaner ${state}`,
    ...compared(ours, theirs, ({ p50 }) => p50).slice(0, 2),
    ...compared(ours, theirs, ({ p99 }) => p99),
    ...compared(ours, theirs, ({ p999 }) => p999).slice(0, 2),
    ...compared(ours, theirs, ({ brokerCpu }) => brokerCpu).slice(0, 2),
  ])
  return [
    '## Producers meanwhile',
    [
      `${load}.`,
      'Times are from when each was due. Sluice has the records on disk before it answers, Kafka in the page',
      'cache. Busy: a compacted topic in the same broker, cleaned again and again all the time, with memory for',
      'few keys so that every pass reads much. CPU is processor seconds of the broker in a second.',
    ].join('\n'),
    markdownTable(headings, rows),
    costLine(cells),
  ]
}

/** What the cleaner adds, by broker. */
function costLine(cells: readonly ProduceCell[]): string {
  const [idle, busy] = (['idle', 'busy'] as const).map((state) => {
    return cells.find((cell) => cell.state === state)!
  })
  const times = (which: 'ours' | 'theirs'): string => {
    const ratios = busy![which].map((run, round) => run.p99 / idle![which][round]!.p99)
    return median(ratios).toFixed(2)
  }
  return `p99 with a busy cleaner by p99 with an idle one: Sluice ${times('ours')}, Kafka ${times('theirs')}.`
}

function speedOf({ log }: CleaningCell): (pass: PassFigures) => number {
  return ({ seconds }) => log.sizeBytes / 1e6 / seconds
}

/** Of both the median, and the median of the ratios. */
function compared<T extends PassFigures | ProduceFigures>(
  ours: readonly T[],
  theirs: readonly T[],
  figure: (run: T) => number,
): [string, string, string] {
  const ratio = median(ours.map((run, round) => figure(run) / figure(theirs[round]!)))
  return [
    threeDigits(middle(ours, figure)),
    threeDigits(middle(theirs, figure)),
    Number.isFinite(ratio) ? ratio.toFixed(2) : '',
  ]
}

function middle<T>(runs: readonly T[], figure: (run: T) => number): number {
  return median(runs.map(figure))
}
