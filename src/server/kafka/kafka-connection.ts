// One client of the Kafka front: its requests in the order in which they came.
//
//   frame ─► waits? ─► begin ─► slot ─► done ─► answers in the order of the slots
//                        └─► very many names? in slices: crowd/crowd.ts
//
// A request begins once the one before it has begun; that is what keeps the order of produced
// batches. It waits longer when too much is not answered, the client does not take its answers, or
// an answer to the same API is due. While requests wait the connection is not read. Answers that are
// not sent, also those that wait for one before them, count in the listener's budget of answers.

import type { Caller } from '../../broker/caller.ts'
import type { AnswerMemory } from '../../broker/fetch/answer-memory.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import type { FrameHandler, ServerConnection } from '../../network/server-connection.ts'
import { SlotMemory, type HeldAnswer } from './answer-memory.ts'
import type { Stay } from './crowd/stay.ts'
import type { Dispatch, OpenedRequest } from './dispatch.ts'
import type { KafkaContext, KafkaPeer } from './handler.ts'

/** Most requests of one connection that are not answered. */
const MAX_UNANSWERED = 1_024

/** Their bytes: one more may begin while there are fewer. */
const MAX_UNANSWERED_BYTES = 32 * 1024 * 1024

/** No request begins while the client has to take so many bytes of answers. */
const MAX_UNSENT_BYTES = 1024 * 1024

/** The same, of a client that has to authenticate first. No less, or nobody tells when it is taken. */
const MAX_UNKNOWN_UNSENT_BYTES = 64 * 1024

/** Reading stops when so many requests, or bytes of them, have come that may not begin. */
const MAX_WAITING = 16
const MAX_WAITING_BYTES = 256 * 1024

const ANONYMOUS = 'User:ANONYMOUS'

/** A request that has begun. */
interface Slot extends HeldAnswer {
  /** Null for a token, and while it is read in slices. */
  request: OpenedRequest | null
  /** Null for a request that is not one of a crowd. */
  stay: Stay | null
  readonly bytes: Buffer
  readonly startMs: number
  /** The frame of the answer, empty where none is sent; undefined while it is not known; null closes. */
  frame: readonly Buffer[] | null | undefined
}

const NO_FRAME: readonly Buffer[] = []

/** What is used of the connection below. */
export type ClientConnection = Pick<
  ServerConnection,
  | 'remoteHost'
  | 'localHost'
  | 'maxFrameBytes'
  | 'open'
  | 'unsentBytes'
  | 'behind'
  | 'sendBudget'
  | 'park'
  | 'lend'
  | 'refuse'
  | 'hold'
  | 'release'
  | 'send'
  | 'end'
  | 'destroy'
  | 'forget'
  | 'reuse'
>

/** Where a connection finds what it needs of its front. */
export interface ConnectionFront {
  readonly dispatch: Dispatch
  /** Largest request, in bytes. */
  readonly maxRequestBytes: number
  /** The same of a client that has to authenticate first. */
  readonly maxUnknownRequestBytes: number
  closed(connection: KafkaConnection): void
}

export class KafkaConnection implements FrameHandler, KafkaPeer {
  principal = ANONYMOUS
  tokens: ((frame: Buffer) => Promise<Buffer | null>) | null = null
  /** False while the front lets the client wait before it is read. */
  admitted = true
  readonly #connection: ClientConnection
  readonly #front: ConnectionFront
  #mustAuthenticate = false
  #caller: Caller | null = null
  #abort: AbortController | null = null
  #patience: AbortController | null = null
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #slots: Slot[] = []
  #unansweredBytes = 0
  /** The request that was begun last holds up those behind it. */
  #heldUp = false
  /** Until then, on the monotonic clock, quotas hold up all requests that have not begun. */
  #pausedUntilMs = 0
  #paused = false
  #holding = false
  #stopping = false
  #gone = false

