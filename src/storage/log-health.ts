// Whether the disk works for a log: online until a call on it fails, offline until it is revived.

import { BrokerError } from '../base/errors.ts'
import type { TopicPartition } from '../base/topic-partition.ts'

export class LogHealth {
  readonly #facts: { readonly topic: string; readonly partition: number }
  readonly #wentOffline: (error: BrokerError) => void
  #offline: BrokerError | null = null

  /** @param wentOffline is told once for each time that the log goes offline */
  constructor({ topic, partition }: TopicPartition, wentOffline: (error: BrokerError) => void) {
    this.#facts = { topic, partition }
    this.#wentOffline = wentOffline
  }

  /** Why the log is offline, or null. */
  get offline(): BrokerError | null {
    return this.#offline
  }

  /** @throws BrokerError KAFKA_STORAGE_ERROR when the log is offline */
  check(): void {
    if (this.#offline !== null) throw this.#offline
  }

  /**
   * Runs what uses the disk. When it fails, the log goes offline.
   *
   * @throws BrokerError KAFKA_STORAGE_ERROR, with the system's error as its cause
   */
  attempt<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw this.fail(error)
    }
  }

  /** As `attempt`, for who has nobody to tell. @returns false when it failed */
  succeeds(work: () => void): boolean {
    try {
      work()
      return true
    } catch (error) {
      this.fail(error)
      return false
    }
  }

  /** The disk failed: the log is offline. @returns why; the first reason when it was already */
  fail(error: unknown): BrokerError {
    if (this.#offline !== null) return this.#offline
    this.#offline = this.errorOf(error)
    this.#wentOffline(this.#offline)
    return this.#offline
  }

  online(): void {
    this.#offline = null
  }

  /** An error of the disk as a client may see it. */
  errorOf(error: unknown): BrokerError {
    if (error instanceof BrokerError) return error
    return new BrokerError('KAFKA_STORAGE_ERROR', this.#facts, error)
  }
}
