// Finds the partitions that topics get while a consumer without a group reads them.

import type { Clock, Timer } from '../../io/clock.ts'
import type { Transport } from '../transport.ts'
import type { ConsumerSettings } from './consumer-options.ts'
import type { Fetcher } from './fetcher.ts'

export interface FollowerParts {
  readonly transport: Transport
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly settings: ConsumerSettings
}

export class TopicFollower {
  readonly #parts: FollowerParts
  readonly #topics = new Set<string>()
  #timer: Timer | null = null

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  /** Looks after these topics, beside those that were given before. */
  follow(topics: readonly string[]): void {
    const { clock, settings } = this.#parts
    for (const topic of topics) this.#topics.add(topic)
    this.#timer ??= clock.every(settings.metadataMaxAgeMs, () => void this.#look())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#topics.clear()
  }

  /** Adds what has come. It is read from its beginning. */
  async #look(): Promise<void> {
    const { transport, fetcher, settings } = this.#parts
    for (const topic of this.#topics) {
      try {
        const { partitions } = await transport.describeTopic(topic, settings.requestTimeoutMs)
        if (!this.#topics.has(topic) || fetcher.closed) return
        const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
        const start = { kind: 'earliest' } as const
        const added = all.filter((ref) => fetcher.find(ref) === null)
        fetcher.assign(added.map((ref) => ({ ...ref, start })))
      } catch {
        // Asked again next time. If the topic is gone, its partitions say so.
      }
    }
  }
}
