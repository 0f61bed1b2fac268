// A TCP listener whose clients send frames: who may connect, how much, and for how long.

import net, { type AddressInfo } from 'node:net'
import { formatHostPort, type HostPort } from '../config/address.ts'
import type { Clock, Timer } from '../io/clock.ts'
import { Counter } from '../observability/counters.ts'
import type { Logger } from '../observability/logger.ts'
import { FrameMemory, type ResidentMemory } from './frame-memory.ts'
import { LostMemory } from './lost-memory.ts'
import { ReceiveBudget } from './receive-budget.ts'
import { RoomMaker } from './room-maker.ts'
import type { SendBudget } from './send-budget.ts'
import {
  CLOSE_CAUSES,
  plainAddress,
  ServerConnection,
  type CloseCause,
  type ConnectionHost,
  type ConnectionLimits,
  type FrameHandler,
} from './server-connection.ts'

export interface TcpListenerOptions {
  /** What it is called in the log, as in "Kafka". */
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: ConnectionLimits
  /** Connections that are open at once; the next are closed as they come. */
  readonly maxConnections: number
  /** The same, from one address. */
  readonly maxConnectionsPerAddress: number
  /** Bytes of requests in memory, of all connections. */
  readonly receiveBytes: number
  /** Bytes of answers in memory, of all connections, from which on clients get less: send-budget.ts. */
  readonly sendBytes: number
  /** What answers are read into, while there is some. Default: none. */
  readonly resident?: ResidentMemory
  /** How often connections are looked at. Default 1 s. */
  readonly sweepMs?: number
}

/** Read at once from a connection that has no large frame under way: all may do so once more when there is no
 *  room for requests. */
const SHARED_BYTES = 16 * 1024

/** The same from one that sends batches. */
const BULK_BYTES = 64 * 1024

const SWEEP_MS = 1_000

/** What the objects of a connection take, about. In bytes. */
const OBJECTS_BYTES = 8 * 1024

/** How long requests wait for memory before long polls are asked to end. */
const HURRY_MS = 20

/** Connections that the system holds for us before we take them. */
const BACKLOG = 1_024

export class TcpListener implements ConnectionHost {
  readonly connectionsOpened = new Counter()
  readonly connectionErrors = new Counter()
  /** Connections that were closed for a fault of their clients, or for want of room. */
  readonly refusals = new Map<CloseCause, Counter>(
    CLOSE_CAUSES.map((cause) => [cause, new Counter()]),
  )
  readonly limits: ConnectionLimits
  readonly budget: ReceiveBudget
  readonly frameMemory: FrameMemory
  readonly bulkMemory = Buffer.allocUnsafeSlow(BULK_BYTES)
  readonly sharedMemory = this.bulkMemory.subarray(0, SHARED_BYTES)
  readonly #options: TcpListenerOptions
  readonly #room: RoomMaker
  readonly #server: net.Server
  readonly #connections = new Set<ServerConnection>()
  readonly #byAddress = new Map<string, number>()
  #serve: ((connection: ServerConnection) => FrameHandler) | null = null
  #sweep: Timer | null = null
  #hurry: Timer | null = null
  #allClosed: (() => void) | null = null
  readonly #lost = new LostMemory()
  /** Connections that were closed for a fault since the last sweep. */
  #refusals = 0

