// One connection to one broker: from the first byte to the last, without a second life.
//
//   connecting ─► negotiating ─► ready ─► closed
//                 ApiVersions, SASL         ▲ from anywhere: by either side, or when an answer
//                                           │ does not come in time
//
//   call ─► waiting ─► in flight, in order ─► answers come in that order
//
// Answers come in the order of the requests, so one that does not come holds up all behind it: a
// request that runs out of time in flight ends the connection.

import type { Clock, Timer } from '../../io/clock.ts'
import type {
  ConnectFrames,
  FrameConnection,
  FrameListener,
  HostAndPort,
} from '../../network/client-connection.ts'
import { FrameReader } from '../../protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../protocol/kafka/frames.ts'
import { API_VERSIONS } from '../../protocol/kafka/gen/api-versions.ts'
import type { Api } from '../../protocol/kafka/message-codec.ts'
import { SluiceError } from '../errors.ts'
import { brokenAnswer, networkError } from './kafka-error.ts'
import type { Authenticate } from './sasl.ts'
import { negotiate, saysUnsupportedVersion } from './versions.ts'
import type { BrokerVersions } from './versions.ts'

/** An API as a client uses it. */
export type ClientApi<Init, Response> = Api<unknown, Init, Response, never>

/** A request, or how to say it in a version. */
export type RequestOf<Init> = Init | ((version: number) => Init)

export interface ConnectionParts {
  readonly connect: ConnectFrames
  readonly clock: Clock
  readonly clientId: string
  /** Longest time from the first packet until the broker takes requests, in milliseconds. */
  readonly connectTimeoutMs: number
  readonly authenticate: Authenticate | null
}

/** Largest answer that is taken, in bytes. Kafka's own clients and brokers bound frames alike. */
export const MAX_ANSWER_BYTES = 100 * 1024 * 1024

/** Requests that are under way at once. A broker takes them one by one, so more would not help. */
const MAX_IN_FLIGHT = 64

/** Requests that wait to get under way. */
const MAX_WAITING = 10_000

const SLAB_BYTES = 16 * 1024

/** Longest delay that a timer takes, in milliseconds. */
const MAX_DELAY_MS = 0x7fff_ffff

interface Request {
  readonly api: ClientApi<unknown, unknown>
  readonly message: RequestOf<unknown>
  readonly deadlineMs: number
  /** False: there is no answer, and it is done once it has been sent. */
  readonly answered: boolean
  readonly resolve: (response: unknown) => void
  readonly reject: (error: SluiceError) => void
  version: number
  correlationId: number
}

export class BrokerConnection {
  readonly address: HostAndPort
  readonly #parts: ConnectionParts
  readonly #frames: FrameConnection
  readonly #connectDeadlineMs: number
  readonly #writer = new FrameWriter(SLAB_BYTES)
  /** Frames that the kernel does not have yet. */
  #unsentFrames = 0
  #versions: BrokerVersions | null = null
  /** Why it is closed; null while it is not. */
  #error: SluiceError | null = null
  #nextCorrelationId = 0
  readonly #inFlight: Request[] = []
  /** Those without an answer that the kernel does not have yet. */
  readonly #unsent = new Set<Request>()
  readonly #waiting: Request[] = []
  #timer: Timer | null = null
  #timerAtMs = Infinity
  #readyWaiters: { readonly resolve: () => void; readonly reject: (error: SluiceError) => void }[] =
    []

