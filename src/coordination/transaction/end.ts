// EndTxn, and all other ways in which a transaction comes to its end.
//
//   end, fence ─► Prepare… on record: decided ─► markers in all partitions ─► complete ─► Complete…
//
// With version 2 the epoch goes up as the end is decided, and the markers carry the new one: whatever was
// written under the old epoch and comes late is refused by each partition, from its marker on. What is
// asked twice, since the answer was lost, is told by its epoch:
//
//                    │ abort                  │ commit
//     epoch of asker │ one before   current   │ one before   current
//   ─────────────────┼────────────────────────┼──────────────────────
//     Empty          │ fenced       aborts    │ fenced       refused
//     CompleteAbort  │ as before    aborts    │ refused      refused
//     CompleteCommit │ refused      aborts    │ as before    refused       refused: INVALID_TXN_STATE
//
// An abort of nothing is allowed: a client cannot know whether the write that failed has begun anything.
// Source: apache/kafka, TransactionCoordinator.endTransaction and endTransactionWithTV1.

import assert from 'node:assert'
import type { Env } from './env.ts'
import { emit, isEnding, isExhausted, isNextIdentity, LAST_CLIENT_EPOCH, refuse } from './env.ts'
import type { EndRequest, Outcome, ProducerIdentity, TransactionVersion } from './messages.ts'
import { PartitionSet } from './partition-set.ts'
import { NONE, type TransactionValue } from './transaction-record.ts'

/** The largest that 16 bits hold: under it transactions end, and none begins. */
const FENCING_EPOCH = LAST_CLIENT_EPOCH + 1

/** @returns who the producer is from now on @throws BrokerError as TransactionService.end */
export function end(env: Env, request: EndRequest): ProducerIdentity {
  const value = env.transactions.get(request.transactionalId)
  if (value === undefined) return refuse('INVALID_PRODUCER_ID_MAPPING')
  if (isNextIdentity(value, request)) return refuse('CONCURRENT_TRANSACTIONS')
  return request.transactionVersion === 2
    ? endWithEpochs(env, request, value)
    : endWithoutEpochs(env, request, value)
}

function endWithEpochs(env: Env, request: EndRequest, value: TransactionValue): ProducerIdentity {
  const { transactionalId, producerId, producerEpoch, outcome } = request
  const isOverflowRepeat =
    value.previousProducerId === producerId &&
    value.producerId !== producerId &&
    producerEpoch === LAST_CLIENT_EPOCH &&
    value.producerEpoch === 0
  if (value.producerId !== producerId && !isOverflowRepeat) refuse('INVALID_PRODUCER_ID_MAPPING')
  const isCurrent = value.producerId === producerId && value.producerEpoch === producerEpoch
  const isRepeat = isOverflowRepeat || value.producerEpoch === producerEpoch + 1
  if (!isCurrent && !isRepeat) refuse('PRODUCER_FENCED')
  switch (value.state) {
    case 'Ongoing':
      if (!isCurrent) refuse('PRODUCER_FENCED')
      return identityAfter(prepare(env, transactionalId, value, outcome, 2))
    case 'PrepareCommit':
    case 'PrepareAbort':
      // The current epoch is that of the transaction after this one.
      if (isRepeat && outcomeOf(value) !== outcome) return refuseEnd(value, outcome)
      return refuse('CONCURRENT_TRANSACTIONS')
    case 'Empty':
      if (!isCurrent) refuse('PRODUCER_FENCED')
      break
    default:
      if (isRepeat && outcomeOf(value) === outcome) return identityAfter(value)
      if (isRepeat) return refuseEnd(value, outcome)
  }
  if (outcome === 'commit') return refuseEnd(value, outcome)
  return identityAfter(prepare(env, transactionalId, value, outcome, 2))
}

function endWithoutEpochs(
  env: Env,
  request: EndRequest,
  value: TransactionValue,
): ProducerIdentity {
  const { transactionalId, producerId, producerEpoch, outcome, transactionVersion } = request
  if (value.producerId !== producerId) refuse('INVALID_PRODUCER_ID_MAPPING')
  if (value.producerEpoch !== producerEpoch) refuse('PRODUCER_FENCED')
  if (value.state === 'Ongoing') {
    prepare(env, transactionalId, value, outcome, transactionVersion)
    return { producerId, producerEpoch }
  }
  if (value.state === 'Empty' || outcomeOf(value) !== outcome) return refuseEnd(value, outcome)
  if (isEnding(value)) return refuse('CONCURRENT_TRANSACTIONS')
  return { producerId, producerEpoch }
}

/**
 * Aborts the open transaction of a producer under an epoch that the producer was never given: somebody
 * else took over, or it took too long.
 *
 * @throws BrokerError COORDINATOR_NOT_AVAILABLE while no producer id is at hand and one is needed
 */
export function fence(env: Env, transactionalId: string, value: TransactionValue): void {
  assert(value.state === 'Ongoing')
  prepare(env, transactionalId, value, 'abort', 2)
}

/** All markers of a prepared transaction are written. */
export function complete(env: Env, transactionalId: string, value: TransactionValue): void {
  assert(isEnding(value))
  const { nextProducerId, producerId, producerEpoch } = value
  const isRotated = nextProducerId !== NONE
  emit(env, transactionalId, value, {
    state: value.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    producerId: isRotated ? nextProducerId : producerId,
    producerEpoch: isRotated ? 0 : producerEpoch,
    nextProducerId: NONE,
    partitions: PartitionSet.EMPTY,
  })
}

/** The outcome that is decided. */
export function outcomeOf({ state }: TransactionValue): Outcome {
  return state === 'PrepareCommit' || state === 'CompleteCommit' ? 'commit' : 'abort'
}

function prepare(
  env: Env,
  transactionalId: string,
  before: TransactionValue,
  outcome: Outcome,
  version: TransactionVersion,
): TransactionValue {
  const value = emit(env, transactionalId, before, {
    ...(version === 2 ? bumped(env, before) : {}),
    state: outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
    startTimeMs: before.state === 'Ongoing' ? before.startTimeMs : env.now.wallMs,
    clientVersion: version,
  })
  env.step.after(() => env.onPrepared({ transactionalId, value }))
  return value
}

/** The next epoch, for the markers; with the last one also the id that comes after them. */
function bumped(env: Env, { producerEpoch }: TransactionValue): Partial<TransactionValue> {
  const next = isExhausted(producerEpoch)
    ? (env.takeProducerId() ?? refuse('COORDINATOR_NOT_AVAILABLE'))
    : NONE
  return {
    producerEpoch: Math.min(producerEpoch + 1, FENCING_EPOCH),
    lastProducerEpoch: producerEpoch,
    nextProducerId: next,
  }
}

/** Who the producer is once the transaction has ended. */
function identityAfter(value: TransactionValue): ProducerIdentity {
  const { nextProducerId, producerId, producerEpoch } = value
  if (nextProducerId === NONE) return { producerId, producerEpoch }
  return { producerId: nextProducerId, producerEpoch: 0 }
}

function refuseEnd({ state }: TransactionValue, outcome: Outcome): never {
  return refuse('INVALID_TXN_STATE', `A transaction that is ${state} cannot ${outcome}`)
}