  constructor(options: TcpListenerOptions) {
    this.#options = options
    this.limits = options.limits
    this.frameMemory = new FrameMemory(options.resident)
    this.budget = new ReceiveBudget(options.receiveBytes)
    this.#room = new RoomMaker({
      ...{ limitBytes: options.sendBytes, clock: options.clock },
      holders: () => this.#connections,
    })
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true })
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get sendBudget(): SendBudget {
    return this.#room.budget
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#connections.size
  }

  /**
   * Listens. Connections are taken, and wait for `serve`.
   *
   * @returns the port, which matters when `address` has port 0
   * @throws Error when the address is taken or not ours
   */
  bind(address: HostPort): Promise<number> {
    const { name, logger, clock, sweepMs = SWEEP_MS } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const where = formatHostPort(address)
        reject(new Error(`The ${name} front can't listen on ${where}`, { cause: error }))
      })
      this.#server.listen({ ...address, backlog: BACKLOG }, () => {
        this.#server.removeAllListeners('error')
        // Such as EMFILE when a connection is accepted.
        this.#server.on('error', (error) => {
          this.connectionErrors.add()
          logger.warn({ err: error }, `The ${name} front could not take a connection`)
        })
        this.#sweep = clock.every(sweepMs, () => this.#sweepAll())
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Reads from all connections, and from those to come. @param serve says who serves each */
  serve(serve: (connection: ServerConnection) => FrameHandler): void {
    this.#serve = serve
    for (const connection of this.#connections) connection.start(serve(connection))
  }

  /** Takes no more connections. */
  stopAccepting(): void {
    this.#server.close()
  }

  /** Resolves when no connection is left: whoever closes them has been asked to. */
  allClosed(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#allClosed = resolve
    })
  }

  /** Cuts all connections, and takes no more. */
  close(): void {
    this.#server.close()
    for (const timer of [this.#sweep, this.#hurry]) timer?.cancel()
    this.#room.close()
    for (const connection of this.#connections) connection.destroy()
  }

  refused(connection: ServerConnection, cause: CloseCause, reason: string | null): void {
    this.connectionErrors.add()
    this.refusals.get(cause)!.add()
    if (reason === null) return
    this.#refusals += 1
    if (this.#refusals > 1) return // counted, and told by the sweep: an attack must not fill the log
    const { name, logger } = this.#options
    logger.warn({ host: connection.remoteHost, reason }, `The ${name} front closes a connection`)
  }

  failed({ remoteHost: host }: ServerConnection, error: Error): void {
    this.connectionErrors.add()
    this.#options.logger.debug({ err: error, host }, `A ${this.#options.name} connection failed`)
  }

  closed(connection: ServerConnection, lostBytes: number): void {
    this.#lost.lost(lostBytes + OBJECTS_BYTES)
    this.#connections.delete(connection)
    const { remoteHost } = connection
    const others = this.#byAddress.get(remoteHost)! - 1
    if (others > 0) this.#byAddress.set(remoteHost, others)
    else this.#byAddress.delete(remoteHost)
    if (this.#connections.size === 0) this.#allClosed?.()
  }

  #accept(socket: net.Socket): void {
    const { maxConnections, maxConnectionsPerAddress } = this.#options
    const address = plainAddress(socket.remoteAddress)
    const ofAddress = this.#byAddress.get(address) ?? 0
    if (this.#connections.size >= maxConnections || ofAddress >= maxConnectionsPerAddress) {
      this.connectionErrors.add()
      this.refusals.get('connection_limit')!.add()
      socket.on('error', () => {}) // nobody waits for it any more
      socket.destroy()
      return
    }
    const connection = new ServerConnection(socket, this)
    this.#connections.add(connection)
    this.#byAddress.set(address, ofAddress + 1)
    this.connectionsOpened.add()
    if (this.#serve !== null) connection.start(this.#serve(connection))
  }

  #sweepAll(): void {
    const { clock, name, logger } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#refusals > 1) {
      const connections = this.#refusals - 1
      logger.warn(
        { connections },
        `The ${name} front has closed more connections for their requests`,
      )
    }
    this.#refusals = 0
    for (const connection of this.#connections) connection.sweep(nowMs)
    this.budget.wake()
    this.#lost.sweep()
  }

  askForRoom(): void {
    this.#hurry ??= this.#options.clock.after(HURRY_MS, () => {
      this.#hurry = null
      if (!this.budget.exhausted) return
      // Somebody has an equal share at least, so that room is made; who has little is left alone.
      const shareBytes = this.budget.limitBytes / this.#connections.size
      for (const connection of this.#connections) connection.hurry(shareBytes)
    })
  }
}
