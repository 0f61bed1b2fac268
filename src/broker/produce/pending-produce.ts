// One produce request, from its first append until its answer.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import type { AckReceiver } from '../../replication/ack-waiters.ts'
import { DelayedOperation } from '../../replication/delayed-operation.ts'

/** What became of one batch. */
export interface Appended {
  readonly topic: string
  readonly partition: number
  readonly error: BrokerError | null
  /** Offset of the first record. -1 with an error that came before the append, and with acks=0. */
  readonly baseOffset: number
  readonly lastOffset: number
  /** What the broker stamped on the records, milliseconds since 1970; -1 where it stamps nothing. */
  readonly logAppendTimeMs: number
  /** First offset that the partition holds. -1 with an error. */
  readonly logStartOffset: number
  /** Its producer has sent it before: it was not appended now. */
  readonly isRepeat?: boolean
  /** With acks=0: the batch was refused. There is no error then, since nobody asked for an answer. */
  readonly lost?: boolean
}

/** A batch that was not appended. */
export function refusedAppend(
  topic: string,
  partition: number,
  error: BrokerError | null,
): Appended {
  const none = { baseOffset: -1, lastOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
  return { topic, partition, error, ...none }
}

/**
 * Collects what becomes of a request's batches. Settled once, when each of them has its result: by
 * an acknowledgement, by an error, or by the deadline.
 */
export class PendingProduce extends DelayedOperation implements AckReceiver {
  /** One result for each batch, in the order of the request. Never rejects. */
  readonly done: Promise<readonly Appended[]>
  /** By slot; those that wait for their acknowledgement are there already. */
  readonly #results: (Appended | null)[] = []
  /** By slot: true while it waits for its acknowledgement. */
  readonly #unacknowledged: boolean[] = []
  readonly #settled: () => void
  #waiting = 0
  #sealed = false
  #resolve!: (results: readonly Appended[]) => void

  /**
   * @param count   batches of the request
   * @param settled called right before `done` resolves
   */
  constructor(count: number, settled: () => void) {
    super()
    for (let slot = 0; slot < count; slot++) {
      this.#results.push(null)
      this.#unacknowledged.push(false)
    }
    this.#settled = settled
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Batches that wait for their acknowledgement. */
  get waitingCount(): number {
    return this.#waiting
  }

  /** The batch in `slot` has its result. */
  finish(slot: number, result: Appended): void {
    assert(this.#results[slot] === null)
    this.#results[slot] = result
  }

  /** The batch in `slot` was appended; the result holds once `acknowledged` says so. */
  await(slot: number, result: Appended): void {
    assert(this.#results[slot] === null)
    this.#results[slot] = result
    this.#unacknowledged[slot] = true
    this.#waiting += 1
  }

  /** All batches were appended or refused. @returns true when the request waits for acknowledgements */
  seal(): boolean {
    this.#sealed = true
    this.#settleIfDone()
    return this.#waiting > 0
  }

  acknowledged(slot: number): void {
    this.#resolveSlot(slot, null)
  }

  refused(slot: number, error: BrokerError): void {
    this.#resolveSlot(slot, error)
  }

  /**
   * Time is up. The batches that wait were appended, and may still become durable: that is what the
   * error says to a producer, as in Kafka.
   */
  override expire(): void {
    const error = new BrokerError('REQUEST_TIMED_OUT', {
      message: 'Appended, but not acknowledged in time',
    })
    for (const slot of this.#unacknowledged.keys()) this.#resolveSlot(slot, error)
  }

  #resolveSlot(slot: number, error: BrokerError | null): void {
    if (this.#unacknowledged[slot] !== true) return // the deadline was first
    this.#unacknowledged[slot] = false
    if (error !== null) this.#results[slot] = { ...this.#results[slot]!, error }
    this.#waiting -= 1
    this.#settleIfDone()
  }

  #settleIfDone(): void {
    if (!this.#sealed || this.#waiting > 0) return
    this.#settled()
    this.#resolve(this.#results as readonly Appended[])
  }
}
