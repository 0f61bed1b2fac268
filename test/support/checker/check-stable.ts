// Holds every last stable offset that a client was told against the transactions of the log.
//
// A transaction is undecided in a partition until its marker is below the high watermark. So an answer
// is wrong when a transaction begins below its last stable offset whose marker is not below its high
// watermark. No clock is needed to see it.

import type { History } from './history-file.ts'
import { describe, KINDS, type Operation } from './operation.ts'
import type { Pass } from './passes.ts'
import { RowSorter } from './row-sorter.ts'

/** Above every offset. */
const NEVER = 2 ** 48 - 1

/** At one offset, a marker there is not below a high watermark there. */
const [MARKER, ANSWER] = [0, 1]

/** Finds undecided-below-stable and hanging-transaction. */
export function checkStable(history: History, pass: Pass): void {
  const downwards = new RowSorter([2, 4, 6, 1], pass.sorting)
  for (const each of history.operations()) {
    const { topic, partition } = each
    if (each.kind === KINDS.stable) {
      downwards.add([topic, partition, NEVER - each.otherOffset, ANSWER!], each)
    } else if (each.kind === KINDS.ended) {
      const marker = each.offset < 0 ? NEVER : each.offset
      if (each.offset < 0) pass.findings.add('hanging-transaction', hanging(each))
      downwards.add([topic, partition, NEVER - marker, MARKER!], each)
    }
  }
  let [topic, partition] = [-1, -1]
  /** Where the first transaction begins whose marker is not below where the walk is. */
  let undecided = NEVER
  for (const each of downwards.rows()) {
    if (each.topic !== topic || each.partition !== partition) undecided = NEVER
    topic = each.topic
    partition = each.partition
    if (each.kind === KINDS.ended) undecided = Math.min(undecided, each.otherOffset)
    else if (undecided < each.offset) {
      const facts = `high watermark ${each.otherOffset}, one begins at ${undecided}`
      pass.findings.add('undecided-below-stable', `${describe(each)}; ${facts}`)
    }
  }
}

function hanging({ topic, partition, otherOffset }: Operation): string {
  return `${topic}-${partition}, from ${otherOffset} on`
}
