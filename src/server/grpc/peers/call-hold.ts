// What one call holds in memory: batches from when they are read, answers until the client has taken them.
//
//   read ─► take ─► held ──┐
//                          ├─ the stream of the call is closed: all is given back
//   sent ─► due ─► taken ──┘

import { constants, type Http2Stream } from 'node:http2'
import type { AnswerMemory, MemoryWaiter } from '../../../broker/fetch/answer-memory.ts'
import type { SendBudget } from '../../../network/send-budget.ts'
import type { DueCall, GrpcPeer } from './grpc-peer.ts'

const { NGHTTP2_NO_ERROR } = constants

type CallStreamState = Pick<Http2Stream, 'destroyed' | 'once' | 'rstCode'>

export class CallHold implements AnswerMemory, DueCall {
  movedMs = 0
  readonly #budget: SendBudget
  readonly #peer: GrpcPeer | null
  readonly #stream: CallStreamState
  #dueBytes = 0
  #readBytes = 0
  #watches = false
  #ended = false

  /** @param peer null when its connection is gone already: then nothing counts */
  constructor(budget: SendBudget, peer: GrpcPeer | null, stream: CallStreamState) {
    this.#budget = budget
    this.#peer = peer
    this.#stream = stream
  }

  /** Bytes that were sent and that the client has not taken. */
  get dueBytes(): number {
    return this.#dueBytes
  }

  get tight(): boolean {
    return this.#budget.tight
  }

  allowance(wantedBytes: number, hasBytes: number): number {
    return this.#budget.allowance(wantedBytes, hasBytes)
  }

  buffer(sizeBytes: number): Buffer {
    return Buffer.allocUnsafeSlow(sizeBytes)
  }

  take(deltaBytes: number): void {
    const peer = this.#counted()
    if (peer === null) return
    this.#readBytes += deltaBytes
    peer.hold(deltaBytes)
  }

  wait(waiter: MemoryWaiter): void {
    this.#budget.wait(waiter)
  }

  hoard(waiter: MemoryWaiter): void {
    this.#budget.hoard(waiter)
  }

  leave(waiter: MemoryWaiter): void {
    this.#budget.leave(waiter)
  }

  /** So much was sent: it counts until it is taken. */
  sent(sizeBytes: number): void {
    const peer = this.#counted()
    if (peer === null) return
    if (this.#dueBytes === 0) this.movedMs = peer.nowMs
    this.#dueBytes += sizeBytes
    peer.owe(this, sizeBytes)
  }

  /** The client has taken so much. */
  taken(sizeBytes: number): void {
    const peer = this.#counted()
    if (peer === null) return
    this.movedMs = peer.nowMs
    this.#dueBytes -= sizeBytes
    peer.owe(this, -sizeBytes)
  }

  /** The one answer of the call is sent: it has all that was read for it. */
  answered(sizeBytes: number): void {
    if (sizeBytes > 0) this.sent(sizeBytes)
    if (this.#readBytes > 0) this.take(-this.#readBytes)
  }

  /** True while the client has yet to take other answers, and there is no room for more. */
  get mustWait(): boolean {
    return this.#peer !== null && this.#peer.mustWait
  }

  /** Resolves when there may be room. */
  roomFreed(): Promise<void> {
    return new Promise((resolve) => this.#budget.wait({ roomFreed: resolve }))
  }

  /** @returns null when nothing counts any more */
  #counted(): GrpcPeer | null {
    if (this.#watches) return this.#ended ? null : this.#peer
    this.#watches = true
    // A stream that is destroyed may have said so already.
    this.#ended = this.#peer === null || this.#stream.destroyed
    // Not the end of the call, which may come before: of a call whose time is up, say.
    if (!this.#ended) this.#stream.once('close', () => this.#end())
    return this.#ended ? null : this.#peer
  }

  #end(): void {
    const [dueBytes, readBytes] = [this.#dueBytes, this.#readBytes]
    this.#dueBytes = 0
    this.#readBytes = 0
    this.#ended = true
    this.#peer!.owe(this, -dueBytes)
    this.#peer!.hold(-readBytes)
    // What a stream that ends well has held, the client has.
    if (this.#stream.rstCode !== NGHTTP2_NO_ERROR) this.#peer!.lost(dueBytes + readBytes)
  }
}
