// What is counted of each API: how often, how it ended, how long it took, how many bytes.

import { Counter, Distribution, LATENCY_BOUNDS_MS } from './counters.ts'

export class ApiCounters {
  /** As in "ProduceStream": the method's name, the same on every listener. */
  readonly api: string
  /** "OK", or the name of the error. Never more than there are errors in the table. */
  readonly outcomes = new Map<string, Counter>()
  /** From the request's bytes to its answer. On streams: of each message that has an answer. */
  readonly latencyMs = new Distribution(LATENCY_BOUNDS_MS)
  /** Bytes of messages, without what the transport adds. */
  readonly bytesIn = new Counter()
  readonly bytesOut = new Counter()
  openStreams = 0

  constructor(api: string) {
    this.api = api
  }

  /**
   * One request, or one message of a stream, was answered.
   *
   * @param tookMs null where nothing was waited for, as with a message that is pushed
   */
  answered(outcome: string, tookMs: number | null): void {
    let counter = this.outcomes.get(outcome)
    if (counter === undefined) {
      counter = new Counter()
      this.outcomes.set(outcome, counter)
    }
    counter.add()
    if (tookMs !== null) this.latencyMs.observe(tookMs)
  }
}

/** The counters of all APIs, each made when it is first asked for. */
export class ApiCounterSet {
  readonly #apis = new Map<string, ApiCounters>()

  /** @param name a method that we have: clients do not choose it */
  api(name: string): ApiCounters {
    let counters = this.#apis.get(name)
    if (counters === undefined) {
      counters = new ApiCounters(name)
      this.#apis.set(name, counters)
    }
    return counters
  }

  all(): Iterable<ApiCounters> {
    return this.#apis.values()
  }
}
