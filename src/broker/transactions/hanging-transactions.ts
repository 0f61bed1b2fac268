// Transactions that a partition has open and that no coordinator will end: those of which it does not know,
// or not in this partition. Readers of committed records wait there until somebody ends them by hand.
//
//   partitions: what is open? ─► coordinator: whose producers are they, and where do those write?
//                            └─► partitions again: is it still open? ─► it hangs
//
// A transaction is known to its coordinator before its first record is written, and its markers are
// written before the coordinator is done with it; so one that is asked about in this order, and still
// open at the end, is no other than the one that was seen.
// Source: apache/kafka, TransactionsCommand.FindHangingTransactionsCommand; KIP-664.

import { BrokerError } from '../../base/errors.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type {
  DescribedTransaction,
  ProducerIdentity,
} from '../../coordination/transaction/messages.ts'
import type { Clock } from '../../io/clock.ts'
import type { MetadataStore } from '../../metadata/metadata-store.ts'
import type { OpenTransaction, Partition } from '../../replication/partition.ts'
import type { Caller } from '../caller.ts'
import type { TransactionService } from '../transaction-service.ts'

/** A transaction as one partition knows it. */
export interface PartitionTransaction extends TopicPartition, OpenTransaction {
  /** Of the last marker of the producer here; -1 when there was none. */
  readonly coordinatorEpoch: number
  /** Of the last batch of the producer here, milliseconds since 1970. */
  readonly lastTimestampMs: number
}

export interface FindHangingRequest {
  /** Null: all topics. */
  readonly topic: string | null
  /** Null: all partitions of the topic. */
  readonly partition: number | null
  /** Only those that are open for longer, in milliseconds; null: longer than any may be. */
  readonly openForMs: number | null
}

export interface HangingTransaction extends TopicPartition {
  /** Offset of its first record in the partition. */
  readonly startOffset: number
}

export interface HangingTransactionsOptions {
  readonly clock: Clock
  readonly store: Pick<MetadataStore, 'image'>
  readonly partitions: {
    /** @throws BrokerError when the partition is not here */
    partition(topic: string, index: number): Pick<Partition, 'openTransactions' | 'producers'>
  }
  readonly transactions: Pick<TransactionService, 'list' | 'describe' | 'init' | 'writeMarkers'>
  /** `transaction.max.timeout.ms`. */
  readonly maxTimeoutMs: number
}

/** States in which a transaction may have records without a marker. */
const ALIVE: ReadonlySet<string> = new Set([
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'PrepareEpochFence',
])

const ABORTED: ReadonlySet<string> = new Set(['PrepareAbort', 'CompleteAbort'])

export class HangingTransactions {
  readonly #options: HangingTransactionsOptions

  constructor(options: HangingTransactionsOptions) {
    this.#options = options
  }

