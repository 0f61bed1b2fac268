// What each holder of a quota may still take: an allowance that fills with time and may be overdrawn
// once. Whoever has overdrawn waits until it is paid back.

import type { Clock } from '../../io/clock.ts'

export interface AllowanceOptions {
  readonly clock: Clock
  /** An allowance holds what is given in so many seconds. */
  readonly burstSeconds: number
  /** Longest wait, in milliseconds: a debt does not grow beyond it. */
  readonly maxWaitMs: number
  /** Holders that are remembered. Default 100,000. */
  readonly maxHolders?: number
}

interface Allowance {
  /** What may be taken; below 0 what is owed. */
  left: number
  /** When `left` was counted, on the monotonic clock. */
  atMs: number
}

const MAX_HOLDERS = 100_000

export class Allowances {
  readonly #options: AllowanceOptions
  /** Who took last stands last. */
  readonly #holders = new Map<string, Allowance>()

  constructor(options: AllowanceOptions) {
    this.#options = options
  }

  /**
   * Takes from an allowance, more than is left if need be.
   *
   * @param limit what is given a second, above 0
   * @returns how long the holder has to wait before it takes more, in milliseconds
   */
  take(holder: string, limit: number, amount: number): number {
    const { maxWaitMs, maxHolders = MAX_HOLDERS } = this.#options
    const left = Math.max(this.left(holder, limit) - amount, (-limit * maxWaitMs) / 1_000)
    this.#holders.delete(holder)
    this.#holders.set(holder, { left, atMs: this.#options.clock.monotonicMs() })
    if (this.#holders.size > maxHolders) {
      const [oldest] = this.#holders.keys()
      this.#holders.delete(oldest!)
    }
    return left >= 0 ? 0 : Math.ceil((-left / limit) * 1_000)
  }

  /** What may be taken now; 0 or less when the holder has to wait. */
  left(holder: string, limit: number): number {
    const { clock, burstSeconds } = this.#options
    const full = limit * burstSeconds
    const found = this.#holders.get(holder)
    if (found === undefined) return full
    const given = ((clock.monotonicMs() - found.atMs) / 1_000) * limit
    return Math.min(full, found.left + given)
  }
}