  constructor(address: HostAndPort, parts: ConnectionParts) {
    this.address = address
    this.#parts = parts
    const listener: FrameListener = {
      connected: () => void this.#handshake(),
      frame: (bytes) => this.#frame(bytes),
      closed: (cause) => this.close(this.#lost(cause)),
    }
    this.#connectDeadlineMs = parts.clock.monotonicMs() + parts.connectTimeoutMs
    this.#frames = parts.connect(address, MAX_ANSWER_BYTES, listener)
    this.#wakeAt(this.#connectDeadlineMs)
  }

  get isClosed(): boolean {
    return this.#error !== null
  }

  get isReady(): boolean {
    return this.#versions !== null && this.#error === null
  }

  /** Resolves when the broker takes requests. @throws SluiceError why it does not */
  ready(): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error)
    if (this.#versions !== null) return Promise.resolve()
    return new Promise((resolve, reject) => this.#readyWaiters.push({ resolve, reject }))
  }

  /** Version of an API that would be spoken; null for none. Only while it is ready. */
  versionOf(api: ClientApi<never, unknown>): number | null {
    return this.#versions?.find(api) ?? null
  }

  /** Level of a feature that the cluster has decided on; 0 for none. Only while it is ready. */
  featureLevel(name: string): number {
    return this.#versions?.featureLevel(name) ?? 0
  }

  /**
   * Asks the broker.
   *
   * @throws SluiceError NETWORK_EXCEPTION, REQUEST_TIMED_OUT, UNSUPPORTED_VERSION, BUFFER_FULL when
   *   too many requests wait
   */
  call<Init, Response>(
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<Response> {
    return this.#ask(api, message, timeoutMs, true) as Promise<Response>
  }

  /** As `call`, for a request that has no answer. Resolves when the kernel has all of it. */
  async tell<Init>(
    api: ClientApi<Init, unknown>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<void> {
    await this.#ask(api, message, timeoutMs, false)
  }

  /** Ends it. What waits and what is in flight is rejected; no memory of it is read any more. */
  close(error: SluiceError): void {
    if (this.#error !== null) return
    this.#error = error
    this.#timer?.cancel()
    this.#frames.close()
    const waiters = this.#readyWaiters
    this.#readyWaiters = []
    for (const { reject } of waiters) reject(error)
    const open = [...this.#inFlight.splice(0), ...this.#unsent, ...this.#waiting.splice(0)]
    this.#unsent.clear()
    for (const request of open) request.reject(error)
  }

  #ask(
    api: ClientApi<never, unknown>,
    message: RequestOf<unknown>,
    timeoutMs: number,
    answered: boolean,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#parts.clock.monotonicMs() + Math.min(timeoutMs, MAX_DELAY_MS)
      this.#add({
        api: api as ClientApi<unknown, unknown>,
        message,
        deadlineMs,
        answered,
        resolve,
        reject,
        version: -1,
        correlationId: -1,
      })
    })
  }

  #add(request: Request): void {
    if (this.#error !== null) {
      request.reject(this.#error)
      return
    }
    if (this.#versions !== null && this.#inFlight.length < MAX_IN_FLIGHT) {
      this.#send(request, this.#versions)
      return
    }
    if (this.#waiting.length >= MAX_WAITING) {
      const message = `${MAX_WAITING} requests wait for the broker already`
      request.reject(new SluiceError('BUFFER_FULL', {}, { message }))
      return
    }
    this.#waiting.push(request)
    this.#frames.keepAlive(true)
    this.#wakeAt(request.deadlineMs)
  }

