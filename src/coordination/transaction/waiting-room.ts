// Requests that wait for the end of the transaction before: an answer of CONCURRENT_TRANSACTIONS would
// only make them come again.

import type { Call } from '../runtime/step.ts'
import type { Env } from './env.ts'

/** A handler's word for an answer that comes once the transaction has ended. */
export const LATER = Symbol('later')

export type Handler = (env: Env) => unknown

export interface Waiting {
  readonly transactionalId: string
  readonly call: Call<never>
  /** Run again when the transaction has ended. */
  readonly handler: Handler
  /** Monotonic milliseconds: it is refused then. */
  readonly deadlineMs: number
}

/** Most requests of one transactional id that wait at once. */
const MAX_WAITING = 32

export class WaitingRoom {
  /** By transactional id, each in the order in which they came. */
  readonly #waiting = new Map<string, Waiting[]>()

  get size(): number {
    return this.#waiting.size
  }

  /** @returns false when there is no room */
  add(waiting: Waiting): boolean {
    const { transactionalId } = waiting
    const others = this.#waiting.get(transactionalId)
    if (others === undefined) this.#waiting.set(transactionalId, [waiting])
    else if (others.length < MAX_WAITING) others.push(waiting)
    else return false
    return true
  }

  /** Takes out all that wait for an id. */
  take(transactionalId: string): readonly Waiting[] {
    const waiting = this.#waiting.get(transactionalId) ?? []
    this.#waiting.delete(transactionalId)
    return waiting
  }

  /** Takes out those of an id whose time is up. */
  takeExpired(transactionalId: string, nowMs: number): readonly Waiting[] {
    const all = this.take(transactionalId)
    const left = all.filter(({ deadlineMs }) => deadlineMs > nowMs)
    if (left.length > 0) this.#waiting.set(transactionalId, left)
    return all.filter(({ deadlineMs }) => deadlineMs <= nowMs)
  }

  /** The first deadline of an id; null where none waits. */
  nextDeadlineMs(transactionalId: string): number | null {
    return this.#waiting.get(transactionalId)?.[0]?.deadlineMs ?? null
  }
}
