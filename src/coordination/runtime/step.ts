// What one request or one timer led to: records to append, and answers to give once they are below
// the high watermark.

import type { BrokerError } from '../../base/errors.ts'
import type { VerificationGuard } from '../../replication/partition.ts'

/** Somebody who waits for an answer. The state machine keeps it and never looks into it. */
export interface Call<T> {
  /** Gives the answer. Called by the runtime alone, at most once. */
  settle(answer: T | BrokerError): void
}

interface Answer {
  readonly call: Call<never>
  readonly answer: unknown
}

/** Whose transaction the records of a step are part of. */
export interface TransactionalWriter {
  readonly producerId: number
  readonly producerEpoch: number
  /** See Partition.beginVerification. */
  readonly guard: VerificationGuard | null
}

/**
 * Collects what a handler decides, in records of the type `R`.
 *
 * A record is replayed when it is emitted, so that what follows in the same step sees it; a handler
 * refuses before its first record or not at all. Records of a transaction are replayed by `apply`, once
 * they are appended: the log may refuse their producer, and then nothing has happened.
 */
export class Step<R> {
  /** Null for plain records. */
  readonly writer: TransactionalWriter | null
  readonly #replay: (record: R) => void
  readonly #records: R[] = []
  readonly #answers: Answer[] = []
  readonly #actions: (() => void)[] = []

  /**
   * @param replay applies a record to the state
   * @param writer whose transaction the records are part of; null for plain ones
   */
  constructor(replay: (record: R) => void, writer: TransactionalWriter | null = null) {
    this.#replay = replay
    this.writer = writer
  }

  get records(): readonly R[] {
    return this.#records
  }

  get answerCount(): number {
    return this.#answers.length
  }

  emit(record: R): void {
    this.#records.push(record)
    if (this.writer === null) this.#replay(record)
  }

  /** The records of a transaction are in the log. To be called once, in the turn of their append. */
  apply(): void {
    if (this.writer !== null) this.#records.forEach(this.#replay)
  }

  answer<T>(call: Call<T>, answer: T | BrokerError): void {
    this.#answers.push({ call: call as Call<never>, answer })
  }

  /** Does something that must not be seen before the records are safe, after the answers. */
  after(action: () => void): void {
    this.#actions.push(action)
  }

  /** Gives all answers. To be called when the records are below the high watermark. */
  release(): void {
    for (const { call, answer } of this.#answers) call.settle(answer as never)
    for (const action of this.#actions) action()
  }

  /** Gives everybody the same refusal: the records were not written, or nobody knows. */
  fail(error: BrokerError): void {
    for (const { call } of this.#answers) call.settle(error as never)
  }
}
