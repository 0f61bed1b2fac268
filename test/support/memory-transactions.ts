// Transactions in memory, behind the client's TransactionCalls: the broker's own state machine, with a log
// that is thrown away, markers that are written at once or when the test says so, and the time of a clock
// that the test moves.

import { BrokerError } from '../../src/base/errors.ts'
import { SluiceError } from '../../src/client/errors.ts'
import type { GroupCaller, OffsetToCommit, PartitionOutcome } from '../../src/client/group-calls.ts'
import type {
  InitTransactions,
  TransactionalProducer,
  TransactionCalls,
  TransactionOutcome,
} from '../../src/client/transaction-calls.ts'
import type { PartitionRef, ProducerIdentity } from '../../src/client/transport.ts'
import type { Now } from '../../src/coordination/runtime/now.ts'
import type { Call, Step } from '../../src/coordination/runtime/step.ts'
import type { PreparedTransaction } from '../../src/coordination/transaction/env.ts'
import type { PartitionOutcome as Admitted } from '../../src/coordination/transaction/messages.ts'
import { DEFAULT_TRANSACTION_OPTIONS } from '../../src/coordination/transaction/transaction-options.ts'
import type { TransactionRecord } from '../../src/coordination/transaction/transaction-record.ts'
import { TransactionShard } from '../../src/coordination/transaction/transaction-shard.ts'
import type { ManualClock } from './manual-clock.ts'
import type { MemoryGroups } from './memory-groups.ts'
import type { MemoryLog } from './memory-log.ts'

export interface MemoryTransactionsParts {
  readonly clock: ManualClock
  readonly groups: MemoryGroups
  readonly log: (topic: string, partition: number) => MemoryLog | null
  readonly takeProducerId: () => number
  /** Something can be read that could not be read before. */
  readonly changed: () => void
}

type CallName = keyof TransactionCalls

/** Stands for the partition of a group's offsets. */
const OFFSETS = '__consumer_offsets'

export class MemoryTransactions implements TransactionCalls {
  /** Which protocol the brokers keep to. */
  version: TransactionalProducer['version'] = 2
  /** False: markers wait for `writeMarkers`. */
  writesMarkers = true
  /** Ends that were asked for, in order. */
  readonly ends: TransactionOutcome[] = []
  /** Partitions that were added beforehand, in order. */
  readonly added: string[] = []
  /** Asked for each call; an error is thrown in place of its answer, before it is handled or after. */
  fault: (call: CallName) => { readonly error: SluiceError; readonly after: boolean } | null = () =>
    null
  readonly #parts: MemoryTransactionsParts
  readonly #shard: TransactionShard
  #prepared: PreparedTransaction[] = []

  constructor(parts: MemoryTransactionsParts) {
    this.#parts = parts
    this.#shard = new TransactionShard({
      options: DEFAULT_TRANSACTION_OPTIONS,
      counters: { commits: 0, aborts: 0, fenced: 0, legacy: 0 },
      idCount: () => this.#shard.transactions.size,
      takeProducerId: parts.takeProducerId,
      onPrepared: (prepared) => {
        this.#prepared.push(prepared)
        if (this.writesMarkers) this.writeMarkers()
      },
    })
    this.#shard.onLoaded(this.#now).release()
  }

  async initTransactions(request: InitTransactions): Promise<TransactionalProducer> {
    const { transactionalId, transactionTimeoutMs: timeoutMs, current } = request
    const given = await this.#run<ProducerIdentity>('initTransactions', (shard, call, now) => {
      return shard.init({ transactionalId, timeoutMs, current }, call, now)
    })
    return { transactionalId, ...given, version: this.version }
  }

  async addToTransaction(
    { transactionalId, producerId, producerEpoch }: TransactionalProducer,
    partitions: readonly PartitionRef[],
  ): Promise<void> {
    const producer = { transactionalId, producerId, producerEpoch }
    const refs = partitions.map(({ topic, partition }) => ({ topic, partition }))
    this.added.push(...refs.map(({ topic, partition }) => `${topic}-${partition}`))
    await this.#run<null>('addToTransaction', (shard, call, now) => {
      return shard.addPartitions({ ...producer, partitions: refs, version: 1 }, call, now)
    })
  }

  async addOffsetsToTransaction(
    producer: TransactionalProducer,
    caller: GroupCaller,
    offsets: readonly OffsetToCommit[],
  ): Promise<readonly PartitionOutcome[]> {
    const fault = this.fault('addOffsetsToTransaction')
    if (fault?.after === false) throw fault.error
    const error = this.admit(producer, { topic: OFFSETS, partition: 0 }, true)
    if (error !== null) throw error
    const outcomes = await this.#parts.groups.commitInTransaction(producer, caller, offsets)
    if (fault !== null) throw fault.error
    return outcomes
  }

  async endTransaction(
    { version, ...producer }: TransactionalProducer,
    outcome: TransactionOutcome,
  ): Promise<TransactionalProducer> {
    this.ends.push(outcome)
    const given = await this.#run<ProducerIdentity>('endTransaction', (shard, call, now) => {
      return shard.end({ ...producer, outcome, transactionVersion: version }, call, now)
    })
    return { ...producer, ...given, version: this.version }
  }

  /** Why records of a transaction may not be written to a partition now; null when they may. */
  admit(
    { version, ...producer }: TransactionalProducer,
    { topic, partition }: PartitionRef,
    adds = version === 2,
  ): SluiceError | null {
    // Who has to wait for the transaction before is refused at once.
    let refusal: SluiceError | null = new SluiceError('CONCURRENT_TRANSACTIONS')
    const settle = (value: readonly Admitted[] | BrokerError): void => {
      const error = value instanceof BrokerError ? value : value[0]!.error
      refusal = error === null ? null : SluiceError.from(error)
    }
    this.#popDue()
    const request = { ...producer, partitions: [{ topic, partition }], adds }
    this.#shard.admit(request, { settle }, this.#now).release()
    return refusal
  }

  /** Writes the markers of all that is decided. */
  writeMarkers(): void {
    for (const prepared of this.#prepared.splice(0)) {
      const { producerId, producerEpoch, state, partitions } = prepared.value
      const outcome = state === 'PrepareCommit' ? 'commit' : 'abort'
      for (const { topic, partition } of partitions) {
        if (topic === OFFSETS) this.#parts.groups.endTransaction(producerId, outcome)
        else this.#parts.log(topic, partition)?.end({ producerId, producerEpoch }, outcome)
      }
      this.#shard.completed(prepared, { settle: () => {} }, this.#now).release()
    }
    this.#parts.changed()
  }

  get #now(): Now {
    const { clock } = this.#parts
    return { wallMs: clock.now(), monotonicMs: clock.monotonicMs() }
  }

  #popDue(): void {
    while ((this.#shard.nextDeadlineMs() ?? Infinity) <= this.#parts.clock.monotonicMs()) {
      this.#shard.popDue(this.#now)?.release()
    }
  }

  async #run<T>(
    name: CallName,
    handle: (shard: TransactionShard, call: Call<T>, now: Now) => Step<TransactionRecord>,
  ): Promise<T> {
    const fault = this.fault(name)
    if (fault?.after === false) throw fault.error
    this.#popDue()
    const answer = Promise.withResolvers<T>()
    const settle = (value: T | BrokerError): void => {
      if (value instanceof BrokerError) answer.reject(SluiceError.from(value))
      else answer.resolve(value)
    }
    handle(this.#shard, { settle }, this.#now).release()
    const value = await answer.promise
    if (fault !== null) throw fault.error
    return value
  }
}
