// From a frame to the handler of its API, and from whatever a handler gives or throws to an answer.
//
//   frame ─► header ─► handler, version ─► message ─► begin ─► answer ─► frame
//              │           │ not served      │ malformed │ throws
//              └───────────┴─────────────────┴► close     └► refuse

import { BrokerError, errorCodeOf } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiCounters, ApiCounterSet } from '../../observability/api-counters.ts'
import type { Logger } from '../../observability/logger.ts'
import { CrowdedMessage } from '../../protocol/kafka/crowded-message.ts'
import { servedVersions } from '../../protocol/kafka/api-table.ts'
import { DecodeError } from '../../protocol/kafka/decode-error.ts'
import { FrameReader } from '../../protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../protocol/kafka/frame-writer.ts'
import { writeResponse, writeResponseInSteps } from '../../protocol/kafka/frames.ts'
import { API_KEYS } from '../../protocol/kafka/gen/api-keys.ts'
import { readRequestHeader } from '../../protocol/kafka/header.ts'
import { MAX_REQUEST_ELEMENTS } from '../../protocol/kafka/wire-limits.ts'
import type { Crowd } from './crowd/crowd.ts'
import type { Stay } from './crowd/stay.ts'
import type { Begun, KafkaContext, KafkaHandler } from './handler.ts'

/** Largest request that brings no record batches, in bytes: decoded it may take four times that. */
const MAX_OTHER_REQUEST_BYTES = 16 * 1024 * 1024

const MAX_READ_AT_ONCE = 2_048
const MAX_WRITTEN_AT_ONCE = 65_536

/** What is served before a client has said who it is. */
const OPEN_APIS: ReadonlySet<number> = new Set([
  API_KEYS.ApiVersions,
  API_KEYS.SaslHandshake,
  API_KEYS.SaslAuthenticate,
])

/** An API that has a handler. */
export interface ServedApi {
  readonly handler: KafkaHandler
  readonly minVersion: number
  readonly maxVersion: number
  readonly counters: ApiCounters
}

/** A request whose handler was found. */
export interface OpenedRequest {
  readonly served: ServedApi
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
  readonly message: unknown
}

export interface DispatchOptions {
  readonly handlers: readonly KafkaHandler[]
  readonly clock: Clock
  readonly logger: Logger
  readonly apis: ApiCounterSet
  readonly crowd: Crowd
  /** Elements of arrays that are read in one go, of one request. With more it is one of a crowd. */
  readonly maxReadAtOnce?: number
  /** The same of an answer, written. A cluster's own size makes large answers, to small requests. */
  readonly maxWrittenAtOnce?: number
}

/** A request that nothing can be said to but good-bye: the connection is closed. */
export class UnservableRequest extends Error {
  override readonly name = 'UnservableRequest'
}

export class Dispatch {
  readonly clock: Clock
  readonly crowd: Crowd
  readonly #logger: Logger
  readonly #maxReadAtOnce: number
  /** By API key. */
  readonly #served: (ServedApi | undefined)[] = []
  /** One for all connections: a slab that is full is left to the sockets that still write it. */
  readonly #writer = new FrameWriter()

  constructor(options: DispatchOptions) {
    const { handlers, clock, logger, apis, crowd } = options
    this.clock = clock
    this.crowd = crowd
    this.#maxReadAtOnce = options.maxReadAtOnce ?? MAX_READ_AT_ONCE
    this.#writer.maxElements = options.maxWrittenAtOnce ?? MAX_WRITTEN_AT_ONCE
    this.#logger = logger
    for (const handler of handlers) {
      const { key, name } = handler.api
      const versions = servedVersions(key)
      if (versions === undefined || this.#served[key] !== undefined) {
        throw new Error(`${name} has no versions to serve, or two handlers`)
      }
      const [minVersion, maxVersion] = versions.served
      this.#served[key] = { handler, minVersion, maxVersion, counters: apis.api(name) }
    }
  }

  /** True when the next request of this API may begin before the last one is answered. */
  isPipelined(apiKey: number): boolean {
    return this.#served[apiKey]?.handler.pipelined ?? false
  }

