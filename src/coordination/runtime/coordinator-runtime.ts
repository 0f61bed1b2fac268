// Runs the coordinator of one partition of an internal topic: loads it, gives it requests and
// deadlines, appends what it decides, and answers when that is below the high watermark.
//
//   loading ──► active ──► (append failed) ──► waiting ──► loading …          closed, from anywhere
//
// A step runs without a pause, so steps never meet. Answers leave in the order of the steps: one that
// has no records of its own may have read what an earlier one has only just appended.

import { BrokerError } from '../../base/errors.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type { PartitionMarker } from '../../replication/partition.ts'
import type { CoordinatorLog, LogEntry } from './coordinator-log.ts'
import { type Failure, LogWriter, type Written } from './log-writer.ts'
import type { Now } from './now.ts'
import { PendingCall } from './pending-call.ts'
import type { RecordCodec, Shard } from './shard.ts'
import { type Call, Step } from './step.ts'

export interface RuntimeOptions<S extends Shard<R>, R> {
  readonly log: CoordinatorLog
  readonly clock: Clock
  readonly logger: Logger
  /** What is coordinated, for the log of the broker: as in "Groups". */
  readonly what: string
  /** Partition of the internal topic, for the log of the broker. */
  readonly partition: number
  readonly codec: RecordCodec<R>
  /** A state machine that has seen nothing yet. */
  readonly newShard: () => S
  /** Most calls that may wait for an answer at once. Default 20,000. */
  readonly maxPendingCalls?: number
  /** How long a partition that failed rests before it is loaded again. Default 1 s. */
  readonly reloadDelayMs?: number
}

type Phase = 'loading' | 'active' | 'waiting' | 'closed'

const DEFAULT_MAX_PENDING_CALLS = 20_000
const DEFAULT_RELOAD_DELAY_MS = 1_000

/** Deadlines that are handled in one go, so that requests come in between. */
const MAX_DEADLINES_AT_ONCE = 100

/** Answers that may wait for their records. Calls are bounded by themselves, deadlines by this. */
const MAX_UNFINISHED_STEPS = 100_000

export class CoordinatorRuntime<S extends Shard<R>, R> {
  readonly #options: RuntimeOptions<S, R>
  readonly #maxPendingCalls: number
  /** Everybody who waits for an answer. */
  readonly #pending = new Set<PendingCall>()
  #phase: Phase = 'waiting'
  #shard: S
  /** The one that is being loaded. */
  #loading: S | null = null
  #answers = new SerialQueue(MAX_UNFINISHED_STEPS)
  readonly #writer: LogWriter<R>
  #timer: Timer | null = null
  #timerMs = Infinity

  constructor(options: RuntimeOptions<S, R>) {
    this.#options = options
    this.#maxPendingCalls = options.maxPendingCalls ?? DEFAULT_MAX_PENDING_CALLS
    this.#shard = options.newShard()
    this.#writer = new LogWriter(options.log, options.codec)
  }

  get isActive(): boolean {
    return this.#phase === 'active'
  }

  /** Calls that wait for an answer. */
  get pendingCount(): number {
    return this.#pending.size
  }

