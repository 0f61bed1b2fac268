// The topic in which transactions are kept, and the coordinator over its partitions.

import type { BrokerValues } from '../../config/broker-options.ts'
import type { MarkerWriter } from '../../coordination/transaction/markers.ts'
import {
  TransactionCoordinator,
  type ProducerIds,
} from '../../coordination/transaction/transaction-coordinator.ts'
import type { TransactionOptions } from '../../coordination/transaction/transaction-options.ts'
import { TRANSACTIONS_TOPIC } from '../../metadata/internal-topics.ts'
import {
  CoordinatedTopic,
  type CoordinatedTopicParts,
} from '../internal-topics/coordinated-topic.ts'

export type TransactionTopic = CoordinatedTopic<TransactionCoordinator>

export interface TransactionTopicOptions extends CoordinatedTopicParts {
  readonly producerIds: ProducerIds
  readonly markerWriter: MarkerWriter
}

/** Batches are never compressed, as in Kafka: they are small. */
const UNCOMPRESSED = 0

export function transactionTopic(options: TransactionTopicOptions): TransactionTopic {
  const { values, clock, logger, producerIds, markerWriter } = options
  return new CoordinatedTopic(options, {
    name: TRANSACTIONS_TOPIC,
    partitionCount: values.transactionStateLogNumPartitions,
    segmentBytes: values.transactionStateLogSegmentBytes,
    compressionType: 'uncompressed',
    compressionCodec: UNCOMPRESSED,
    newCoordinator: (partitionCount) => {
      return new TransactionCoordinator({
        ...{ clock, logger, producerIds, markerWriter, partitionCount },
        options: transactionOptionsOf(values),
      })
    },
  })
}

function transactionOptionsOf(values: BrokerValues): TransactionOptions {
  return {
    maxTimeoutMs: values.transactionMaxTimeoutMs,
    idExpirationMs: values.transactionalIdExpirationMs,
    abortIntervalMs: values.transactionAbortTimedOutTransactionCleanupIntervalMs,
    expireIntervalMs: values.transactionRemoveExpiredTransactionCleanupIntervalMs,
    waitMs: values.addPartitionsToTxnRetryBackoffMaxMs,
    maxIds: values.maxTransactionalIds,
  }
}
