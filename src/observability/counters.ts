// Plain numbers that the hot path counts in. They are turned into metrics only when somebody asks.

/** A number that only grows. */
export class Counter {
  value = 0

  add(count = 1): void {
    this.value += count
  }
}

/**
 * Counts values by size. Observing costs a search over the bounds and no allocation.
 *
 * Read as a Prometheus histogram: `counts[i]` holds the values in (bounds[i-1], bounds[i]], the last
 * of them those above every bound.
 */
export class Distribution {
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0
  count = 0

  /** @param bounds upper bounds, rising, in the unit of the values */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let low = 0
    let high = this.bounds.length
    // Invariant: every bound below slot `low` is under `value`; those from `high` on are not.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.bounds[middle]! < value) low = middle + 1
      else high = middle
    }
    this.counts[low]! += 1
    this.sum += value
    this.count += 1
  }
}

/** Bounds for latencies in milliseconds: 0.1 ms to 10 s, three to a decade. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
]
