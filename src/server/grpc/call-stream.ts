// A streaming call as a handler sees it: grpc-js's stream with its moods put in order.
//
//               received ─┐                    ┌─ send ─► … ─► the client
//   the client ───────────┤  StreamHandler     ├─ end(null): OK   end(error): its status
//             halfClosed ──┘                    └─ hold / release: stop and go on reading
//
//   writable   there is room again, after `send` had returned false
//   stop       the broker stops, or the call can't go on: finish what is in flight, then end
//   closed     the call is over, whoever ended it: once, and nothing else is called after it

import type { Metadata } from '@grpc/grpc-js'
import type { BrokerError } from '../../base/errors.ts'
import type { Caller } from '../../broker/caller.ts'
import type { AnswerMemory } from '../../broker/fetch/answer-memory.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import { MalformedRequest, statusObject } from './errors.ts'
import type { CallHold } from './peers/call-hold.ts'

/** Above this much waiting to be sent, `send` says so; and while memory for answers is short. */
const MAX_UNSENT_BYTES = 1024 * 1024
const SHORT_UNSENT_BYTES = 64 * 1024

export interface StreamHandler<I> {
  /** The next message. An error that it throws ends the call, by way of `stop`. */
  received(message: I): void
  /** The client will send no more. */
  halfClosed(): void
  writable(): void
  stop(reason: BrokerError): void
  closed(): void
}

/** What all streaming calls of grpc-js have. Those that the client does not stream do not pause. */
export interface StreamCall<O> {
  readonly metadata: Metadata
  getPeer(): string
  write(message: O, callback: () => void): boolean
  end(): unknown
  emit(event: 'error', status: unknown): boolean
  on(event: 'cancelled' | 'error' | 'end', listener: () => void): unknown
  pause?(): unknown
  resume?(): unknown
}

/** What the client streams. */
export interface ReadableCall<I> {
  on(event: 'data', listener: (message: I) => void): unknown
  on(event: 'end', listener: () => void): unknown
}

/** What stands between a call and its handler: turns what a handler throws into a refusal. */
export type Refuse = (error: unknown) => BrokerError

export class CallStream<I, O> {
  readonly caller: Caller
  readonly #call: StreamCall<O>
  readonly #refuse: Refuse
  readonly #hold: CallHold
  #handler: StreamHandler<I> | null = null
  #full = false
  #holds = 0
  #over = false
  #ending = false

  constructor(call: StreamCall<O>, caller: Caller, refuse: Refuse, hold: CallHold) {
    this.#call = call
    this.caller = caller
    this.#refuse = refuse
    this.#hold = hold
  }

  /** Whether something may still be sent. */
  get open(): boolean {
    return !this.#over && !this.#ending
  }

  /** Where batches count that are read for the client. */
  get memory(): AnswerMemory {
    return this.#hold
  }

  /** Starts to call the handler. @param closed called after the handler's own `closed` */
  attach(handler: StreamHandler<I>, closed: () => void): void {
    this.#handler = handler
    this.#call.on('cancelled', () => {
      if (this.#over) return
      this.#over = true
      this.#handler = null
      handler.closed()
      closed()
    })
    // grpc-js turns the errors that we emit into a status; without a listener of ours it works too,
    // but a stream must never be without one.
    this.#call.on('error', () => {})
  }

  /** Reads what the client sends. For calls that the client streams. */
  read(call: ReadableCall<I | MalformedRequest>): void {
    call.on('data', (message: I | MalformedRequest) => this.#received(message))
    call.on('end', () => this.#tell((handler) => handler.halfClosed()))
  }

  /**
   * Sends a message.
   *
   * @param sizeBytes of it, as good as known: for the measure of what is not sent yet
   * @returns false when enough waits to be sent: `writable` tells when there is room again
   */
  send(message: O, sizeBytes: number): boolean {
    if (!this.open) return false
    this.#hold.sent(sizeBytes)
    buffersPass(sizeBytes)
    this.#call.write(message, () => {
      this.#hold.taken(sizeBytes)
      if (!this.#full || this.#hold.dueBytes > this.#maxUnsentBytes / 2) return
      this.#full = false
      this.#tell((handler) => handler.writable())
    })
    if (this.#hold.dueBytes >= this.#maxUnsentBytes) this.#full = true
    return !this.#full
  }

  /** Ends the call when all is sent: with OK, or with the status of an error. */
  end(error: BrokerError | null): void {
    if (!this.open) return
    this.#ending = true
    if (error === null) this.#call.end()
    else this.#call.emit('error', statusObject(error))
  }

  /** Reads nothing until it is released as often as it was held. */
  hold(): void {
    this.#holds += 1
    if (this.#holds === 1) this.#call.pause?.()
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0 && !this.#over) this.#call.resume?.()
  }

  /** Has the handler finish, and end the call for this reason. */
  stop(reason: BrokerError): void {
    this.#handler?.stop(reason)
  }

  get #maxUnsentBytes(): number {
    return this.#hold.tight ? SHORT_UNSENT_BYTES : MAX_UNSENT_BYTES
  }

  #received(message: I | MalformedRequest): void {
    if (message instanceof MalformedRequest) this.stop(this.#refuse(message.error))
    else this.#tell((handler) => handler.received(message))
  }

  #tell(what: (handler: StreamHandler<I>) => void): void {
    if (this.#handler === null || this.#ending) return
    try {
      what(this.#handler)
    } catch (error) {
      this.stop(this.#refuse(error))
    }
  }
}
