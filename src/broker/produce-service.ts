// Getting batches in: who may, how much; one result a partition, side by side.
//
//   produce ─► topic there? ─► transaction? ─► validate ─► leader.append ─► wait for acks ─► results
//                  │ no            │ first batch   │ refused     │ refused        │ deadline
//                  └─► created     └─► verified    └─────────────┴──── an error for that batch alone

import type { Clock } from '../io/clock.ts'
import { BrokerError } from '../base/errors.ts'
import { Counter, Distribution, LATENCY_BOUNDS_MS } from '../observability/counters.ts'
import type { Logger } from '../observability/logger.ts'
import { isInternalTopic } from '../metadata/internal-topics.ts'
import type { ProduceRules, ValidatedBatch } from '../record/validate.ts'
import { Deadlines } from '../replication/delayed-operation.ts'
import type { Acks } from '../replication/leader.ts'
import type { Partition, VerificationGuard } from '../replication/partition.ts'
import { ByteBudget } from './produce/byte-budget.ts'
import type { Caller } from './caller.ts'
import { PendingProduce, refusedAppend, type Appended } from './produce/pending-produce.ts'
import type { ProduceTransaction, TransactionGate, Verdicts } from './produce/transaction-gate.ts'
import type { TopicCreation } from './topic-creation.ts'

export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  /** Exactly one record batch. The broker owns it from here on, and writes into its header. */
  readonly batch: Buffer
}

export interface ProduceRequest {
  readonly acks: Acks
  /** Longest wait for acknowledgements, in milliseconds. */
  readonly timeoutMs: number
  readonly batches: readonly ProduceBatch[]
  /** Whose transaction transactional batches are part of. Left out, or null: of none. */
  readonly transaction?: ProduceTransaction | null
}

export interface Production {
  /**
   * Null when everything that can be was appended during the call. If not, a topic is being made, or a
   * transaction verified: who wants its order kept awaits this before it produces again.
   */
  readonly appended: Promise<void> | null
  /** One result for each batch, in their order. Never rejects. */
  readonly done: Promise<readonly Appended[]>
}

/** Where the service finds partitions. */
export interface WritablePartitions {
  hasTopic(topic: string): boolean
  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  partitionCount(topic: string): number
  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR */
  partition(topic: string, partition: number): Partition
}

export interface ProduceServiceOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly partitions: WritablePartitions
  /** record/validate.ts, with its storage core. */
  readonly validate: (bytes: Uint8Array, rules: ProduceRules) => ValidatedBatch
  /** Null: topics are not made by producing to them. */
  readonly topicCreation: TopicCreation | null
  /** Lets batches of transactions in. Null, the default: none come in. */
  readonly gate?: Pick<TransactionGate, 'ask'> | null
  /** Bytes that wait for acknowledgements, of all clients. Default 64 MiB. */
  readonly maxBytesInFlight?: number
}

const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024

/** A client that does not mind `ready` is refused when this many times the budget is in use. */
const REFUSED_AT_BUDGETS = 2

/** Batches of one request. */
const MAX_BATCHES = 100_000

/** Longest wait for acknowledgements. */
const MAX_TIMEOUT_MS = 600_000

/** What was produced so far: read by the metrics. */
export class ProduceCounters {
  readonly requests = new Counter()
  readonly batches = new Counter()
  readonly records = new Counter()
  readonly bytes = new Counter()
  /** Batches that were answered with an error, or with acks=0 should have been. */
  readonly refused = new Counter()
  /** Batches that idempotent producers sent a second time, and that were not stored again. */
  readonly repeated = new Counter()
  /** From the call until all batches of a request have their results. */
  readonly latencyMs = new Distribution(LATENCY_BOUNDS_MS)
}

/** Why topics could not be made. */
type Failures = ReadonlyMap<string, BrokerError>