  #send(request: Request, versions: BrokerVersions): void {
    try {
      request.version = versions.choose(request.api)
      this.#put(request)
    } catch (error) {
      request.reject(SluiceError.from(error))
    }
  }

  /** Puts a request on the wire, whatever state the connection is in. */
  #put(request: Request): void {
    const { api, message, version, answered } = request
    request.correlationId = this.#nextCorrelationId
    const said = typeof message === 'function' ? message(version) : message
    const facts = {
      version,
      correlationId: request.correlationId,
      clientId: this.#parts.clientId,
    }
    const frame = writeRequest(this.#writer, api, facts, said)
    this.#nextCorrelationId = (this.#nextCorrelationId + 1) | 0
    if (!answered) this.#unsent.add(request)
    else {
      this.#inFlight.push(request)
      this.#frames.keepAlive(true)
      this.#wakeAt(request.deadlineMs)
    }
    this.#unsentFrames += 1
    this.#frames.send(frame, () => {
      this.#unsentFrames -= 1
      if (this.#unsentFrames === 0) this.#writer.rewind()
      if (this.#unsent.delete(request)) request.resolve(undefined)
    })
  }

  #frame(bytes: Buffer): void {
    if (this.#error !== null) return
    const request = this.#inFlight.shift()
    if (request === undefined) {
      this.close(networkError('The broker sent an answer to nothing'))
      return
    }
    const { api, version, correlationId } = request
    try {
      const reader = FrameReader.ofResponse(bytes)
      const refusedVersion = api.key === API_VERSIONS.key && saysUnsupportedVersion(bytes)
      const answer = readResponse(reader, api, refusedVersion ? 0 : version)
      if (answer.correlationId !== correlationId) reader.fail('the answer is to another request')
      request.resolve(answer.message)
    } catch (cause) {
      const error = brokenAnswer(api.name, cause)
      request.reject(error)
      this.close(error)
      return
    }
    this.#pump()
  }

  #pump(): void {
    const versions = this.#versions
    if (versions === null) return
    while (this.#waiting.length > 0 && this.#inFlight.length < MAX_IN_FLIGHT) {
      this.#send(this.#waiting.shift()!, versions)
    }
    if (this.#inFlight.length === 0 && this.#waiting.length === 0) this.#frames.keepAlive(false)
  }

  async #handshake(): Promise<void> {
    try {
      const versions = await negotiate((version, message) => {
        return this.#exchange(API_VERSIONS, version, message)
      })
      await this.#parts.authenticate?.((api, message) => {
        return this.#exchange(api, versions.choose(api), message)
      })
      if (this.#error !== null) return
      this.#versions = versions
      const waiters = this.#readyWaiters
      this.#readyWaiters = []
      for (const { resolve } of waiters) resolve()
      this.#pump()
    } catch (error) {
      this.close(SluiceError.from(error))
    }
  }

  /** Asks while the connection is made. The time that it has is that of the connection. */
  #exchange<Init, Response>(
    api: ClientApi<Init, Response>,
    version: number,
    message: Init,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#put({
        api: api as unknown as ClientApi<unknown, unknown>,
        message,
        deadlineMs: this.#connectDeadlineMs,
        answered: true,
        resolve: resolve as (response: unknown) => void,
        reject,
        version,
        correlationId: -1,
      })
    })
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    const delayMs = Math.max(0, atMs - this.#parts.clock.monotonicMs())
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#timerAtMs = Infinity
      this.#checkDeadlines()
    })
  }

  #checkDeadlines(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (this.#versions === null && nowMs >= this.#connectDeadlineMs) {
      this.close(networkError('The broker did not answer in time', undefined, this.#where))
      return
    }
    if (this.#inFlight.some(({ deadlineMs }) => nowMs >= deadlineMs)) {
      for (const request of this.#inFlight) {
        if (nowMs >= request.deadlineMs) request.reject(this.#late(request))
      }
      this.close(networkError('The broker did not answer in time', undefined, this.#where))
      return
    }
    for (const request of this.#waiting.splice(0)) {
      if (nowMs >= request.deadlineMs) request.reject(this.#late(request))
      else this.#waiting.push(request)
    }
    if (this.#versions === null) this.#wakeAt(this.#connectDeadlineMs)
    for (const { deadlineMs } of this.#inFlight) this.#wakeAt(deadlineMs)
    for (const { deadlineMs } of this.#waiting) this.#wakeAt(deadlineMs)
  }

  #late({ api }: Request): SluiceError {
    const message = 'The broker did not answer in time'
    return new SluiceError('REQUEST_TIMED_OUT', { api: api.name, ...this.#where }, { message })
  }

  #lost(cause: Error | null): SluiceError {
    const message = cause === null ? 'The broker ended the connection' : cause.message
    return networkError(message, cause ?? undefined, this.#where)
  }

  get #where(): { broker: string } {
    const { host, port } = this.address
    return { broker: `${host}:${port}` }
  }
}
