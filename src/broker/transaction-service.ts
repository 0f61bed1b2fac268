// Transactions, as both fronts ask for them. Who may do what is decided in coordination/transaction;
// here the topic for transactions is made when it is first needed, and partitions are looked up.

import { BrokerError } from '../base/errors.ts'
import type {
  AddOffsetsRequest,
  AddPartitionsRequest,
  AdmitRequest,
  DescribedTransaction,
  EndRequest,
  InitRequest,
  ListFilter,
  Outcome,
  PartitionOutcome,
  ProducerIdentity,
  TransactionalProducer,
  TransactionList,
  TransactionVersion,
} from '../coordination/transaction/messages.ts'
import type { TopicPartition } from '../base/topic-partition.ts'
import { compileFilter } from '../coordination/transaction/queries.ts'
import type { TransactionCoordinator } from '../coordination/transaction/transaction-coordinator.ts'
import { isInternalTopic, OFFSETS_TOPIC } from '../metadata/internal-topics.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { Caller } from './caller.ts'
import type { OffsetsTopic } from './groups/offsets-topic.ts'
import type { PartitionMarkers } from './transactions/partition-markers.ts'
import type { TransactionTopic } from './transactions/transaction-topic.ts'

/** Asks whether offsets of a group may be committed in a transaction: as `AdmitRequest`. */
export interface AdmitOffsetsRequest extends AddOffsetsRequest {
  readonly adds: boolean
}

export type DescribeResult =
  | { readonly transactionalId: string; readonly error: BrokerError }
  | (DescribedTransaction & { readonly error: null })

/** Ends transactions of a producer in partitions, whatever its coordinator says: WriteTxnMarkers. */
export interface WriteMarkersRequest extends ProducerIdentity {
  readonly coordinatorEpoch: number
  readonly outcome: Outcome
  readonly transactionVersion: TransactionVersion
  readonly partitions: readonly TopicPartition[]
}

export interface TransactionServiceOptions {
  readonly store: Pick<MetadataStore, 'image'>
  readonly transactionTopic: TransactionTopic
  readonly offsetsTopic: Pick<OffsetsTopic, 'ensure'>
  readonly markers: Pick<PartitionMarkers, 'appendByHand'>
}

/**
 * Every method throws, beside what it says, BrokerError INVALID_REQUEST for an empty transactional id,
 * COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR: the last three may be
 * tried again.
 *
 * A producer of an older epoch is told PRODUCER_FENCED: fronts say INVALID_PRODUCER_EPOCH in its place
 * to clients that do not know that error (Kafka: InitProducerId below 4, AddPartitionsToTxn,
 * AddOffsetsToTxn and EndTxn below 2). TRANSACTION_ABORTABLE likewise: see `admit`.
 */
export class TransactionService {
  readonly #options: TransactionServiceOptions

  constructor(options: TransactionServiceOptions) {
    this.#options = options
  }

  /** See TransactionCoordinator; null before the first use of a transactional id. */
  get coordinator(): TransactionCoordinator | null {
    return this.#options.transactionTopic.coordinator
  }

  /** Makes sure that transactions can be coordinated here: FindCoordinator. */
  async ready(_caller: Caller): Promise<void> {
    await this.#options.transactionTopic.ensure()
  }

  /** The partition of __transaction_state whose leader coordinates an id; null before the first use. */
  partitionOf(transactionalId: string): number | null {
    return this.coordinator?.partitionOf(transactionalId) ?? null
  }