interface AppendOptions {
  readonly acks: Acks
  /** Milliseconds since 1970. */
  readonly now: number
  readonly guard: VerificationGuard | null
  readonly transaction: ProduceTransaction | null
}

export class ProduceService {
  readonly counters = new ProduceCounters()
  readonly #options: ProduceServiceOptions
  readonly #deadlines: Deadlines
  readonly #budget: ByteBudget

  constructor(options: ProduceServiceOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock)
    this.#budget = new ByteBudget(options.maxBytesInFlight ?? MAX_BYTES_IN_FLIGHT)
  }

  /** Bytes of batches that wait for their acknowledgements. */
  get bytesInFlight(): number {
    return this.#budget.usedBytes
  }

  /** Null when the next request may come; a promise of that moment when too much is in flight. */
  ready(): Promise<void> | null {
    return this.#budget.ready()
  }

  /**
   * Appends batches, and answers when they are as safe as `acks` says.
   *
   * Everything is appended during the call, in the order of the batches, unless a topic has to be
   * made, or a transaction verified, first: see `Production`.
   *
   * @throws BrokerError INVALID_REQUEST when there are too many batches; THROTTLING_QUOTA_EXCEEDED
   *   when far more is in flight than `ready` allows
   */
  produce(caller: Caller, request: ProduceRequest): Production {
    const { batches } = request
    let sizeBytes = 0
    for (const { batch } of batches) sizeBytes += batch.byteLength
    this.#admit(batches.length)
    this.#budget.take(sizeBytes)
    this.counters.requests.add()
    const startMs = this.#options.clock.monotonicMs()
    const pending = new PendingProduce(batches.length, () => {
      this.#deadlines.cancel(pending)
      this.#budget.give(sizeBytes)
      this.counters.latencyMs.observe(this.#options.clock.monotonicMs() - startMs)
    })

    const missing = this.#missingTopics(batches)
    const appended =
      missing === null
        ? this.#appendVerified(caller, request, pending, null)
        : this.#createAll(missing).then(async (failures) => {
            await this.#appendVerified(caller, request, pending, failures)
          })
    return { appended, done: pending.done }
  }

  /** @returns null when all was appended; a promise of that moment while the coordinator is asked */
  #appendVerified(
    caller: Caller,
    request: ProduceRequest,
    pending: PendingProduce,
    failures: Failures | null,
  ): Promise<void> | null {
    const { transaction, batches } = request
    const verdicts = transaction ? this.#options.gate?.ask(caller, transaction, batches) : null
    if (!(verdicts instanceof Promise)) {
      this.#appendAll(caller, request, pending, { failures, verdicts: verdicts ?? null })
      return null
    }
    return verdicts.then((given) => {
      this.#appendAll(caller, request, pending, { failures, verdicts: given })
    })
  }

  /** Drops the timers of requests that wait: after the fronts have closed. */
  close(): void {
    this.#deadlines.close()
  }

  #admit(batchCount: number): void {
    if (batchCount > MAX_BATCHES) {
      const message = `A request has at most ${MAX_BATCHES} batches`
      throw new BrokerError('INVALID_REQUEST', { message, batches: batchCount })
    }
    const { usedBytes, limitBytes } = this.#budget
    if (usedBytes < limitBytes * REFUSED_AT_BUDGETS) return
    const message = 'Too many bytes wait for their acknowledgements'
    throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message, bytesInFlight: usedBytes })
  }

  /** @returns null when none is missing, or none may be made */
  #missingTopics(batches: readonly ProduceBatch[]): Set<string> | null {
    if (this.#options.topicCreation === null) return null
    let missing: Set<string> | null = null
    for (const { topic } of batches) {
      if (!this.#options.partitions.hasTopic(topic)) (missing ??= new Set()).add(topic)
    }
    return missing
  }

  /** @returns why topics could not be made, for those */
  async #createAll(topics: ReadonlySet<string>): Promise<Failures> {
    const failures = new Map<string, BrokerError>()
    const creation = this.#options.topicCreation!
    await Promise.all(
      [...topics].map(async (topic) => {
        const failure = await creation.ensure(topic)
        if (failure !== null) failures.set(topic, failure)
      }),
    )
    return failures
  }

  #appendAll(
    caller: Caller,
    { acks, timeoutMs, batches, transaction = null }: ProduceRequest,
    pending: PendingProduce,
    { failures, verdicts }: { failures: Failures | null; verdicts: Verdicts | null },
  ): void {
    const now = this.#options.clock.now()
    for (const [slot, batch] of batches.entries()) {
      try {
        const failure = failures?.get(batch.topic)
        if (failure !== undefined) throw failure
        if (isInternalTopic(batch.topic)) throw internalTopic(batch.topic)
        const guard = verdicts?.get(slot) ?? null
        if (guard instanceof BrokerError) throw guard
        this.#append(batch, { acks, now, guard, transaction }, pending, slot)
      } catch (error) {
        this.#refuse(caller, batch, acks, error, pending, slot)
      }
    }
    if (pending.seal()) this.#deadlines.add(pending, Math.min(timeoutMs, MAX_TIMEOUT_MS))
  }

  /** @throws BrokerError why the batch was not appended */
  #append(
    { topic, partition: index, batch }: ProduceBatch,
    { acks, now, guard, transaction }: AppendOptions,
    pending: PendingProduce,
    slot: number,
  ): void {
    const partition = this.#options.partitions.partition(topic, index)
    const stamps = partition.options.messageTimestampType === 'LogAppendTime'
    const validated = this.#options.validate(batch, partition.produceRules(now))
    if (validated.isTransactional && transaction === null) throw noTransaction()
    const appended = partition.append(batch, validated, acks, guard)
    const { baseOffset, lastOffset } = appended
    if (appended.isRepeat) this.counters.repeated.add()
    else this.#count(validated)
    const stored: Appended = {
      topic,
      partition: index,
      error: null,
      baseOffset: acks === 0 ? -1 : baseOffset,
      lastOffset: acks === 0 ? -1 : lastOffset,
      logAppendTimeMs: stamps ? appended.maxTimestamp : -1,
      logStartOffset: partition.logStartOffset,
    }
    const result = appended.isRepeat ? { ...stored, isRepeat: true } : stored
    if (acks === 0) {
      pending.finish(slot, result)
      return
    }
    pending.await(slot, result)
    partition.awaitAck(acks, lastOffset + 1, pending, slot)
  }

  #refuse(
    caller: Caller,
    { topic, partition }: ProduceBatch,
    acks: Acks,
    error: unknown,
    pending: PendingProduce,
    slot: number,
  ): void {
    const refusal = BrokerError.from(error)
    const { logger } = this.#options
    this.counters.refused.add()
    if (refusal.code === 'UNKNOWN_SERVER_ERROR') {
      logger.error({ err: error, topic, partition }, 'Produce failed unexpectedly')
    } else if (acks === 0) {
      const { clientId } = caller
      logger.debug({ topic, partition, clientId, code: refusal.code }, 'Lost a batch with acks=0')
    }
    // Who asked for no acknowledgement is told of no failure either.
    const result = refusedAppend(topic, partition, acks === 0 ? null : refusal)
    pending.finish(slot, acks === 0 ? { ...result, lost: true } : result)
  }

  #count({ bytes, recordCount }: ValidatedBatch): void {
    this.counters.batches.add()
    this.counters.records.add(recordCount)
    this.counters.bytes.add(bytes.byteLength)
  }
}

function internalTopic(topic: string): BrokerError {
  const message = 'The topic belongs to the broker, which alone writes to it'
  return new BrokerError('INVALID_TOPIC_EXCEPTION', { message, topic })
}

function noTransaction(): BrokerError {
  const message = 'A batch of a transaction comes with the transactional id of its producer'
  return new BrokerError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', { message })
}
