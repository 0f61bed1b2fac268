// Follows each reader through each partition, in the order in which it read.

import type { History } from './history-file.ts'
import { COUNTS } from './check-offsets.ts'
import { describe, KINDS, READ, type Operation } from './operation.ts'
import type { Pass } from './passes.ts'
import type { RowSorter } from './row-sorter.ts'

/** What a reader has of a partition. */
interface Reader {
  readonly client: number
  readonly topic: number
  readonly partition: number
  /** The rank of what it should see next; -1 when that is not known. */
  nextRank: number
  lastOffset: number
  lastTransaction: number
  /** The highest offset of a committed read since it was last told what is stable. */
  readSinceStable: number
  stable: number
}

/**
 * Finds nonmonotonic-poll, poll-skip, both within transactions, read-above-stable and stable-back.
 *
 * @param polls what check-offsets.ts gave
 */
export function checkPolls(history: History, polls: RowSorter, pass: Pass): void {
  for (const each of history.operations()) {
    if (each.kind !== KINDS.stable) continue
    polls.add([each.client, each.topic, each.partition, each.step], each)
  }
  let reader: Reader | null = null
  for (const each of polls.rows()) {
    if (reader === null || !isSame(reader, each)) reader = newReader(each)
    if (each.kind === KINDS.position) takePosition(reader, each)
    else if (each.kind === KINDS.stable) takeStable(reader, each, pass)
    else takeRead(reader, each, pass)
  }
}

function isSame(reader: Reader, each: Operation): boolean {
  const { client, topic, partition } = reader
  return each.client === client && each.topic === topic && each.partition === partition
}

function newReader({ client, topic, partition }: Operation): Reader {
  const nothing = { nextRank: -1, lastOffset: -1, lastTransaction: 0 }
  return { client, topic, partition, ...nothing, readSinceStable: -1, stable: -1 }
}

function takePosition(reader: Reader, each: Operation): void {
  reader.nextRank = each.otherOffset
  reader.lastOffset = -1
  reader.lastTransaction = 0
}

function takeRead(reader: Reader, each: Operation, { findings }: Pass): void {
  const { lastOffset, lastTransaction, nextRank } = reader
  const isInternal = each.transaction !== 0 && each.transaction === lastTransaction
  const rank = each.otherOffset
  if (each.offset <= lastOffset) {
    const anomaly = isInternal ? 'int-nonmonotonic-poll' : 'nonmonotonic-poll'
    findings.add(anomaly, `${describe(each)}; it had read ${lastOffset}`)
  } else if (nextRank >= 0 && rank > nextRank) {
    const anomaly = isInternal ? 'int-poll-skip' : 'poll-skip'
    findings.add(
      anomaly,
      `${describe(each)}; it passed over ${rank - nextRank} after ${lastOffset}`,
    )
  }
  reader.nextRank = (each.detail & COUNTS) === 0 ? rank : rank + 1
  reader.lastOffset = each.offset
  reader.lastTransaction = each.transaction
  if ((each.detail & READ.committed) !== 0) {
    reader.readSinceStable = Math.max(reader.readSinceStable, each.offset)
  }
}

function takeStable(reader: Reader, each: Operation, { findings }: Pass): void {
  if (reader.readSinceStable >= each.offset) {
    findings.add('read-above-stable', `${describe(each)}; it read ${reader.readSinceStable}`)
  }
  if (each.offset < reader.stable || each.offset > each.otherOffset) {
    const facts = `it was ${reader.stable}, the high watermark is ${each.otherOffset}`
    findings.add('stable-back', `${describe(each)}; ${facts}`)
  }
  reader.stable = Math.max(reader.stable, each.offset)
  reader.readSinceStable = -1
}
