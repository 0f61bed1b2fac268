// Which partitions are in a transaction.
//
// Clients of version 0 and 1 say so beforehand (AddPartitionsToTxn), and what they write is verified;
// those of version 2 just write, and the partition is added when its first batch comes.
// Source: apache/kafka, TransactionCoordinator.handleAddPartitionsToTransaction and
// handleVerifyPartitionsInTransaction.

import { BrokerError } from '../../base/errors.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Env } from './env.ts'
import { currentOf, emit, refuse } from './env.ts'
import type { AdmitRequest, PartitionOutcome, TransactionVersion } from './messages.ts'
import type { TransactionalProducer } from './messages.ts'

/** Most partitions of one transaction: each change writes the whole list. */
export const MAX_PARTITIONS = 10_000

export interface AddRequest extends TransactionalProducer {
  readonly partitions: readonly TopicPartition[]
  readonly version: TransactionVersion
}

/** @throws BrokerError as `currentOf`; POLICY_VIOLATION beyond MAX_PARTITIONS */
export function addPartitions(env: Env, request: AddRequest): void {
  const { transactionalId, version } = request
  const value = currentOf(env, request)
  const partitions = value.partitions.with(request.partitions)
  const isOpen = value.state === 'Ongoing'
  if (isOpen && partitions === value.partitions) return
  if (partitions.size > MAX_PARTITIONS) {
    refuse('POLICY_VIOLATION', `A transaction has at most ${MAX_PARTITIONS} partitions`)
  }
  emit(env, transactionalId, value, {
    partitions,
    state: 'Ongoing',
    startTimeMs: isOpen ? value.startTimeMs : env.now.wallMs,
    clientVersion: version,
  })
}

/**
 * Says for each partition whether records may be written to it in the transaction.
 *
 * @throws BrokerError as `addPartitions`
 */
export function admit(env: Env, request: AdmitRequest): PartitionOutcome[] {
  if (request.adds) {
    addPartitions(env, { ...request, version: 2 })
    return request.partitions.map((partition) => ({ ...partition, error: null }))
  }
  const { partitions } = currentOf(env, request)
  return request.partitions.map(({ topic, partition }) => {
    const isIn = partitions.has({ topic, partition })
    return { topic, partition, error: isIn ? null : notAdded(topic, partition) }
  })
}

function notAdded(topic: string, partition: number): BrokerError {
  const message = 'The partition was not added to the transaction'
  return new BrokerError('TRANSACTION_ABORTABLE', { message, topic, partition })
}
