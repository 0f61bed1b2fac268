// Turns runs into tables, and a verdict on each floor.

import type { CellRuns } from '../broker/report.ts'
import { percentileMs, type Run } from '../broker/measure.ts'
import { machineLine, type MachineFacts } from '../support/machine.ts'
import { markdownTable, threeDigits } from '../support/table.ts'
import type { AttackFindings } from './attack/attack.ts'
import { attackReport } from './attack/report.ts'
import type { IdleCost } from './idle.ts'
import { versusReport } from './versus/report.ts'
import type { VersusFindings } from './versus/versus.ts'

export interface Findings {
  readonly idle: IdleCost | null
  readonly attacks: readonly AttackFindings[]
  readonly produce: readonly CellRuns[]
  readonly fetch: readonly CellRuns[]
  /** Null when it was left out. */
  readonly versus: VersusFindings | null
  /** Of the broker after all of it, in megabytes. */
  readonly memory: { readonly now: number; readonly peak: number }
  readonly machine: MachineFacts
}

/** Most that connections may cost that nobody uses, for 10,000 of them, in megabytes. */
const IDLE_LIMIT = 160

/** What the listener has to reach of the prototype with batches of 64 KB and flush.policy=os. */
const SHARE = 0.5

export function report(findings: Findings): string {
  const { idle, attacks, produce, fetch, versus, memory, machine } = findings
  const sections = ['# The Kafka listener under load', machineLine(machine)]
  if (versus !== null) sections.push(versusReport(versus).join('\n').trimEnd())
  if (produce.length > 0) sections.push(...produceSection(produce))
  if (fetch.length > 0) sections.push(...fetchSection(fetch))
  if (idle !== null) sections.push(...idleSection(idle))
  for (const attack of attacks) sections.push(...attackReport(attack))
  const { now, peak } = memory
  sections.push(
    `Resident memory of the broker: ${Math.round(now)} MB, at its peak ${Math.round(peak)} MB.`,
  )
  return `${sections.join('\n\n')}\n`
}

function produceSection(cells: readonly CellRuns[]): string[] {
  const rows = cells.map((cell) => [
    cell.name,
    threeDigits(cell.rate('prototype')),
    threeDigits(cell.rate('os')),
    `${Math.round(cell.ratio('os', 'prototype') * 100)} %`,
    threeDigits(cell.rate('disk')),
    latency(cell, 'os', 99),
    latency(cell, 'disk', 99),
    perCpuSecond(cell, 'os'),
    perCpuSecond(cell, 'prototype'),
  ])
  const headings = [
    ...['batches of 100 B records', 'prototype MB/s', 'broker MB/s, os', 'of the prototype'],
    ...['durable MB/s', 'p99 ms, os', 'p99 ms, durable', 'MB a CPU s, os', 'MB a CPU s, prototype'],
  ]
  const judged = cells.filter(({ name }) => name.startsWith('64 KB'))
  const worst = Math.min(...judged.map((cell) => cell.ratio('os', 'prototype')))
  const verdict = worst >= SHARE ? 'held' : 'MISSED'
  return [
    '## Produce',
    markdownTable(headings, rows),
    `Floor: ${SHARE * 100} % of the prototype with batches of 64 KB; ${Math.round(worst * 100)} %, ${verdict}.`,
  ]
}

function fetchSection(cells: readonly CellRuns[]): string[] {
  const rows = cells.map((cell) => [
    cell.name,
    threeDigits(cell.rate('fetch')),
    latency(cell, 'fetch', 99),
    perCpuSecond(cell, 'fetch'),
  ])
  return ['## Fetch', markdownTable(['from the page cache', 'MB/s', 'p99 ms', 'MB a CPU s'], rows)]
}

function idleSection({ connections, before, after, closed }: IdleCost): string[] {
  const cost = after - before
  const limit = (IDLE_LIMIT * connections) / 10_000
  const verdict = cost <= limit ? 'held' : 'MISSED'
  const each = ((cost * 1e6) / connections / 1024).toFixed(1)
  return [
    '## Connections that nobody uses',
    `${connections.toLocaleString('en-US')} connections cost ${Math.round(cost)} MB, ${each} KiB each: ` +
      `${Math.round(before)} MB before, ${Math.round(after)} with them, ${Math.round(closed)} after they left. ` +
      `Floor: at most ${Math.round(limit)} MB; ${verdict}.`,
  ]
}

function latency(cell: CellRuns, series: string, percentile: number): string {
  return threeDigits(cell.median(series, (run: Run) => percentileMs(run.latency, percentile)))
}

/** What a second of the server's processor time moved: it says the same on a machine that is busy. */
function perCpuSecond(cell: CellRuns, series: string): string {
  return threeDigits(cell.median(series, (run: Run) => run.megabytesPerSecond / run.serverCpu))
}
