// Getting batches out: a long poll over many partitions, a session that pushes batches, or a
// subscription that pushes records.

import type { Clock } from '../io/clock.ts'
import { Slices } from '../io/slices.ts'
import { BrokerError } from '../base/errors.ts'
import { Counter } from '../observability/counters.ts'
import type { Logger } from '../observability/logger.ts'
import type { BatchView } from '../record/batch-reader.ts'
import type { RecordCursor } from '../record/record-cursor.ts'
import { Deadlines } from '../replication/delayed-operation.ts'
import type { PartitionDirectory } from '../replication/readable-partition.ts'
import type { Caller } from './caller.ts'
import { FetchSession } from './fetch-session.ts'
import type { FetchSink } from './fetch-sink.ts'
import { subscribedPartitions, type SubscribeRequest } from './subscribe-request.ts'
import { RecordSubscription, type SubscriptionSink } from './subscription.ts'
import { AMPLE_MEMORY, type AnswerMemory } from './fetch/answer-memory.ts'
import { PendingFetch, type Fetched, type FetchRequest } from './fetch/pending-fetch.ts'

export interface FetchServiceOptions {
  readonly clock: Clock
  /** Default: none. */
  readonly logger?: Logger
  readonly partitions: PartitionDirectory
  /** record/batch-reader.ts, with its storage core. */
  readonly openBatch: (batch: BatchView) => RecordCursor
  /** For requests of very many partitions. Default: slices of its own. */
  readonly slices?: Slices
  /** Most bytes of one answer, whatever the client asks for. Default 55 MiB, as Kafka. */
  readonly fetchMaxBytes?: number
  /** Sessions that may be open at once. Default 10,000. */
  readonly maxSessions?: number
  /** Partitions of one request or session. Default 10,000. */
  readonly maxPartitions?: number
}

const FETCH_MAX_BYTES = 55 * 1024 * 1024
const MAX_SESSIONS = 10_000
const MAX_PARTITIONS = 10_000

/** Longest wait of a long poll. */
const MAX_WAIT_MS = 60_000

/** What was fetched so far: read by the metrics. */
export class FetchCounters {
  readonly requests = new Counter()
  /** Bytes of batches, by either way. */
  readonly bytes = new Counter()
  /** Pushes of sessions. */
  readonly pushes = new Counter()
}

export class FetchService {
  readonly counters = new FetchCounters()
  readonly #options: FetchServiceOptions
  readonly #deadlines: Deadlines
  readonly #slices: Slices
  #sessions = 0

  constructor(options: FetchServiceOptions) {
    this.#options = options
    this.#deadlines = new Deadlines(options.clock)
    this.#slices = options.slices ?? new Slices(options.clock)
  }

  /** Sessions that are open, those under subscriptions among them. */
  get sessionCount(): number {
    return this.#sessions
  }

  /** Long polls that wait. */
  get waitingCount(): number {
    return this.#deadlines.size
  }

  /**
   * Reads batches of one or more partitions, and waits for `minBytes` of them.
   *
   * Answers sooner when a partition has an error, or more to give than the limits allow.
   *
   * @param signal ends the wait early, as when the client is gone: the answer is what there is
   * @returns one result for each partition, in the order of the request
   * @throws BrokerError INVALID_REQUEST when there are too many partitions
   */
  async fetch(
    _caller: Caller,
    request: FetchRequest,
    signal?: AbortSignal,
  ): Promise<readonly Fetched[]> {
    this.#checkCount(request.partitions.length)
    const { fetchMaxBytes = FETCH_MAX_BYTES, partitions } = this.#options
    const maxBytes = Math.min(request.maxBytes, fetchMaxBytes)
    const maxWaitMs = signal?.aborted === true ? 0 : Math.min(request.maxWaitMs, MAX_WAIT_MS)
    const bounded = { ...request, maxBytes, maxWaitMs }
    const pending = new PendingFetch(bounded, partitions, this.#deadlines, this.#slices)
    const end = (): void => pending.expire()
    signal?.addEventListener('abort', end)
    try {
      const results = await pending.run()
      this.#count(results)
      return results
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  /**
   * Opens a session that pushes into `sink`, until it is closed.
   *
   * @param memory what batches are read into before they are pushed. Default: as much as there is
   * @throws BrokerError THROTTLING_QUOTA_EXCEEDED when too many are open
   */
  openSession(_caller: Caller, sink: FetchSink, memory: AnswerMemory = AMPLE_MEMORY): FetchSession {
    const { clock, partitions, maxSessions: limit = MAX_SESSIONS } = this.#options
    if (this.#sessions >= limit) {
      const message = `The broker has ${limit} fetch streams open already`
      throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message, limit })
    }
    this.#sessions += 1
    return new FetchSession(sink, {
      clock,
      partitions,
      memory,
      maxPartitions: this.#options.maxPartitions ?? MAX_PARTITIONS,
      unexpected: (error) => this.#logUnexpected(error),
      pushed: (sizeBytes) => {
        this.counters.pushes.add()
        this.counters.bytes.add(sizeBytes)
      },
      closed: () => {
        this.#sessions -= 1
      },
    })
  }

  /**
   * Pushes records of topics into `sink`, until it is closed or has reached its end.
   *
   * @param memory as in `openSession`; it counts what was pushed until its records are all sent, as well
   * @throws BrokerError INVALID_REQUEST when nothing or too much is asked for,
   *   UNKNOWN_TOPIC_OR_PARTITION, and as `openSession`
   */
  subscribe(
    caller: Caller,
    request: SubscribeRequest,
    sink: SubscriptionSink,
    memory: AnswerMemory = AMPLE_MEMORY,
  ): RecordSubscription {
    const partitions = subscribedPartitions(this.#options.partitions, request)
    this.#checkCount(partitions.length)
    return new RecordSubscription(sink, {
      partitions,
      maxRecords: request.maxRecords,
      openBatch: this.#options.openBatch,
      memory,
      openSession: (sessionSink) => this.openSession(caller, sessionSink, memory),
    })
  }

  /** Drops the timers of long polls: after the fronts have closed. */
  close(): void {
    this.#deadlines.close()
  }

  #checkCount(count: number): void {
    const limit = this.#options.maxPartitions ?? MAX_PARTITIONS
    if (count <= limit) return
    const message = `A request fetches at most ${limit} partitions`
    throw new BrokerError('INVALID_REQUEST', { message, limit, partitions: count })
  }

  #count(results: readonly Fetched[]): void {
    this.counters.requests.add()
    for (const { batches, error } of results) {
      this.counters.bytes.add(batches?.byteLength ?? 0)
      if (error?.code === 'UNKNOWN_SERVER_ERROR') this.#logUnexpected(error)
    }
  }

  #logUnexpected(error: BrokerError): void {
    this.#options.logger?.error({ err: error }, 'Fetch failed unexpectedly')
  }
}
