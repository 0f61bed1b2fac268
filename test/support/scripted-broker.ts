// Kafka brokers in memory, at the far end of a client's connections: they read frames and answer what
// a test says, or nothing, or bytes that are no answer. Answers come in later microtasks, so nothing
// depends on time.

import type {
  ConnectFrames,
  FrameConnection,
  FrameListener,
  HostAndPort,
} from '../../src/network/client-connection.ts'
import { apiOf } from '../../src/protocol/kafka/api-table.ts'
import { FrameReader } from '../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import { writeResponse } from '../../src/protocol/kafka/frames.ts'
import { API_VERSIONS } from '../../src/protocol/kafka/gen/api-versions.ts'
import { APIS } from '../../src/protocol/kafka/gen/apis.ts'
import { readRequestHeader } from '../../src/protocol/kafka/header.ts'
import type { RequestHeader } from '../../src/protocol/kafka/header.ts'
import type { AnyApi, Api } from '../../src/protocol/kafka/message-codec.ts'

/** No answer ever comes. */
export const SILENCE = Symbol('silence')
/** The broker ends the connection. */
export const HANG_UP = Symbol('hang up')

/** Bytes that are sent as they are, in place of the message: what a broker may lie. */
export class RawBody {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

export type Script<Request, Answer> = (
  request: Request,
  header: RequestHeader,
) => Answer | Promise<Answer> | RawBody | typeof SILENCE | typeof HANG_UP

type AnyScript = Script<unknown, unknown>

interface ReceivedRequest extends RequestHeader {
  readonly name: string
  readonly message: unknown
}

export class ScriptedBroker {
  /** Nobody gets through to it. */
  down = false
  /** It takes connections, and says nothing on them. */
  mute = false
  /** Highest version of ApiVersions that it knows. */
  apiVersionsUpTo = 4
  /** Connections that were made to it. */
  connections = 0
  /** All that was asked beside ApiVersions, in that order. */
  readonly received: ReceivedRequest[] = []
  readonly #scripts = new Map<number, AnyScript>()
  readonly #ranges = new Map<number, readonly [number, number]>()
  /** Levels of what its cluster has decided on. */
  readonly #features = new Map<string, number>()
  readonly #open = new Set<ScriptedConnection>()

  constructor() {
    for (const { key, minVersion, maxVersion } of APIS) {
      this.#ranges.set(key, [minVersion, maxVersion])
    }
  }

  /** Says how an API is answered, from now on. */
  on<Request, Answer>(
    api: Api<Request, never, unknown, Answer>,
    script: Script<Request, Answer>,
  ): void {
    this.#scripts.set(api.key, script as AnyScript)
  }

  /** Serves these versions of an API alone; null: none. */
  serve(api: { readonly key: number }, range: readonly [number, number] | null): void {
    if (range === null) this.#ranges.delete(api.key)
    else this.#ranges.set(api.key, range)
  }

  /** Says that its cluster has decided on this level of a feature. */
  finalize(feature: string, level: number): void {
    this.#features.set(feature, level)
  }

  /** Requests of one API. */
  requests<Request>(api: Api<Request, never, unknown, never>): Request[] {
    const own = this.received.filter(({ apiKey }) => apiKey === api.key)
    return own.map(({ message }) => message as Request)
  }

  versionsOf(api: { readonly key: number }): number[] {
    return this.received.filter(({ apiKey }) => apiKey === api.key).map((each) => each.apiVersion)
  }

