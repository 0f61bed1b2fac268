// What the client throws: the broker's refusals and the client's own, as one class.

import { BrokerError, ERRORS, errorCodeOf } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'

/** What goes wrong on this side of the connection. `retriable`: the same call may succeed later. */
export const CLIENT_ERRORS = {
  CLOSED: { retriable: false, text: 'The client was closed' },
  INVALID_OPTION: { retriable: false, text: 'An option is not valid' },
  INVALID_STATE: { retriable: false, text: 'Not possible in this state' },
  NO_COMMITTED_OFFSET: { retriable: false, text: 'The group has committed no offset' },
  CALLBACK_FAILED: { retriable: false, text: 'A callback failed' },
  SERIALIZATION_FAILED: { retriable: false, text: 'A serializer failed' },
  DESERIALIZATION_FAILED: { retriable: false, text: 'A deserializer failed' },
  BUFFER_FULL: { retriable: true, text: 'The producer’s buffer stayed full' },
  TRANSACTION_ABORTED: { retriable: false, text: 'The transaction was aborted' },
  TRANSACTION_OUTCOME_UNKNOWN: {
    retriable: false,
    text: 'Whether the transaction was committed is not known',
  },
  DELIVERY_TIMED_OUT: { retriable: true, text: 'The record was not acknowledged in time' },
} as const satisfies Record<string, { readonly retriable: boolean; readonly text: string }>

/** Names of errors that the client itself raises. */
export type ClientErrorCode = keyof typeof CLIENT_ERRORS

/** Every name that `SluiceError.code` may have: Kafka's names, and the client's own. */
export type SluiceErrorCode = ErrorCode | ClientErrorCode

/**
 * What to do about an error. The kinds of KIP-1050:
 *
 * `'retry'`: nothing was done; the same call may succeed later.
 * `'abort'`: the transaction in which it happened can't be committed, and the producer aborts it. The next
 * one may succeed, as the same work done again.
 * `'restart'`: another producer or consumer has taken the place of this one. Close it; a new one may go on.
 * `'none'`: the same call fails again until something else is changed.
 */
export type ErrorRecovery = 'retry' | 'abort' | 'restart' | 'none'

/** Errors after which a transaction may be run again. */
const ABORTABLE = new Set<SluiceErrorCode>([
  'TRANSACTION_ABORTABLE',
  'TRANSACTION_ABORTED',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_EPOCH',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'UNKNOWN_MEMBER_ID',
])

/** Errors that tell of a successor. */
const REPLACED = new Set<SluiceErrorCode>([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'FENCED_INSTANCE_ID',
])

/** Plain values that explain one error, as in `{ topic: 'clicks', partition: 3 }`. */
export type ErrorFacts = Readonly<Record<string, string | number>>

/**
 * The one error that this client throws and rejects with.
 *
 * `code` is for programs: Kafka's name of the error where the broker refused, or one of
 * `CLIENT_ERRORS`. `retriable` says whether the same call may succeed later. `facts` hold what the
 * broker told beside, such as the offsets that a log does hold. The message is for people.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  readonly code: SluiceErrorCode
  readonly retriable: boolean
  readonly facts: ErrorFacts
  /** How long the broker asks to wait before the next try, in milliseconds; null when it did not. */
  readonly retryAfterMs: number | null
  /** The message without code and facts. */
  readonly #sentence: string

  constructor(
    code: SluiceErrorCode,
    facts: ErrorFacts = {},
    details: {
      readonly message?: string
      readonly retriable?: boolean
      readonly retryAfterMs?: number | null
      readonly cause?: unknown
    } = {},
  ) {
    const { message = textOf(code), retriable = isRetriable(code), retryAfterMs = null } = details
    const pairs = Object.entries(facts).map(([name, value]) => ` ${name}=${value}`)
    const cause = details.cause === undefined ? {} : { cause: details.cause }
    super(`${code}: ${message}${pairs.join('')}`, cause)
    this.code = code
    this.retriable = retriable
    this.facts = facts
    this.retryAfterMs = retryAfterMs
    this.#sentence = message
  }

  /** What to do about it. */
  get recovery(): ErrorRecovery {
    if (REPLACED.has(this.code)) return 'restart'
    if (ABORTABLE.has(this.code)) return 'abort'
    return this.retriable ? 'retry' : 'none'
  }

  /** The same error with more facts, and this one as its cause. */
  with(facts: ErrorFacts, retryAfterMs = this.retryAfterMs): SluiceError {
    return new SluiceError(
      this.code,
      { ...facts, ...this.facts },
      { message: this.#sentence, retriable: this.retriable, retryAfterMs, cause: this },
    )
  }

  /** Returns a SluiceError as it is, and turns anything else into one. */
  static from(error: unknown): SluiceError {
    if (error instanceof SluiceError) return error
    if (error instanceof BrokerError) {
      const { message = textOf(error.code), ...facts } = error.facts
      return new SluiceError(error.code, facts, { message: String(message), cause: error })
    }
    const message = error instanceof Error ? error.message : String(error)
    return new SluiceError('UNKNOWN_SERVER_ERROR', {}, { message, cause: error })
  }
}

/**
 * The error that stands for a number on the wire.
 *
 * @param id        Kafka's number of the error; one that is not known gives UNKNOWN_SERVER_ERROR
 * @param retriable what the broker said, which knows errors that this client does not
 */
export function errorOfNumber(
  id: number,
  message: string,
  retriable: boolean,
  facts: ErrorFacts,
): SluiceError {
  const code = errorCodeOf(id)
  return new SluiceError(code, facts, { retriable, ...(message === '' ? {} : { message }) })
}

/** True for a name of the broker's table of errors. */
export function isBrokerErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERRORS, name)
}

function isRetriable(code: SluiceErrorCode): boolean {
  return isBrokerErrorCode(code) ? ERRORS[code].retriable : CLIENT_ERRORS[code].retriable
}

function textOf(code: SluiceErrorCode): string {
  return isBrokerErrorCode(code) ? ERRORS[code].text : CLIENT_ERRORS[code].text
}
