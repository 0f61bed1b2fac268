// What every gRPC call has in common, whatever its method: who calls, what is counted, how it is
// refused, how it ends when the broker stops.

import type {
  handleUnaryCall,
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerDuplexStream,
  Metadata,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
import { BrokerError } from '../../base/errors.ts'
import type { Caller } from '../../broker/caller.ts'
import type { AnswerMemory } from '../../broker/fetch/answer-memory.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiCounters, ApiCounterSet } from '../../observability/api-counters.ts'
import type { Logger } from '../../observability/logger.ts'
import { CallStream, type StreamCall, type StreamHandler } from './call-stream.ts'
import { MalformedRequest, refusalOf, statusObject } from './errors.ts'
import type { CallHold } from './peers/call-hold.ts'
import type { GrpcPeers } from './peers/grpc-peers.ts'

/** What a unary method knows of its call. */
export interface CallContext {
  readonly caller: Caller
  /** Aborted when nobody waits for the answer any more, and when the broker stops. */
  readonly signal: AbortSignal
  /** Where batches count that are read for the answer. */
  readonly memory: AnswerMemory
}

/** A streaming call, and the counters of its API. */
export interface StreamContext<I, O> {
  readonly stream: CallStream<I, O>
  readonly api: ApiCounters
}

export interface CallHostOptions {
  readonly server: Server
  readonly apis: ApiCounterSet
  readonly clock: Clock
  readonly logger: Logger
  readonly peers: GrpcPeers
}

/** What is around a message on the wire. */
const MESSAGE_HEAD_BYTES = 5

/** Metadata by which a client says its name. */
const CLIENT_ID_KEY = 'sluice-client-id'

const MAX_CLIENT_ID_LENGTH = 256

/** Others get a turn before a request with a longer list is served, and before its answer is written. */
const LONG_LIST = 1_000

/** A broker that starts or stops leads nothing now. A client may try again: there, or elsewhere. */
function unavailable(doing: 'starting' | 'stopping'): BrokerError {
  return new BrokerError('LEADER_NOT_AVAILABLE', { message: `The broker is ${doing}` })
}

/** A method as grpc-js shall see it. */
interface Registration<H> {
  readonly handle: H
  readonly type: string
  /** Default: as the method says. */
  readonly serialize?: (message: never) => Buffer
}

interface UnaryMethod<I, O> {
  readonly api: ApiCounters
  readonly answer: (request: I, context: CallContext) => Promise<O> | O
  readonly serialize: (message: O) => Buffer
}

export class CallHost {
  readonly #options: CallHostOptions
  readonly #streams = new Set<CallStream<never, never>>()
  /** Of the unary calls that wait for something. */
  readonly #waits = new Set<AbortController>()
  #unaryCalls = 0
  #stopping = false
  #idle: (() => void)[] = []

  constructor(options: CallHostOptions) {
    this.#options = options
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /**
   * Refuses calls of these methods as those of a broker that is starting, until they are added. So a
   * client that comes early is told to come again, and not that there is no such method.
   */
  reserve(methods: Iterable<MethodDefinition<never, never>>): void {
    for (const method of methods) {
      const api = this.#apiOf(method)
      const refuse = (call: StreamCall<never>, callback?: sendUnaryData<never>): void => {
        const refusal = unavailable('starting')
        api.answered(refusal.code, null)
        const status = statusObject(refusal)
        if (callback === undefined) call.emit('error', status)
        else callback(status)
      }
      this.#register(method, api, { handle: refuse, type: typeOf(method) })
    }
  }

  /** Adds a method of one request and one answer. */
  unary<I, O>(
    method: MethodDefinition<I, O>,
    answer: (request: I, context: CallContext) => Promise<O> | O,
  ): void {
    const api = this.#apiOf(method)
    const serialize = (message: O): Buffer => method.responseSerialize(message)
    const facts = { api, answer, serialize }
    const handle: handleUnaryCall<I | MalformedRequest, Buffer> = (call, callback) => {
      void this.#answer(call, callback, facts)
    }
    // The answers are bytes already, so that it is known how many.
    this.#register(method, api, { handle, type: 'unary', serialize: (bytes: Buffer) => bytes })
  }

  /** Adds a method of one request and a stream of answers. */
  serverStream<I, O>(
    method: MethodDefinition<I, O>,
    open: (request: I, context: StreamContext<never, O>) => StreamHandler<never>,
  ): void {
    const api = this.#apiOf(method)
    const handle = (call: ServerWritableStream<I | MalformedRequest, O>): void => {
      const { request } = call
      this.#open<never, O>(api, call, (context) => {
        if (request instanceof MalformedRequest) throw request.error
        return open(request, context)
      })
    }
    this.#register(method, api, { handle, type: 'serverStream' })
  }

  /** Adds a method where both sides stream. */
  bidi<I, O>(
    method: MethodDefinition<I, O>,
    open: (context: StreamContext<I, O>) => StreamHandler<I>,
  ): void {
    const api = this.#apiOf(method)
    const handle = (call: ServerDuplexStream<I | MalformedRequest, O>): void => {
      this.#open<I, O>(api, call, (context) => {
        const handler = open(context)
        context.stream.read(call)
        return handler
      })
    }
    this.#register(method, api, { handle, type: 'bidi' })
  }

  /** Takes no more calls, and has those that are open finish what is in flight and end. */
  stop(): void {
    this.#stopping = true
    for (const wait of this.#waits) wait.abort()
    for (const stream of this.#streams) stream.stop(unavailable('stopping'))
  }

  /** Resolves when no call is open. */
  idle(): Promise<void> {
    if (this.#callCount() === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #callCount(): number {
    return this.#unaryCalls + this.#streams.size
  }

  #ended(): void {
    if (this.#callCount() > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #apiOf<I, O>(method: MethodDefinition<I, O>): ApiCounters {
    return this.#options.apis.api(method.path.slice(method.path.lastIndexOf('/') + 1))
  }

  /** Tells grpc-js of a method, with formats that count bytes and let malformed requests through. */
  #register<I, O, H>(
    method: MethodDefinition<I, O>,
    api: ApiCounters,
    { handle, type, serialize = method.responseSerialize as never }: Registration<H>,
  ): void {
    const count = (message: never): Buffer => {
      const bytes = serialize(message)
      api.bytesOut.add(bytes.byteLength)
      return bytes
    }
    const deserialize = (bytes: Buffer): I | MalformedRequest => {
      api.bytesIn.add(bytes.byteLength)
      try {
        return method.requestDeserialize(bytes)
      } catch (error) {
        return new MalformedRequest(error)
      }
    }
    this.#options.server.unregister(method.path)
    this.#options.server.register(method.path, handle as never, count, deserialize, type)
  }

  async #answer<I, O>(
    call: ServerUnaryCall<I | MalformedRequest, Buffer>,
    callback: sendUnaryData<Buffer>,
    { api, answer, serialize }: UnaryMethod<I, O>,
  ): Promise<void> {
    const { clock, peers } = this.#options
    const startMs = clock.monotonicMs()
    const hold = peers.hold(call)
    const wait = new Wait(call, this.#waits, callerOf(call), hold)
    this.#unaryCalls += 1
    try {
      while (hold.mustWait) await hold.roomFreed()
      if (call.request instanceof MalformedRequest) throw call.request.error
      const isLong = hasLongList(call.request)
      if (isLong) await this.#nextTurn()
      if (this.#stopping) throw unavailable('stopping')
      const answered = await answer(call.request, wait)
      if (isLong) await this.#nextTurn()
      const bytes = serialize(answered)
      hold.answered(bytes.byteLength + MESSAGE_HEAD_BYTES)
      api.answered('OK', clock.monotonicMs() - startMs)
      callback(null, bytes)
    } catch (error) {
      const refusal = refusalOf(error, api.api, this.#options.logger)
      hold.answered(0)
      api.answered(refusal.code, clock.monotonicMs() - startMs)
      callback(statusObject(refusal))
    } finally {
      wait.end()
      this.#unaryCalls -= 1
      this.#ended()
    }
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.endOfTurn(resolve))
  }

  #open<I, O>(
    api: ApiCounters,
    call: StreamCall<O>,
    open: (context: StreamContext<I, O>) => StreamHandler<I>,
  ): void {
    const { peers } = this.#options
    const refuse = (error: unknown): BrokerError => {
      const refusal = refusalOf(error, api.api, this.#options.logger)
      api.answered(refusal.code, null)
      return refusal
    }
    const stream = new CallStream<I, O>(call, callerOf(call), refuse, peers.hold(call))
    try {
      if (this.#stopping) throw unavailable('stopping')
      stream.attach(open({ stream, api }), () => {
        api.openStreams -= 1
        this.#streams.delete(stream as CallStream<never, never>)
        this.#ended()
      })
      api.openStreams += 1
      this.#streams.add(stream as CallStream<never, never>)
    } catch (error) {
      call.emit('error', statusObject(refuse(error)))
    }
  }
}

function hasLongList(request: unknown): boolean {
  for (const value of Object.values(request as object)) {
    if (Array.isArray(value) && value.length > LONG_LIST) return true
  }
  return false
}

/** The kind of a method, as grpc-js calls it. */
function typeOf({ requestStream, responseStream }: MethodDefinition<never, never>): string {
  if (requestStream) return responseStream ? 'bidi' : 'clientStream'
  return responseStream ? 'serverStream' : 'unary'
}

/** The wait of a unary call. Its signal is made when a method asks for it: most do not. */
class Wait implements CallContext {
  readonly caller: Caller
  readonly memory: AnswerMemory
  readonly #call: ServerUnaryCall<unknown, unknown>
  readonly #waits: Set<AbortController>
  #controller: AbortController | null = null

  constructor(
    call: ServerUnaryCall<unknown, unknown>,
    waits: Set<AbortController>,
    caller: Caller,
    memory: CallHold,
  ) {
    this.#call = call
    this.#waits = waits
    this.caller = caller
    this.memory = memory
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController()
      this.#controller = controller
      this.#waits.add(controller)
      this.#call.on('cancelled', () => controller.abort())
    }
    return this.#controller.signal
  }

  end(): void {
    if (this.#controller !== null) this.#waits.delete(this.#controller)
  }
}

function callerOf(call: { getPeer(): string; readonly metadata: Metadata }): Caller {
  const peer = call.getPeer()
  const portAt = peer.lastIndexOf(':')
  const clientId = String(call.metadata.get(CLIENT_ID_KEY)[0] ?? '').slice(0, MAX_CLIENT_ID_LENGTH)
  return { principal: 'User:ANONYMOUS', clientId, host: portAt < 0 ? peer : peer.slice(0, portAt) }
}
