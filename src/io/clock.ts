// The door to time.

/** Something that was asked to happen later. */
export interface Timer {
  /** It will not happen any more. Nothing happens when it has happened already. */
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. For record timestamps and retention only. */
  now(): number

  /** Milliseconds since some start, with a fraction. Never goes back. For waits and latencies. */
  monotonicMs(): number

  /** Calls back once, `delayMs` or more from now. Keeps no process alive. */
  after(delayMs: number, callback: () => void): Timer

  /** Calls back again and again, every `intervalMs`. Keeps no process alive. */
  every(intervalMs: number, callback: () => void): Timer

  /** Calls back when the event loop has handled what has arrived in this turn (setImmediate). */
  endOfTurn(callback: () => void): void

  /** Keeps the process alive until it is cancelled: for who waits for what the others can't keep. */
  keepAlive(): Timer
}
