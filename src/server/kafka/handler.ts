// What answers one API of the Kafka listener. A handler turns wire values into domain values and back,
// and decides nothing: the services of broker/ do.
//
//   connection ─► header ─► handler of the API ─► begin ─┬─► begun   the next request may begin
//                                                        └─► done    the answer, sent in its turn

import type { Caller } from '../../broker/caller.ts'
import type { AnswerMemory } from '../../broker/fetch/answer-memory.ts'
import type { BrokerError } from '../../base/errors.ts'
import type { AnyApi, Api } from '../../protocol/kafka/message-codec.ts'
import type { Cut } from './crowd/cut.ts'

/** One request, beside its content. */
export interface KafkaContext {
  readonly caller: Caller
  /** Version of the request, and of its answer. One of those that are served. */
  readonly version: number
  /** Aborted when the client is gone or the broker stops. Made when it is first asked for. */
  readonly signal: AbortSignal
  /** As `signal`, and when others need the memory that the request takes: ends long polls early. */
  readonly patience: AbortSignal
  /** What a large answer is read into, so that all answers together have a bound. */
  readonly memory: AnswerMemory
  readonly peer: KafkaPeer
}

/**
 * The connection that requests come on, for the few handlers that change it: those of authentication
 * and quotas. What a handler keeps of a connection it keeps in a WeakMap of these.
 */
export interface KafkaPeer {
  /** Our address that the client has connected to. */
  readonly localHost: string
  /** Who the client is, for the requests that begin from now on. "User:ANONYMOUS" at first. */
  principal: string
  /** True: whatever is not ApiVersions or of SASL closes the connection. */
  mustAuthenticate: boolean
  /**
   * Takes whole frames in place of requests, as the bare tokens after SaslHandshake 0 are. It gives
   * the frame that answers, or null to close the connection. Null: frames are requests.
   */
  tokens: ((frame: Buffer) => Promise<Buffer | null>) | null
  /** Takes no new requests for so long, as quotas ask for. Those that have begun go on. */
  pause(durationMs: number): void
  /** Takes no requests any more, and closes once those that have begun are answered. */
  stop(): void
}

/** A request that was begun. */
export interface Begun<Answer> {
  /**
   * Null when everything whose order matters was done during the call; if not, the next request of
   * the connection begins when this resolves. Never rejects.
   */
  readonly begun: Promise<void> | null
  /** The answer; null when the client expects none (Produce with acks=0). */
  readonly done: Promise<Answer | null>
}

export interface KafkaHandler {
  readonly api: AnyApi
  /**
   * False: a connection's next request of this API begins when the one before is answered, so that
   * a client can't have the broker hold any number of answers. True: the API bounds that itself.
   */
  readonly pipelined: boolean
  /**
   * Where a request of very many names may be cut into parts, each served and answered as a request;
   * the first that fits counts. Not there: it is served whole, and bounds what it does itself.
   */
  readonly cuts?: readonly Cut[]
  /** @throws whatever `handle` throws; what is thrown or rejected goes through `refuse` */
  begin(request: never, context: KafkaContext): Begun<unknown>
  /** The answer that says `error` of the whole request, or null: the connection is closed. */
  refuse(request: never, error: BrokerError, context: KafkaContext): unknown
  /**
   * True when nothing refers to the bytes of the request any more once this is its answer, so that
   * their memory is used again. Not there: nobody knows.
   */
  isDone?(request: never, answer: never): boolean
  /** What the metrics count the answer as: an id of the table of errors, 0 for none. */
  outcome(answer: never): number
}

/** How one API is answered. */
export interface Handling<Request, Answer> {
  /** Answers; the next request of the connection begins as soon as this has returned. */
  handle(request: Request, context: KafkaContext): Answer | Promise<Answer>
  /** The answer that says `error` of the whole request. */
  refuse(request: Request, error: BrokerError, context: KafkaContext): Answer
  /** The error id that the metrics count an answer under. Default: its `errorCode`, if it has one. */
  outcome?(answer: Answer): number
  /** See KafkaHandler.cuts. */
  readonly cuts?: readonly Cut[]
}

/** A handler for an API whose requests are asked one after the other, as nearly all are. */
export function handlerOf<Request, Answer>(
  api: Api<Request, never, unknown, Answer>,
  { handle, refuse, outcome = errorCodeIn, cuts = [] }: Handling<Request, Answer>,
): KafkaHandler {
  return {
    api: api as unknown as AnyApi,
    pipelined: false,
    cuts,
    begin(request: Request, context: KafkaContext): Begun<Answer> {
      const answer = handle(request, context)
      return { begun: null, done: Promise.resolve(answer) }
    },
    refuse,
    outcome,
  } as unknown as KafkaHandler
}

function errorCodeIn(answer: unknown): number {
  const { errorCode } = answer as { readonly errorCode?: number }
  return errorCode ?? 0
}
