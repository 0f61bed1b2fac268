// A group's committed offset of a partition is that of a committed transaction, never goes back, and is
// that of the last one in the end.

import type { History } from './history-file.ts'
import { describe, KINDS, type Operation } from './operation.ts'
import { byProgramOrder, programOrder, STATE, type Pass } from './passes.ts'
import { RowSorter } from './row-sorter.ts'

/** Of one transaction in one partition: what it set comes first. */
const ORDER = new Map<number, number>([
  [KINDS.moving, 0],
  [KINDS.moved, 1],
])

/**
 * Finds aborted-offset, lost-offset and offset-back.
 *
 * @param moving offsets that transactions set, with the states of those, of check-transactions.ts
 */
export function checkGroupOffsets(history: History, moving: Iterable<Operation>, pass: Pass): void {
  const sorted = new RowSorter([2, 4, 4, 4, 1, 4], pass.sorting)
  const seen = byProgramOrder(pass)
  for (const each of moving) {
    const { topic, partition, client, transaction, step } = each
    sorted.add([topic, partition, client, transaction, ORDER.get(each.kind)!, step], each)
  }
  for (const each of history.operations()) {
    if (each.kind !== KINDS.moved) continue
    const { topic, partition, sender, number, step } = each
    // Those of no transaction belong to what the group was given before.
    sorted.add([topic, partition, sender, number, ORDER.get(each.kind)!, step], each)
    seen.add(programOrder(each), each)
  }
  checkOrder(seen.rows(), pass)
  const walk = new OffsetsOfGroup(pass)
  for (const each of sorted.rows()) walk.take(each)
  walk.end()
}

function checkOrder(seen: Iterable<Operation>, { findings }: Pass): void {
  let [client, topic, partition, offset] = [-1, -1, -1, -1]
  for (const each of seen) {
    const isSame = each.client === client && each.topic === topic && each.partition === partition
    if (isSame && each.offset < offset) {
      findings.add('offset-back', `${describe(each)}; it was ${offset}`)
    }
    client = each.client
    topic = each.topic
    partition = each.partition
    offset = each.offset
  }
}

class OffsetsOfGroup {
  readonly #pass: Pass
  #topic = -1
  #partition = -1
  /** The transaction whose offset was taken last, and that offset. */
  #client = -1
  #transaction = -1
  #moving = -1
  #state: number = STATE.none
  /** The highest offset of a committed transaction, and what there was in the end. */
  #committed = -1
  #final = -1
  #finalStep = -1

  constructor(pass: Pass) {
    this.#pass = pass
  }

  take(each: Operation): void {
    if (each.topic !== this.#topic || each.partition !== this.#partition) {
      this.end()
      this.#topic = each.topic
      this.#partition = each.partition
      this.#client = this.#committed = this.#final = this.#finalStep = -1
    }
    if (each.kind === KINDS.moving) this.#takeMoving(each)
    else this.#takeMoved(each)
  }

  end(): void {
    if (this.#pass.rules.finalObserver === null || this.#final >= this.#committed) return
    const where = `${this.#topic}-${this.#partition}`
    const facts = `${this.#committed} was committed, ${this.#final} is there`
    this.#pass.findings.add('lost-offset', `${where}: ${facts}`)
  }

  #takeMoving(each: Operation): void {
    this.#client = each.client
    this.#transaction = each.transaction
    this.#moving = each.offset
    this.#state = each.detail
    if (each.detail === STATE.committed) this.#committed = Math.max(this.#committed, each.offset)
  }

  #takeMoved(each: Operation): void {
    if (each.client === this.#pass.rules.finalObserver && each.step > this.#finalStep) {
      this.#final = each.offset
      this.#finalStep = each.step
    }
    if (each.offset < 0) return
    const isOfTransaction = each.sender === this.#client && each.number === this.#transaction
    const isRight = isOfTransaction && each.offset === this.#moving && this.#state !== STATE.aborted
    if (!isRight) this.#pass.findings.add('aborted-offset', describe(each))
  }
}
