// The time at which something happens, given to every handler: nothing in this folder has a clock.

export interface Now {
  /** Milliseconds since 1970. May jump: for timestamps in records and the expiry of offsets only. */
  readonly wallMs: number
  /** Milliseconds since some start. Never goes back: for sessions, rebalances and all other waits. */
  readonly monotonicMs: number
}
