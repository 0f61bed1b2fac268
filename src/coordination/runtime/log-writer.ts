// How what a coordinator has decided gets into its log, and what may come of it.
//
//   plain records       replayed already: a failure of any kind makes the state untrustworthy
//   of a transaction    the log may refuse their producer, and then nothing has happened
//   a marker            likewise

import { BrokerError, ERRORS } from '../../base/errors.ts'
import type { PartitionMarker } from '../../replication/partition.ts'
import type { CoordinatorLog, EncodedRecord } from './coordinator-log.ts'
import type { RecordCodec } from './shard.ts'
import type { TransactionalWriter } from './step.ts'

/** Why nobody knows whether records are in the log. */
export interface Failure {
  readonly cause: unknown
}

/** What became of records that the log may refuse. */
export type Written =
  | { readonly refusal: BrokerError }
  | {
      readonly refusal: null
      /** Null once they are below the high watermark. Never rejects. */
      readonly outcome: Promise<Failure | null>
    }

export class LogWriter<R> {
  readonly #log: CoordinatorLog
  readonly #codec: RecordCodec<R>

  constructor(log: CoordinatorLog, codec: RecordCodec<R>) {
    this.#log = log
    this.#codec = codec
  }

  /** @returns null once the records are below the high watermark. Never rejects */
  async append(records: readonly R[]): Promise<Failure | null> {
    if (records.length === 0) return null
    try {
      await this.#log.append(this.#encode(records))
      return null
    } catch (cause) {
      return { cause }
    }
  }

  appendInTransaction(records: readonly R[], writer: TransactionalWriter): Written {
    return write(() => this.#log.appendInTransaction(this.#encode(records), writer))
  }

  appendMarker(marker: PartitionMarker): Written {
    return write(() => this.#log.appendMarker(marker))
  }

  #encode(records: readonly R[]): EncodedRecord[] {
    return records.map((record) => this.#codec.encode(record))
  }
}

function write(begin: () => Promise<void>): Written {
  try {
    const outcome = begin().then(
      () => null,
      (cause: unknown) => ({ cause }),
    )
    return { refusal: null, outcome }
  } catch (error) {
    return { refusal: refusalOf(error) }
  }
}

/** What may be tried again is said in a coordinator's words. */
function refusalOf(thrown: unknown): BrokerError {
  const error = BrokerError.from(thrown)
  if (!ERRORS[error.code].retriable) return error
  return new BrokerError('COORDINATOR_NOT_AVAILABLE', {}, error)
}
