// The clients' connections of the gRPC front, and the one bound of what is held in memory for all of them.

import assert from 'node:assert'
import type { Http2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Clock, Timer } from '../../../io/clock.ts'
import { LostMemory } from '../../../network/lost-memory.ts'
import { RoomMaker } from '../../../network/room-maker.ts'
import { Counter } from '../../../observability/counters.ts'
import type { Logger } from '../../../observability/logger.ts'
import { CallHold } from './call-hold.ts'
import { GrpcPeer } from './grpc-peer.ts'

export interface GrpcPeersOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Bytes of answers in memory, of all connections, from which on clients get less: SendBudget. */
  readonly sendBytes: number
}

const SWEEP_MS = 1_000

export class GrpcPeers {
  /** Connections that were closed, by cause. */
  readonly refusals: ReadonlyMap<string, Counter> = new Map([['send_memory', new Counter()]])
  readonly #options: GrpcPeersOptions
  readonly #room: RoomMaker
  readonly #peers = new Map<Http2Session, GrpcPeer>()
  readonly #lost = new LostMemory()
  readonly #sweep: Timer
  /** Connections that were closed since the last sweep. */
  #refused = 0

  constructor(options: GrpcPeersOptions) {
    const { clock, sendBytes } = options
    this.#options = options
    this.#room = new RoomMaker({
      ...{ limitBytes: sendBytes, clock },
      holders: () => this.#peers.values(),
    })
    this.#sweep = clock.every(SWEEP_MS, () => this.#sweepAll())
  }

  get count(): number {
    return this.#peers.size
  }

  /** Bytes of answers in memory. */
  get heldBytes(): number {
    return this.#room.budget.heldBytes
  }

  opened(session: ServerHttp2Session): void {
    const { clock } = this.#options
    const { budget } = this.#room
    const refused = (reason: string): void => this.#refuse(session, reason)
    const lost = (sizeBytes: number): void => this.#lost.lost(sizeBytes)
    this.#peers.set(session, new GrpcPeer(session, { clock, budget, refused, lost }))
  }

  closed(session: ServerHttp2Session): void {
    this.#peers.get(session)?.closed()
    this.#peers.delete(session)
  }

  /** What a call of grpc-js may hold: counted with its connection. */
  hold(call: object): CallHold {
    const stream = streamOf(call)
    const peer = stream.session === undefined ? undefined : this.#peers.get(stream.session)
    return new CallHold(this.#room.budget, peer ?? null, stream)
  }

  /** Cuts all connections. */
  destroy(): void {
    for (const peer of this.#peers.values()) peer.destroy()
  }

  /** Looks at no clock any more. */
  close(): void {
    this.#sweep.cancel()
    this.#room.close()
  }

  #refuse(session: ServerHttp2Session, reason: string): void {
    this.refusals.get('send_memory')!.add()
    this.#refused += 1
    if (this.#refused > 1) return // told by the sweep: an attack must not fill the log
    const host = session.socket.remoteAddress
    this.#options.logger.warn({ host, reason }, 'The gRPC front closes a connection')
  }

  #sweepAll(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const peer of this.#peers.values()) peer.stalledMs(nowMs)
    this.#lost.sweep()
    const connections = this.#refused - 1
    this.#refused = 0
    if (connections <= 0) return
    const message = 'The gRPC front has closed more connections that did not take their answers'
    this.#options.logger.warn({ connections }, message)
  }
}

/**
 * The HTTP/2 stream of a call. It is private to grpc-js, whose calls tell of their connection by a name
 * alone, and whose end of a call may come before its bytes are out.
 *
 * Source: node_modules/@grpc/grpc-js/src/server-call.ts and server-interceptors.ts, 1.14.
 */
function streamOf(call: object): ServerHttp2Stream {
  const { call: inner } = call as { readonly call?: { readonly stream?: ServerHttp2Stream } }
  const stream = inner?.stream
  assert(stream !== undefined, 'grpc-js has changed inside')
  return stream
}
