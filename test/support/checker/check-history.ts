// Whether a history keeps what logs and transactions promise. Entry of this folder.

import { Findings, type Finding } from './anomalies.ts'
import { checkCopies } from './check-copies.ts'
import { checkFlow } from './check-flow.ts'
import { checkGroupOffsets } from './check-group-offsets.ts'
import { checkOffsets } from './check-offsets.ts'
import { checkPolls } from './check-polls.ts'
import { checkSends } from './check-sends.ts'
import { checkStable } from './check-stable.ts'
import { checkTorn, withStates } from './check-transactions.ts'
import { checkValues } from './check-values.ts'
import type { History } from './history-file.ts'
import { KINDS, type Operation } from './operation.ts'
import type { Pass, Rules } from './passes.ts'
import { RowSorter, type SorterOptions } from './row-sorter.ts'

/**
 * Everything that is wrong with a history; an empty list when nothing is. The history is read several
 * times, sorted on disk where it is larger than a chunk, and never in memory as a whole.
 *
 * @throws Error when the history itself can't be: a number that was sent twice, a transaction with
 *   both outcomes
 */
export function checkHistory(history: History, rules: Rules, sorting: SorterOptions): Finding[] {
  const pass: Pass = { findings: new Findings(), rules, sorting }
  checkPolls(history, checkOffsets(history, pass), pass)
  checkStable(history, pass)
  const moving = new RowSorter([], sorting)
  const outcomes = checkValues(history, withoutMoving(withStates(history, pass), moving), pass)
  checkTorn(outcomes.byTransaction.rows(), pass)
  checkSends(outcomes.inOrder.rows(), pass)
  checkFlow(outcomes.flow.rows(), pass)
  checkGroupOffsets(history, moving.rows(), pass)
  checkCopies(history, pass)
  return pass.findings.list()
}

/** Hands on what was done to records, and lays aside what was done to a group's offsets. */
function* withoutMoving(all: Iterable<Operation>, moving: RowSorter): Generator<Operation> {
  for (const each of all) {
    if (each.kind === KINDS.moving) moving.add([], each)
    else yield each
  }
}
