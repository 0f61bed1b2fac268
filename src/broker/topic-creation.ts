// Topics that are made because somebody produces to them (`auto.create.topics.enable`).

import { BrokerError } from '../base/errors.ts'

/** Topics that may be in the making at once. */
const MAX_PENDING = 1000

export class TopicCreation {
  readonly #create: (topic: string) => Promise<void>
  readonly #pending = new Map<string, Promise<BrokerError | null>>()

  /** @param create makes a topic with the broker's defaults; rejects with a BrokerError */
  constructor(create: (topic: string) => Promise<void>) {
    this.#create = create
  }

  /**
   * Makes a topic, once for all who ask at the same time.
   *
   * @returns null when the topic is there, whoever made it; if not, why
   */
  ensure(topic: string): Promise<BrokerError | null> {
    const running = this.#pending.get(topic)
    if (running !== undefined) return running
    if (this.#pending.size >= MAX_PENDING) {
      const message = `${MAX_PENDING} topics are being created already`
      return Promise.resolve(new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message }))
    }
    const creation = this.#run(topic).finally(() => this.#pending.delete(topic))
    this.#pending.set(topic, creation)
    return creation
  }

  async #run(topic: string): Promise<BrokerError | null> {
    try {
      await this.#create(topic)
    } catch (error) {
      const refusal = BrokerError.from(error)
      if (refusal.code !== 'TOPIC_ALREADY_EXISTS') return refusal
    }
    return null
  }
}