  constructor(connection: ClientConnection, front: ConnectionFront) {
    this.#connection = connection
    this.#front = front
  }

  get mustAuthenticate(): boolean {
    return this.#mustAuthenticate
  }

  /** Whoever has not said who he is has little to say. */
  set mustAuthenticate(must: boolean) {
    this.#mustAuthenticate = must
    const { maxRequestBytes, maxUnknownRequestBytes } = this.#front
    this.#connection.maxFrameBytes = must ? maxUnknownRequestBytes : maxRequestBytes
  }

  get localHost(): string {
    return this.#connection.localHost
  }

  get busy(): boolean {
    return this.#slots.length > 0 || this.#waiting.length > 0
  }

  get known(): boolean {
    return !this.#mustAuthenticate || !this.admitted
  }

  /** Aborted when the client is gone or the broker stops. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** As `signal`, and when others need the memory of requests: for those that come now. */
  get patience(): AbortSignal {
    this.#patience ??= new AbortController()
    return this.#patience.signal
  }

  /** Who asks, as a client that calls itself so. */
  callerOf(clientId: string): Caller {
    const known = this.#caller
    if (known !== null && known.clientId === clientId && known.principal === this.principal) {
      return known
    }
    const { remoteHost: host } = this.#connection
    this.#caller = { principal: this.principal, clientId, host }
    return this.#caller
  }

  frame(bytes: Buffer): void {
    if (this.#stopping) {
      this.#connection.forget(bytes.byteLength)
      return
    }
    if (this.#waiting.length === 0 && this.#mayBegin(bytes)) {
      this.#begin(bytes)
    } else {
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.byteLength
    }
    this.#holdOrRelease()
  }

  drained(): void {
    this.#proceed()
  }

