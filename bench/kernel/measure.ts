// Times alternatives against each other.

/** Ways to do the same work, by name; the first is ours. */
export type Contest = Readonly<Record<string, () => unknown>>

export interface Effort {
  /** Rounds whose median counts. */
  readonly rounds: number
  /** Shortest time of one measurement, milliseconds. */
  readonly atLeastMs: number
}

/**
 * Seconds that one call of each alternative takes: the median of several rounds.
 *
 * The alternatives take turns in every round, so that what disturbs the machine for a while
 * disturbs all of them alike.
 */
export function timeContest(contest: Contest, { rounds, atLeastMs }: Effort): Map<string, number> {
  const names = Object.keys(contest)
  const calls = new Map(names.map((name) => [name, callsFor(contest[name]!, atLeastMs)]))
  const seconds = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const count = calls.get(name)!
      seconds.get(name)!.push(timeCalls(contest[name]!, count) / count / 1000)
    }
  }
  return new Map(names.map((name) => [name, median(seconds.get(name)!)]))
}

/** Warms a function up and finds how many calls take `atLeastMs`. */
function callsFor(work: () => unknown, atLeastMs: number): number {
  let count = 1
  while (timeCalls(work, count) < atLeastMs) count *= 2
  return count
}

function timeCalls(work: () => unknown, count: number): number {
  const startMs = performance.now()
  for (let call = 0; call < count; call++) work()
  return performance.now() - startMs
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}
