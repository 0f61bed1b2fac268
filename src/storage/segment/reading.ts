// Reading from files, written once and run in two ways: at once, for bytes in the page cache, or off
// the event loop, for bytes that may have to come from the disk.
//
// A `Reading` says, step by step, what it wants to have read where, and gets the number of bytes
// that were there. What it computes between the steps must not rest on the state of the log before
// a step: between two steps anything may have happened.

import type { File } from '../../io/file-system.ts'

export interface ReadStep {
  /** Gives the open file; asked right before each read, since it may have been closed meanwhile. */
  readonly source: { open(): File }
  readonly into: Uint8Array
  readonly positionBytes: number
}

export type Reading<Result> = Generator<ReadStep, Result, number>

/** Runs a reading to its end, blocking. @throws the system's error */
export function readNow<Result>(reading: Reading<Result>): Result {
  let step = reading.next()
  while (step.done !== true) {
    const { source, into, positionBytes } = step.value
    step = reading.next(source.open().read(into, positionBytes))
  }
  return step.value
}

/** Runs a reading to its end, with all reads in the pool. @throws the system's error */
export async function readInPool<Result>(reading: Reading<Result>): Promise<Result> {
  let step = reading.next()
  while (step.done !== true) {
    const { source, into, positionBytes } = step.value
    step = reading.next(await source.open().readCold(into, positionBytes))
  }
  return step.value
}
