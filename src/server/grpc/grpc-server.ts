// The gRPC listener: grpc-js's server with our limits, and its end.

import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Clock } from '../../io/clock.ts'
import type { ApiCounterSet } from '../../observability/api-counters.ts'
import { Counter } from '../../observability/counters.ts'
import type { Logger } from '../../observability/logger.ts'
import { CallHost } from './calls.ts'
import { tuneHttp2 } from './http2-settings.ts'
import { GrpcPeers } from './peers/grpc-peers.ts'

export interface GrpcServerOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly apis: ApiCounterSet
  /** Largest message that is taken, in bytes. */
  readonly maxMessageBytes: number
  readonly maxConnections: number
  /** Bytes of answers in memory, of all connections, from which on clients get less. */
  readonly sendBytes: number
}

/** How often a connection is asked whether it still lives, and how long it may take to say so. */
const KEEPALIVE_MS = 60_000
const KEEPALIVE_TIMEOUT_MS = 20_000

/** A connection without any call is closed after this long. */
const IDLE_MS = 10 * 60_000

export class GrpcServer {
  readonly calls: CallHost
  readonly connectionsOpened = new Counter()
  readonly connectionErrors = new Counter()
  readonly #server: Server
  readonly #clock: Clock
  readonly #peers: GrpcPeers

  constructor(options: GrpcServerOptions) {
    const { clock, logger, apis, maxMessageBytes, maxConnections } = options
    this.#clock = clock
    this.#peers = new GrpcPeers(options)
    this.#server = new Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.max_connection_idle_ms': IDLE_MS,
      // It keeps books on each call, which nobody reads: the metrics say the same.
      'grpc.enable_channelz': 0,
    })
    tuneHttp2(this.#server, {
      maxConnections,
      opened: (session) => {
        this.#peers.opened(session)
        this.connectionsOpened.add()
      },
      closed: (session) => this.#peers.closed(session),
      failed: (error) => {
        this.connectionErrors.add()
        logger.debug({ err: error }, 'A gRPC connection failed')
      },
    })
    this.calls = new CallHost({ server: this.#server, apis, clock, logger, peers: this.#peers })
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#peers.count
  }

  /** Bytes of answers in memory that clients have not taken, and of batches that are read for them. */
  get heldBytes(): number {
    return this.#peers.heldBytes
  }

  /** Connections that were closed for what their clients do, by cause. */
  get refusals(): ReadonlyMap<string, Counter> {
    return this.#peers.refusals
  }

  /**
   * Listens.
   *
   * @param address host:port, an IPv6 host in brackets
   * @returns the port, which matters when `address` has port 0
   * @throws Error when the address is taken or not ours
   */
  bind(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port)
        else reject(new Error(`The gRPC front can't listen on ${address}`, { cause: error }))
      })
    })
  }

  /**
   * Takes no more connections and calls, lets open calls finish, then cuts what is left.
   *
   * @param graceMs how long calls may take to finish
   */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      // Refuses new connections, and closes each that is there when its last call has ended.
      this.#server.tryShutdown(() => resolve())
    })
    this.calls.stop()
    const deadline = this.#clock.after(graceMs, () => {
      // Not forceShutdown: without channelz, grpc-js knows of no session there.
      this.#peers.destroy()
    })
    await closed
    deadline.cancel()
    await this.calls.idle()
    this.#peers.close()
  }
}
