// Stands between clients and a broker, hands on what they say, and does to single requests what a bad
// network does: holds them back, cuts connections, and delivers requests long after their client has
// given them up. It knows the heads of frames and no more.

import { once } from 'node:events'
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  FrameSplitter,
  requestHead,
  responseCorrelationId,
  type RequestHead,
} from './frame-splitter.ts'

/**
 * What is done with a request.
 *
 * - pass: it is handed on
 * - delay: it is handed on later, and what its connection sends after it is too
 * - cut: it is lost, and its connection is closed on both sides
 * - lose answer: it is handed on, and where its answer comes the connection is closed instead
 * - strand: the client's side is closed, and the request is held, as if the network still had it. When
 *   `released` resolves it reaches the broker, on the connection on which it would have come
 */
export type Action =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'lose answer' }
  | { readonly kind: 'strand'; readonly released: Promise<void> }

export interface ProxyRules {
  /** Decides over each request, in the order of its connection. */
  request(head: RequestHead): Action
  /** An answer goes back to its client. */
  answered?(head: RequestHead): void
  /** A request that was stranded was answered by the broker, to nobody. */
  answeredLate?(head: RequestHead): void
}

export const PASS: Action = { kind: 'pass' }

/** Requests of a connection that wait to be handed on, before its client is read no more. */
const MAX_WAITING = 64

export class KafkaProxy {
  readonly #server: Server
  readonly #rules: ProxyRules
  readonly #brokerPort: number
  readonly #connections = new Set<Connection>()

  private constructor(server: Server, brokerPort: number, rules: ProxyRules) {
    this.#server = server
    this.#brokerPort = brokerPort
    this.#rules = rules
    server.on('connection', (client) => this.#accept(client))
  }

  /** @param brokerPort of a broker on 127.0.0.1, which need not be there yet, nor always */
  static async start(brokerPort: number, rules: ProxyRules): Promise<KafkaProxy> {
    const server = createServer({ noDelay: true })
    const proxy = new KafkaProxy(server, brokerPort, rules)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /** "127.0.0.1:port" for clients. The broker has to advertise it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Closes all connections, on both sides. What is stranded stays so. */
  cutAll(): void {
    for (const each of this.#connections) each.cut()
  }

  /** Lets nothing through, in either direction, until it is let go on; connections stay. */
  hold(): void {
    for (const each of this.#connections) each.hold()
  }

  goOn(): void {
    for (const each of this.#connections) each.goOn()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const each of this.#connections) each.end()
    await closed
  }

  #accept(client: Socket): void {
    const broker = createConnection({ port: this.#brokerPort, host: '127.0.0.1', noDelay: true })
    const connection = new Connection(client, broker, this.#rules)
    this.#connections.add(connection)
    void connection.ended.then(() => this.#connections.delete(connection))
  }
}

class Connection {
  readonly ended: Promise<void>
  readonly #client: Socket
  readonly #broker: Socket
  readonly #rules: ProxyRules
  readonly #requests = new FrameSplitter()
  readonly #answers = new FrameSplitter()
  /** Sent to the broker, by correlation id. Produce without acks stays until the end. */
  readonly #sent = new Map<number, RequestHead>()
  /** Requests whose answers the client does not get. */
  readonly #unanswered = new Set<number>()
  readonly #waiting: Buffer[] = []
  #stranded: RequestHead | null = null
  #isHandingOn = false
  #isHeld = false

  constructor(client: Socket, broker: Socket, rules: ProxyRules) {
    this.#client = client
    this.#broker = broker
    this.#rules = rules
    const closed = [client, broker].map((socket) => {
      socket.on('error', () => {})
      return new Promise<void>((resolve) => socket.once('close', () => resolve()))
    })
    this.ended = Promise.all(closed).then(() => {})
    client.on('data', (bytes: Buffer) => this.#takeRequests(bytes))
    client.once('close', () => {
      if (this.#stranded === null) broker.destroy()
    })
    broker.on('data', (bytes: Buffer) => this.#takeAnswers(bytes))
    broker.once('close', () => client.destroy())
  }

  /** Closes both sides, unless the network has a request of it still. */
  cut(): void {
    if (this.#stranded === null) this.end()
  }

  end(): void {
    this.#client.destroy()
    this.#broker.destroy()
  }

  hold(): void {
    this.#isHeld = true
    this.#client.pause()
    this.#broker.pause()
  }

  goOn(): void {
    this.#isHeld = false
    this.#broker.resume()
    this.#client.resume()
  }

  #takeRequests(bytes: Buffer): void {
    // What came after a request that is stranded is lost with the client's side.
    if (this.#stranded !== null) return
    this.#waiting.push(...this.#requests.push(bytes))
    if (this.#waiting.length > MAX_WAITING) this.#client.pause()
    void this.#handOn()
  }

  async #handOn(): Promise<void> {
    if (this.#isHandingOn) return
    this.#isHandingOn = true
    for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
      await this.#act(frame)
    }
    this.#isHandingOn = false
    if (!this.#isHeld) this.#client.resume()
  }

  async #act(frame: Buffer): Promise<void> {
    const head = requestHead(frame)
    const action = this.#rules.request(head)
    if (action.kind === 'cut') return this.end()
    if (action.kind === 'strand') return await this.#strand(frame, head, action.released)
    if (action.kind === 'delay') await delay(action.delayMs)
    if (action.kind === 'lose answer') this.#unanswered.add(head.correlationId)
    this.#sent.set(head.correlationId, head)
    if (!this.#broker.write(frame)) await this.#drained()
  }

  /** Resolves when the broker takes more, or is gone. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#broker.once('drain', resolve)
      this.#broker.once('close', () => resolve())
    })
  }

  async #strand(frame: Buffer, head: RequestHead, released: Promise<void>): Promise<void> {
    this.#stranded = head
    this.#waiting.length = 0
    this.#client.destroy()
    await released
    this.#sent.set(head.correlationId, head)
    this.#broker.write(frame)
  }

  #takeAnswers(bytes: Buffer): void {
    for (const frame of this.#answers.push(bytes)) {
      const correlationId = responseCorrelationId(frame)
      const head = this.#sent.get(correlationId)
      this.#sent.delete(correlationId)
      if (this.#unanswered.has(correlationId)) return this.end()
      if (head !== undefined && head === this.#stranded) {
        this.#rules.answeredLate?.(head)
        return this.end()
      }
      if (this.#client.destroyed) continue
      if (head !== undefined) this.#rules.answered?.(head)
      if (this.#client.write(frame)) continue
      this.#broker.pause()
      this.#client.once('drain', () => this.#isHeld || this.#broker.resume())
    }
  }
}
