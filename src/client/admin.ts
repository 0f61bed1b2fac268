// The admin client: topics, partitions, configurations, consumer groups, the cluster.

import { realClock } from '../io/real-clock.ts'
import type { Clock } from '../io/clock.ts'
import { realRandom } from '../io/real-random.ts'
import type { RandomSource } from '../io/random.ts'
import type {
  ClusterDescription,
  ConfigChanges,
  ConfigEntry,
  ConfigResource,
  NewTopic,
  PageOptions,
  PartitionOffsets,
  PositionOf,
  RecordsBefore,
  RecordsDeleted,
  Topic,
  TopicDescription,
  TopicPage,
  ValidateOnly,
} from './admin-calls.ts'
import { backoffMs } from './backoff.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { SluiceError } from './errors.ts'
import type {
  GroupDescription,
  GroupFilter,
  GroupListing,
  GroupOutcome,
  PartitionOutcome,
} from './group-calls.ts'
import { resetGroupOffsets } from './group-reset.ts'
import type { OffsetReset, ResetOptions } from './group-reset.ts'
import { openTransport } from './open-transport.ts'
import { checkNumber } from './option-checks.ts'
import { sleep } from './sleep.ts'
import { TransactionAdmin } from './transaction-admin.ts'
import type { PartitionRef, Transport } from './transport.ts'

export interface AdminOptions extends ConnectionOptions {
  /** Longest wait for one answer, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number
  /**
   * How often a call that only reads is made again after an error that may pass, 0 or more. Default
   * 5. Calls that change something are made once.
   */
  readonly retries?: number
  /** Wait before the first new try, in milliseconds; it doubles each time. Default 100. */
  readonly retryBackoffMs?: number
  /** A way to the brokers that the caller made, and closes. Default: one to `bootstrap`. */
  readonly transport?: Transport
  /** For tests. */
  readonly clock?: Clock
  /** For tests. */
  readonly random?: RandomSource
}

const MAX_BACKOFF_MS = 1_000

/**
 * Manages topics, configurations, records and consumer groups.
 *
 * ```ts
 * import { Admin } from 'sluice'
 *
 * const admin = new Admin({ bootstrap: '127.0.0.1:9094' })
 * await admin.createTopic({
 *   name: 'clicks',
 *   partitions: 6,
 *   configs: { 'retention.ms': '86400000' },
 * })
 * for await (const topic of admin.topics()) console.log(topic.name, topic.partitions)
 * await admin.close()
 * ```
 *
 * Every method rejects with a SluiceError: the broker's refusal by Kafka's name of it,
 * NETWORK_EXCEPTION when no broker was reached, REQUEST_TIMED_OUT.
 */
export class Admin {
  /** Transactions: which there are, which hang, and ending them by hand. */
  readonly transactions: TransactionAdmin
  readonly #transport: Transport
  readonly #ownsTransport: boolean
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #requestTimeoutMs: number
  readonly #retries: number
  readonly #retryBackoffMs: number

  /** @throws SluiceError INVALID_OPTION */
  constructor(options: AdminOptions = {}) {
    checkNumber('requestTimeoutMs', options.requestTimeoutMs, 1)
    checkNumber('retries', options.retries, 0)
    checkNumber('retryBackoffMs', options.retryBackoffMs, 1)
    this.#clock = options.clock ?? realClock
    this.#random = options.random ?? realRandom
    this.#transport = options.transport ?? openTransport(options, this.#clock)
    this.#ownsTransport = options.transport === undefined
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000
    this.#retries = options.retries ?? 5
    this.#retryBackoffMs = options.retryBackoffMs ?? 100
    this.transactions = new TransactionAdmin({
      calls: this.#transport,
      read: (call) => this.#read(call),
      requestTimeoutMs: this.#requestTimeoutMs,
    })
  }

  /**
   * Makes a topic.
   *
   * @returns the topic; with `validateOnly` as it would be
   * @throws SluiceError TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
   *   INVALID_REPLICATION_FACTOR, INVALID_CONFIG
   */
  async createTopic(topic: NewTopic & ValidateOnly): Promise<Topic> {
    return await this.#transport.createTopic(topic, this.#requestTimeoutMs)
  }

  /** Deletes a topic with all its records. @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION */
  async deleteTopic(name: string): Promise<void> {
    await this.#transport.deleteTopic(name, this.#requestTimeoutMs)
  }

  /** One page of topics, ordered by name. See `topics` for all of them. */
  async listTopics(page: PageOptions = {}): Promise<TopicPage> {
    return await this.#read((timeoutMs) => this.#transport.listTopics(page, timeoutMs))
  }

  /** All topics, ordered by name, read page by page. */
  async *topics(options: Omit<PageOptions, 'pageToken'> = {}): AsyncGenerator<Topic, void> {
    let pageToken: string | null = ''
    while (pageToken !== null) {
      const page: TopicPage = await this.listTopics({ ...options, pageToken })
      yield* page.topics
      pageToken = page.nextPageToken
    }
  }

  /** A topic and its partitions. @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION */
  async describeTopic(name: string): Promise<TopicDescription> {
    return await this.#read((timeoutMs) => this.#transport.describeTopic(name, timeoutMs))
  }

  /**
   * Raises the number of a topic's partitions. Keys may go to other partitions from then on.
   *
   * @param totalPartitions how many the topic shall have, more than it has
   * @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS
   */
  async createPartitions(
    topic: string,
    totalPartitions: number,
    options: ValidateOnly = {},
  ): Promise<Topic> {
    const timeoutMs = this.#requestTimeoutMs
    return await this.#transport.createPartitions(topic, totalPartitions, options, timeoutMs)
  }

