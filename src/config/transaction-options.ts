// What may be configured for transactions. Kafka's names, types and defaults where Kafka has the option.
//
// Source: apache/kafka, TransactionStateManagerConfig.java, TransactionLogConfig.java,
// AddPartitionsToTxnConfig.java.

import { MAX_PARTITIONS_PER_TOPIC } from '../base/limits.ts'
import { booleanOption, intOption } from './option.ts'

export const TRANSACTION_OPTIONS = {
  transactionMaxTimeoutMs: intOption('transaction.max.timeout.ms', {
    default: '900000',
    min: 1,
    unit: 'ms',
    doc:
      'Longest time that a producer may ask to keep a transaction open. Readers of committed records ' +
      'wait at the first open transaction, for as long as that.',
  }),
  transactionalIdExpirationMs: intOption('transactional.id.expiration.ms', {
    default: '604800000',
    min: 1,
    unit: 'ms',
    doc: 'How long a transactional id is remembered that nobody uses.',
  }),
  maxTransactionalIds: intOption('max.transactional.ids', {
    default: '100000',
    min: 1,
    doc:
      'Transactional ids that are remembered at once. Beyond it a producer with a new id is refused ' +
      'until old ones expire (transactional.id.expiration.ms).',
  }),
  transactionAbortTimedOutTransactionCleanupIntervalMs: intOption(
    'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    {
      default: '10000',
      min: 1,
      unit: 'ms',
      doc: 'How often transactions are looked for that have been open for too long, to abort them.',
    },
  ),
  transactionRemoveExpiredTransactionCleanupIntervalMs: intOption(
    'transaction.remove.expired.transaction.cleanup.interval.ms',
    {
      default: '3600000',
      min: 1,
      unit: 'ms',
      doc: 'How often transactional ids are looked for that have expired.',
    },
  ),
  transactionPartitionVerificationEnable: booleanOption(
    'transaction.partition.verification.enable',
    {
      default: 'true',
      doc:
        'Whether a partition asks if it was added to a transaction before it takes the first record of ' +
        'it, from clients that add partitions themselves. Without it a request that comes late may begin ' +
        'a transaction that nobody ends.',
    },
  ),
  addPartitionsToTxnRetryBackoffMaxMs: intOption('add.partitions.to.txn.retry.backoff.max.ms', {
    default: '100',
    min: 0,
    unit: 'ms',
    doc:
      'How long a request waits for the end of its producer’s transaction before, instead of being ' +
      'refused with CONCURRENT_TRANSACTIONS at once.',
  }),
  transactionStateLogNumPartitions: intOption('transaction.state.log.num.partitions', {
    default: '50',
    min: 1,
    max: MAX_PARTITIONS_PER_TOPIC,
    doc:
      'Partitions of __transaction_state when it is made, at the first use of a transactional id. An id ' +
      'belongs to one of them, so the number is never changed afterwards.',
  }),
  transactionStateLogSegmentBytes: intOption('transaction.state.log.segment.bytes', {
    default: '104857600',
    min: 1_048_576,
    unit: 'bytes',
    doc: 'segment.bytes of __transaction_state when it is made.',
  }),
}
