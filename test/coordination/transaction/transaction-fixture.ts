// One transaction coordinator without its runtime: time moves by hand, records become durable when the
// test says so, markers are written when it says so, and it can be killed between any two records.

import { BrokerError } from '../../../src/base/errors.ts'
import type { PreparedTransaction } from '../../../src/coordination/transaction/env.ts'
import type {
  AdmitRequest,
  EndRequest,
  Outcome,
  PartitionOutcome,
  ProducerIdentity,
  TransactionVersion,
} from '../../../src/coordination/transaction/messages.ts'
import {
  DEFAULT_TRANSACTION_OPTIONS,
  type TransactionOptions,
} from '../../../src/coordination/transaction/transaction-options.ts'
import {
  transactionCodec,
  type TransactionRecord,
  type TransactionValue,
} from '../../../src/coordination/transaction/transaction-record.ts'
import { TransactionShard } from '../../../src/coordination/transaction/transaction-shard.ts'
import type { EncodedRecord } from '../../../src/coordination/runtime/coordinator-log.ts'
import type { Now } from '../../../src/coordination/runtime/now.ts'
import type { Call, Step } from '../../../src/coordination/runtime/step.ts'
import { Caller } from '../shard-fixture.ts'

const START_MS = 1_700_000_000_000

type Handle<T> = (shard: TransactionShard, call: Call<T>, now: Now) => Step<TransactionRecord>

export class TransactionFixture {
  readonly options: TransactionOptions
  readonly log: EncodedRecord[] = []
  /** Transactions whose decision is safe and whose markers are not written. */
  prepared: PreparedTransaction[] = []
  /** False: records wait for `sync`. */
  isAutomatic = true
  /** Ids that can be taken; more come with `refill`. */
  idsLeft = Infinity
  shard!: TransactionShard
  readonly counters = { commits: 0, aborts: 0, fenced: 0, legacy: 0 }
  #monotonicMs = 0
  #nextId = 100
  #unsafe: { readonly step: Step<TransactionRecord>; readonly endOffset: number }[] = []
  #durable = 0
  /** Everybody who has no answer. */
  readonly #callers = new Set<Caller<never>>()

  constructor(options: Partial<TransactionOptions> = {}) {
    this.options = { ...DEFAULT_TRANSACTION_OPTIONS, ...options }
    this.reload()
  }

  get now(): Now {
    return { wallMs: START_MS + this.#monotonicMs, monotonicMs: this.#monotonicMs }
  }

  value(transactionalId = 't'): TransactionValue {
    return this.shard.transactions.get(transactionalId)!
  }

  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs
    for (;;) {
      const nextMs = this.shard.nextDeadlineMs()
      if (nextMs === null || nextMs > endMs) break
      this.#monotonicMs = Math.max(this.#monotonicMs, nextMs)
      const step = this.shard.popDue(this.now)
      if (step !== null) this.#finish(step)
    }
    this.#monotonicMs = endMs
  }

  run<T>(handle: Handle<T>): Caller<T> {
    const caller = new Caller<T>()
    this.#callers.add(caller as Caller<never>)
    this.#finish(handle(this.shard, caller, this.now))
    return caller
  }

  init(
    current: ProducerIdentity | null = null,
    { transactionalId = 't', timeoutMs = 60_000 } = {},
  ): Caller<ProducerIdentity> {
    const request = { transactionalId, timeoutMs, current }
    return this.run((shard, call, now) => shard.init(request, call, now))
  }

  add(by: ProducerIdentity, topic: string, ...partitions: number[]): Caller<null> {
    const all = partitions.map((partition) => ({ topic, partition }))
    const request = { transactionalId: 't', ...by, partitions: all, version: 1 as const }
    return this.run((shard, call, now) => shard.addPartitions(request, call, now))
  }

  admit(
    by: ProducerIdentity,
    given: Partial<AdmitRequest> = {},
  ): Caller<readonly PartitionOutcome[]> {
    const partitions = [{ topic: 'clicks', partition: 0 }]
    const request = { transactionalId: 't', ...by, partitions, adds: true, ...given }
    return this.run((shard, call, now) => shard.admit(request, call, now))
  }

  end(
    by: ProducerIdentity,
    outcome: Outcome,
    transactionVersion: TransactionVersion = 2,
    transactionalId = 't',
  ): Caller<ProducerIdentity> {
    const request: EndRequest = { transactionalId, ...by, outcome, transactionVersion }
    return this.run((shard, call, now) => shard.end(request, call, now))
  }

  /** All markers of everything that is prepared are written. */
  finishMarkers(): void {
    for (const prepared of this.prepared.splice(0)) this.completed(prepared)
  }

  completed(prepared: PreparedTransaction): void {
    this.run<null>((shard, call, now) => shard.completed(prepared, call, now))
  }

  /** Everything that was appended is durable. */
  sync(): void {
    this.#durable = this.log.length
    for (const { step } of this.#unsafe.splice(0)) step.release()
    for (const caller of this.#callers) if (!caller.isWaiting) this.#callers.delete(caller)
  }

  /** @returns how many records a kill may take away */
  get unsafeCount(): number {
    return this.log.length - this.#durable
  }

  /** Kills it with so many of the records that were not durable yet left, and loads the rest. */
  kill(kept = 0): void {
    this.log.length = this.#durable + Math.min(kept, this.unsafeCount)
    this.#unsafe = []
    this.reload()
    for (const caller of this.#callers) {
      if (caller.isWaiting) caller.settle(new BrokerError('COORDINATOR_NOT_AVAILABLE'))
    }
    this.#callers.clear()
  }

  reload(): void {
    this.prepared = []
    this.shard = this.#newShard()
    for (const record of this.#decoded()) this.shard.replay(record)
    this.#durable = this.log.length
    this.#finish(this.shard.onLoaded(this.now))
  }

  /** What the log says, and what the state is, both without what is kept in memory alone. */
  states(): [log: unknown, state: unknown] {
    const plain = (transactions: ReadonlyMap<string, TransactionValue>): unknown => {
      return [...transactions]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, value]) => {
          return [id, { ...value, lastProducerEpoch: null, partitions: [...value.partitions] }]
        })
    }
    const fromLog = new Map<string, TransactionValue>()
    for (const { transactionalId, value } of this.#decoded()) {
      if (value === null) fromLog.delete(transactionalId)
      else fromLog.set(transactionalId, value)
    }
    return [plain(fromLog), plain(this.shard.transactions)]
  }

  #decoded(): TransactionRecord[] {
    return this.log.map(({ key, value }) => transactionCodec.decode(key, value)!)
  }

  #finish(step: Step<TransactionRecord>): void {
    for (const record of step.records) this.log.push(transactionCodec.encode(record))
    this.#unsafe.push({ step, endOffset: this.log.length })
    if (this.isAutomatic || (step.records.length === 0 && this.unsafeCount === 0)) this.sync()
  }

  #newShard(): TransactionShard {
    const shard: TransactionShard = new TransactionShard({
      ...{ options: this.options, counters: this.counters },
      idCount: () => this.shard.transactions.size,
      takeProducerId: () => (this.idsLeft-- > 0 ? this.#nextId++ : null),
      onPrepared: (prepared, by) => {
        if (by === this.shard) this.prepared.push(prepared)
      },
    })
    return shard
  }
}
