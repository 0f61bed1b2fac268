// Input and output of a copy: every record that readers see in the input has one copy that readers see
// in the output, and copies of one partition come in the order of what they copy.

import type { History } from './history-file.ts'
import { describe, KINDS, LOGGED, type Operation } from './operation.ts'
import type { Pass } from './passes.ts'
import { RowSorter } from './row-sorter.ts'

const [ORIGIN, COPY] = [0, 1]

/** Finds copy-lost, copy-twice, copy-of-nothing and copy-reorder. */
export function checkCopies(history: History, pass: Pass): void {
  const { copy } = pass.rules
  if (copy === null) return
  const byOrigin = new RowSorter([4, 6, 1], pass.sorting)
  const byPlace = new RowSorter([4, 4, 6], pass.sorting)
  for (const each of history.operations()) {
    if (each.kind !== KINDS.logged || (each.detail & LOGGED.visible) === 0) continue
    if (each.topic === copy.input) byOrigin.add([each.partition, each.offset, ORIGIN!], each)
    if (each.topic !== copy.output) continue
    // What names no origin is a copy of nothing, wherever it is sorted.
    byOrigin.add([each.otherPartition, Math.max(0, each.otherOffset), COPY!], each)
    byPlace.add([each.partition, each.otherPartition, each.offset], each)
  }
  checkEquality(byOrigin.rows(), pass)
  checkOrder(byPlace.rows(), pass)
}

function checkEquality(rows: Iterable<Operation>, { findings, rules }: Pass): void {
  let [partition, offset, copies, origin] = [-1, -1, 0, '']
  const end = (): void => {
    if (origin !== '' && copies === 0) findings.add('copy-lost', origin)
  }
  for (const each of rows) {
    if (each.topic === rules.copy!.input) {
      end()
      partition = each.partition
      offset = each.offset
      copies = 0
      origin = describe(each)
      continue
    }
    const isOfOrigin = each.otherPartition === partition && each.otherOffset === offset
    if (!isOfOrigin) {
      findings.add(
        'copy-of-nothing',
        `${describe(each)} of ${each.otherPartition}@${each.otherOffset}`,
      )
    } else if (++copies > 1) findings.add('copy-twice', `${describe(each)}; ${origin}`)
  }
  end()
}

function checkOrder(rows: Iterable<Operation>, { findings }: Pass): void {
  let [partition, otherPartition, otherOffset] = [-1, -1, -1]
  for (const each of rows) {
    const isSame = each.partition === partition && each.otherPartition === otherPartition
    if (isSame && each.otherOffset < otherOffset) {
      findings.add('copy-reorder', `${describe(each)}; a copy of ${otherOffset} comes before`)
    }
    partition = each.partition
    otherPartition = each.otherPartition
    otherOffset = each.otherOffset
  }
}
