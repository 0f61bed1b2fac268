// Topics: make, delete, list, describe, extend, and delete their records.

import { BrokerError } from '../base/errors.ts'
import { MAX_PARTITIONS_PER_TOPIC } from '../base/limits.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ClusterControl, ExtendOptions, NewTopic } from '../metadata/cluster-control.ts'
import { isInternalTopic } from '../metadata/internal-topics.ts'
import type { MetadataImage, TopicImage } from '../metadata/metadata-image.ts'
import type { PartitionPlacement } from '../metadata/metadata-record.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { Caller } from './caller.ts'

/** A partition on this broker, as administration sees it. */
export interface AdminPartition {
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
  readonly sizeBytes: number
  /** Why nothing can be appended now, or null. */
  readonly offline: BrokerError | null
  /** See Partition.deleteRecords. */
  deleteRecords(beforeOffset: number): Promise<number>
}

/** The partitions of this broker. replication/ has them. */
export interface AdminPartitions {
  /** @throws BrokerError when the partition is not here, or can't be used */
  partition(topic: string, partition: number): AdminPartition

  /** Resolves once everything that the image asks for now was done or has failed. Never rejects. */
  settled(): Promise<void>
}

export interface TopicServiceOptions {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image'>
  readonly partitions: AdminPartitions
}

export interface TopicSummary {
  readonly name: string
  readonly topicId: Uuid
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Made by the broker for its own use. */
  readonly internal: boolean
  /** What the topic sets itself, by Kafka's names. */
  readonly configs: ReadonlyMap<string, string>
}

export interface PartitionDescription extends PartitionPlacement {
  /** -1 when the partition can't be asked, as are those below. */
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
  readonly sizeBytes: number
  /** Why it can't be asked or appended to. */
  readonly error: BrokerError | null
}

export interface TopicDescription extends TopicSummary {
  readonly partitions: readonly PartitionDescription[]
}

export interface TopicPage {
  readonly topics: readonly TopicSummary[]
  /** Null on the last page. */
  readonly nextPageToken: string | null
}

export interface PageRequest {
  /** 0: 1,000. Above 10,000: 10,000. */
  readonly pageSize: number
  /** `nextPageToken` of the page before; null for the first. */
  readonly pageToken: string | null
  readonly includeInternal: boolean
}

export interface RecordDeletion {
  readonly partition: number
  /** First offset that stays; -1 for the high watermark. */
  readonly beforeOffset: number
}

export interface RecordsDeleted {
  readonly partition: number
  readonly error: BrokerError | null
  /** -1 with an error. */
  readonly logStartOffset: number
}

type ValidateOnly = { readonly validateOnly: boolean }

const PAGE_SIZE = 1_000
const MAX_PAGE_SIZE = 10_000

/** Deletions that one request has under way at once: each waits for the disk. */
const PARALLEL_DELETIONS = 8

export class TopicService {
  readonly #options: TopicServiceOptions

  constructor(options: TopicServiceOptions) {
    this.#options = options
  }

  /**
   * Makes a topic. It can be produced to when this resolves.
   *
   * @throws BrokerError as ClusterControl.createTopic
   */
  async create(
    _caller: Caller,
    topic: Omit<NewTopic, 'internal'>,
    options: ValidateOnly,
  ): Promise<TopicSummary> {
    const created = await this.#options.control.createTopic(topic, options)
    if (options.validateOnly) return summary(created, topic.configs)
    await this.#options.partitions.settled()
    return summary(created, this.#configsOf(created.name))
  }

  /**
   * Makes a topic with the broker's defaults because somebody produces to it. Somebody else may have
   * made it meanwhile.
   *
   * @throws BrokerError as ClusterControl.createTopic
   */
  async createMissing(name: string): Promise<void> {
    const { control, partitions } = this.#options
    const topic = { name, partitions: null, replicationFactor: null, configs: new Map() }
    try {
      await control.createTopic(topic, { validateOnly: false })
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'TOPIC_ALREADY_EXISTS') throw error
    }
    await partitions.settled()
  }

  /**
   * @param topicId deletes only if the topic still is this one; null: whichever has the name
   * @throws BrokerError as ClusterControl.deleteTopic; INVALID_TOPIC_EXCEPTION for internal ones
   */
  async delete(_caller: Caller, name: string, topicId: Uuid | null = null): Promise<void> {
    refuseInternal(name)
    await this.#options.control.deleteTopic(name, topicId)
    await this.#options.partitions.settled()
  }

  /** Null when no topic has the id. */
  nameOf(_caller: Caller, topicId: Uuid): string | null {
    return this.#image.topicById(topicId)?.name ?? null
  }

  /** Null when there is no such topic. */
  idOf(_caller: Caller, name: string): Uuid | null {
    return this.#image.topic(name)?.topicId ?? null
  }

  /** 0 when there is no such topic. */
  partitionCountOf(_caller: Caller, name: string): number {
    return this.#image.topic(name)?.partitions.length ?? 0
  }

