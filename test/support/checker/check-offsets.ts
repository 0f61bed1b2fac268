// Looks at each offset of the log: what was acknowledged there, what each reader got, and what is there
// in the end.

import type { Pass } from './passes.ts'
import { byProgramOrder } from './passes.ts'
import type { History } from './history-file.ts'
import { describe, KINDS, LOGGED, READ, type Operation } from './operation.ts'
import { RowSorter } from './row-sorter.ts'

/** At one offset, in this order. */
const ORDER = new Map<number, number>([
  [KINDS.position, 0],
  [KINDS.logged, 1],
  [KINDS.acked, 2],
  [KINDS.read, 3],
])

/** Set in the detail of a read that goes on: the record that was read counts in its rank. */
export const COUNTS = 128

/**
 * Finds lost-write, inconsistent-offset, aborted-read, unseen and damaged.
 *
 * @returns reads and positions in the order in which each reader did them. In place of `otherOffset`
 *   is a rank: how many records below that offset the reader may see, in the log as it is in the end.
 *   So a reader that goes from rank to rank has skipped nothing, whatever offsets markers and aborted
 *   records took.
 */
export function checkOffsets(history: History, pass: Pass): RowSorter {
  const sorted = new RowSorter([2, 4, 6, 1], pass.sorting)
  const polls = byProgramOrder(pass)
  for (const each of history.operations()) {
    const order = ORDER.get(each.kind)
    if (order === undefined) continue
    if (each.offset < 0) addPoll(polls, each, each.detail, -1)
    else sorted.add([each.topic, each.partition, each.offset, order], each)
  }
  const walk = new OffsetWalk(pass, polls)
  for (const each of sorted.rows()) walk.take(each)
  walk.end()
  return polls
}

function addPoll(polls: RowSorter, each: Operation, detail: number, rank: number): void {
  const key = [each.client, each.topic, each.partition, each.step]
  polls.add(key, { ...fieldsOf(each), detail, otherOffset: rank })
}

function fieldsOf(each: Operation): Operation {
  const { kind, detail, topic, partition, offset, sender, number } = each
  const { client, transaction, step, otherPartition, otherOffset } = each
  const value = { kind, detail, topic, partition, offset, sender, number }
  return { ...value, client, transaction, step, otherPartition, otherOffset }
}

/** What is at one offset. */
interface Place {
  readonly topic: number
  readonly partition: number
  readonly offset: number
  value: string | null
  logged: number | null
  readonly completeReaders: Set<number>
}

class OffsetWalk {
  readonly #pass: Pass
  readonly #polls: RowSorter
  #place: Place | null = null
  /** Records of the partition below the place: those of readers of committed ones, and all. */
  #visible = 0
  #all = 0

  constructor(pass: Pass, polls: RowSorter) {
    this.#pass = pass
    this.#polls = polls
  }

  take(each: Operation): void {
    const place = this.#placeOf(each)
    if (each.kind === KINDS.position) {
      addPoll(this.#polls, each, each.detail, this.#rank(each.detail))
      return
    }
    const value = `${each.sender}:${each.number}`
    if (place.value !== null && place.value !== value) {
      this.#pass.findings.add('inconsistent-offset', `${describe(each)}; it had ${place.value}`)
    }
    place.value ??= value
    if (each.kind === KINDS.logged) this.#takeLogged(place, each)
    else if (each.kind === KINDS.read) this.#takeRead(place, each)
    if (place.logged === null) this.#pass.findings.add('lost-write', describe(each))
  }

  end(): void {
    const place = this.#place
    if (place === null || place.logged === null) return
    this.#all += 1
    if ((place.logged & LOGGED.visible) === 0) return
    this.#visible += 1
    for (const { client, topic } of this.#pass.rules.completeReaders) {
      if (topic !== place.topic || place.completeReaders.has(client)) continue
      const where = `${place.topic}-${place.partition}@${place.offset} value ${place.value}`
      this.#pass.findings.add('unseen', `${where}, by client ${client}`)
    }
  }

  #placeOf({ topic, partition, offset }: Operation): Place {
    const last = this.#place
    if (last?.topic === topic && last.partition === partition && last.offset === offset) return last
    this.end()
    if (last?.topic !== topic || last.partition !== partition) {
      this.#visible = 0
      this.#all = 0
    }
    const completeReaders = new Set<number>()
    this.#place = { topic, partition, offset, value: null, logged: null, completeReaders }
    return this.#place
  }

  #takeLogged(place: Place, each: Operation): void {
    if (place.logged !== null) this.#pass.findings.add('duplicate', describe(each))
    place.logged = each.detail
    if ((each.detail & READ.damaged) !== 0) this.#pass.findings.add('damaged', describe(each))
  }

  #takeRead(place: Place, each: Operation): void {
    const logged = place.logged ?? 0
    if ((each.detail & READ.damaged) !== 0) this.#pass.findings.add('damaged', describe(each))
    const isCommittedRead = (each.detail & READ.committed) !== 0
    if (isCommittedRead && (logged & (LOGGED.aborted | LOGGED.open)) !== 0) {
      this.#pass.findings.add('aborted-read', describe(each))
    }
    place.completeReaders.add(each.client)
    const counts = isCommittedRead ? (logged & LOGGED.visible) !== 0 : place.logged !== null
    addPoll(this.#polls, each, each.detail | (counts ? COUNTS : 0), this.#rank(each.detail))
  }

  #rank(detail: number): number {
    return (detail & READ.committed) === 0 ? this.#all : this.#visible
  }
}