  /**
   * Configurations of a topic or a broker: value, source, default, range, meaning.
   *
   * @param names default: all
   */
  async describeConfigs(
    resource: ConfigResource,
    names: readonly string[] = [],
  ): Promise<readonly ConfigEntry[]> {
    return await this.#read((timeoutMs) =>
      this.#transport.describeConfigs(resource, names, timeoutMs),
    )
  }

  /** Sets and unsets single configurations; the others stay. @throws SluiceError INVALID_CONFIG */
  async alterConfigs(
    resource: ConfigResource,
    changes: ConfigChanges & ValidateOnly,
  ): Promise<void> {
    await this.#transport.alterConfigs(resource, changes, this.#requestTimeoutMs)
  }

  /**
   * Deletes the records below an offset.
   *
   * @returns one result for each partition asked for, in that order
   */
  async deleteRecords(
    topic: string,
    partitions: readonly RecordsBefore[],
  ): Promise<readonly RecordsDeleted[]> {
    return await this.#transport.deleteRecords(topic, partitions, this.#requestTimeoutMs)
  }

  async describeCluster(): Promise<ClusterDescription> {
    return await this.#read((timeoutMs) => this.#transport.describeCluster(timeoutMs))
  }

  /**
   * Looks up offsets by place: the edges of partitions, or a point in time.
   *
   * @returns one result for each partition asked for, in that order
   */
  async listOffsets(partitions: readonly PositionOf[]): Promise<readonly PartitionOffsets[]> {
    return await this.#read((timeoutMs) =>
      this.#transport.listOffsets(partitions, 'read_uncommitted', timeoutMs),
    )
  }

  /** Consumer groups, ordered by group id: those with members, and those that have offsets alone. */
  async listGroups(filter: GroupFilter = {}): Promise<readonly GroupListing[]> {
    return await this.#read((timeoutMs) => this.#transport.listGroups(filter, timeoutMs))
  }

  /**
   * A group: its members and what each reads, what it has committed, and how far it lags behind.
   *
   * ```ts
   * const admin = new Admin()
   * const { state, members, partitions } = await admin.describeGroup('reports')
   * const lag = partitions.reduce((sum, partition) => sum + Math.max(0, partition.lag), 0)
   * console.log(state, members.length, lag)
   * ```
   *
   * @throws SluiceError GROUP_ID_NOT_FOUND
   */
  async describeGroup(groupId: string): Promise<GroupDescription> {
    return await this.#read((timeoutMs) => this.#transport.describeGroup(groupId, timeoutMs))
  }

  /**
   * Deletes a group that has no members, with its offsets.
   *
   * @throws SluiceError NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND
   */
  async deleteGroup(groupId: string): Promise<void> {
    const [outcome] = await this.deleteGroups([groupId])
    if (outcome!.error !== null) throw outcome!.error.with({ groupId })
  }

  /** As `deleteGroup`. @returns one result for each group, in that order */
  async deleteGroups(groupIds: readonly string[]): Promise<readonly GroupOutcome[]> {
    return await this.#transport.deleteGroups(groupIds, this.#requestTimeoutMs)
  }

  /**
   * Moves the committed offsets of a group that has no members.
   *
   * ```ts
   * const admin = new Admin()
   * const to = { kind: 'duration', durationMs: 60 * 60_000 } as const
   * const plan = await admin.resetGroupOffsets('reports', { to, validateOnly: true })
   * for (const { topic, partition, before, after } of plan) {
   *   console.log(`${topic}-${partition}: from ${before} to ${after}`)
   * }
   * await admin.resetGroupOffsets('reports', { to })
   * ```
   *
   * @returns one result for each partition, ordered by topic, then by partition
   * @throws SluiceError NON_EMPTY_GROUP · GROUP_ID_NOT_FOUND, unless `only` says which partitions ·
   *   UNKNOWN_TOPIC_OR_PARTITION
   */
  async resetGroupOffsets(groupId: string, options: ResetOptions): Promise<readonly OffsetReset[]> {
    const parts = {
      transport: this.#transport,
      read: this.#read.bind(this),
      requestTimeoutMs: this.#requestTimeoutMs,
      nowMs: this.#clock.now(),
    }
    return await resetGroupOffsets(parts, groupId, options)
  }

  /**
   * Forgets committed offsets, of topics that no member reads.
   *
   * @returns one result for each partition, in that order: GROUP_SUBSCRIBED_TO_TOPIC
   * @throws SluiceError GROUP_ID_NOT_FOUND
   */
  async deleteGroupOffsets(
    groupId: string,
    partitions: readonly PartitionRef[],
  ): Promise<readonly PartitionOutcome[]> {
    return await this.#transport.deleteOffsets(groupId, partitions, this.#requestTimeoutMs)
  }

  async close(): Promise<void> {
    if (this.#ownsTransport) this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Makes a call that changes nothing, again and again while an error may pass. */
  async #read<T>(call: (timeoutMs: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(this.#requestTimeoutMs)
      } catch (error) {
        const refusal = SluiceError.from(error)
        // A topic that is missing is the usual answer here, not one that passes.
        const missing = refusal.code === 'UNKNOWN_TOPIC_OR_PARTITION'
        if (!refusal.retriable || missing || attempt > this.#retries) throw refusal
        const limits = { initialMs: this.#retryBackoffMs, maxMs: MAX_BACKOFF_MS }
        await sleep(this.#clock, backoffMs(limits, attempt, this.#random, refusal.retryAfterMs))
      }
    }
  }
}
