// One connection of a listener: frames in, frames out.
//
// While nothing happens a connection holds a socket and a few fields. It reads into memory that all
// share (frame-collector.ts), its answers of one turn leave in one write, and its clock is looked at
// by the listener's sweep alone.

import { nextTick } from 'node:process'
import type net from 'node:net'
import { FrameCollector, SMALL_FRAME_BYTES, type FrameSink } from './frame-collector.ts'
import type { FrameMemory } from './frame-memory.ts'
import type { BudgetWaiter, ReceiveBudget } from './receive-budget.ts'
import { receivingSocket, type Receiver } from './receiving-socket.ts'

/** Who is served by a connection. */
export interface FrameHandler {
  /** A whole frame, without its size: its bytes belong to the handler. */
  frame(bytes: Buffer): void
  /** The client has taken what was written to it. */
  drained(): void
  /** The connection is gone. Called once. */
  closed(): void
  /** True while requests are not answered: such a connection is not idle. */
  readonly busy: boolean
}

export interface ConnectionLimits {
  /** Largest frame, in bytes. */
  readonly maxFrameBytes: number
  /** Without any traffic for so long, a connection is closed. */
  readonly idleMs: number
  /** A frame that has begun must come at `minBytesPerSecond`, looked at after so long. */
  readonly slowFrameMs: number
  readonly minBytesPerSecond: number
}

/** Parts of up to this size in all are written as one: a gathering write costs more. */
const JOINED_BYTES = 4 * 1024

/** What a connection has of its listener. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits
  readonly budget: ReceiveBudget
  readonly frameMemory: FrameMemory
  /** For reads of all connections: what is kept of it is copied before the next. */
  readonly sharedMemory: Buffer
  /** The connection is closed for a fault of the client. */
  refused(connection: ServerConnection, reason: string): void
  failed(connection: ServerConnection, error: Error): void
  closed(connection: ServerConnection): void
}

export class ServerConnection implements Receiver, FrameSink, BudgetWaiter {
  /** Address of the client, as a text. */
  readonly remoteHost: string
  /** Largest frame that is taken now, in bytes. */
  maxFrameBytes: number
  readonly #host: ConnectionHost
  readonly #socket: net.Socket
  readonly #collector: FrameCollector
  #handler: FrameHandler | null = null
  /** Reasons not to read. */
  #holds = 1
  /** Its turn for the budget has not come. */
  #waiting = false
  /** The next read goes into the frame's own memory. */
  #readsIntoFrame = false
  /** Parts that leave when the callbacks of this moment have run; null when there are none. */
  #unwritten: Uint8Array[] | null = null
  #unwrittenBytes = 0
  #closed = false
  #ending = false
  /** Bytes of the large frame that is being collected: taken from the budget. */
  #reservedBytes = 0
  /** Of the large frame that waits for the budget. */
  #wantedBytes = 0
  // For the sweep: what it saw last, and since when nothing has changed.
  #received = 0
  #seenReceived = -1
  #seenUnsent = 0
  #activeMs = 0
  #watchedFrame = -1
  #watchedMs = 0
  #watchedBytes = 0

  /** @param accepted by a server with `pauseOnConnect` */
  constructor(accepted: net.Socket, host: ConnectionHost) {
    this.#host = host
    this.#collector = new FrameCollector(this, host.frameMemory)
    this.remoteHost = plainAddress(accepted.remoteAddress)
    this.maxFrameBytes = host.limits.maxFrameBytes
    this.#socket = receivingSocket(accepted, this)
    this.#socket.on('error', (error) => host.failed(this, error))
    this.#socket.on('drain', () => this.#handler?.drained())
    this.#socket.on('close', () => this.#gone())
  }

