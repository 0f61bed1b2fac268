// What answers one API of the Kafka listener. A handler turns wire values into domain values and back,
// and decides nothing: the services of broker/ do.
//
//   connection ─► header ─► handler of the API ─► begin ─┬─► begun   the next request may begin
//                                                        └─► done    the answer, sent in its turn

import type { Caller } from '../../broker/caller.ts'
import type { BrokerError } from '../../base/errors.ts'
import type { AnyApi, Api } from '../../protocol/kafka/message-codec.ts'

/** One request, beside its content. */
export interface KafkaContext {
  readonly caller: Caller
  /** Version of the request, and of its answer. One of those that are served. */
  readonly version: number
  /** Aborted when the client is gone: ends long waits early. One for all requests of a connection. */
  readonly signal: AbortSignal
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
  /** @throws whatever `handle` throws; what is thrown or rejected goes through `refuse` */
  begin(request: never, context: KafkaContext): Begun<unknown>
  /** The answer that says `error` of the whole request, or null: the connection is closed. */
  refuse(request: never, error: BrokerError, context: KafkaContext): unknown
}

/** How one API is answered. */
export interface Handling<Request, Answer> {
  /** Answers; the next request of the connection begins as soon as this has returned. */
  handle(request: Request, context: KafkaContext): Answer | Promise<Answer>
  /** The answer that says `error` of the whole request. */
  refuse(request: Request, error: BrokerError, context: KafkaContext): Answer
}

/** A handler for an API whose requests have no order among themselves, or are ordered by `handle`. */
export function handlerOf<Request, Answer>(
  api: Api<Request, never, unknown, Answer>,
  { handle, refuse }: Handling<Request, Answer>,
): KafkaHandler {
  return {
    api: api as unknown as AnyApi,
    begin(request: Request, context: KafkaContext): Begun<Answer> {
      const answer = handle(request, context)
      return { begun: null, done: Promise.resolve(answer) }
    },
    refuse,
  } as unknown as KafkaHandler
}
