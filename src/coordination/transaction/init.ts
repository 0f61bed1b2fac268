// InitProducerId: who a producer with a transactional id is from now on.
//
//   a new id                ─► a producer id that nobody had, epoch 0
//   a new producer          ─► the next epoch, which fences the one before
//   one that goes on        ─► the next epoch, when it is still the current one; the same answer again
//                              when it asks again (KIP-360)
//   a transaction is open   ─► it is aborted under the next epoch, and then as above
//   its epochs are used up  ─► another producer id, epoch 0
//
// Source: apache/kafka, TransactionCoordinator.handleInitProducerId and TransactionMetadata. One thing is
// stricter: a producer that goes on from an epoch that is not the current one is fenced at once, also
// while a transaction is open. Kafka aborts that transaction first, which a delayed request of a producer
// that has long gone on can do to its successor.

import type { Env } from './env.ts'
import { emit, isEnding, isExhausted, refuse } from './env.ts'
import { fence } from './end.ts'
import type { InitRequest, ProducerIdentity } from './messages.ts'
import { PartitionSet } from './partition-set.ts'
import { NONE, type TransactionValue } from './transaction-record.ts'

/** Ids are written with 16 bits of length. */
const MAX_ID_BYTES = 32_767

/** The transaction that was open is being aborted: to be asked again once it is. */
export const FENCED_FIRST = Symbol('fenced first')

/** @throws BrokerError as TransactionService.init */
export function init(env: Env, request: InitRequest): ProducerIdentity | typeof FENCED_FIRST {
  const { transactionalId, current } = request
  check(env, request)
  const value = env.transactions.get(transactionalId)
  if (value === undefined) return create(env, request)
  // Before the identity is looked at: it may be the one that holds as soon as the markers are there.
  if (isEnding(value)) refuse('CONCURRENT_TRANSACTIONS')
  if (current !== null && !maySpeakFor(value, current)) refuse('PRODUCER_FENCED')
  if (value.state === 'Ongoing') {
    fence(env, transactionalId, value)
    return FENCED_FIRST
  }
  const identity = nextIdentity(env, value, current)
  const { producerId, producerEpoch } = emit(env, transactionalId, value, {
    ...identity,
    state: 'Empty',
    timeoutMs: request.timeoutMs,
    partitions: PartitionSet.EMPTY,
    startTimeMs: NONE,
  })
  return { producerId, producerEpoch }
}

function check({ options }: Env, { transactionalId, timeoutMs }: InitRequest): void {
  if (Buffer.byteLength(transactionalId) > MAX_ID_BYTES) {
    refuse('INVALID_REQUEST', `A transactional id has at most ${MAX_ID_BYTES} bytes`)
  }
  if (timeoutMs > 0 && timeoutMs <= options.maxTimeoutMs) return
  const message = `A transaction may be open for 1 to ${options.maxTimeoutMs} ms`
  refuse('INVALID_TRANSACTION_TIMEOUT', message, { timeoutMs })
}

function create(env: Env, { transactionalId, timeoutMs }: InitRequest): ProducerIdentity {
  const { maxIds } = env.options
  if (env.idCount() >= maxIds) {
    const message = `There are ${maxIds} transactional ids already (max.transactional.ids)`
    refuse('POLICY_VIOLATION', message)
  }
  const producerId = env.takeProducerId() ?? refuse('COORDINATOR_NOT_AVAILABLE')
  const value: TransactionValue = {
    producerId,
    producerEpoch: 0,
    previousProducerId: NONE,
    nextProducerId: NONE,
    lastProducerEpoch: NONE,
    timeoutMs,
    state: 'Empty',
    partitions: PartitionSet.EMPTY,
    lastUpdateMs: env.now.wallMs,
    startTimeMs: NONE,
    clientVersion: 0,
  }
  env.step.emit({ transactionalId, value })
  return { producerId, producerEpoch: 0 }
}

/** Whether a producer that goes on is the current one, or asks again after its answer was lost. */
function maySpeakFor(value: TransactionValue, current: ProducerIdentity): boolean {
  const { producerId, producerEpoch, previousProducerId, lastProducerEpoch } = value
  const isRepeat = current.producerEpoch === lastProducerEpoch
  if (current.producerId === producerId) {
    return current.producerEpoch === producerEpoch || isRepeat
  }
  // Its epochs were used up, and it has not heard of the id that came then.
  return isRepeat && current.producerId === previousProducerId && isExhausted(current.producerEpoch)
}

type Identity = Pick<TransactionValue, 'producerId' | 'producerEpoch' | 'lastProducerEpoch'>

function nextIdentity(
  env: Env,
  value: TransactionValue,
  current: ProducerIdentity | null,
): Identity {
  const { producerId, producerEpoch, lastProducerEpoch } = value
  const isCurrent = current?.producerId === producerId && current.producerEpoch === producerEpoch
  if (current !== null && !isCurrent) return { producerId, producerEpoch, lastProducerEpoch }
  const last = current === null ? NONE : producerEpoch
  if (!isExhausted(producerEpoch)) {
    return { producerId, producerEpoch: producerEpoch + 1, lastProducerEpoch: last }
  }
  const nextId = env.takeProducerId() ?? refuse('COORDINATOR_NOT_AVAILABLE')
  return { producerId: nextId, producerEpoch: 0, lastProducerEpoch: last }
}
