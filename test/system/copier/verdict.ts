// What a run was, and what its checkers say.

import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../../support/checker/anomalies.ts'
import { checkHistory } from '../../support/checker/check-history.ts'
import { historyFiles } from '../../support/checker/history-file.ts'
import { OPERATION_BYTES } from '../../support/checker/operation.ts'
import type { Rules } from '../../support/checker/passes.ts'
import type { DumpedLogs } from './log-dump.ts'
import type { LateCounts } from './network.ts'

const CHUNK_ROWS = 500_000

/** What was run. */
export interface RunFacts {
  readonly broker: string
  readonly copiers: readonly string[]
  readonly protocol: string
  readonly network: string
  readonly seed: number
  /** That were to be copied, and that are in the output for readers of committed records. */
  readonly records: number
  readonly copied: number
  /** SIGKILLs, of the broker and of copiers. */
  readonly kills: number
  readonly struck: Readonly<Record<string, number>>
  /** Processes of copiers, and those of them that made room for another by themselves. */
  readonly lives: number
  readonly handedOver: number
  readonly late: LateCounts
  /** How far the run was when nothing moved any more; null when it came to its end. */
  readonly stalled: string | null
  readonly logs: DumpedLogs
  readonly runSeconds: number
}

export interface Verdict extends RunFacts {
  /** In the histories, dump included. */
  readonly operations: number
  readonly checkSeconds: number
  /** Empty when nothing is wrong. */
  readonly findings: readonly Finding[]
}

/** Checks the histories that a run left in its directory, and leaves the verdict beside them. */
export function judge(directory: string, rules: Rules, facts: RunFacts): Verdict {
  const begun = performance.now()
  const paths = readdirSync(directory)
    .filter((name) => name.startsWith('history-'))
    .map((name) => join(directory, name))
  const sorting = { directory, chunkRows: CHUNK_ROWS }
  const findings = checkHistory(historyFiles(paths), rules, sorting)
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0)
  const operations = Math.floor(bytes / OPERATION_BYTES)
  const checkSeconds = Math.round((performance.now() - begun) / 100) / 10
  const verdict = { ...facts, operations, checkSeconds, findings }
  writeFileSync(join(directory, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`)
  return verdict
}
