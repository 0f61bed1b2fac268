// A client's connection, as far as answers are held in memory for it.
//
//   CallHold ─► GrpcPeer ─► SendBudget     each tells the next how much more it holds, or less
//                  ▲            │ full
//                  └─ cut ─ RoomMaker      closes those who take nothing, or too little

import type { ServerHttp2Session } from 'node:http2'
import type { Clock } from '../../../io/clock.ts'
import { takenBytes } from '../../../network/receiving-socket.ts'
import type { RoomHolder } from '../../../network/room-maker.ts'
import type { SendBudget } from '../../../network/send-budget.ts'

/**
 * What a client is sent for its asking, whether it takes anything or not: answers to its PING and SETTINGS
 * frames. Source: RFC 9113, sections 6.5 and 6.7.
 */
const PING_ANSWER_BYTES = 17
const SETTINGS_ANSWER_BYTES = 9

/** A call of which nothing is taken for so long counts as stalled, whatever others of the client do. */
const NEGLECTED_MS = 60_000

/** Who has less to take is not behind. */
const BEHIND_BYTES = 64 * 1024

/** A call whose answers wait to be taken. */
export interface DueCall {
  readonly dueBytes: number
  /** When something of it was taken last, by the monotonic clock. */
  readonly movedMs: number
}

export interface PeerOptions {
  readonly clock: Clock
  readonly budget: SendBudget
  /** The connection is cut for want of room. */
  readonly refused: (reason: string) => void
  /** So many bytes will never be taken: what they were in is of no use. */
  readonly lost: (sizeBytes: number) => void
}

export class GrpcPeer implements RoomHolder {
  readonly budget: SendBudget
  readonly #options: PeerOptions
  readonly #session: ServerHttp2Session
  readonly #due = new Set<DueCall>()
  #heldBytes = 0
  #dueBytes = 0
  #askedBytes = 0
  #closed = false
  /** What was seen last, and since when nothing has changed; -1: nothing is due. */
  #seenTaken = 0
  #stalledSinceMs = -1

  constructor(session: ServerHttp2Session, options: PeerOptions) {
    this.#session = session
    this.#options = options
    this.budget = options.budget
    session.on('ping', () => {
      this.#askedBytes += PING_ANSWER_BYTES
    })
    session.on('remoteSettings', () => {
      this.#askedBytes += SETTINGS_ANSWER_BYTES
    })
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get dueBytes(): number {
    return this.#dueBytes
  }

  get takenBytes(): number {
    // There is no socket at a session that is ending.
    if (this.#session.destroyed) return this.#seenTaken
    return takenBytes(this.#session.socket) - this.#askedBytes
  }

  /** True when it has yet to take answers, and there is no room for more. */
  get mustWait(): boolean {
    return this.budget.full && this.#dueBytes >= BEHIND_BYTES
  }

  get nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  stalledMs(nowMs: number): number {
    const { takenBytes: taken } = this
    if (this.#dueBytes === 0) this.#stalledSinceMs = -1
    else if (this.#stalledSinceMs < 0 || taken !== this.#seenTaken) this.#stalledSinceMs = nowMs
    this.#seenTaken = taken
    if (this.#stalledSinceMs < 0) return 0
    const neglectedMs = nowMs - this.#longestWait(nowMs)
    return neglectedMs >= NEGLECTED_MS ? neglectedMs : nowMs - this.#stalledSinceMs
  }

  /** @param deltaBytes more of what is held for it, or less when negative */
  hold(deltaBytes: number): void {
    if (this.#closed) return
    this.#heldBytes += deltaBytes
    this.budget.change(deltaBytes)
  }

  /** @param deltaBytes more of that which it could take of a call now, or less when negative */
  owe(call: DueCall, deltaBytes: number): void {
    if (this.#closed) return
    this.#dueBytes += deltaBytes
    if (call.dueBytes > 0) this.#due.add(call)
    else this.#due.delete(call)
    this.hold(deltaBytes)
  }

  cut(_cause: 'send_memory', reason: string): void {
    if (this.#closed || this.#session.destroyed) return
    this.#options.refused(reason)
    this.destroy()
  }

  /**
   * Closes the connection at once. A session that is destroyed waits for what it is writing, which never
   * ends when the client reads nothing: so it is the socket that goes.
   */
  destroy(): void {
    if (!this.#session.destroyed) this.#session.socket.resetAndDestroy()
  }

  /** @param sizeBytes of what was held, and that the client will not take any more */
  lost(sizeBytes: number): void {
    if (!this.#closed) this.#options.lost(sizeBytes)
  }

  /** The connection is gone: nothing is held for it any more. */
  closed(): void {
    this.lost(this.#heldBytes)
    this.hold(-this.#heldBytes)
    this.#dueBytes = 0
    this.#due.clear()
    this.#closed = true
  }

  #longestWait(nowMs: number): number {
    let oldestMs = nowMs
    for (const { movedMs } of this.#due) oldestMs = Math.min(oldestMs, movedMs)
    return oldestMs
  }
}