  /**
   * Reads a request.
   *
   * @returns null when it has very many names: `openInSteps` reads it
   * @throws UnservableRequest, DecodeError
   */
  open(frame: Buffer, mustAuthenticate: boolean): OpenedRequest | null {
    const reader = new FrameReader(frame)
    const apiKey = reader.int16()
    const version = reader.int16()
    const served = this.#served[apiKey]
    if (served === undefined) throw new UnservableRequest(`API ${apiKey} is not served`)
    const { handler, minVersion, maxVersion } = served
    if (mustAuthenticate && !OPEN_APIS.has(apiKey)) {
      throw new UnservableRequest(`${handler.api.name} came before authentication`)
    }
    if (frame.byteLength > MAX_OTHER_REQUEST_BYTES && apiKey !== API_KEYS.Produce) {
      throw new UnservableRequest(`${handler.api.name} of ${frame.byteLength} bytes`)
    }
    if (version < minVersion || version > maxVersion) {
      if (apiKey === API_KEYS.ApiVersions) return unreadable(served, reader.int32())
      throw new UnservableRequest(`${handler.api.name} ${version} is not served`)
    }
    try {
      const whole = new FrameReader(frame)
      whole.limitElements(this.#maxReadAtOnce)
      const { correlationId, clientId } = readRequestHeader(whole)
      const message = handler.api.request.read(whole, version)
      return { served, version, correlationId, clientId: clientId ?? '', message }
    } catch (error) {
      if (error instanceof CrowdedMessage) return null
      // Some clients take a close during ApiVersions for a broker from before 0.10.
      if (apiKey === API_KEYS.ApiVersions) return unreadable(served, reader.int32())
      throw error
    }
  }

  /**
   * Reads a request of which `open` said that it is one of a crowd.
   *
   * @throws DecodeError; CrowdedMessage when it names more than MAX_REQUEST_ELEMENTS
   */
  *openInSteps(frame: Buffer, stay: Stay): Generator<void, OpenedRequest> {
    const reader = new FrameReader(frame)
    reader.limitElements(MAX_REQUEST_ELEMENTS)
    const { apiKey, apiVersion, correlationId, clientId } = readRequestHeader(reader)
    const served = this.#served[apiKey]!
    const { request } = served.handler.api
    const message = yield* request.readInSteps!(reader, apiVersion)
    stay.measured(reader.heapBytes)
    return { served, version: apiVersion, correlationId, clientId: clientId ?? '', message }
  }

  /** Begins a request. What the handler throws becomes its refusal. Never throws. */
  begin({ served, message }: OpenedRequest, context: KafkaContext): Begun<unknown> {
    try {
      return served.handler.begin(message as never, context)
    } catch (error) {
      return { begun: null, done: Promise.reject(error as Error) }
    }
  }

  /** What a request that failed is answered with; null closes the connection. */
  refusal(request: OpenedRequest, thrown: unknown, context: KafkaContext): unknown {
    const { handler } = request.served
    const error = this.#refusalOf(thrown, handler.api.name)
    try {
      return handler.refuse(request.message as never, error, context)
    } catch (failure) {
      this.#logger.error({ err: failure, api: handler.api.name }, 'A refusal failed')
      return null
    }
  }

  /**
   * The frame of an answer, or null when it can't be written: a fault of ours.
   *
   * @returns 'crowded' when it has very many elements: `frameInSteps` writes it
   */
  frameOf(request: OpenedRequest, answer: unknown): Buffer[] | null | 'crowded' {
    const { served, version, correlationId } = request
    const { api } = served.handler
    try {
      return writeResponse(this.#writer, api, version, correlationId, answer as never)
    } catch (error) {
      return error instanceof CrowdedMessage ? 'crowded' : this.#unwritable(request, error)
    }
  }

  /** As frameOf, whatever the answer has. */
  *frameInSteps(request: OpenedRequest, answer: unknown): Generator<void, Buffer[] | null> {
    const { served, version, correlationId } = request
    const { api } = served.handler
    try {
      const writer = new FrameWriter()
      return yield* writeResponseInSteps(writer, api, version, correlationId, answer as never)
    } catch (error) {
      return this.#unwritable(request, error)
    }
  }

  /** See KafkaHandler.isDone. */
  isDone({ served, message }: OpenedRequest, answer: unknown): boolean {
    return served.handler.isDone?.(message as never, answer as never) ?? false
  }

  /** Counts an answer. @param answer null where none was sent */
  answered(request: OpenedRequest, answer: unknown, startMs: number): void {
    const { handler, counters } = request.served
    const errorId = answer === null ? 0 : handler.outcome(answer as never)
    const outcome = errorId === 0 ? 'OK' : errorCodeOf(errorId)
    counters.answered(outcome, this.clock.monotonicMs() - startMs)
  }

  /** Says why a connection is closed. */
  closing(error: unknown, host: string): void {
    if (
      error instanceof DecodeError ||
      error instanceof CrowdedMessage ||
      error instanceof UnservableRequest
    ) {
      const { message: reason } = error
      this.#logger.debug({ host, reason }, 'The Kafka front closes a connection')
    } else {
      this.#logger.error({ err: error, host }, 'A Kafka request failed before it began')
    }
  }

  #unwritable({ served, version }: OpenedRequest, error: unknown): null {
    const { name } = served.handler.api
    this.#logger.error({ err: error, api: name, version }, 'An answer could not be written')
    return null
  }

  /** A refusal as it is; anything else is a fault of ours, logged and hidden. */
  #refusalOf(thrown: unknown, api: string): BrokerError {
    if (thrown instanceof BrokerError && thrown.code !== 'UNKNOWN_SERVER_ERROR') return thrown
    this.#logger.error({ err: thrown, api }, 'A request failed for no reason that a client may see')
    return BrokerError.from(thrown)
  }
}

/** ApiVersions that could not be read: its handler is told by the null, and answers in version 0. */
function unreadable(served: ServedApi, correlationId: number): OpenedRequest {
  return { served, version: 0, correlationId, clientId: '', message: null }
}
