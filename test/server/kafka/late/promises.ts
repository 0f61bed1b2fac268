// What clients are promised against which late requests, and whether schedules keep it.

import type { Anomaly } from '../../../support/checker/anomalies.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../../src/protocol/kafka/gen/end-txn.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { WRITE_TXN_MARKERS } from '../../../../src/protocol/kafka/gen/write-txn-markers.ts'
import type { ClientKind } from './late-copier.ts'
import type { LateCount } from './late-network.ts'
import { runSchedule, type ScheduleReport } from './schedule.ts'

export interface Promised {
  readonly kind: ClientKind
  /** Keys of APIs whose requests come late. */
  readonly lateApis: ReadonlySet<number>
  /** What is not promised, and may be found. */
  readonly mayShow: ReadonlySet<Anomaly>
}

const RECORDS = [PRODUCE, ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN].map(({ key }) => key)
const ENDS = [TXN_OFFSET_COMMIT, END_TXN, WRITE_TXN_MARKERS].map(({ key }) => key)

/** A late end of a transaction ends the next, and a late offset is one of the next. */
const OF_ANOTHER: readonly Anomaly[] = [
  ...(['lost-write', 'aborted-read', 'torn-transaction'] as const),
  ...(['aborted-offset', 'lost-offset', 'offset-back'] as const),
  ...(['copy-lost', 'copy-twice', 'copy-reorder'] as const),
]

export const PROMISES = {
  /** With an epoch a transaction: exactly once, whatever is late. */
  newer: { kind: 'tv2', lateApis: new Set([...RECORDS, ...ENDS]), mayShow: new Set<Anomaly>() },
  /** With one epoch for all: exactly once while only what adds to a transaction is late. */
  older: { kind: 'tv1', lateApis: new Set(RECORDS), mayShow: new Set<Anomaly>() },
  /** And when the rest is late too: nothing hangs, and readers of one log are not told wrong. */
  'older-ends': {
    ...{ kind: 'tv1', lateApis: new Set([...RECORDS, ...ENDS]), mayShow: new Set(OF_ANOTHER) },
  },
} as const satisfies Record<string, Promised>
export type PromiseName = keyof typeof PROMISES
export const PROMISE_NAMES = Object.keys(PROMISES) as PromiseName[]

/** What schedules were, summed up. */
export class Totals {
  schedules = 0
  commits = 0
  lives = 0
  cuts = 0
  transactions = { committed: 0, aborted: 0 }
  /** Anomalies that were found and are not promised against, by name: schedules that had them. */
  readonly shown = new Map<string, number>()
  readonly late = new Map<string, LateCount>()

  add(report: ScheduleReport): void {
    this.schedules += 1
    this.commits += report.commits
    this.lives += report.lives
    this.cuts += report.cuts
    this.transactions.committed += report.logs.transactions.committed
    this.transactions.aborted += report.logs.transactions.aborted
    for (const { anomaly } of report.findings) increase(this.shown, anomaly, 1)
    for (const [name, { kept, arrived, answers }] of report.late) {
      const sum = this.late.get(name) ?? { kept: 0, arrived: 0, answers: new Map() }
      this.late.set(name, sum)
      sum.kept += kept
      sum.arrived += arrived
      for (const [code, count] of answers) increase(sum.answers, code, count)
    }
  }
}

export interface SchedulesToRun {
  readonly seed: number
  /** Numbers of schedules, from the first to before the last. */
  readonly from: number
  readonly to: number
  readonly options?: Readonly<Record<string, string>>
}

export interface Fault {
  readonly number: number
  readonly text: string
}

/** Runs schedules, one after the other. @returns those that break the promise */
export async function* runSchedules(
  name: PromiseName,
  { seed, from, to, options = {} }: SchedulesToRun,
  totals: Totals,
): AsyncGenerator<Fault | null> {
  const { kind, lateApis, mayShow }: Promised = PROMISES[name]
  for (let number = from; number < to; number++) {
    const report = await runSchedule({ seed, number, kind, lateApis, options })
    totals.add(report)
    const wrong = report.findings.filter(({ anomaly }) => !mayShow.has(anomaly))
    const texts = wrong.map(({ anomaly, examples }) => `${anomaly}: ${examples[0]}`)
    if (report.hangs !== null) texts.unshift(`hangs: ${report.hangs}`)
    yield texts.length === 0 ? null : { number, text: texts.join('\n  ') }
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}
