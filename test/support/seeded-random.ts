// Chance that a test can have again: every draw follows from the seed.

import type { RandomSource } from '../../src/io/random.ts'

export class SeededRandom implements RandomSource {
  readonly seed: number
  #state: number

  /** @param seed any whole number; name it in the messages of assertions */
  constructor(seed: number) {
    this.seed = seed
    this.#state = seed | 0
  }

  /** A whole number in [0, bound). @param bound 1 to 2^32 */
  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound)
  }

  /** A whole number in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let at = 0; at < count; at++) bytes[at] = this.#next() & 0xff
    return bytes
  }

  /** A source of its own, so that draws on one side do not shift those on the other. */
  split(): SeededRandom {
    return new SeededRandom(this.#next())
  }

  // splitmix32: public domain, after Guy Steele, Doug Lea and Christine Flood, "Fast Splittable
  // Pseudorandom Number Generators", with 32-bit constants.
  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
}
