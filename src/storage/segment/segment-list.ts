// The segments of a log, oldest first. There is always at least one, and the last is the active one.

import assert from 'node:assert'
import type { Segment } from './segment.ts'

/** One segment, as retention and tools see it. */
export interface SegmentFacts {
  readonly baseOffset: number
  /** Offset after its last record. */
  readonly endOffset: number
  readonly sizeBytes: number
}

export class SegmentList {
  readonly #segments: Segment[]

  /** @param segments one or more, by rising base offset */
  constructor(segments: readonly Segment[]) {
    assert(segments.length > 0)
    this.#segments = [...segments]
  }

  get count(): number {
    return this.#segments.length
  }

  get first(): Segment {
    return this.#segments[0]!
  }

  get active(): Segment {
    return this.#segments.at(-1)!
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** What the segments hold. @param endOffset of the active one */
  facts(endOffset: number): SegmentFacts[] {
    return this.#segments.map(({ baseOffset, sizeBytes }, index) => {
      const next = this.#segments[index + 1]
      return { baseOffset, endOffset: next?.baseOffset ?? endOffset, sizeBytes }
    })
  }

  at(index: number): Segment | undefined {
    return this.#segments[index]
  }

  [Symbol.iterator](): Iterator<Segment> {
    return this.#segments.values()
  }

  /** Index of the last segment whose base offset is at or below `offset`; 0 when there is none. */
  floorIndex(offset: number): number {
    let low = 0
    let high = this.#segments.length
    // Invariant: every segment < low starts at or below the offset; every one >= high above it.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  /** The index of a segment, or -1 when it is not in the list any more. */
  indexOf(segment: Segment): number {
    const index = this.floorIndex(segment.baseOffset)
    return this.#segments[index] === segment ? index : -1
  }

  /** The segment behind another, or null. */
  after(segment: Segment): Segment | null {
    const index = this.indexOf(segment)
    return index < 0 ? null : (this.#segments[index + 1] ?? null)
  }

  push(segment: Segment): void {
    assert(segment.baseOffset > this.active.baseOffset)
    this.#segments.push(segment)
  }

  removeFirst(): Segment {
    assert(this.#segments.length > 1)
    return this.#segments.shift()!
  }

  removeLast(): Segment {
    assert(this.#segments.length > 1)
    return this.#segments.pop()!
  }

  /** Puts a segment in the place of some that follow each other. None of them is the active one. */
  replace(old: readonly Segment[], by: Segment): void {
    const index = this.indexOf(old[0]!)
    assert(index >= 0 && this.#segments[index + old.length - 1] === old.at(-1))
    assert(old.at(-1) !== this.active && by.baseOffset === old[0]!.baseOffset)
    this.#segments.splice(index, old.length, by)
  }

  /** Puts another segment in the place of the active one. */
  replaceActive(segment: Segment): void {
    this.#segments[this.#segments.length - 1] = segment
  }

  /** True when more than `bytes` follow a position of a segment. */
  hasMoreBehind(bytes: number, segment: Segment, positionBytes: number): boolean {
    let behind = -positionBytes
    for (let index = this.indexOf(segment); index < this.#segments.length; index++) {
      behind += this.#segments[index]!.sizeBytes
      if (behind > bytes) return true
    }
    return false
  }
}
