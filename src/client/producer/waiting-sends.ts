// Sends that can't go into the buffer yet, in their order: the topic is not known, the buffer is
// full, or a serializer takes its time.

import type { Clock, Timer } from '../../io/clock.ts'
import { SluiceError } from '../errors.ts'
import type { Resolve } from './batch.ts'

/** Most sends that may wait. They hold what the caller gave, which the buffer does not count. */
export const MAX_WAITING_SENDS = 1_000_000

/** What became of an attempt to let the first one go. */
export type Attempt =
  | { readonly kind: 'gone' }
  /** Nothing changes until somebody calls `pump` again. */
  | { readonly kind: 'blocked'; readonly why: SluiceError }
  /** It may go when this has settled, whichever way. */
  | { readonly kind: 'waiting'; readonly for: Promise<unknown>; readonly why: SluiceError }

interface WaitingSend<T> {
  readonly send: T
  readonly resolve: Resolve
  readonly deadlineMs: number
}

/** Waits are bounded in number by MAX_WAITING_SENDS and in time by `maxBlockMs`. */
export class WaitingSends<T> {
  readonly #clock: Clock
  readonly #maxBlockMs: number
  readonly #attempt: (send: T, resolve: Resolve) => Attempt
  readonly #emptied: () => void
  /** The first to go is at `#head`; what is before it has gone. */
  #sends: WaitingSend<T>[] = []
  #head = 0
  /** Sends that came and went so far. */
  #added = 0
  #gone = 0
  #timer: Timer | null = null
  #pumping = false
  /** Why the first one waits. */
  #why: SluiceError | null = null
  /** What the first one waits for, when it is a promise. */
  #pending: Promise<unknown> | null = null
  #passed: { readonly count: number; readonly resolve: () => void }[] = []

  /**
   * @param attempt tries to let a send go, and settles it or answers why it has to wait
   * @param emptied called when no send waits any more
   */
  constructor(
    clock: Clock,
    maxBlockMs: number,
    attempt: (send: T, resolve: Resolve) => Attempt,
    emptied: () => void,
  ) {
    this.#clock = clock
    this.#maxBlockMs = maxBlockMs
    this.#attempt = attempt
    this.#emptied = emptied
  }

  get size(): number {
    return this.#sends.length - this.#head
  }

  /** Why the first one waits; null when none does. */
  get why(): SluiceError | null {
    return this.size === 0 ? null : this.#why
  }

  add(send: T, resolve: Resolve): void {
    if (this.size >= MAX_WAITING_SENDS) {
      const message = 'Too many sends wait; await some of them, or await ready() before sending'
      resolve(Promise.reject(new SluiceError('BUFFER_FULL', {}, { message })))
      return
    }
    const deadlineMs = this.#clock.monotonicMs() + this.#maxBlockMs
    this.#sends.push({ send, resolve, deadlineMs })
    this.#added += 1
    if (this.size === 1) this.pump()
  }

  /** Lets go whatever can. Called when memory came free, and when a topic became known. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.size > 0 && this.#pending === null) {
      const { send, resolve } = this.#sends[this.#head]!
      const attempt = this.#attempt(send, resolve)
      if (attempt.kind === 'gone') {
        this.#shift()
        continue
      }
      this.#why = attempt.why
      if (attempt.kind === 'waiting') this.#await(attempt.for)
      break
    }
    this.#pumping = false
    this.#arm()
  }

  /** Resolves when every send that waits now has gone into the buffer or failed. */
  passed(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#passed.push({ count: this.#added, resolve }))
  }

  /** Rejects all that wait. */
  failAll(error: SluiceError): void {
    while (this.size > 0) {
      const { resolve } = this.#sends[this.#head]!
      this.#shift()
      resolve(Promise.reject(error))
    }
    this.#arm()
  }

  #await(pending: Promise<unknown>): void {
    this.#pending = pending
    const done = (): void => {
      if (this.#pending !== pending) return
      this.#pending = null
      this.pump()
    }
    pending.then(done, done)
  }

  #shift(): void {
    this.#head += 1
    this.#gone += 1
    this.#pending = null
    if (this.#head === this.#sends.length || this.#head >= 4096) {
      this.#sends = this.#sends.slice(this.#head)
      this.#head = 0
    }
    while (this.#passed.length > 0 && this.#passed[0]!.count <= this.#gone) {
      this.#passed.shift()!.resolve()
    }
    if (this.size === 0) this.#emptied()
  }

  /** Sees to it that the first one fails when its time is over. All wait equally long. */
  #arm(): void {
    if (this.size === 0) {
      this.#timer?.cancel()
      this.#timer = null
      return
    }
    if (this.#timer !== null) return
    const waitMs = this.#sends[this.#head]!.deadlineMs - this.#clock.monotonicMs()
    this.#timer = this.#clock.after(Math.max(0, waitMs), () => {
      this.#timer = null
      this.#expire()
      this.pump()
    })
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs()
    while (this.size > 0 && this.#sends[this.#head]!.deadlineMs <= nowMs) {
      const { resolve } = this.#sends[this.#head]!
      const error = this.#why ?? new SluiceError('BUFFER_FULL')
      this.#shift()
      resolve(Promise.reject(error))
    }
  }
}