  hurry(shareBytes: number): void {
    if (this.#unansweredBytes < shareBytes) return
    this.#patience?.abort()
    this.#patience = null
    for (const { stay } of this.#slots) stay?.hurry()
  }

  closed(): void {
    this.#gone = true
    this.#stopping = true
    this.#abort?.abort()
    this.#patience?.abort()
    for (const { byteLength } of this.#waiting.splice(0)) this.#connection.forget(byteLength)
    this.#connection.forget(this.#unansweredBytes)
    for (const slot of this.#slots.splice(0)) {
      slot.stay?.leave()
      // What is not answered may be read into still: see #answer.
      if (slot.frame !== undefined) this.#giveBack(slot)
    }
    this.#unansweredBytes = 0
    this.#front.closed(this)
  }

  pause(durationMs: number): void {
    if (durationMs <= 0) return
    const untilMs = this.#front.dispatch.clock.monotonicMs() + durationMs
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs)
    if (this.#paused) return
    this.#paused = true
    this.#goOnLater(durationMs)
  }

  /** Begins no more requests, and closes the connection when those that have begun are answered. */
  stop(): void {
    this.#stopping = true
    for (const { byteLength } of this.#waiting.splice(0)) this.#connection.forget(byteLength)
    this.#waitingBytes = 0
    this.#abort?.abort()
    this.#patience?.abort()
    if (this.#slots.length === 0) this.#connection.end()
  }

  destroy(): void {
    this.#connection.destroy()
  }

  /** A pause may have become longer while it lasted. */
  #goOnLater(durationMs: number): void {
    const { clock } = this.#front.dispatch
    clock.after(durationMs, () => {
      if (this.#gone) return
      const leftMs = this.#pausedUntilMs - clock.monotonicMs()
      if (leftMs > 0) return this.#goOnLater(leftMs)
      this.#paused = false
      this.#proceed()
    })
  }

  #mayBegin(frame: Buffer): boolean {
    const connection = this.#connection
    if (this.#heldUp || this.#paused || !connection.open) return false
    const isKnown = !this.#mustAuthenticate
    if (connection.unsentBytes >= (isKnown ? MAX_UNSENT_BYTES : MAX_UNKNOWN_UNSENT_BYTES)) {
      return false
    }
    if (connection.sendBudget.tight && connection.behind) return false
    const slots = this.#slots
    if (slots.length === 0) return true
    if (slots.length >= MAX_UNANSWERED || this.tokens !== null) return false
    if (this.#unansweredBytes >= MAX_UNANSWERED_BYTES) return false
    if (frame.byteLength < 2) return true
    const apiKey = frame.readInt16BE(0)
    if (this.#front.dispatch.isPipelined(apiKey)) return true
    return !slots.some(({ request }) => request?.served.handler.api.key === apiKey)
  }

  #begin(frame: Buffer): void {
    const { dispatch } = this.#front
    const sizeBytes = frame.byteLength
    this.#unansweredBytes += sizeBytes
    const startMs = dispatch.clock.monotonicMs()
    const slot: Slot = {
      request: null,
      stay: null,
      bytes: frame,
      startMs,
      frame: undefined,
      heldBytes: 0,
      lent: null,
    }
    this.#slots.push(slot)
    if (this.tokens !== null) {
      void this.#answerToken(slot, this.tokens(frame))
      return
    }
    let request: OpenedRequest | null
    try {
      request = dispatch.open(frame, this.mustAuthenticate)
    } catch (error) {
      return this.#unreadable(slot, error)
    }
    if (request === null) void this.#beginInSlices(slot)
    else this.#run(slot, request)
  }

  /** Those before it still get their answers. */
  #unreadable(slot: Slot, error: unknown): void {
    this.#front.dispatch.closing(error, this.#connection.remoteHost)
    slot.frame = null
    this.#heldUp = true
    this.#flush()
  }

  /** A request of very many names. Those behind it wait until all of it has begun. */
  async #beginInSlices(slot: Slot): Promise<void> {
    const { dispatch } = this.#front
    const { crowd } = dispatch
    this.#heldUp = true
    const stay = await crowd.enter(slot.bytes.byteLength, this.signal)
    if (this.#gone) return stay.leave()
    slot.stay = stay
    let request: OpenedRequest
    try {
      request = await crowd.open(dispatch, slot.bytes, stay)
    } catch (error) {
      if (!this.#gone) this.#unreadable(slot, error)
      return stay.leave()
    }
    if (this.#gone) return
    this.#heldUp = false
    this.#run(slot, request)
    this.#proceed()
  }

  #run(slot: Slot, request: OpenedRequest): void {
    const { dispatch } = this.#front
    const { stay } = slot
    slot.request = request
    request.served.counters.bytesIn.add(slot.bytes.byteLength)
    const context = new RequestContext(this, request, slot, this.#connection)
    const { begun, done } =
      stay === null
        ? dispatch.begin(request, context)
        : dispatch.crowd.begin(dispatch, request, context, stay)
    if (begun !== null) {
      this.#heldUp = true
      void begun.then(() => {
        this.#heldUp = false
        this.#proceed()
      })
    }
    void done.then(
      (answer) => this.#answer(slot, answer, answer === null ? NO_FRAME : undefined),
      (error: unknown) => {
        this.#answer(slot, dispatch.refusal(request, error, context), undefined)
      },
    )
  }

  /** @param frame undefined: that of the answer; null as an answer closes */
  #answer(slot: Slot, answer: unknown, frame: readonly Buffer[] | undefined): void {
    if (this.#gone) return this.#giveBack(slot)
    const { dispatch } = this.#front
    const request = slot.request!
    dispatch.answered(request, answer, slot.startMs)
    if (answer !== null && dispatch.isDone(request, answer)) this.#connection.reuse(slot.bytes)
    const whole = frame ?? this.#frameOf(slot, answer)
    if (whole === 'crowded') void this.#writeInSlices(slot, answer)
    else this.#framed(slot, whole)
  }

  #frameOf({ request, stay }: Slot, answer: unknown): readonly Buffer[] | null | 'crowded' {
    if (answer === null) return null
    return stay === null ? this.#front.dispatch.frameOf(request!, answer) : 'crowded'
  }

  async #writeInSlices(slot: Slot, answer: unknown): Promise<void> {
    const { dispatch } = this.#front
    const frame = await dispatch.crowd.frameOf(dispatch, slot.request!, answer)
    if (this.#gone) this.#giveBack(slot)
    else this.#framed(slot, frame)
  }

  #framed(slot: Slot, frame: readonly Buffer[] | null): void {
    slot.frame = frame
    let frameBytes = 0
    for (const { byteLength } of frame ?? NO_FRAME) frameBytes += byteLength
    this.#connection.park(frameBytes - slot.heldBytes)
    slot.heldBytes = frameBytes
    slot.stay?.leave()
    if (slot === this.#slots[0]) this.#flush()
  }

  async #answerToken(slot: Slot, answer: Promise<Buffer | null>): Promise<void> {
    let token: Buffer | null = null
    try {
      token = await answer
    } catch (error) {
      this.#front.dispatch.closing(error, this.#connection.remoteHost)
    }
    slot.frame = token === null ? null : [sizeOf(token), token]
    this.#flush()
  }

  /** Sends the answers that are next in order. */
  #flush(): void {
    let count = 0
    for (const slot of this.#slots) {
      const { frame, request, bytes, heldBytes } = slot
      if (frame === undefined) break
      count += 1
      this.#unansweredBytes -= bytes.byteLength
      this.#connection.forget(bytes.byteLength)
      this.#connection.park(-heldBytes)
      if (frame === null || frame.length === 0) this.#giveBack(slot)
      if (frame === null) {
        this.#connection.refuse('bad_request', null) // said already, where it was noticed
        break
      }
      if (frame.length === 0) continue
      this.#connection.send(frame, slot.lent)
      if (slot.lent === null) buffersPass(heldBytes)
      request?.served.counters.bytesOut.add(heldBytes)
    }
    if (count === 0) return
    this.#slots.splice(0, count)
    if (this.#stopping && this.#slots.length === 0) this.#connection.end()
    else this.#proceed()
  }

  /** The answer will not be sent, and nothing reads into its memory. */
  #giveBack({ lent }: Slot): void {
    for (const memory of lent ?? []) this.#connection.reuse(memory)
  }

  /** Begins requests that wait, as far as they may. */
  #proceed(): void {
    while (this.#waiting.length > 0 && this.#mayBegin(this.#waiting[0]!)) {
      const frame = this.#waiting.shift()!
      this.#waitingBytes -= frame.byteLength
      this.#begin(frame)
    }
    this.#holdOrRelease()
  }

  #holdOrRelease(): void {
    const count = this.#waiting.length
    const full = count >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES
    if (full && !this.#holding) {
      this.#holding = true
      this.#connection.hold()
    } else if (count === 0 && this.#holding) {
      this.#holding = false
      this.#connection.release()
    }
  }
}

class RequestContext implements KafkaContext {
  readonly caller: Caller
  readonly version: number
  readonly peer: KafkaConnection
  readonly #slot: Slot
  readonly #connection: ClientConnection

  constructor(
    peer: KafkaConnection,
    { version, clientId }: OpenedRequest,
    slot: Slot,
    connection: ClientConnection,
  ) {
    this.peer = peer
    this.#slot = slot
    this.#connection = connection
    this.version = version
    this.caller = peer.callerOf(clientId)
  }

  get signal(): AbortSignal {
    return this.peer.signal
  }

  get patience(): AbortSignal {
    return this.#slot.stay?.signal ?? this.peer.patience
  }

  get memory(): AnswerMemory {
    return new SlotMemory(this.#connection, this.#slot)
  }
}

function sizeOf({ byteLength }: Buffer): Buffer {
  const size = Buffer.allocUnsafe(4)
  size.writeInt32BE(byteLength, 0)
  return size
}
