// How many producers all logs of a broker remember together, and for how long. Whoever makes up producer
// ids without end makes the broker forget old ones, and no more. Who has an open transaction is never
// forgotten, so there is a bound on those as well.

import type { Clock, Timer } from '../../io/clock.ts'

/** The producers of one log. */
export interface RememberedProducers {
  readonly size: number
  /** Those without an open transaction. */
  readonly idleCount: number
  /** Forgets idle ones that were not heard of for longest: some, at least one if there is any. */
  forgetOldest(): void
  /** Forgets idle ones that were not heard of since a time. */
  expire(beforeMs: number): void
}

export interface ProducerMemoryOptions {
  /** Producers that all logs together remember; one takes up to 800 bytes. Default: 200,000. */
  readonly maxProducerIds?: number
  /** Those that were not heard of for this long are forgotten. Default: 24 hours, as in Kafka. */
  readonly expirationMs?: number
  /** How often they are looked for. Default: 10 minutes, as in Kafka. */
  readonly checkIntervalMs?: number
}

/** Numbers for metrics. */
export interface ProducerMemoryStats {
  /** Producers that the logs remember; one counts in each. */
  readonly producerIds: number
  /** Transactions that are open now; one counts in each log that it writes to. */
  readonly openTransactions: number
}

/** Producers of one log: a snapshot of them is written on the event loop. */
export const MAX_PRODUCER_IDS_A_LOG = 20_000

/** Transactions that may be open in one log: half of its producers can be forgotten. */
export const MAX_OPEN_TRANSACTIONS_A_LOG = MAX_PRODUCER_IDS_A_LOG / 2

export class ProducerMemory {
  readonly #maxProducerIds: number
  readonly #expirationMs: number
  readonly #checkIntervalMs: number
  /** Those that remember anybody. */
  readonly #logs = new Set<RememberedProducers>()
  #count = 0
  #openTransactions = 0

  constructor(options: ProducerMemoryOptions = {}) {
    this.#maxProducerIds = options.maxProducerIds ?? 200_000
    this.#expirationMs = options.expirationMs ?? 24 * 3_600_000
    this.#checkIntervalMs = options.checkIntervalMs ?? 600_000
  }

  /** Producers that are remembered now. */
  get count(): number {
    return this.#count
  }

  stats(): ProducerMemoryStats {
    return { producerIds: this.#count, openTransactions: this.#openTransactions }
  }

  /** True when one more transaction may be open in a log, beside so many that are. */
  mayOpen(inLog: number): boolean {
    return (
      inLog < MAX_OPEN_TRANSACTIONS_A_LOG &&
      this.#openTransactions < Math.ceil(this.#maxProducerIds / 2)
    )
  }

  /** So many transactions were opened; or ended, when it is negative. */
  opened(count: number): void {
    this.#openTransactions += count
  }

  /** A log is about to remember one more. Makes room. */
  take(log: RememberedProducers): void {
    if (log.size >= MAX_PRODUCER_IDS_A_LOG) log.forgetOldest()
    if (this.#count >= this.#maxProducerIds) this.#largest()?.forgetOldest()
    this.#logs.add(log)
    this.#count += 1
  }

  /** A log has forgotten so many. */
  give(log: RememberedProducers, count: number): void {
    this.#count -= count
    if (log.size === 0) this.#logs.delete(log)
  }

  /** Forgets, from now on, whoever is silent for too long. */
  expireBy(clock: Clock): Timer {
    return clock.every(this.#checkIntervalMs, () => {
      for (const log of this.#logs) log.expire(clock.now() - this.#expirationMs)
    })
  }

  #largest(): RememberedProducers | null {
    let largest: RememberedProducers | null = null
    for (const log of this.#logs) if (log.idleCount > (largest?.idleCount ?? 0)) largest = log
    return largest
  }
}
