// A listener over real sockets and a clock by hand, whose handlers answer each frame with itself.

import net from 'node:net'
import type { FrameHandler, ServerConnection } from '../../src/network/server-connection.ts'
import { TcpListener, type TcpListenerOptions } from '../../src/network/tcp-listener.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { ManualClock } from '../support/manual-clock.ts'

export const LIMITS = {
  maxFrameBytes: 1_000_000,
  idleMs: 600_000,
  slowFrameMs: 9_000,
  minBytesPerSecond: 256,
  unknownMs: 9_000,
  stalledMs: 60_000,
}

/** Answers each frame with itself, unless it is told not to. */
export class Echo implements FrameHandler {
  readonly frames: Buffer[] = []
  readonly connection: ServerConnection
  busy = false
  answers = true
  drains = 0
  isClosed = false
  known = true

  constructor(connection: ServerConnection) {
    this.connection = connection
  }

  frame(bytes: Buffer): void {
    this.frames.push(bytes)
    if (!this.answers) return
    this.connection.send([framed(bytes)])
    this.connection.forget(bytes.byteLength)
  }

  drained(): void {
    this.drains += 1
  }

  hurry(): void {}

  closed(): void {
    this.isClosed = true
  }
}

export let clock: ManualClock
export let listener: TcpListener
let port: number
export let served: Echo[]
export let sockets: net.Socket[]

export async function listen(options: Partial<TcpListenerOptions> = {}): Promise<void> {
  clock = new ManualClock()
  served = []
  sockets = []
  listener = new TcpListener({
    ...{ name: 'test', clock, logger: silentLogger, limits: LIMITS },
    ...{ maxConnections: 100, maxConnectionsPerAddress: 100, receiveBytes: 1_000_000 },
    sendBytes: 100_000_000,
    ...options,
  })
  port = await listener.bind({ host: '127.0.0.1', port: 0 })
}

export function serve(): void {
  listener.serve((connection) => {
    const echo = new Echo(connection)
    served.push(echo)
    return echo
  })
}

export async function connect(): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  sockets.push(socket)
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

export function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.byteLength)
  return Buffer.concat([size, bytes])
}

export function received(socket: net.Socket): () => Buffer {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}

export function closing(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.resume()
    socket.once('close', () => resolve())
  })
}

/** Lets what is under way between two sockets arrive. */
export function arrive(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30))
}
