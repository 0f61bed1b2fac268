// What a runtime asks of the state machine that it runs: one for all that one partition of an internal
// topic coordinates.

import type { EncodedRecord } from './coordinator-log.ts'
import type { Now } from './now.ts'
import type { Step } from './step.ts'

/** How records of the type `R` stand in the log. */
export interface RecordCodec<R> {
  encode(record: R): EncodedRecord

  /**
   * @returns null for a record of a type that is not known here
   * @throws BrokerError CORRUPT_MESSAGE when the bytes are not what their type says
   */
  decode(key: Uint8Array, value: Uint8Array | null): R | null
}

/** No I/O, no clock, no chance: requests and deadlines go in with the time, steps come out. */
export interface Shard<R> {
  /**
   * Takes a record of the log in, while loading.
   *
   * @param producerId who wrote it in a transaction; null for a plain record
   */
  replay(record: R, producerId: number | null): void

  /** Takes in how a transaction ended, while loading. */
  replayMarker(producerId: number, outcome: 'committed' | 'aborted'): void

  /** All records are in. */
  onLoaded(now: Now): Step<R>

  /** When `popDue` is to be called next, monotonic milliseconds; null for never. */
  nextDeadlineMs(): number | null

  /** Handles one deadline that is over. @returns null when there is none */
  popDue(now: Now): Step<R> | null
}
