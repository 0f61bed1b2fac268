// What became of each transaction, as far as its client knows; and whether all of it is there, or none.

import type { History } from './history-file.ts'
import { describe, KINDS, LOGGED, type Operation } from './operation.ts'
import { STATE, withDetail, type Pass } from './passes.ts'
import { RowSorter } from './row-sorter.ts'

const DECIDING = new Set<number>([KINDS.committing, KINDS.committed, KINDS.aborted])
/** Operations whose transaction's state is needed by the passes that follow. */
const DEPENDENT = new Set<number>([KINDS.send, KINDS.moving, KINDS.read])
const AFTER_DECIDING = Math.max(...DECIDING) + 1

/**
 * What was done in transactions, with the transaction's state in `detail`: sends, group offsets and
 * reads, and sends outside of any. One for whose commit nobody asked is aborted: whoever ended it, it
 * was not its client's wish.
 */
export function* withStates(history: History, pass: Pass): Generator<Operation> {
  const sorted = new RowSorter([4, 4, 1], pass.sorting)
  for (const each of history.operations()) {
    const isDeciding = DECIDING.has(each.kind)
    if (!isDeciding && !DEPENDENT.has(each.kind)) continue
    const order = isDeciding ? each.kind : AFTER_DECIDING
    if (each.transaction !== 0) sorted.add([each.client, each.transaction, order], each)
    else if (each.kind === KINDS.send) yield withDetail(each, STATE.none)
  }
  let [client, transaction] = [0, 0]
  let state: number = STATE.aborted
  for (const each of sorted.rows()) {
    if (each.client !== client || each.transaction !== transaction) state = STATE.aborted
    client = each.client
    transaction = each.transaction
    if (DECIDING.has(each.kind)) state = decided(state, each)
    else yield withDetail(each, state)
  }
}

/** The state with one more decision: that the commit was asked for comes first. */
function decided(state: number, { kind, client, transaction }: Operation): number {
  if (kind === KINDS.committing) return STATE.unknown
  if (kind === KINDS.committed) return STATE.committed
  if (state !== STATE.committed) return STATE.aborted
  throw new Error(`client ${client} was told both outcomes of its transaction ${transaction}`)
}

/** Counts of a transaction's records. */
interface Parts {
  readonly client: number
  readonly transaction: number
  shown: number
  missing: number
  example: string
}

/**
 * Finds torn-transaction: of the records of a transaction, over all partitions, readers see some.
 *
 * @param outcomes sends in transactions, each with `LOGGED.visible` in its detail where readers see it
 */
export function checkTorn(outcomes: Iterable<Operation>, pass: Pass): void {
  let parts = null as Parts | null
  const end = (): void => {
    if (parts === null || parts.shown === 0 || parts.missing === 0) return
    const { shown, missing, example } = parts
    pass.findings.add('torn-transaction', `${shown} shown, ${missing} not, as ${example}`)
  }
  for (const each of outcomes) {
    const { client, transaction } = each
    if (parts?.client !== client || parts.transaction !== transaction) {
      end()
      parts = { client, transaction, shown: 0, missing: 0, example: '' }
    }
    if ((each.detail & LOGGED.visible) !== 0) parts.shown += 1
    else if (parts.missing++ === 0) parts.example = describe(each)
  }
  end()
}
