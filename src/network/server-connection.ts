// One connection of a listener: frames in, frames out.
//
// While nothing happens a connection holds a socket and a few fields. It reads into memory that all
// share (frame-collector.ts), its answers of one turn leave in one write, and its clock is looked at
// by the listener's sweep alone.

import { nextTick } from 'node:process'
import type net from 'node:net'
import { FrameCollector, type FrameSink } from './frame-collector.ts'
import type { FrameMemory } from './frame-memory.ts'
import type { BudgetWaiter, ReceiveBudget } from './receive-budget.ts'
import { receivingSocket, takenBytes, type Receiver } from './receiving-socket.ts'
import type { RoomHolder } from './room-maker.ts'
import type { SendBudget } from './send-budget.ts'

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
  /** False while the client has yet to say who it is: it has `unknownMs` for that. */
  readonly known: boolean
  /** Others need the memory of requests: who has `shareBytes` of it ends those that only wait. */
  hurry(shareBytes: number): void
}

/** What connections are closed for, as the metrics tell them apart. */
export const CLOSE_CAUSES = [
  'frame_size',
  'slow_frame',
  'bad_request',
  'unknown_client',
  'slow_reader',
  'send_memory',
  'connection_limit',
] as const

export type CloseCause = (typeof CLOSE_CAUSES)[number]

export interface ConnectionLimits {
  /** Largest frame, in bytes. */
  readonly maxFrameBytes: number
  /** Without any traffic for so long, a connection is closed. */
  readonly idleMs: number
  /** A frame that has begun must come at `minBytesPerSecond`, looked at after so long. */
  readonly slowFrameMs: number
  readonly minBytesPerSecond: number
  /** A client that has to authenticate must have done so after so long. */
  readonly unknownMs: number
  /** A client that takes nothing of its answers for so long is closed. */
  readonly stalledMs: number
}

/** Parts of up to this size in all are written as one: a gathering write costs more. */
const JOINED_BYTES = 4 * 1024

/** Who sends frames of such a size, batches, has some read at once. Larger ones are read in place. */
const MIN_BULK_BYTES = 4 * 1024
const MAX_BULK_BYTES = 32 * 1024

/** See FrameSink. A client that has yet to say who it is has no need to be fast. */
const GROWTH = 8
const UNKNOWN_GROWTH = 2

/** What a connection has of its listener. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits
  readonly budget: ReceiveBudget
  readonly sendBudget: SendBudget
  readonly frameMemory: FrameMemory
  /** For reads of all connections: what is kept of it is copied before the next. */
  readonly sharedMemory: Buffer
  /** The same for who sends batches, and is known. */
  readonly bulkMemory: Buffer
  /** The connection is closed for a fault of the client. */
  refused(connection: ServerConnection, cause: CloseCause, reason: string | null): void
  /** Requests wait for memory: those that only wait for something to happen should end. */
  askForRoom(): void
  failed(connection: ServerConnection, error: Error): void
  /** @param lostBytes what it still had in memory, of requests and answers */
  closed(connection: ServerConnection, lostBytes: number): void
}

export class ServerConnection implements Receiver, FrameSink, BudgetWaiter, RoomHolder {
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
  /** Memory that they lie in, to be used again when they are out; null when there is none. */
  #unwrittenLent: Buffer[] | null = null
  #closed = false
  #ending = false
  /** Memory of the frame that is being collected: taken from the budget. */
  #collectedBytes = 0
  /** Of answers that the handler has and can't send yet. */
  #parkedBytes = 0
  /** Counted in the budget of answers. */
  #countedBytes = 0
  // For the sweep: what it saw last, and since when nothing has changed.
  #received = 0
  #seenTraffic = -1
  #activeMs = 0
  #watchedFrame = -1
  #watchedMs = 0
  #watchedBytes = 0
  /** The frame that is not whole, and since when; whether it is read or not. */
  #partialFrame = -1
  #partialMs = 0
  #unknownMs = -1
  #seenTaken = 0
  /** Since when nothing was taken of what is held for the client; -1 when nothing is. */
  #stalledSinceMs = -1

