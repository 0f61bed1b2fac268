// What is told of transactions: DescribeTransactions, ListTransactions.

import { compilePattern } from '../group/regex/topic-pattern.ts'
import type { Env } from './env.ts'
import { refuse } from './env.ts'
import type { DescribedTransaction, ListedTransaction, ListFilter } from './messages.ts'
import { isStateName, type TransactionStateName } from './transaction-state.ts'
import { NONE, type TransactionValue } from './transaction-record.ts'

/** @throws BrokerError TRANSACTIONAL_ID_NOT_FOUND */
export function describe({ transactions }: Env, transactionalId: string): DescribedTransaction {
  const value = transactions.get(transactionalId)
  if (value === undefined) return refuse('TRANSACTIONAL_ID_NOT_FOUND')
  const { producerId, producerEpoch, state, timeoutMs, startTimeMs, lastUpdateMs } = value
  return {
    ...{ transactionalId, producerId, producerEpoch, state, timeoutMs, startTimeMs, lastUpdateMs },
    partitions: [...value.partitions],
  }
}

/** A filter that was looked at once, for the ids of many partitions. */
export interface CompiledFilter {
  readonly states: ReadonlySet<TransactionStateName> | null
  readonly unknownStates: readonly string[]
  readonly matches: (transactionalId: string, value: TransactionValue, nowMs: number) => boolean
}

/** @throws BrokerError INVALID_REGULAR_EXPRESSION */
export function compileFilter(filter: ListFilter): CompiledFilter {
  const { longerThanMs = -1, idPattern } = filter
  const names = filter.states ?? []
  const states = names.length === 0 ? null : new Set(names.filter(isStateName))
  const ids = filter.producerIds?.length ? new Set(filter.producerIds) : null
  const pattern = idPattern ? compilePattern(idPattern) : null
  return {
    states,
    unknownStates: names.filter((name) => !isStateName(name)),
    matches(transactionalId, { state, producerId, startTimeMs }, nowMs) {
      if (states?.has(state) === false || ids?.has(producerId) === false) return false
      if (longerThanMs >= 0 && !isLonger(startTimeMs, nowMs, longerThanMs)) return false
      return pattern === null || pattern.matches(transactionalId)
    },
  }
}

export function list({ transactions, now }: Env, filter: CompiledFilter): ListedTransaction[] {
  const found: ListedTransaction[] = []
  for (const [transactionalId, value] of transactions) {
    if (!filter.matches(transactionalId, value, now.wallMs)) continue
    found.push({ transactionalId, producerId: value.producerId, state: value.state })
  }
  return found
}

/** As Kafka, by the begin of the last transaction, whether it is over or not. */
function isLonger(startTimeMs: number, nowMs: number, longerThanMs: number): boolean {
  return startTimeMs !== NONE && nowMs - startTimeMs > longerThanMs
}