  /** Our own address, as the client sees it. */
  get localHost(): string {
    return plainAddress(this.#socket.localAddress)
  }

  get open(): boolean {
    return !this.#closed && !this.#ending
  }

  /** Bytes that were written and that the system has not taken yet. */
  get unsentBytes(): number {
    return this.#unwrittenBytes + this.#socket.writableLength
  }

  /** Serves the connection: reading begins. */
  start(handler: FrameHandler): void {
    this.#handler = handler
    this.release()
  }

  /** Stops reading until `release` was called as often. */
  hold(): void {
    this.#holds += 1
    if (this.#holds === 1) this.#socket.pause()
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0 && this.open) this.#socket.resume()
  }

  /** Writes the parts of a frame. They must not change any more. */
  send(parts: readonly Uint8Array[]): void {
    if (!this.open) return
    if (this.#unwritten === null) {
      this.#unwritten = []
      nextTick(() => this.#write())
    }
    for (const part of parts) {
      this.#unwritten.push(part)
      this.#unwrittenBytes += part.byteLength
    }
  }

  /** Closes the connection once what was sent is out. What arrives from now on is ignored. */
  end(): void {
    if (!this.open) return
    this.#write()
    this.#ending = true
    this.#socket.destroySoon()
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** The handler has no use for a frame any more: others may come. @param sizeBytes its size */
  forget(sizeBytes: number): void {
    this.#host.budget.give(sizeBytes)
  }

  /** Gives the memory of a frame to those to come. Nothing may refer to it any more. */
  reuse(frame: Buffer): void {
    this.#host.frameMemory.give(frame)
  }

  /** Looks at the clock for the connection. @param nowMs the monotonic clock */
  sweep(nowMs: number): void {
    if (this.#received !== this.#seenReceived || this.unsentBytes !== this.#seenUnsent) {
      this.#seenReceived = this.#received
      this.#seenUnsent = this.unsentBytes
      this.#activeMs = nowMs
    }
    const { limits } = this.#host
    const quietMs = nowMs - this.#activeMs
    if (this.#ending) {
      if (quietMs >= limits.slowFrameMs) this.destroy()
    } else if (this.#isSlow(nowMs)) {
      this.#refuse('a frame arrives too slowly')
    } else if (quietMs >= limits.idleMs && !this.#waitsForAnswers()) {
      this.end()
    }
  }

  memory(): Uint8Array {
    const { sharedMemory } = this.#host
    const target = this.#collector.target(sharedMemory.byteLength)
    this.#readsIntoFrame = target !== null
    return target ?? sharedMemory
  }

  received(count: number, memory: Uint8Array): void {
    this.#received += count
    if (!this.open) return
    if (this.#readsIntoFrame) {
      this.#collector.filled(count)
      return
    }
    const refusal = this.#collector.take(memory.subarray(0, count))
    if (refusal !== null) this.#refuse(refusal)
  }

  refusal(sizeBytes: number): string | null {
    if (sizeBytes <= this.maxFrameBytes) return null
    return `a frame of ${sizeBytes} bytes, above the limit of ${this.maxFrameBytes}`
  }

  begun(sizeBytes: number): void {
    if (sizeBytes <= SMALL_FRAME_BYTES) return
    this.#wantedBytes = sizeBytes
    if (this.#host.budget.exhausted) this.#waitForRoom()
    else this.#reserve()
  }

  roomFreed(): void {
    this.#waiting = false
    if (this.#wantedBytes > 0) this.#reserve()
    this.release()
  }

  frame(bytes: Buffer): void {
    const { budget } = this.#host
    if (this.#wantedBytes > 0) this.#reserve()
    if (this.#reservedBytes > 0) this.#reservedBytes = 0
    else budget.take(bytes.byteLength)
    if (!this.open) {
      budget.give(bytes.byteLength)
      return
    }
    this.#handler!.frame(bytes)
    if (budget.exhausted) this.#waitForRoom()
  }

  #write(): void {
    const parts = this.#unwritten
    if (parts === null) return
    this.#unwritten = null
    const sizeBytes = this.#unwrittenBytes
    this.#unwrittenBytes = 0
    if (!this.open) return
    if (parts.length === 1) this.#socket.write(parts[0]!)
    else if (sizeBytes <= JOINED_BYTES) this.#socket.write(Buffer.concat(parts, sizeBytes))
    else {
      this.#socket.cork()
      for (const part of parts) this.#socket.write(part)
      this.#socket.uncork()
    }
  }

  #reserve(): void {
    this.#reservedBytes = this.#wantedBytes
    this.#wantedBytes = 0
    this.#host.budget.take(this.#reservedBytes)
  }

  #waitForRoom(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.hold()
    this.#host.budget.wait(this)
  }

  #waitsForAnswers(): boolean {
    return this.#handler !== null && this.#handler.busy && this.unsentBytes === 0
  }

  /** A frame that has begun is watched from the first sweep that sees it, while it is read. */
  #isSlow(nowMs: number): boolean {
    const { partialBytes, frameCount } = this.#collector
    if (partialBytes === 0 || this.#holds > 0 || frameCount !== this.#watchedFrame) {
      this.#watchedFrame = partialBytes === 0 || this.#holds > 0 ? -1 : frameCount
      this.#watchedMs = nowMs
      this.#watchedBytes = partialBytes
      return false
    }
    const { slowFrameMs, minBytesPerSecond } = this.#host.limits
    const watchedMs = nowMs - this.#watchedMs
    if (watchedMs < slowFrameMs) return false
    const arrived = partialBytes - this.#watchedBytes
    this.#watchedFrame = -1 // enough has come: watched anew
    return arrived * 1_000 < watchedMs * minBytesPerSecond
  }

  #refuse(reason: string): void {
    if (!this.open) return
    this.#host.refused(this, reason)
    this.end()
  }

  #gone(): void {
    this.#closed = true
    const { budget } = this.#host
    budget.leave(this)
    if (this.#reservedBytes > 0) budget.give(this.#reservedBytes)
    this.#reservedBytes = 0
    this.#collector.clear()
    this.#handler?.closed()
    this.#host.closed(this)
  }
}

/** IPv4 addresses come in the clothes of IPv6 where a listener takes both. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d)/, '')
}
