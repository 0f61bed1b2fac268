// Looks at each value: who sent it, what became of it, and where the log has it.

import type { History } from './history-file.ts'
import { describe, KINDS, LOGGED, type Operation } from './operation.ts'
import { byProgramOrder, programOrder, STATE, withDetail, type Pass } from './passes.ts'
import { RowSorter } from './row-sorter.ts'

/** Of one value, in this order. */
const ORDER = new Map<number, number>([
  [KINDS.send, 0],
  [KINDS.refused, 1],
  [KINDS.acked, 2],
  [KINDS.logged, 3],
  [KINDS.read, 4],
])

/** What later passes need of the sends. */
export interface SendOutcomes {
  /** Sends that are in the log, with the offset there, as each client did them. */
  readonly inOrder: RowSorter
  /** Sends in transactions, by transaction, with `LOGGED.visible` where readers see them. */
  readonly byTransaction: RowSorter
  /** Reads in transactions of what a transaction sent. Sender and number: that client and transaction. */
  readonly flow: RowSorter
}

/**
 * Finds phantom, lost-write, duplicate, aborted-read, misplaced, and damaged where a copy names
 * another origin than it had.
 *
 * @param dependent sends and reads in transactions, with the states of those, of check-transactions.ts
 */
export function checkValues(
  history: History,
  dependent: Iterable<Operation>,
  pass: Pass,
): SendOutcomes {
  const sorted = new RowSorter([4, 4, 1], pass.sorting)
  const add = (each: Operation): void => {
    sorted.add([each.sender, each.number, ORDER.get(each.kind)!], each)
  }
  for (const each of dependent) add(each)
  for (const each of history.operations()) {
    const { kind } = each
    if (kind === KINDS.refused || kind === KINDS.acked || kind === KINDS.logged) add(each)
  }
  const outcomes = {
    inOrder: byProgramOrder(pass),
    byTransaction: new RowSorter([4, 4], pass.sorting),
    flow: new RowSorter([4, 4, 4, 4], pass.sorting),
  }
  const walk = new ValueWalk(pass, outcomes)
  for (const each of sorted.rows()) walk.take(each)
  walk.end()
  return outcomes
}

/** What is known of one value. */
interface Value {
  readonly sender: number
  readonly number: number
  /** With the state of its transaction in `detail`. */
  sent: Operation | null
  isRefused: boolean
  isAcked: boolean
  /** Where it is in the log first; -1 where it is not. */
  offset: number
  isVisible: boolean
}

class ValueWalk {
  readonly #pass: Pass
  readonly #outcomes: SendOutcomes
  #value: Value | null = null

  constructor(pass: Pass, outcomes: SendOutcomes) {
    this.#pass = pass
    this.#outcomes = outcomes
  }

  take(each: Operation): void {
    const value = this.#valueOf(each)
    if (each.kind === KINDS.send) {
      if (value.sent !== null) throw new Error(`sent under a number that was: ${describe(each)}`)
      value.sent = withDetail(each, each.detail)
    } else if (each.kind === KINDS.refused) value.isRefused = true
    else if (each.kind === KINDS.acked) value.isAcked = true
    else if (each.kind === KINDS.logged) this.#takeLogged(value, each)
    else this.#takeRead(value, each)
  }

  /** Judges the value that was taken last. */
  end(): void {
    const value = this.#value
    if (value === null || value.sent === null) return
    const { sent, isVisible, offset } = value
    const isPromised = sent.detail === STATE.none ? value.isAcked : sent.detail === STATE.committed
    // One that is in the log but not shown is torn, or its transaction's marker is wrong.
    if (isPromised && !isVisible) this.#pass.findings.add('lost-write', describe(sent))
    if (offset >= 0) {
      this.#outcomes.inOrder.add(programOrder(sent), withDetail(sent, sent.detail, offset))
    }
    if (sent.transaction === 0) return
    const shown = withDetail(sent, isVisible ? LOGGED.visible : 0, offset)
    this.#outcomes.byTransaction.add([sent.client, sent.transaction], shown)
  }

  #valueOf({ sender, number }: Operation): Value {
    const last = this.#value
    if (last?.sender === sender && last.number === number) return last
    this.end()
    const nothing = { sent: null, isRefused: false, isAcked: false, offset: -1, isVisible: false }
    this.#value = { sender, number, ...nothing }
    return this.#value
  }

  #takeLogged(value: Value, each: Operation): void {
    const { findings } = this.#pass
    const { sent } = value
    const isVisible = (each.detail & LOGGED.visible) !== 0
    if (sent === null || value.isRefused) findings.add('phantom', describe(each))
    else if (sent.topic !== each.topic || sent.partition !== each.partition) {
      findings.add('misplaced', `${describe(each)}; ${describe(sent)}`)
    } else if (isVisible && sent.detail === STATE.aborted) {
      findings.add('aborted-read', `${describe(each)}; ${describe(sent)}`)
    }
    if (value.offset >= 0) {
      findings.add('duplicate', `${describe(each)}; it is at ${value.offset} too`)
    }
    const isCopyOfSent =
      sent?.otherPartition === each.otherPartition && sent.otherOffset === each.otherOffset
    if (sent !== null && !isCopyOfSent) {
      findings.add('damaged', `${describe(each)} names another origin than ${describe(sent)}`)
    }
    if (value.offset < 0) value.offset = each.offset
    value.isVisible ||= isVisible
  }

  #takeRead({ sent }: Value, each: Operation): void {
    if (sent === null || sent.transaction === 0 || each.detail === STATE.aborted) return
    if (sent.client === each.client && sent.transaction === each.transaction) return
    const from = { ...withDetail(each, 0), sender: sent.client, number: sent.transaction }
    const key = [each.client, each.transaction, sent.client, sent.transaction]
    this.#outcomes.flow.add(key, from)
  }
}