  /** @param accepted by a server with `pauseOnConnect` */
  constructor(accepted: net.Socket, host: ConnectionHost) {
    this.#host = host
    this.#collector = new FrameCollector(this, host.frameMemory)
    this.remoteHost = plainAddress(accepted.remoteAddress)
    this.maxFrameBytes = host.limits.maxFrameBytes
    this.#socket = receivingSocket(accepted, this)
    this.#socket.on('error', (error) => host.failed(this, error))
    this.#socket.on('drain', () => {
      this.#count()
      this.#handler?.drained()
    })
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

  /** True when so much is unsent that `drained` will be called. */
  get behind(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** Bytes of answers that are in memory for the client, those that can't be sent yet among them. */
  get heldBytes(): number {
    return this.#closed ? 0 : this.#parkedBytes + this.unsentBytes
  }

  /** The client could take all of it: what waits, waits for answers before it. */
  get dueBytes(): number {
    return this.heldBytes
  }

  get takenBytes(): number {
    return takenBytes(this.#socket)
  }

  get sendBudget(): SendBudget {
    return this.#host.sendBudget
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

  /** Memory for parts of a frame, of exactly this size: to be told to `send`, or given to `reuse`. */
  lend(sizeBytes: number): Buffer {
    return this.#host.frameMemory.lend(sizeBytes)
  }

  /**
   * Writes the parts of a frame. They must not change any more.
   *
   * @param lent memory of `lend` that they lie in: it is used again when they are out
   */
  send(parts: readonly Uint8Array[], lent: readonly Buffer[] | null = null): void {
    if (!this.open) return this.#giveBack(lent)
    if (this.#unwritten === null) {
      this.#unwritten = []
      nextTick(() => this.#write())
    }
    let sizeBytes = 0
    for (const part of parts) {
      this.#unwritten.push(part)
      sizeBytes += part.byteLength
    }
    this.#unwrittenBytes += sizeBytes
    if (lent !== null) (this.#unwrittenLent ??= []).push(...lent)
    this.#count()
  }

  /** The handler has so many bytes more of answers that it can't send yet; or less, when negative. */
  park(deltaBytes: number): void {
    if (this.#closed) return
    this.#parkedBytes += deltaBytes
    this.#count()
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

  /**
   * Closes the connection for a fault of the client, once what was sent is out.
   *
   * @param reason for the log; null where it stands there already
   */
  refuse(cause: CloseCause, reason: string | null): void {
    if (!this.open) return
    this.#host.refused(this, cause, reason)
    this.end()
  }

  /** The same at once: what was sent is lost. */
  cut(cause: CloseCause, reason: string): void {
    if (this.#closed) return
    if (this.open) this.#host.refused(this, cause, reason)
    this.destroy()
  }

  /** The handler has no use for a frame any more: others may come. @param sizeBytes its size */
  forget(sizeBytes: number): void {
    this.#host.budget.give(sizeBytes)
  }

  /**
   * Gives memory of a frame to those to come, or frees it. Nothing may refer to it any more: it may be
   * without bytes from now on.
   *
   * @param memory that came as a frame, or of `lend`
   */
  reuse(memory: Buffer): void {
    this.#host.frameMemory.give(memory)
  }

  /** Looks at the clock for the connection. @param nowMs the monotonic clock */
  sweep(nowMs: number): void {
    const traffic = this.#received + this.takenBytes
    if (traffic !== this.#seenTraffic) {
      this.#seenTraffic = traffic
      this.#activeMs = nowMs
    }
    const { limits } = this.#host
    const quietMs = nowMs - this.#activeMs
    const stalledMs = this.stalledMs(nowMs)
    if (this.#ending) {
      if (quietMs >= limits.slowFrameMs) this.destroy()
    } else if (this.unsentBytes > 0 && stalledMs >= limits.stalledMs) {
      this.cut('slow_reader', 'does not take its answers')
    } else if (this.#isSlow(nowMs)) {
      this.refuse('slow_frame', 'a frame arrives too slowly')
    } else if (this.#clogs(nowMs)) {
      this.refuse('slow_frame', 'a frame takes too long, and others need the memory')
    } else if (this.#isUnknown(nowMs)) {
      this.refuse('unknown_client', 'does not say who it is')
    } else if (quietMs >= limits.idleMs && !this.#waitsForAnswers()) {
      this.end()
    }
  }

  /** How long nothing was taken of what is held for the client, as far as calls of this have seen. */
  stalledMs(nowMs: number): number {
    this.#count()
    const taken = this.takenBytes
    if (this.heldBytes === 0) this.#stalledSinceMs = -1
    else if (this.#stalledSinceMs < 0 || taken !== this.#seenTaken) this.#stalledSinceMs = nowMs
    this.#seenTaken = taken
    return this.#stalledSinceMs < 0 ? 0 : nowMs - this.#stalledSinceMs
  }

  /** See FrameHandler. */
  hurry(shareBytes: number): void {
    this.#handler?.hurry(shareBytes)
  }

  memory(): Uint8Array {
    const { sharedMemory, bulkMemory } = this.#host
    const shared = this.#isBulk() ? bulkMemory : sharedMemory
    const target = this.#collector.target(shared.byteLength)
    this.#readsIntoFrame = target !== null
    return target ?? shared
  }

  received(count: number, memory: Uint8Array): void {
    this.#received += count
    if (!this.open) return
    if (this.#readsIntoFrame) {
      this.#collector.filled(count)
      return
    }
    const refusal = this.#collector.take(memory.subarray(0, count))
    if (refusal !== null) this.refuse('frame_size', refusal)
  }

  refusal(sizeBytes: number): string | null {
    if (sizeBytes <= this.maxFrameBytes) return null
    return `a frame of ${sizeBytes} bytes, above the limit of ${this.maxFrameBytes}`
  }

  get growth(): number {
    return this.#handler!.known ? GROWTH : UNKNOWN_GROWTH
  }

  grown(sizeBytes: number): void {
    const { budget } = this.#host
    this.#collectedBytes += sizeBytes
    budget.collect(sizeBytes)
    if (budget.exhausted && budget.waitWithFrame(this)) this.#waitForRoom()
  }

  roomFreed(): void {
    this.#waiting = false
    this.release()
  }

  frame(bytes: Buffer): void {
    const { budget } = this.#host
    if (this.#collectedBytes === 0) budget.take(bytes.byteLength)
    else this.#collected()
    if (!this.open) {
      budget.give(bytes.byteLength)
      return
    }
    this.#handler!.frame(bytes)
    if (!budget.exhausted) return
    budget.wait(this)
    this.#waitForRoom()
  }

  #write(): void {
    const parts = this.#unwritten
    if (parts === null) return
    this.#unwritten = null
    const sizeBytes = this.#unwrittenBytes
    this.#unwrittenBytes = 0
    const lent = this.#unwrittenLent
    this.#unwrittenLent = null
    if (!this.open) {
      this.#giveBack(lent)
      return this.#count()
    }
    // Called when the system has the bytes, or never will: also for what a closed socket drops.
    const out = lent === null ? undefined : () => this.#giveBack(lent)
    const last = parts.length - 1
    if (last === 0) this.#socket.write(parts[0]!, out)
    else if (sizeBytes <= JOINED_BYTES) this.#socket.write(Buffer.concat(parts, sizeBytes), out)
    else {
      this.#socket.cork()
      for (let at = 0; at < last; at++) this.#socket.write(parts[at]!)
      this.#socket.write(parts[last]!, out)
      this.#socket.uncork()
    }
    this.#count()
  }

  #giveBack(lent: readonly Buffer[] | null): void {
    for (const memory of lent ?? []) this.reuse(memory)
  }

  /** Tells the budget what is held now. */
  #count(): void {
    const { heldBytes } = this
    const deltaBytes = heldBytes - this.#countedBytes
    if (deltaBytes === 0) return
    this.#countedBytes = heldBytes
    this.#host.sendBudget.change(deltaBytes)
  }

  /** The frame that was being collected is whole, or will never be. */
  #collected(): number {
    const sizeBytes = this.#collectedBytes
    this.#collectedBytes = 0
    this.#host.budget.collected(this, sizeBytes)
    return sizeBytes
  }

  #waitForRoom(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.hold()
    this.#host.askForRoom()
  }

  /** Strangers may all come at once: they get no more than they need. */
  #isBulk(): boolean {
    const { lastBytes } = this.#collector
    return lastBytes >= MIN_BULK_BYTES && lastBytes <= MAX_BULK_BYTES && this.#handler!.known
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

  /** A frame that began long ago makes room when it is such frames that leave none. */
  #clogs(nowMs: number): boolean {
    const { partialBytes, frameCount } = this.#collector
    if (partialBytes === 0) {
      this.#partialFrame = -1
      return false
    }
    if (frameCount !== this.#partialFrame) {
      this.#partialFrame = frameCount
      this.#partialMs = nowMs
    }
    const { budget, limits } = this.#host
    return nowMs - this.#partialMs >= limits.slowFrameMs && budget.clogged
  }

  /** The time of a client that is not read does not run. */
  #isUnknown(nowMs: number): boolean {
    if (this.#handler === null || this.#handler.known || this.#holds > 0) {
      this.#unknownMs = -1
      return false
    }
    if (this.#unknownMs < 0) this.#unknownMs = nowMs
    return nowMs - this.#unknownMs >= this.#host.limits.unknownMs && !this.#handler.busy
  }

  #gone(): void {
    const lostBytes = this.heldBytes + this.#collectedBytes
    this.#closed = true
    this.#count()
    const { budget } = this.#host
    if (this.#collectedBytes > 0) budget.give(this.#collected())
    budget.leave(this)
    this.#collector.clear()
    this.#handler?.closed()
    this.#host.closed(this, lostBytes)
  }
}

/** IPv4 addresses come in the clothes of IPv6 where a listener takes both. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d)/, '')
}
