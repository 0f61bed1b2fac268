// The transaction coordinator of a broker: the partitions of __transaction_state that it leads, and which
// of them a transactional id belongs to. Decisions are the shards'; here they are carried out.
//
//   end ─► shard ─► PrepareCommit is safe ─► markers to all partitions ─► shard ─► CompleteCommit
//                        │
//                        └─► answer

import { BrokerError } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { Coordinator } from '../runtime/coordinator.ts'
import type { CoordinatorLog } from '../runtime/coordinator-log.ts'
import type { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts'
import type { AddRequest } from './add.ts'
import type { PreparedTransaction } from './env.ts'
import { writeMarkers, type MarkerWriter } from './markers.ts'
import type {
  AdmitRequest,
  DescribedTransaction,
  EndRequest,
  InitRequest,
  ListedTransaction,
  ListFilter,
  PartitionOutcome,
  ProducerIdentity,
  TransactionList,
} from './messages.ts'
import { compileFilter } from './queries.ts'
import type { TransactionOptions } from './transaction-options.ts'
import { transactionCodec, type TransactionRecord } from './transaction-record.ts'
import { TransactionShard, type TransactionCounters } from './transaction-shard.ts'

/** Where new producer ids come from. */
export interface ProducerIds {
  /** An id that nobody had before; null while none is at hand. */
  take(): number | null
  /** Gets some, where none is at hand. @throws BrokerError */
  refill(): Promise<void>
  readonly isEmpty: boolean
}

export interface TransactionCoordinatorOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly options: TransactionOptions
  readonly producerIds: ProducerIds
  readonly markerWriter: MarkerWriter
  /** Partitions of __transaction_state, 1 or more. Kafka's default is 50. */
  readonly partitionCount: number
}

type Runtime = CoordinatorRuntime<TransactionShard, TransactionRecord>

/** How long a completion rests that found too many calls waiting. */
const PAUSE_MS = 20

/**
 * Every method throws, beside what its handler refuses with, BrokerError NOT_COORDINATOR,
 * COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE: ask again, perhaps elsewhere.
 */
export class TransactionCoordinator {
  readonly counters: TransactionCounters = { commits: 0, aborts: 0, fenced: 0, legacy: 0 }
  readonly #options: TransactionCoordinatorOptions
  readonly #coordinator: Coordinator<TransactionShard, TransactionRecord>
  readonly #producerIds: ProducerIds
  readonly #logs = new Map<number, CoordinatorLog>()

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
    this.#producerIds = options.producerIds
    const { clock, logger, partitionCount } = options
    this.#coordinator = new Coordinator({
      ...{ clock, logger, partitionCount },
      what: 'Transactions',
      codec: transactionCodec,
      newShard: (partition) => this.#newShard(partition),
    })
  }

  /** The partition of __transaction_state whose leader coordinates an id. */
  partitionOf(transactionalId: string): number {
    return this.#coordinator.partitionOf(transactionalId)
  }

  /** See Coordinator. */
  async lead(partition: number, log: CoordinatorLog): Promise<void> {
    this.#logs.set(partition, log)
    await this.#coordinator.lead(partition, log)
  }

  /** See Coordinator. */
  resign(partition: number): void {
    this.#coordinator.resign(partition)
    this.#logs.delete(partition)
  }

  close(): void {
    this.#coordinator.close()
  }

  async init(request: InitRequest): Promise<ProducerIdentity> {
    while (this.#producerIds.isEmpty) await this.#producerIds.refill()
    return this.#of(request).run((shard, call, now) => shard.init(request, call, now))
  }

  async addPartitions(request: AddRequest): Promise<void> {
    const runtime = this.#of(request)
    await runtime.run<null>((shard, call, now) => shard.addPartitions(request, call, now))
  }

  async admit(request: AdmitRequest): Promise<readonly PartitionOutcome[]> {
    return this.#of(request).run((shard, call, now) => shard.admit(request, call, now))
  }

  async end(request: EndRequest): Promise<ProducerIdentity> {
    while (this.#producerIds.isEmpty) await this.#producerIds.refill()
    return this.#of(request).run((shard, call, now) => shard.end(request, call, now))
  }

  async describe(transactionalId: string): Promise<DescribedTransaction> {
    const runtime = this.#of({ transactionalId })
    return runtime.run((shard, call, now) => shard.describe(transactionalId, call, now))
  }

  /**
   * The transactions of all partitions that this broker leads.
   *
   * @throws BrokerError COORDINATOR_LOAD_IN_PROGRESS while one of them is loaded: the list would lack
   *   its transactions
   */
  async list(filter: ListFilter): Promise<TransactionList> {
    const compiled = compileFilter(filter)
    const lists = await Promise.all(
      [...this.#coordinator.runtimes()].map((runtime) => {
        return runtime.run<readonly ListedTransaction[]>((shard, call, now) => {
          return shard.list(compiled, call, now)
        })
      }),
    )
    return { transactions: lists.flat(), unknownStates: compiled.unknownStates }
  }

  /** The highest epoch under which this broker coordinates a partition; 0 while none is there. */
  highestEpoch(): number {
    let highest = 0
    for (const log of this.#logs.values()) highest = Math.max(highest, log.leaderEpoch)
    return highest
  }

  /** The shards of all partitions that serve, for metrics. */
  *shards(): Iterable<TransactionShard> {
    for (const { shard } of this.#coordinator.runtimes()) if (shard !== null) yield shard
  }

  #newShard(partition: number): TransactionShard {
    const { options, producerIds } = this.#options
    return new TransactionShard({
      ...{ options, counters: this.counters, idCount: () => this.#idCount() },
      takeProducerId: () => {
        const id = producerIds.take()
        // Who needs one asks again.
        if (id === null) void producerIds.refill().catch(() => {})
        return id
      },
      onPrepared: (prepared, shard) => {
        this.#finish(partition, shard, prepared).catch((err: unknown) => {
          const { transactionalId } = prepared
          this.#options.logger.error({ err, transactionalId }, 'A transaction was not finished')
        })
      },
    })
  }

  #idCount(): number {
    let count = 0
    for (const { transactions } of this.shards()) count += transactions.size
    return count
  }

  /** Takes a decided transaction to its end, unless this shard is not the one that serves any more. */
  async #finish(
    partition: number,
    shard: TransactionShard,
    prepared: PreparedTransaction,
  ): Promise<void> {
    const { markerWriter: writer, clock, logger } = this.#options
    const runtime = this.#of(prepared)
    const isCurrent = (): boolean => runtime.shard === shard
    const epoch = (): number => this.#logs.get(partition)?.leaderEpoch ?? notLed()
    if (!(await writeMarkers({ writer, epoch, clock, logger }, prepared, isCurrent))) return
    while (isCurrent()) {
      try {
        await runtime.run<null>((current, call, now) => current.completed(prepared, call, now))
        return
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
      }
      await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve))
    }
  }

  /** @throws BrokerError NOT_COORDINATOR */
  #of({ transactionalId }: { readonly transactionalId: string }): Runtime {
    return this.#coordinator.of(transactionalId)
  }
}

function notLed(): never {
  throw new BrokerError('NOT_COORDINATOR')
}