  /** Ends all connections to it. */
  hangUp(): void {
    for (const connection of this.#open) connection.lose(null)
  }

  connect(listener: FrameListener): FrameConnection {
    this.connections += 1
    const connection = new ScriptedConnection(this, listener, () => this.#open.delete(connection))
    this.#open.add(connection)
    return connection
  }

  /** The parts of the answer to a frame, or how it ends. */
  async answer(frame: Buffer): Promise<Buffer | typeof SILENCE | typeof HANG_UP> {
    const reader = new FrameReader(frame)
    const header = readRequestHeader(reader)
    const { apiKey, apiVersion, correlationId } = header
    if (apiKey === API_VERSIONS.key) return this.#tellVersions(apiVersion, correlationId)
    const api = apiOf(apiKey)!
    const message = api.request.read(reader, apiVersion)
    this.received.push({ ...header, name: api.name, message })
    const script = this.#scripts.get(apiKey)
    if (script === undefined) throw new Error(`nothing was said about ${api.name}`)
    const answer = await script(message, header)
    if (answer === SILENCE || answer === HANG_UP) return answer
    if (answer instanceof RawBody) return withCorrelation(correlationId, answer.bytes)
    return frameOf(api, apiVersion, correlationId, answer)
  }

  #tellVersions(version: number, correlationId: number): Buffer {
    const all = [...this.#ranges].map(([apiKey, [minVersion, maxVersion]]) => {
      return { apiKey, minVersion, maxVersion }
    })
    if (version <= this.apiVersionsUpTo) {
      const finalizedFeatures = [...this.#features].map(([name, level]) => {
        return { name, maxVersionLevel: level, minVersionLevel: level }
      })
      const told = { errorCode: 0, apiKeys: all, finalizedFeaturesEpoch: 1, finalizedFeatures }
      return frameOf(API_VERSIONS, version, correlationId, told)
    }
    const own = { apiKey: API_VERSIONS.key, minVersion: 0, maxVersion: this.apiVersionsUpTo }
    return frameOf(API_VERSIONS, 0, correlationId, { errorCode: 35, apiKeys: [own] })
  }
}

/** Brokers by their addresses. */
export class ScriptedNetwork {
  readonly #brokers = new Map<string, ScriptedBroker>()

  /** Makes a broker. */
  broker(port: number, host = 'memory'): ScriptedBroker {
    const broker = new ScriptedBroker()
    this.#brokers.set(nameOf({ host, port }), broker)
    return broker
  }

  readonly connect: ConnectFrames = (address, _maxFrameBytes, listener) => {
    const broker = this.#brokers.get(nameOf(address))
    if (broker !== undefined && !broker.down) return broker.connect(listener)
    const refused = new Error(`connect ECONNREFUSED ${nameOf(address)}`)
    queueMicrotask(() => listener.closed(refused))
    return { send: () => {}, keepAlive: () => {}, close: () => {} }
  }
}

class ScriptedConnection implements FrameConnection {
  readonly #broker: ScriptedBroker
  readonly #listener: FrameListener
  readonly #onEnd: () => void
  #ended = false
  /** Answers go out in the order of the requests. */
  #turn: Promise<void> = Promise.resolve()

  constructor(broker: ScriptedBroker, listener: FrameListener, onEnd: () => void) {
    this.#broker = broker
    this.#listener = listener
    this.#onEnd = onEnd
    queueMicrotask(() => {
      if (!this.#ended && !broker.mute) listener.connected()
    })
  }

  send(parts: readonly Buffer[], sent: () => void): void {
    if (this.#ended) return
    const frame = Buffer.concat(parts).subarray(4)
    queueMicrotask(() => {
      if (!this.#ended) sent()
    })
    const answer = this.#broker.answer(frame)
    this.#turn = this.#turn.then(async () => {
      const given = await answer
      if (this.#ended || given === SILENCE) return
      if (given === HANG_UP) this.lose(null)
      else this.#listener.frame(given)
    })
  }

  keepAlive(): void {}

  close(): void {
    this.lose(null)
  }

  lose(cause: Error | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    queueMicrotask(() => this.#listener.closed(cause))
  }
}

function frameOf(api: AnyApi, version: number, correlationId: number, message: unknown): Buffer {
  const parts = writeResponse(new FrameWriter(), api, version, correlationId, message as never)
  return Buffer.concat(parts).subarray(4)
}

function withCorrelation(correlationId: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(4 + body.byteLength)
  frame.writeInt32BE(correlationId)
  body.copy(frame, 4)
  return frame
}

function nameOf({ host, port }: HostAndPort): string {
  return `${host}:${port}`
}
