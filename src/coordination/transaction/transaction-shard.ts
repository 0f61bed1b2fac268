// The coordinator of the transactions of one partition of __transaction_state, as a state machine:
// requests and deadlines go in with the time, records and answers come out. No I/O, no clock, no chance.
//
//   load      replay(record) …, then onLoaded: what was decided and not finished goes on
//   serve     init, addPartitions, admit, end …  →  Step: records to append, answers to give after that
//   markers   onPrepared, once the decision is safe … all are written …  →  completed
//   wake up   nextDeadlineMs → popDue  →  Step
//
// Records are replayed as they are emitted. When their append fails the machine is ahead of its log:
// it is thrown away and loaded anew.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import type { Now } from '../runtime/now.ts'
import type { Shard } from '../runtime/shard.ts'
import { Step, type Call } from '../runtime/step.ts'
import { TimerTable } from '../runtime/timer-table.ts'
import { addPartitions, admit, type AddRequest } from './add.ts'
import { complete, end } from './end.ts'
import { isEnding, type Env, type PreparedTransaction } from './env.ts'
import { abortTimedOut, forgetExpired } from './housekeeping.ts'
import { FENCED_FIRST, init } from './init.ts'
import type {
  AdmitRequest,
  DescribedTransaction,
  EndRequest,
  InitRequest,
  ListedTransaction,
  PartitionOutcome,
  ProducerIdentity,
  TransactionalProducer,
} from './messages.ts'
import { describe, list, type CompiledFilter } from './queries.ts'
import type { TransactionOptions } from './transaction-options.ts'
import type { TransactionRecord, TransactionValue } from './transaction-record.ts'
import { LATER, WaitingRoom, type Waiting } from './waiting-room.ts'

/** What has ended so far: read by the metrics. */
export interface TransactionCounters {
  commits: number
  aborts: number
  /** Transactions that were aborted under their producers: too long, or a newer producer came. */
  fenced: number
  /** Transactions that have ended without an epoch of their own: those of version 0 and 1. */
  legacy: number
}

export interface TransactionShardOptions {
  readonly options: TransactionOptions
  /** Counted in by all that share it. */
  readonly counters: TransactionCounters
  /** Transactional ids of all partitions of this broker. */
  readonly idCount: () => number
  /** See Env. */
  readonly takeProducerId: () => number | null
  /** See Env. */
  readonly onPrepared: (prepared: PreparedTransaction, shard: TransactionShard) => void
}

type TimerEvent =
  | { readonly type: 'abort' | 'forget' }
  | { readonly type: 'waiting'; readonly transactionalId: string }

type TransactionStep = Step<TransactionRecord>

/** How soon a clean-up that was cut short, or had no producer id at hand, goes on. */
const AGAIN_MS = 10

export class TransactionShard implements Shard<TransactionRecord> {
  readonly #options: TransactionShardOptions
  readonly #transactions = new Map<string, TransactionValue>()
  /** When open transactions are aborted, monotonic milliseconds. */
  readonly #deadlines = new Map<string, number>()
  readonly #waiting = new WaitingRoom()
  readonly #timers = new TimerTable<TimerEvent>()

  constructor(options: TransactionShardOptions) {
    this.#options = options
  }

  /** What the records say, to be read only. */
  get transactions(): ReadonlyMap<string, TransactionValue> {
    return this.#transactions
  }

  /** Ids for whose transaction to end somebody waits. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  replay({ transactionalId, value }: TransactionRecord): void {
    if (value === null) this.#transactions.delete(transactionalId)
    else this.#transactions.set(transactionalId, value)
  }

  /** Nothing in this log is written in a transaction. */
  replayMarker(): void {}