  /**
   * Gives a producer its identity, and ends what an earlier life of it has left open. Waits a little
   * where that takes time.
   *
   * @throws BrokerError INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED; POLICY_VIOLATION when there are
   *   too many transactional ids; CONCURRENT_TRANSACTIONS when the earlier transaction still ends: to be
   *   tried again
   */
  async init(_caller: Caller, request: InitRequest): Promise<ProducerIdentity> {
    checkId(request)
    const coordinator = this.coordinator ?? (await this.#options.transactionTopic.ensure())
    return coordinator.init(request)
  }

  /**
   * Adds partitions to the transaction of a producer that knows version 0 or 1, which begins with the
   * first of them. All are added, or none: one that may not be has its own error, the others
   * OPERATION_NOT_ATTEMPTED.
   *
   * @returns one result a partition, in their order. What is wrong as a whole is said of each:
   *   INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  async addPartitions(
    _caller: Caller,
    request: AddPartitionsRequest,
  ): Promise<readonly PartitionOutcome[]> {
    const { partitions } = request
    const refusals = partitions.map((partition) => this.#refusalOf(partition))
    if (refusals.some((refusal) => refusal !== null)) {
      return partitions.map((partition, slot) => {
        const error = refusals[slot] ?? new BrokerError('OPERATION_NOT_ATTEMPTED')
        return { ...partition, error }
      })
    }
    return each(partitions, async () => {
      await this.#existing(request).addPartitions({ ...request, version: 1 })
      return partitions.map((partition) => ({ ...partition, error: null }))
    })
  }

  /**
   * Adds a group's committed offsets to the transaction: AddOffsetsToTxn.
   *
   * @throws BrokerError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  async addOffsets(_caller: Caller, request: AddOffsetsRequest): Promise<void> {
    const coordinator = this.#existing(request)
    const partitions = [await this.#offsetsPartition(request)]
    await coordinator.addPartitions({ ...request, partitions, version: 1 })
  }

  /**
   * Ends the transaction. The outcome is decided, and survives everything, when this resolves; readers
   * see it a moment later. Of version 2 the answer is who the producer is from now on, and asking again
   * after a lost answer gives the same.
   *
   * @throws BrokerError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, INVALID_TXN_STATE,
   *   CONCURRENT_TRANSACTIONS
   */
  async end(_caller: Caller, request: EndRequest): Promise<ProducerIdentity> {
    return this.#existing(request).end(request)
  }

  /**
   * Says for each partition whether records may be written to it in the transaction. Where the
   * transaction before still ends, it waits a little for that.
   *
   * @returns one result a partition, in their order: INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED,
   *   CONCURRENT_TRANSACTIONS, or TRANSACTION_ABORTABLE where it was not added; what throws elsewhere is
   *   said of each partition too
   */
  admit(_caller: Caller, request: AdmitRequest): Promise<readonly PartitionOutcome[]> {
    return each(request.partitions, () => this.#existing(request).admit(request))
  }

  /** `admit` for TxnOffsetCommit. @throws BrokerError what `admit` says of the one partition */
  async admitOffsets(_caller: Caller, request: AdmitOffsetsRequest): Promise<void> {
    const coordinator = this.#existing(request)
    const partitions = [await this.#offsetsPartition(request)]
    const [outcome] = await coordinator.admit({ ...request, partitions })
    if (outcome!.error !== null) throw outcome!.error
  }

  /** @returns one result an id, in their order: TRANSACTIONAL_ID_NOT_FOUND among others */
  describe(
    _caller: Caller,
    transactionalIds: readonly string[],
  ): Promise<readonly DescribeResult[]> {
    return Promise.all(transactionalIds.map((id) => this.#describe(id)))
  }

  /** @throws BrokerError INVALID_REGULAR_EXPRESSION */
  async list(_caller: Caller, filter: ListFilter): Promise<TransactionList> {
    const { coordinator } = this
    if (coordinator !== null) return coordinator.list(filter)
    return { transactions: [], unknownStates: compileFilter(filter).unknownStates }
  }

  /**
   * Ends transactions of a producer in partitions, whatever its coordinator says.
   *
   * @returns one result a partition, in their order: UNKNOWN_TOPIC_OR_PARTITION,
   *   INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED; INVALID_REQUEST for the epoch of a
   *   coordinator that there never was
   */
  writeMarkers(
    _caller: Caller,
    { partitions, ...end }: WriteMarkersRequest,
  ): Promise<readonly PartitionOutcome[]> {
    const ownEpoch = this.coordinator?.highestEpoch() ?? 0
    return Promise.all(
      partitions.map(async ({ topic, partition }): Promise<PartitionOutcome> => {
        try {
          if (isInternalTopic(topic) && topic !== OFFSETS_TOPIC) throw internalTopic(topic)
          await this.#options.markers.appendByHand({ ...end, topic, partition }, ownEpoch)
          return { topic, partition, error: null }
        } catch (error) {
          return { topic, partition, error: BrokerError.from(error) }
        }
      }),
    )
  }

  /** Tells all who wait to ask elsewhere: after the fronts have closed. */
  close(): void {
    this.#options.transactionTopic.close()
  }

  async #describe(transactionalId: string): Promise<DescribeResult> {
    try {
      checkId({ transactionalId })
      if (this.coordinator === null) throw new BrokerError('TRANSACTIONAL_ID_NOT_FOUND')
      return { ...(await this.coordinator.describe(transactionalId)), error: null }
    } catch (error) {
      return { transactionalId, error: BrokerError.from(error) }
    }
  }

  async #offsetsPartition({ groupId }: AddOffsetsRequest): Promise<TopicPartition> {
    const groups = await this.#options.offsetsTopic.ensure()
    return { topic: OFFSETS_TOPIC, partition: groups.partitionOf(groupId) }
  }

  /** Why a client may not add a partition; null when it may. */
  #refusalOf({ topic, partition }: TopicPartition): BrokerError | null {
    if (isInternalTopic(topic)) return internalTopic(topic)
    const count = this.#options.store.image.topic(topic)?.partitions.length ?? 0
    if (partition >= 0 && partition < count) return null
    return new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }

  /** @throws BrokerError INVALID_PRODUCER_ID_MAPPING while no transactional id was ever used */
  #existing(request: Pick<TransactionalProducer, 'transactionalId'>): TransactionCoordinator {
    checkId(request)
    const { coordinator } = this
    if (coordinator !== null) return coordinator
    throw new BrokerError('INVALID_PRODUCER_ID_MAPPING')
  }
}

function checkId({ transactionalId }: Pick<TransactionalProducer, 'transactionalId'>): void {
  if (transactionalId !== '') return
  throw new BrokerError('INVALID_REQUEST', { message: 'A transactional id must not be empty' })
}

function internalTopic(topic: string): BrokerError {
  const message = 'The topic belongs to the broker, which alone writes to it'
  return new BrokerError('INVALID_TOPIC_EXCEPTION', { message, topic })
}

/** What is wrong as a whole, said of each partition. */
async function each(
  partitions: readonly TopicPartition[],
  run: () => Promise<readonly PartitionOutcome[]>,
): Promise<readonly PartitionOutcome[]> {
  try {
    return await run()
  } catch (error) {
    const refusal = BrokerError.from(error)
    return partitions.map(({ topic, partition }) => ({ topic, partition, error: refusal }))
  }
}
