// Transactions that read what others wrote must have an order: none may have read, over however many
// others, from one that read from it.
//
// Memory: a few numbers for each transaction and for each pair of which one read from the other.

import type { Operation } from './operation.ts'
import type { Pass } from './passes.ts'

/** Finds circular-flow. @param flow of check-values.ts, sorted by reader and writer */
export function checkFlow(flow: Iterable<Operation>, { findings }: Pass): void {
  const names: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = (name: string): number => {
    let number = numbers.get(name)
    if (number === undefined) {
      numbers.set(name, (number = names.length))
      names.push(name)
    }
    return number
  }
  const readersOf: number[][] = []
  /** How many transactions each has read from that are not taken away yet. */
  const open: number[] = []
  let last = ''
  for (const each of flow) {
    const reader = `${each.client}/${each.transaction}`
    const writer = `${each.sender}/${each.number}`
    if (last === `${reader} ${writer}`) continue
    last = `${reader} ${writer}`
    const [to, from] = [numberOf(reader), numberOf(writer)]
    ;(readersOf[from] ??= []).push(to)
    open[to] = (open[to] ?? 0) + 1
  }
  // Transactions that read from none are taken away, again and again. What remains reads in circles.
  const free = names.map((_, number) => number).filter((number) => (open[number] ?? 0) === 0)
  let taken = 0
  for (let number = free.pop(); number !== undefined; number = free.pop()) {
    taken += 1
    for (const reader of readersOf[number] ?? []) {
      open[reader]! -= 1
      if (open[reader] === 0) free.push(reader)
    }
  }
  if (taken === names.length) return
  const circular = names.filter((_, number) => (open[number] ?? 0) > 0)
  findings.add('circular-flow', `client/transaction ${circular.slice(0, 8).join(', ')}`)
}