  /**
   * @returns by topic, partition and producer
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION for what was asked by name; and COORDINATOR_…, to be
   *   tried again
   */
  async find(caller: Caller, request: FindHangingRequest): Promise<PartitionTransaction[]> {
    const { openForMs } = request
    const { clock, maxTimeoutMs } = this.#options
    const before = clock.now() - (openForMs ?? maxTimeoutMs)
    const open = this.#asked(request)
      .flatMap((at) => this.#openIn(at))
      .filter(({ sinceMs }) => sinceMs < before)
    return await this.#hanging(caller, open)
  }

  /**
   * Aborts a transaction that hangs, in its one partition.
   *
   * @returns whose it was
   * @throws BrokerError RESOURCE_NOT_FOUND when none begins at the offset; INVALID_TXN_STATE when its
   *   coordinator knows of it; what its partition refuses the marker with
   */
  async abortHanging(
    caller: Caller,
    { topic, partition, startOffset }: HangingTransaction,
  ): Promise<ProducerIdentity> {
    const open = this.#mustBeOpen({ topic, partition }, startOffset)
    const hanging = await this.#hanging(caller, [open])
    if (hanging.length === 0) {
      const message = 'Its coordinator knows of it: abort it by its transactional id'
      throw new BrokerError('INVALID_TXN_STATE', { message, topic, partition, startOffset })
    }
    const { producerId, producerEpoch, coordinatorEpoch } = open
    const [written] = await this.#options.transactions.writeMarkers(caller, {
      ...{ producerId, producerEpoch, outcome: 'abort', transactionVersion: 0 },
      // Nobody has written a marker here yet: any epoch is new.
      coordinatorEpoch: Math.max(0, coordinatorEpoch),
      partitions: [{ topic, partition }],
    })
    if (written!.error !== null) throw written!.error
    return { producerId, producerEpoch }
  }

  /**
   * Aborts the open transaction of a transactional id, whose producer is fenced.
   *
   * @returns whose it was; null when none is open
   * @throws BrokerError TRANSACTIONAL_ID_NOT_FOUND; CONCURRENT_TRANSACTIONS and COORDINATOR_…, to be tried
   *   again
   */
  async abort(caller: Caller, transactionalId: string): Promise<ProducerIdentity | null> {
    const described = await this.#describe(caller, transactionalId)
    const { state, timeoutMs, producerId, producerEpoch } = described
    if (state !== 'Ongoing') return null
    try {
      const request = { transactionalId, timeoutMs, current: null }
      await this.#options.transactions.init(caller, request)
    } catch (error) {
      const isBusy = error instanceof BrokerError && error.code === 'CONCURRENT_TRANSACTIONS'
      // Its markers take their time; or somebody has ended it in another way.
      const isAborted = isBusy && ABORTED.has((await this.#describe(caller, transactionalId)).state)
      if (!isAborted) throw error
    }
    return { producerId, producerEpoch }
  }

  /** @throws BrokerError TRANSACTIONAL_ID_NOT_FOUND */
  async #describe(caller: Caller, transactionalId: string): Promise<DescribedTransaction> {
    const [described] = await this.#options.transactions.describe(caller, [transactionalId])
    if (described!.error !== null) throw described!.error
    return described!
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  #asked({ topic, partition }: FindHangingRequest): TopicPartition[] {
    const { image } = this.#options.store
    if (topic === null) {
      return image.topics().flatMap(({ name, partitions }) => {
        return partitions.map((_, index) => ({ topic: name, partition: index }))
      })
    }
    const count = image.topic(topic)?.partitions.length ?? 0
    if (count === 0 || (partition !== null && (partition < 0 || partition >= count))) {
      throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition: partition ?? -1 })
    }
    if (partition !== null) return [{ topic, partition }]
    return Array.from({ length: count }, (_, index) => ({ topic, partition: index }))
  }

  /** By producer. None of a partition that is not here, or whose log is offline. */
  #openIn({ topic, partition }: TopicPartition): PartitionTransaction[] {
    try {
      const found = this.#options.partitions.partition(topic, partition)
      const open = found.openTransactions()
      if (open.length === 0) return []
      const facts = new Map(found.producers().map((each) => [each.producerId, each]))
      return open
        .map((transaction) => {
          const { coordinatorEpoch = -1, lastTimestamp: lastTimestampMs = -1 } =
            facts.get(transaction.producerId) ?? {}
          return { topic, partition, ...transaction, coordinatorEpoch, lastTimestampMs }
        })
        .sort((a, b) => a.producerId - b.producerId)
    } catch (error) {
      if (error instanceof BrokerError) return []
      throw error
    }
  }

  /** @throws BrokerError RESOURCE_NOT_FOUND */
  #mustBeOpen(at: TopicPartition, startOffset: number): PartitionTransaction {
    const open = this.#openIn(at).find(({ firstOffset }) => firstOffset === startOffset)
    if (open !== undefined) return open
    const message = 'No transaction is open there that begins at this offset'
    throw new BrokerError('RESOURCE_NOT_FOUND', { message, ...at, startOffset })
  }

  /** Those of which no coordinator knows. */
  async #hanging(
    caller: Caller,
    open: readonly PartitionTransaction[],
  ): Promise<PartitionTransaction[]> {
    if (open.length === 0) return []
    const alive = await this.#alive(caller, [...new Set(open.map(({ producerId }) => producerId))])
    return open
      .filter((each) => !alive.has(nameOf(each)))
      .filter((each) => {
        return this.#openIn(each).some(({ producerId, firstOffset }) => {
          return producerId === each.producerId && firstOffset === each.firstOffset
        })
      })
  }

  /** Which partitions the coordinator knows in transactions of these producers. */
  async #alive(caller: Caller, producerIds: readonly number[]): Promise<Set<string>> {
    const { transactions } = this.#options
    const listed = await transactions.list(caller, { producerIds })
    const ids = listed.transactions.map(({ transactionalId }) => transactionalId)
    const alive = new Set<string>()
    for (const described of await transactions.describe(caller, ids)) {
      if (described.error?.code === 'TRANSACTIONAL_ID_NOT_FOUND') continue
      if (described.error !== null) throw described.error
      const { producerId, state, partitions } = described
      if (!ALIVE.has(state)) continue
      for (const partition of partitions) alive.add(nameOf({ ...partition, producerId }))
    }
    return alive
  }
}

function nameOf(at: TopicPartition & { readonly producerId: number }): string {
  return `${at.producerId}@${partitionName(at)}`
}
