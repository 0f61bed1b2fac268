// A stream whose requests are begun in the order in which they come, without waiting for each
// other, and answered in that order.
//
//   request ─► begin ─► slot in the pipeline ─► done ─► answers of a turn, in one send
//
// Reading stops while the broker or the client is behind: too much is not acknowledged, a request
// holds up those behind it (its topic is being made), or the client does not take its answers.

import type { Clock } from '../../io/clock.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import type { BrokerError } from '../../base/errors.ts'
import type { ApiCounters } from '../../observability/api-counters.ts'
import type { CallStream, StreamHandler } from './call-stream.ts'
import { Pipeline, type Slot } from './pipeline.ts'

/** Most requests of one stream that are not answered. */
const MAX_REQUESTS = 1_024

/** Their bytes: one more request may come while there are fewer. */
const MAX_BYTES = 32 * 1024 * 1024

/** What the result of one batch or record takes until it is sent, about; and an error, with all it knows. */
const RESULT_BYTES = 64
const ERROR_BYTES = 1_024

/** Bytes of memory that an answer takes until it is sent, about: more than on the wire. */
export function answerBytes(results: readonly { readonly error: BrokerError | null }[]): number {
  let sizeBytes = (1 + results.length) * RESULT_BYTES
  let last: BrokerError | null = null
  for (const { error } of results) {
    if (error === null || error === last) continue
    sizeBytes += ERROR_BYTES
    last = error
  }
  return sizeBytes
}

/** A request that was begun. */
export interface Begun<T> {
  /** Null: the next may be begun at once. */
  readonly appended: Promise<void> | null
  /** Never rejects: refusals are answers. */
  readonly done: Promise<T>
}

export interface PipelinedStreamOptions<I, T> {
  readonly stream: CallStream<I, never>
  readonly api: ApiCounters
  readonly clock: Clock
  readonly sizeOf: (request: I) => number
  /** Never throws. */
  readonly begin: (request: I) => Begun<T>
  /** Null, or when the broker takes more. */
  readonly ready: () => Promise<void> | null
  /** @returns false when the client has enough to take */
  readonly send: (answers: readonly T[]) => boolean
  /** "OK", or the name of the error that the metrics shall count. */
  readonly outcomeOf: (answer: T) => string
}

export class PipelinedStream<I, T> implements StreamHandler<I> {
  readonly #options: PipelinedStreamOptions<I, T>
  readonly #pipeline: Pipeline<T>
  /** Reading stopped because too much is not answered. */
  #full = false
  /** Reading stopped because the client does not take its answers. */
  #blocked = false
  #inputEnded = false
  #stopped: BrokerError | null = null

  constructor(options: PipelinedStreamOptions<I, T>) {
    this.#options = options
    this.#pipeline = new Pipeline(options.clock, (answers, slots) => this.#send(answers, slots))
  }

  received(request: I): void {
    if (this.#stopped !== null) return
    const { begin, ready, sizeOf } = this.#options
    const sizeBytes = sizeOf(request)
    buffersPass(sizeBytes)
    const slot = this.#pipeline.add(sizeBytes)
    const { appended, done } = begin(request)
    void done.then((answer) => this.#pipeline.finish(slot, answer))
    this.#holdFor(appended)
    this.#holdFor(ready())
    if (!this.#full && !this.#hasRoom(1)) {
      this.#full = true
      this.#options.stream.hold()
    }
  }

  halfClosed(): void {
    this.#inputEnded = true
    this.#endWhenDone()
  }

  writable(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#options.stream.release()
  }

  stop(reason: BrokerError): void {
    if (this.#stopped !== null) return
    this.#stopped = reason
    this.#options.stream.hold()
    this.#endWhenDone()
  }

  closed(): void {
    this.#pipeline.close()
  }

  /** @param share of the limits that must be free: 1 all but for the next request, 2 half of it */
  #hasRoom(share: number): boolean {
    const { count, bytes } = this.#pipeline
    return count * share < MAX_REQUESTS && bytes * share < MAX_BYTES
  }

  #holdFor(moment: Promise<void> | null): void {
    if (moment === null) return
    const { stream } = this.#options
    const release = (): void => stream.release()
    stream.hold()
    void moment.then(release, release)
  }

  #send(answers: readonly T[], slots: readonly Slot<T>[]): void {
    const { api, clock, outcomeOf, send, stream } = this.#options
    const now = clock.monotonicMs()
    for (const { answer, startMs } of slots) api.answered(outcomeOf(answer!), now - startMs)
    if (!send(answers) && stream.open && !this.#blocked) {
      this.#blocked = true
      stream.hold()
    }
    if (this.#full && this.#hasRoom(2)) {
      this.#full = false
      stream.release()
    }
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.#pipeline.count > 0) return
    if (this.#inputEnded) this.#options.stream.end(null)
    else if (this.#stopped !== null) this.#options.stream.end(this.#stopped)
  }
}