  /** Topics by name. @throws BrokerError INVALID_REQUEST when the token is none of ours */
  list(_caller: Caller, { pageSize, pageToken, includeInternal }: PageRequest): TopicPage {
    const after = pageToken === null ? '' : nameOf(pageToken)
    const size = Math.min(pageSize || PAGE_SIZE, MAX_PAGE_SIZE)
    const all = this.#image.topics()
    const page: TopicSummary[] = []
    for (let at = firstAfter(all, after); at < all.length; at++) {
      const topic = all[at]!
      if (isInternalTopic(topic.name) && !includeInternal) continue
      if (page.length === size) return { topics: page, nextPageToken: tokenOf(page.at(-1)!.name) }
      page.push(summary(topic, this.#configsOf(topic.name)))
    }
    return { topics: page, nextPageToken: null }
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  describe(_caller: Caller, name: string): TopicDescription {
    const topic = this.#topic(name)
    const partitions = topic.partitions.map((placement) => {
      return { ...placement, ...this.#state(name, placement.partition) }
    })
    return { ...summary(topic, this.#configsOf(name)), partitions }
  }

  /**
   * Gives a topic more partitions.
   *
   * @param total how many it shall have
   * @throws BrokerError as ClusterControl.createPartitions; INVALID_TOPIC_EXCEPTION for internal
   *   ones, since what is kept in them is found by their number of partitions
   */
  async createPartitions(
    _caller: Caller,
    name: string,
    total: number,
    options: ExtendOptions,
  ): Promise<TopicSummary> {
    refuseInternal(name)
    const topic = await this.#options.control.createPartitions(name, total, options)
    if (!options.validateOnly) await this.#options.partitions.settled()
    return summary(topic, this.#configsOf(name))
  }

  /**
   * Deletes the records below an offset, durably, partition by partition.
   *
   * @returns one result for each deletion, in their order
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION when there is no such topic,
   *   INVALID_TOPIC_EXCEPTION for internal ones, INVALID_REQUEST when there are too many deletions, or
   *   two for one partition
   */
  async deleteRecords(
    _caller: Caller,
    name: string,
    deletions: readonly RecordDeletion[],
  ): Promise<readonly RecordsDeleted[]> {
    this.#topic(name)
    refuseInternal(name)
    checkDeletions(deletions)
    const results: RecordsDeleted[] = []
    for (let at = 0; at < deletions.length; at += PARALLEL_DELETIONS) {
      const some = deletions.slice(at, at + PARALLEL_DELETIONS)
      results.push(...(await Promise.all(some.map((deletion) => this.#delete(name, deletion)))))
    }
    return results
  }

  async #delete(
    topic: string,
    { partition, beforeOffset }: RecordDeletion,
  ): Promise<RecordsDeleted> {
    try {
      const found = this.#options.partitions.partition(topic, partition)
      const logStartOffset = await found.deleteRecords(beforeOffset)
      return { partition, error: null, logStartOffset }
    } catch (error) {
      return { partition, error: BrokerError.from(error), logStartOffset: -1 }
    }
  }

  #state(topic: string, partition: number): Omit<PartitionDescription, keyof PartitionPlacement> {
    try {
      const found = this.#options.partitions.partition(topic, partition)
      const { logStartOffset, highWatermark, logEndOffset, sizeBytes, offline: error } = found
      return { logStartOffset, highWatermark, logEndOffset, sizeBytes, error }
    } catch (error) {
      const unknown = { logStartOffset: -1, highWatermark: -1, logEndOffset: -1, sizeBytes: -1 }
      return { ...unknown, error: BrokerError.from(error) }
    }
  }

  get #image(): MetadataImage {
    return this.#options.store.image
  }

  #topic(name: string): TopicImage {
    const topic = this.#image.topic(name)
    if (topic !== null) return topic
    const message = 'There is no such topic'
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { message, topic: name.slice(0, 300) })
  }

  #configsOf(name: string): ReadonlyMap<string, string> {
    return this.#image.configs({ type: 'topic', name })
  }
}

function refuseInternal(name: string): void {
  if (!isInternalTopic(name)) return
  const message = 'The topic belongs to the broker, which keeps its own state in it'
  throw new BrokerError('INVALID_TOPIC_EXCEPTION', { message, topic: name })
}

function summary(topic: TopicImage, configs: ReadonlyMap<string, string>): TopicSummary {
  const { name, topicId, partitions } = topic
  return {
    name,
    topicId,
    partitionCount: partitions.length,
    replicationFactor: partitions[0]!.replicas.length,
    internal: isInternalTopic(name),
    configs,
  }
}

function checkDeletions(deletions: readonly RecordDeletion[]): void {
  if (deletions.length > MAX_PARTITIONS_PER_TOPIC) {
    const message = `A request deletes records of at most ${MAX_PARTITIONS_PER_TOPIC} partitions`
    throw new BrokerError('INVALID_REQUEST', { message, partitions: deletions.length })
  }
  if (new Set(deletions.map(({ partition }) => partition)).size === deletions.length) return
  throw new BrokerError('INVALID_REQUEST', { message: 'A partition is named more than once' })
}

/** Slot of the first topic whose name comes after `name`. */
function firstAfter(topics: readonly TopicImage[], name: string): number {
  let low = 0
  let high = topics.length
  // Invariant: names below slot `low` are at or before `name`; those from `high` on come after it.
  while (low < high) {
    const middle = (low + high) >>> 1
    if (topics[middle]!.name <= name) low = middle + 1
    else high = middle
  }
  return low
}

/** A token is the last name of its page: pages stay right when topics come and go between them. */
function tokenOf(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function nameOf(token: string): string {
  const name = Buffer.from(token, 'base64url').toString()
  if (name !== '' && tokenOf(name) === token) return name
  throw new BrokerError('INVALID_REQUEST', { message: 'The page token is none that was given out' })
}
