// Turns runs into a table, a verdict on each floor, and a plot.

import type { MachineFacts } from '../support/machine.ts'
import { machineLine } from '../support/machine.ts'
import { barPlots } from '../support/plot.ts'
import { markdownTable, threeDigits } from '../support/table.ts'
import type { PartitionsLatency } from './latency.ts'
import { median, percentileMs, type Run } from './measure.ts'
import type { SendRate } from './send.ts'

/** All runs of one cell: the competitors in turn, round after round. */
export class CellRuns {
  readonly name: string
  readonly #runs = new Map<string, Run[]>()

  constructor(name: string) {
    this.name = name
  }

  add(series: string, run: Run): void {
    this.#runs.set(series, [...(this.#runs.get(series) ?? []), run])
  }

  get series(): string[] {
    return [...this.#runs.keys()]
  }

  median(series: string, figure: (run: Run) => number): number {
    return median((this.#runs.get(series) ?? []).map(figure))
  }

  rate(series: string): number {
    return this.median(series, (run) => run.megabytesPerSecond)
  }

  /** The median of the ratios round by round, so that a drift of the machine's speed cancels out. */
  ratio(series: string, baseline: string): number {
    const [ours, theirs] = [this.#runs.get(series)!, this.#runs.get(baseline)!]
    const ratios = ours.map((run, round) => {
      return run.megabytesPerSecond / theirs[round]!.megabytesPerSecond
    })
    return median(ratios)
  }
}

export interface Findings {
  readonly cells: readonly CellRuns[]
  readonly partitions: readonly PartitionsLatency[]
  readonly send: readonly SendRate[]
  /** Of the broker, in megabytes. */
  readonly memory: { readonly idle: number; readonly now: number; readonly peak: number }
  readonly machine: MachineFacts
}

/** A floor: what it is, what was reached, what has to be reached. */
type Floor = readonly [what: string, reached: string, floor: string, held: boolean]

export function report(findings: Findings): string {
  return [
    '# The broker under load',
    '',
    machineLine(findings.machine),
    '',
    'Broker and load generator are two processes on the same machine, over loopback. Batches are ready',
    'made; MB/s are 10^6 bytes of batches a second. Competitors run in turn, and the median of the',
    'rounds counts; ratios are taken round by round. `durable` and `os` are the topic’s flush.policy.',
    'The streams are those of a grpc-js server with the same HTTP/2 settings and nothing behind it: one',
    'sends each message back, one only acknowledges it (a higher ceiling than an echo), one only sends.',
    '`file append` writes the same bytes to one file again and again, without a sync.',
    'CPU is processor seconds a second, of server and client.',
    '',
    '## Floors',
    '',
    markdownTable(
      ['', 'reached', 'floor', ''],
      floors(findings).map(([what, reached, floor, held]) => [
        what,
        reached,
        floor,
        floor === 'none' ? '' : held ? 'held' : 'MISSED',
      ]),
    ),
    '',
    '## Batches',
    '',
    markdownTable(
      ['', 'series', 'MB/s', 'records/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU server', 'client'],
      findings.cells.flatMap(rowsOf),
    ),
    '',
    ...partitionsTable(findings.partitions),
    ...sendTable(findings.send),
    `Memory of the broker, resident: ${findings.memory.idle.toFixed(0)} MB idle, ` +
      `${findings.memory.peak.toFixed(0)} MB at its peak over all of the above.`,
    '',
  ].join('\n')
}

function rowsOf(cell: CellRuns): string[][] {
  return cell.series.map((series, index) => {
    const latency = (percentile: number): string => {
      const value = cell.median(series, (run) => percentileMs(run.latency, percentile))
      return value < 0.002 || !Number.isFinite(value) ? '' : threeDigits(value)
    }
    return [
      index === 0 ? cell.name : '',
      series,
      threeDigits(cell.rate(series)),
      threeDigits(cell.median(series, (run) => run.recordsPerSecond)),
      latency(50),
      latency(99),
      latency(99.9),
      series === 'file append' ? '' : cell.median(series, (run) => run.serverCpu).toFixed(2),
      cell.median(series, (run) => run.clientCpu).toFixed(2),
    ]
  })
}

function floors(findings: Findings): Floor[] {
  const { cells, partitions, send, memory } = findings
  const found: Floor[] = []
  for (const cell of cells) {
    const [kind] = cell.name.split(' ')
    if (kind === 'produce' && cell.name.includes('256 KB, 1 ')) {
      const ratio = cell.ratio('os', 'echo stream')
      found.push([`${cell.name}: os by the echo stream`, percent(ratio), '50 %', ratio >= 0.5])
      const harder = percent(cell.ratio('os', 'ack stream'))
      found.push([`${cell.name}: os by the ack stream`, harder, 'none', true])
    }
    if (kind === 'consume' && cell.name.endsWith('1 consumer')) {
      const ratio = cell.ratio('fetch stream', 'send stream')
      found.push([`${cell.name}: by the send stream`, percent(ratio), '50 %', ratio >= 0.5])
    }
    if (cell.name.endsWith('64 in flight')) {
      const ratio = cell.ratio('durable', 'os')
      found.push([`${cell.name}: durable by os`, percent(ratio), '70 %', ratio >= 0.7])
    }
  }
  const [one, many] = partitions
  if (one !== undefined && many !== undefined) {
    const ratio = many.p99Ms / one.p99Ms
    found.push([
      `durable p99 at ${many.partitions} partitions by that at one`,
      `${ratio.toFixed(1)}×`,
      '10×',
      ratio <= 10,
    ])
  }
  for (const { what, recordBytes, recordsPerSecond } of send) {
    if (recordBytes !== 100 || what === 'consume') continue
    const reached = `${(recordsPerSecond / 1e6).toFixed(2)} M/s`
    found.push([`${what}: records of 100 bytes`, reached, '1 M/s', recordsPerSecond >= 1e6])
  }
  found.push(['memory, idle', `${memory.idle.toFixed(0)} MB`, '100 MB', memory.idle < 100])
  found.push(['memory, peak', `${memory.peak.toFixed(0)} MB`, '250 MB', memory.peak < 250])
  return found
}

function partitionsTable(partitions: readonly PartitionsLatency[]): string[] {
  if (partitions.length === 0) return []
  const rows = partitions.map((row) => [
    String(row.partitions),
    String(row.batchesPerSecond),
    threeDigits(row.p50Ms),
    threeDigits(row.p99Ms),
    threeDigits(row.p999Ms),
  ])
  return [
    '## Many partitions, durable, batches of one record at the same total rate',
    '',
    markdownTable(['partitions', 'batches/s', 'p50 ms', 'p99 ms', 'p99.9 ms'], rows),
    '',
  ]
}

function sendTable(send: readonly SendRate[]): string[] {
  if (send.length === 0) return []
  const rows = send.map(({ what, recordBytes, recordsPerSecond }) => [
    what,
    `${recordBytes} B`,
    threeDigits(recordsPerSecond),
    threeDigits((recordsPerSecond * recordBytes) / 1e6),
  ])
  return [
    '## The TypeScript client, record by record, every acknowledgement awaited',
    '',
    markdownTable(['', 'records', 'records/s', 'MB/s'], rows),
    '',
  ]
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(0)} %`
}

/** Two panels: producing and consuming, MB/s of each competitor but the file. */
export function svgReport({ cells }: Findings): string {
  const plots = ['produce', 'consume'].map((kind) => {
    const shown = cells.filter((cell) => cell.name.startsWith(kind))
    const series = shown[0]?.series.filter((name) => name !== 'file append') ?? []
    return {
      title: kind,
      unit: 'MB/s',
      series,
      groups: shown.map((cell) => ({
        label: cell.name.slice(kind.length + 1),
        values: series.map((name) => Math.round(cell.rate(name))),
      })),
    }
  })
  return barPlots(plots.filter(({ groups }) => groups.length > 0))
}
