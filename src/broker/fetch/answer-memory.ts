// The memory that batches of an answer are read into. A front has so much of it for all of its clients,
// and gives it to a fetch as it reads.

export interface AnswerMemory {
  /** There is little left: answers are short, and nobody waits for more with bytes in his hands. */
  readonly tight: boolean
  /** How many bytes may be read now, for an answer that has `hasBytes`. 0: wait for room. */
  allowance(wantedBytes: number, hasBytes: number): number
  /** Memory of exactly so many bytes, lent to the answer until it is out. What of it counts: `take`. */
  buffer(sizeBytes: number): Buffer
  /** So many bytes more belong to the answer; or less, when negative. */
  take(deltaBytes: number): void
  /** Calls `roomFreed` once there is room. */
  wait(waiter: MemoryWaiter): void
  /** Calls `hurry` once, when there is little left. */
  hoard(waiter: MemoryWaiter): void
  /** The waiter waits no more, for either. */
  leave(waiter: MemoryWaiter): void
}

export interface MemoryWaiter {
  /** Ask anew: others may have been faster. */
  roomFreed(): void
  /** Answer with what there is. */
  hurry(): void
}

/** For those whose answers somebody else bounds. */
export const AMPLE_MEMORY: AnswerMemory = {
  tight: false,
  allowance: (wantedBytes) => wantedBytes,
  buffer: (sizeBytes) => Buffer.allocUnsafeSlow(sizeBytes),
  take: () => {},
  wait: () => {},
  hoard: () => {},
  leave: () => {},
}
