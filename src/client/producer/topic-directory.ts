// How many partitions each topic has, asked of the brokers once and again when that is old.

import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { backoffMs } from '../backoff.ts'
import { sleep } from '../sleep.ts'
import { SluiceError } from '../errors.ts'
import type { Transport } from '../transport.ts'
import type { ProducerSettings } from './producer-options.ts'

interface Known {
  readonly partitionCount: number
  readonly readAtMs: number
}

/** Most topics that are remembered. The one that was read first goes first. */
const MAX_TOPICS = 10_000

export class TopicDirectory {
  readonly #transport: Transport
  readonly #settings: ProducerSettings
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #known = new Map<string, Known>()
  readonly #loading = new Map<string, Promise<number>>()
  #closed = false

  constructor(parts: {
    readonly transport: Transport
    readonly settings: ProducerSettings
    readonly clock: Clock
    readonly random: RandomSource
  }) {
    this.#transport = parts.transport
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#random = parts.random
  }

  /** True when what is known of the topic should be read again. */
  isStale(topic: string): boolean {
    const known = this.#known.get(topic)
    if (known === undefined) return true
    return this.#clock.monotonicMs() - known.readAtMs >= this.#settings.metadataMaxAgeMs
  }

  /**
   * Asks for the number of a topic's partitions. A topic that does not exist is made, where options
   * and broker allow it. Brokers that do not answer are asked again, for `maxBlockMs` altogether.
   *
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION, or what the brokers refused with
   */
  load(topic: string): Promise<number> {
    const running = this.#loading.get(topic)
    if (running !== undefined) return running
    const load = this.#loadWithRetries(topic).finally(() => this.#loading.delete(topic))
    this.#loading.set(topic, load)
    return load
  }

  close(): void {
    this.#closed = true
  }

  async #loadWithRetries(topic: string): Promise<number> {
    const { maxBlockMs, retryBackoffMs: initialMs, retryBackoffMaxMs: maxMs } = this.#settings
    const deadlineMs = this.#clock.monotonicMs() + maxBlockMs
    for (let attempt = 1; ; attempt++) {
      try {
        const partitionCount = await this.#loadOnce(topic)
        this.#remember(topic, partitionCount)
        return partitionCount
      } catch (error) {
        const refusal = SluiceError.from(error)
        const waitMs = backoffMs({ initialMs, maxMs }, attempt, this.#random, refusal.retryAfterMs)
        const outOfTime = this.#clock.monotonicMs() + waitMs > deadlineMs
        const unknown = refusal.code === 'UNKNOWN_TOPIC_OR_PARTITION'
        if (unknown || !refusal.retriable || outOfTime || this.#closed) throw refusal
        await sleep(this.#clock, waitMs)
      }
    }
  }

  async #loadOnce(topic: string): Promise<number> {
    const { requestTimeoutMs, autoCreateTopics } = this.#settings
    try {
      return (await this.#transport.describeTopic(topic, requestTimeoutMs)).partitions
    } catch (error) {
      const unknown = SluiceError.from(error).code === 'UNKNOWN_TOPIC_OR_PARTITION'
      if (!unknown || !autoCreateTopics || !(await this.#brokerCreatesTopics())) throw error
    }
    try {
      return (await this.#transport.createTopic({ name: topic }, requestTimeoutMs)).partitions
    } catch (error) {
      if (SluiceError.from(error).code !== 'TOPIC_ALREADY_EXISTS') throw error
      return (await this.#transport.describeTopic(topic, requestTimeoutMs)).partitions
    }
  }

  async #brokerCreatesTopics(): Promise<boolean> {
    const { requestTimeoutMs } = this.#settings
    const { brokers } = await this.#transport.describeCluster(requestTimeoutMs)
    if (brokers.length === 0) return false
    const resource = { type: 'broker', name: String(brokers[0]!.brokerId) } as const
    const name = 'auto.create.topics.enable'
    const configs = await this.#transport.describeConfigs(resource, [name], requestTimeoutMs)
    return configs.some((config) => config.name === name && config.value === 'true')
  }

  #remember(topic: string, partitionCount: number): void {
    this.#known.delete(topic)
    this.#known.set(topic, { partitionCount, readAtMs: this.#clock.monotonicMs() })
    if (this.#known.size <= MAX_TOPICS) return
    const [oldest] = this.#known.keys()
    this.#known.delete(oldest!)
  }
}