  onLoaded(now: Now): TransactionStep {
    const step = this.#newStep(now)
    const { options } = this.#options
    for (const [transactionalId, value] of this.#transactions) {
      if (value.state === 'Ongoing') {
        const leftMs = value.startTimeMs + value.timeoutMs - now.wallMs
        this.#watch(transactionalId, Math.min(leftMs, value.timeoutMs), now)
      } else if (isEnding(value)) {
        step.after(() => this.#options.onPrepared({ transactionalId, value }, this))
      }
    }
    this.#schedule({ type: 'abort' }, now, options.abortIntervalMs)
    this.#schedule({ type: 'forget' }, now, options.expireIntervalMs)
    return step
  }

  init(request: InitRequest, call: Call<ProducerIdentity>, now: Now): TransactionStep {
    return this.#decide(request, call, now, (env) => {
      const answer = init(env, request)
      if (answer !== FENCED_FIRST) return answer
      this.#options.counters.fenced += 1
      return LATER
    })
  }

  addPartitions(request: AddRequest, call: Call<null>, now: Now): TransactionStep {
    return this.#decide(request, call, now, (env) => {
      addPartitions(env, request)
      return null
    })
  }

  admit(request: AdmitRequest, call: Call<readonly PartitionOutcome[]>, now: Now): TransactionStep {
    return this.#decide(request, call, now, (env) => admit(env, request))
  }

  end(request: EndRequest, call: Call<ProducerIdentity>, now: Now): TransactionStep {
    return this.#decide(request, call, now, (env) => end(env, request))
  }

  /** All markers are written. Does nothing where the transaction is not the one that was prepared. */
  completed(
    { transactionalId, value }: PreparedTransaction,
    call: Call<null>,
    now: Now,
  ): TransactionStep {
    const step = this.#newStep(now)
    step.answer(call, null)
    const current = this.#transactions.get(transactionalId)
    const { producerId, producerEpoch, state } = value
    if (current === undefined || current.state !== state) return step
    if (current.producerId !== producerId || current.producerEpoch !== producerEpoch) return step
    complete(this.#env(step, now), transactionalId, current)
    const { counters } = this.#options
    counters[state === 'PrepareCommit' ? 'commits' : 'aborts'] += 1
    if (value.clientVersion < 2) counters.legacy += 1
    for (const waiting of this.#waiting.take(transactionalId)) this.#resume(step, now, waiting)
    return step
  }

  describe(id: string, call: Call<DescribedTransaction>, now: Now): TransactionStep {
    return this.#decide(null, call, now, (env) => describe(env, id))
  }

  list(
    filter: CompiledFilter,
    call: Call<readonly ListedTransaction[]>,
    now: Now,
  ): TransactionStep {
    return this.#decide(null, call, now, (env) => list(env, filter))
  }

  nextDeadlineMs(): number | null {
    return this.#timers.nextMs()
  }

  popDue(now: Now): TransactionStep | null {
    const event = this.#timers.popDue(now.monotonicMs)
    if (event === null) return null
    const step = this.#newStep(now)
    this.#onTimer(this.#env(step, now), event)
    return step
  }

  #onTimer(env: Env, event: TimerEvent): void {
    const { options, counters } = this.#options
    switch (event.type) {
      case 'abort': {
        const before = env.step.records.length
        const isCutShort = this.#abortTimedOut(env)
        counters.fenced += env.step.records.length - before
        this.#schedule(event, env.now, isCutShort ? AGAIN_MS : options.abortIntervalMs)
        return
      }
      case 'forget': {
        const isCutShort = forgetExpired(env)
        this.#schedule(event, env.now, isCutShort ? AGAIN_MS : options.expireIntervalMs)
        return
      }
      case 'waiting':
        this.#refuseExpired(env, event.transactionalId)
    }
  }

  #abortTimedOut(env: Env): boolean {
    try {
      return abortTimedOut(env, this.#deadlines)
    } catch (error) {
      // Its epochs are used up, and no producer id is at hand: what was aborted before it stays so.
      if (error instanceof BrokerError && error.code === 'COORDINATOR_NOT_AVAILABLE') return true
      throw error
    }
  }

  /** Runs a handler. What it refuses is answered; a refusal after a record is a bug. */
  #decide<T>(
    by: Pick<TransactionalProducer, 'transactionalId'> | null,
    call: Call<T>,
    now: Now,
    handler: (env: Env) => T | typeof LATER,
  ): TransactionStep {
    const step = this.#newStep(now)
    const deadlineMs = now.monotonicMs + this.#options.options.waitMs
    const transactionalId = by?.transactionalId ?? ''
    this.#resume(step, now, { transactionalId, call, handler, deadlineMs })
    return step
  }

  /** Runs a handler, for the first time or again. */
  #resume(step: TransactionStep, now: Now, waiting: Waiting): void {
    const { call, handler } = waiting
    const before = step.records.length
    try {
      const answer = handler(this.#env(step, now))
      if (answer === LATER) this.#wait(step, now, waiting)
      else step.answer(call, answer as never)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      assert(step.records.length === before, `refused after a record: ${error.message}`)
      if (error.code === 'CONCURRENT_TRANSACTIONS') this.#wait(step, now, waiting)
      else step.answer(call, error)
    }
  }

  #wait(step: TransactionStep, now: Now, waiting: Waiting): void {
    const { transactionalId, call, deadlineMs } = waiting
    if (deadlineMs <= now.monotonicMs || !this.#waiting.add(waiting)) {
      step.answer(call, new BrokerError('CONCURRENT_TRANSACTIONS'))
    } else this.#scheduleWaiting(transactionalId)
  }

  #refuseExpired({ step, now }: Env, transactionalId: string): void {
    for (const { call } of this.#waiting.takeExpired(transactionalId, now.monotonicMs)) {
      step.answer(call, new BrokerError('CONCURRENT_TRANSACTIONS'))
    }
    this.#scheduleWaiting(transactionalId)
  }

  #scheduleWaiting(transactionalId: string): void {
    const nextMs = this.#waiting.nextDeadlineMs(transactionalId)
    if (nextMs === null) return
    this.#timers.set(`w${transactionalId}`, nextMs, { type: 'waiting', transactionalId })
  }

  #newStep(now: Now): TransactionStep {
    return new Step<TransactionRecord>((record) => {
      const { transactionalId, value } = record
      const known = this.#transactions.get(transactionalId)
      if (value?.state !== 'Ongoing') this.#deadlines.delete(transactionalId)
      else if (known?.state !== 'Ongoing') this.#watch(transactionalId, value.timeoutMs, now)
      this.replay(record)
    })
  }

  #watch(transactionalId: string, leftMs: number, now: Now): void {
    this.#deadlines.set(transactionalId, now.monotonicMs + leftMs)
  }

  #schedule(event: TimerEvent, now: Now, delayMs: number): void {
    this.#timers.set(event.type, now.monotonicMs + delayMs, event)
  }

  #env(step: TransactionStep, now: Now): Env {
    const { options, idCount, takeProducerId, onPrepared } = this.#options
    return {
      ...{ options, idCount, takeProducerId, step, now },
      transactions: this.#transactions,
      onPrepared: (prepared) => onPrepared(prepared, this),
    }
  }
}