  /** Loads the partition. What comes meanwhile is refused (COORDINATOR_LOAD_IN_PROGRESS). */
  async start(): Promise<void> {
    if (this.#phase !== 'waiting') return
    this.#phase = 'loading'
    const { what, partition, logger, log, codec, newShard } = this.#options
    const shard = newShard()
    this.#loading = shard
    let unknown = 0
    try {
      // What was appended before has to be there, or not, before it is read.
      await this.#answers.run(() => {})
      await log.load((entry) => {
        if (!replay(shard, codec, entry)) unknown += 1
      })
    } catch (error) {
      logger.error({ partition, error }, `${what} could not be loaded`)
      if (this.#isNow('loading')) this.#restLater()
      return
    } finally {
      this.#loading = null
    }
    if (!this.#isNow('loading')) return
    if (unknown > 0) logger.warn({ partition, unknown }, 'Records of unknown types were left alone')
    this.#shard = shard
    this.#answers = new SerialQueue(MAX_UNFINISHED_STEPS)
    this.#phase = 'active'
    this.#take((_shard, now) => shard.onLoaded(now))
    this.#arm()
  }

  /** Stops serving: another broker leads the partition, or this one ends. */
  close(): void {
    this.#phase = 'closed'
    this.#disarm()
    this.#failAll(new BrokerError('NOT_COORDINATOR'))
  }

  /** The state machine as it is now; null while it is loaded. To be read only. */
  get shard(): S | null {
    return this.isActive ? this.#shard : null
  }

  /** Tells it, and the one that is being loaded, what it knows beside its log. */
  inform(tell: (shard: S, now: Now) => void): void {
    const shard = this.#loading ?? this.shard
    if (shard === null) return
    tell(shard, this.#now())
    this.#arm()
  }

  /**
   * Runs one request.
   *
   * @returns the answer, once all that it rests on is below the high watermark
   * @throws BrokerError what the handler refuses with, or NOT_COORDINATOR,
   *   COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE when the append failed or too many wait
   */
  run<T>(handle: (shard: S, call: Call<T>, now: Now) => Step<R>): Promise<T> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise<T>((resolve, reject) => {
      const call = new PendingCall(this.#pending, (answer) => {
        if (answer instanceof BrokerError) reject(answer)
        else resolve(answer as T)
      })
      this.#take((shard, now) => handle(shard, call, now))
      this.#arm()
    })
  }

  /**
   * Ends the transaction of a producer in this partition.
   *
   * @returns once the marker is below the high watermark, and counts
   * @throws BrokerError as `run`, and what the log refuses the marker with: INVALID_PRODUCER_EPOCH,
   *   TRANSACTION_COORDINATOR_FENCED
   */
  endTransaction(marker: PartitionMarker): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new PendingCall(this.#pending, (answer) => {
        if (answer instanceof BrokerError) reject(answer)
        else resolve()
      })
      const shard = this.#shard
      const step = new Step<R>(() => {})
      step.answer(call, null)
      this.#finishWritten(step, shard, this.#writer.appendMarker(marker), () => {
        const outcome = marker.outcome === 'commit' ? 'committed' : 'aborted'
        shard.replayMarker(marker.producerId, outcome)
      })
      this.#arm()
    })
  }

  #refusal(): BrokerError | null {
    if (this.#phase === 'closed') return new BrokerError('NOT_COORDINATOR')
    if (this.#phase !== 'active') return new BrokerError('COORDINATOR_LOAD_IN_PROGRESS')
    const isFull = this.#pending.size >= this.#maxPendingCalls
    if (!isFull && this.#answers.size < MAX_UNFINISHED_STEPS) return null
    return new BrokerError('COORDINATOR_NOT_AVAILABLE', { message: 'Too many calls wait already' })
  }

  /** Runs a step and sees to its records and answers. */
  #take(decide: (shard: S, now: Now) => Step<R> | null): boolean {
    const shard = this.#shard
    let step: Step<R> | null
    try {
      step = decide(shard, this.#now())
    } catch (error) {
      // A bug: the state may be half of what it was to be. The log still has the truth.
      this.#fail(error)
      return false
    }
    if (step === null) return false
    const { writer, records } = step
    if (records.length === 0 && this.#answers.size === 0) step.release()
    else if (writer === null || records.length === 0) {
      this.#finish(step, shard, this.#writer.append(records))
    } else {
      const written = this.#writer.appendInTransaction(records, writer)
      this.#finishWritten(step, shard, written, () => step.apply())
    }
    return true
  }

  /** Applies what was written, and answers; what the log has refused has not happened. */
  #finishWritten(step: Step<R>, shard: S, written: Written, apply: () => void): void {
    if (written.refusal !== null) return step.fail(written.refusal)
    apply()
    this.#finish(step, shard, written.outcome)
  }

  #finish(step: Step<R>, shard: S, outcome: Promise<Failure | null>): void {
    const finished = this.#answers.run(async () => {
      const failure = await outcome
      if (this.#shard !== shard || this.#phase !== 'active') return
      if (failure !== null) return this.#fail(failure.cause)
      step.release()
    })
    finished.catch((error: unknown) => this.#fail(error))
  }

  /** The state is ahead of its log: everybody is told to try again, and the log is read anew. */
  #fail(error: unknown): void {
    if (this.#phase !== 'active') return
    const { logger, what, partition } = this.#options
    logger.error({ partition, error }, `${what} are loaded again`)
    this.#disarm()
    this.#restLater()
    this.#failAll(new BrokerError('COORDINATOR_NOT_AVAILABLE', {}, error))
  }

  #restLater(): void {
    this.#phase = 'waiting'
    const { clock, reloadDelayMs = DEFAULT_RELOAD_DELAY_MS } = this.#options
    this.#timer = clock.after(reloadDelayMs, () => void this.start())
  }

  #failAll(error: BrokerError): void {
    for (const call of [...this.#pending]) call.settle(error)
  }

  /** Makes sure that the clock calls at the next deadline. */
  #arm(): void {
    if (this.#phase !== 'active') return
    const nextMs = this.#shard.nextDeadlineMs() ?? Infinity
    if (nextMs >= this.#timerMs) return
    this.#disarm()
    this.#timerMs = nextMs
    const delayMs = Math.max(0, nextMs - this.#options.clock.monotonicMs())
    this.#timer = this.#options.clock.after(delayMs, () => this.#onDeadline())
  }

  #onDeadline(): void {
    this.#disarm()
    const room = MAX_UNFINISHED_STEPS - this.#answers.size
    let left = Math.min(MAX_DEADLINES_AT_ONCE, room)
    while (left > 0 && this.#take((shard, now) => shard.popDue(now))) left -= 1
    this.#arm()
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#timerMs = Infinity
  }

  /** Asked after an await, when the phase may be another. */
  #isNow(phase: Phase): boolean {
    return this.#phase === phase
  }

  #now(): Now {
    const { clock } = this.#options
    return { wallMs: clock.now(), monotonicMs: clock.monotonicMs() }
  }
}

/** @returns false for a record of a type that is not known */
function replay<R>(shard: Shard<R>, codec: RecordCodec<R>, entry: LogEntry): boolean {
  if (entry.kind === 'marker') {
    shard.replayMarker(entry.producerId, entry.outcome)
    return true
  }
  const record = codec.decode(entry.record.key, entry.record.value)
  if (record === null) return false
  shard.replay(record, entry.producerId)
  return true
}
