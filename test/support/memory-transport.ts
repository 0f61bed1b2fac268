// A cluster of one broker in memory, behind the client's Transport: it keeps batches as they come,
// hands them out under credit, and fails when a test says so. Answers come in later microtasks, so
// nothing depends on time.

import type { ErrorCode } from '../../src/base/errors.ts'
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
} from '../../src/client/admin-calls.ts'
import { SluiceError } from '../../src/client/errors.ts'
import type {
  CommittedOffset,
  GroupCaller,
  GroupDescription,
  GroupFilter,
  GroupHeartbeat,
  GroupHeartbeatAnswer,
  GroupListing,
  GroupOutcome,
  OffsetToCommit,
  PartitionOutcome,
} from '../../src/client/group-calls.ts'
import type {
  BatchProduced,
  FetchListener,
  FetchStream,
  Isolation,
  PartitionRef,
  ProduceListener,
  ProducerIdentity,
  ProduceRequest,
  ProduceStream,
  StartPosition,
  Transport,
} from '../../src/client/transport.ts'
import type {
  InitTransactions,
  TransactionalProducer,
  TransactionOutcome,
} from '../../src/client/transaction-calls.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryFetchStream } from './memory-fetch-stream.ts'
import { MemoryGroups } from './memory-groups.ts'
import { MemoryLog } from './memory-log.ts'
import { MemoryTransactions } from './memory-transactions.ts'

/** What goes wrong with one request. */
export type ProduceFault =
  /** The batches at these places of the request, or all, are refused and not stored. */
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly batches?: readonly number[] }
  /** The stream breaks: before anything was stored, or after all was. */
  | { readonly kind: 'break'; readonly stored: boolean }
  /** Stored, and answered with an error all the same, as when replicas are too slow. */
  | { readonly kind: 'storedButRefused'; readonly code: ErrorCode }
  /** The stream breaks before the batches have come, and they come all the same: see `deliverLate`. */
  | { readonly kind: 'late' }
  /** Stored, and not answered until `releaseHeld`. */
  | { readonly kind: 'hold' }

export interface MemoryTopic {
  readonly name: string
  readonly configs: Map<string, string>
  readonly logs: MemoryLog[]
}

export class MemoryTransport implements Transport {
  readonly topics = new Map<string, MemoryTopic>()
  /** Every request that came, in order. Its batches are copies. */
  readonly requests: ProduceRequest[] = []
  /** Asked for each request; null lets it pass. */
  fault: (request: ProduceRequest) => ProduceFault | null = () => null
  /** While true, streams break as soon as they are opened, and calls fail. */
  down = false
  autoCreate = false
  closed = false
  /** Names of the unary calls that came, in order. */
  readonly calls: string[] = []
  readonly #produceStreams = new Set<MemoryProduceStream>()
  readonly #fetchStreams = new Set<MemoryFetchStream>()
  readonly groups: MemoryGroups
  readonly transactions: MemoryTransactions
  #nextProducerId = 500
  readonly #late: ProduceRequest[] = []

  /** @param clock that groups go by */
  constructor(clock = new ManualClock()) {
    const cluster = {
      topics: () => new Map([...this.topics].map(([name, { logs }]) => [name, logs.length])),
      ends: ({ topic, partition }: PartitionRef) => {
        const log = this.log(topic, partition)
        if (log === null) return null
        return { logStartOffset: log.logStartOffset, highWatermark: log.endOffset }
      },
    }
    this.groups = new MemoryGroups(cluster, clock)
    this.transactions = new MemoryTransactions({
      clock,
      groups: this.groups,
      log: (topic, partition) => this.log(topic, partition),
      takeProducerId: () => this.#nextProducerId++,
      changed: () => {
        for (const stream of this.#fetchStreams) stream.pump()
      },
    })
  }

  createTopicNow(name: string, partitions = 1): MemoryTopic {
    const logs = Array.from({ length: partitions }, () => new MemoryLog())
    const topic: MemoryTopic = { name, configs: new Map(), logs }
    this.topics.set(name, topic)
    return topic
  }

  log(topic: string, partition: number): MemoryLog | null {
    return this.topics.get(topic)?.logs[partition] ?? null
  }

  /** Breaks every open stream. */
  disconnect(): void {
    for (const stream of [...this.#produceStreams]) stream.break()
    for (const stream of [...this.#fetchStreams]) stream.break()
  }

  /** Answers what was held, in its order. */
  releaseHeld(): void {
    for (const { held } of this.#produceStreams) {
      for (const answer of held.splice(0)) answer()
    }
  }

  /** What was under way on streams that broke comes now. Nobody hears what becomes of it. */
  deliverLate(): void {
    for (const { transaction, batches } of this.#late.splice(0)) {
      for (const { topic, partition, batch } of batches) {
        if (transaction && this.transactions.admit(transaction, { topic, partition })) continue
        try {
          this.log(topic, partition)?.append(batch)
        } catch {
          // Refused, as it should be when it has come in another way.
        }
      }
    }
  }

  /** What was under way on streams that broke never comes: the broker has died. */
  loseLate(): void {
    this.#late.length = 0
  }

  get heldCount(): number {
    let count = 0
    for (const { held } of this.#produceStreams) count += held.length
    return count
  }

  get openFetchStreams(): ReadonlySet<MemoryFetchStream> {
    return this.#fetchStreams
  }

  openProduceStream(listener: ProduceListener): ProduceStream {
    const stream = new MemoryProduceStream(this, listener, () => {
      this.#produceStreams.delete(stream)
    })
    this.#produceStreams.add(stream)
    if (this.down) stream.break()
    return stream
  }

  openFetchStream(isolation: Isolation, listener: FetchListener): FetchStream {
    const stream = new MemoryFetchStream(
      (topic, partition) => this.log(topic, partition),
      isolation,
      listener,
      () => this.#fetchStreams.delete(stream),
    )
    this.#fetchStreams.add(stream)
    if (this.down) stream.break()
    return stream
  }

  async initProducerId(): Promise<ProducerIdentity> {
    this.#called('initProducerId')
    return { producerId: this.#nextProducerId++, producerEpoch: 0 }
  }

  /** Nobody has a transactional id here. */
  async listTransactions(): Promise<readonly []> {
    this.#called('listTransactions')
    return []
  }

  async describeTransaction(transactionalId: string): Promise<never> {
    this.#called('describeTransaction')
    throw new SluiceError('TRANSACTIONAL_ID_NOT_FOUND', { transactionalId })
  }

  async findHangingTransactions(): Promise<readonly []> {
    this.#called('findHangingTransactions')
    return []
  }

  async abortTransaction(transactionalId: string): Promise<never> {
    return await this.describeTransaction(transactionalId)
  }

  async abortHangingTransaction({ topic, partition }: PartitionRef): Promise<never> {
    this.#called('abortHangingTransaction')
    throw new SluiceError('RESOURCE_NOT_FOUND', { topic, partition })
  }

  /** Stores a request, as far as `fault` lets it. */
  take(request: ProduceRequest): 'break' | { batches: readonly BatchProduced[]; hold: boolean } {
    this.requests.push({
      ...request,
      batches: request.batches.map((batch) => ({ ...batch, batch: Buffer.from(batch.batch) })),
    })
    const fault = this.fault(request)
    if (fault?.kind === 'break' && !fault.stored) return 'break'
    if (fault?.kind === 'late') {
      this.#late.push(this.requests.at(-1)!)
      return 'break'
    }
    const batches = request.batches.map(({ topic, partition, batch }, index): BatchProduced => {
      const log = this.log(topic, partition)
      if (log === null) return refused('UNKNOWN_TOPIC_OR_PARTITION')
      if (fault?.kind === 'refuse' && (fault.batches?.includes(index) ?? true)) {
        return refused(fault.code)
      }
      const { transaction } = request
      const error = transaction && this.transactions.admit(transaction, { topic, partition })
      if (error !== null) return { error, baseOffset: -1, logAppendTimeMs: -1 }
      let baseOffset: number
      try {
        baseOffset = log.append(batch)
      } catch (error) {
        return { error: SluiceError.from(error), baseOffset: -1, logAppendTimeMs: -1 }
      }
      if (fault?.kind === 'storedButRefused') return refused(fault.code)
      return { error: null, baseOffset: request.acks === 0 ? -1 : baseOffset, logAppendTimeMs: -1 }
    })
    for (const stream of this.#fetchStreams) stream.pump()
    return fault?.kind === 'break' ? 'break' : { batches, hold: fault?.kind === 'hold' }
  }

  async createTopic(topic: NewTopic & ValidateOnly): Promise<Topic> {
    this.#called('createTopic')
    if (this.topics.has(topic.name)) throw new SluiceError('TOPIC_ALREADY_EXISTS')
    const made = { name: topic.name, configs: new Map(Object.entries(topic.configs ?? {})) }
    const logs = Array.from({ length: topic.partitions ?? 1 }, () => new MemoryLog())
    if (topic.validateOnly !== true) this.topics.set(topic.name, { ...made, logs })
    return describe({ ...made, logs })
  }

  async deleteTopic(name: string): Promise<void> {
    this.#called('deleteTopic')
    this.#topic(name)
    this.topics.delete(name)
  }

  async listTopics(page: PageOptions): Promise<TopicPage> {
    this.#called('listTopics')
    const names = [...this.topics.keys()].sort().filter((name) => name > (page.pageToken ?? ''))
    const shown = names.slice(0, page.pageSize ?? 1_000)
    const nextPageToken = shown.length < names.length ? shown.at(-1)! : null
    return { topics: shown.map((name) => describe(this.#topic(name))), nextPageToken }
  }

  async describeTopic(name: string): Promise<TopicDescription> {
    this.#called('describeTopic')
    const topic = this.#topic(name)
    const partitionDescriptions = topic.logs.map((log, partition) => ({
      partition,
      leader: 0,
      leaderEpoch: 0,
      replicas: [0],
      isr: [0],
      logStartOffset: log.logStartOffset,
      highWatermark: log.endOffset,
      logEndOffset: log.endOffset,
      sizeBytes: log.sizeBytes,
      error: null,
    }))
    return { ...describe(topic), partitionDescriptions }
  }

  async createPartitions(name: string, total: number, options: ValidateOnly): Promise<Topic> {
    this.#called('createPartitions')
    const topic = this.#topic(name)
    if (total <= topic.logs.length) throw new SluiceError('INVALID_PARTITIONS')
    if (options.validateOnly !== true) {
      while (topic.logs.length < total) topic.logs.push(new MemoryLog())
    }
    return { ...describe(topic), partitions: total }
  }

  async describeConfigs(
    resource: ConfigResource,
    names: readonly string[],
  ): Promise<readonly ConfigEntry[]> {
    this.#called('describeConfigs')
    const values =
      resource.type === 'topic'
        ? this.#topic(resource.name).configs
        : new Map([['auto.create.topics.enable', String(this.autoCreate)]])
    return [...values]
      .filter(([name]) => names.length === 0 || names.includes(name))
      .map(([name, value]) => ({
        name,
        value,
        source: resource.type === 'topic' ? ('topic' as const) : ('static-broker' as const),
        readOnly: false,
        sensitive: false,
        type: 'string',
        defaultValue: '',
        allowed: '',
        documentation: '',
        synonyms: [],
      }))
  }

  async alterConfigs(
    resource: ConfigResource,
    changes: ConfigChanges & ValidateOnly,
  ): Promise<void> {
    this.#called('alterConfigs')
    const { configs } = this.#topic(resource.name)
    if (changes.validateOnly === true) return
    for (const [name, value] of Object.entries(changes.set ?? {})) configs.set(name, value)
    for (const name of changes.unset ?? []) configs.delete(name)
  }

  async deleteRecords(
    name: string,
    partitions: readonly RecordsBefore[],
  ): Promise<readonly RecordsDeleted[]> {
    this.#called('deleteRecords')
    const topic = this.#topic(name)
    return partitions.map(({ partition, beforeOffset }) => {
      const log = topic.logs[partition]
      if (log === undefined) {
        return {
          partition,
          logStartOffset: -1,
          error: new SluiceError('UNKNOWN_TOPIC_OR_PARTITION'),
        }
      }
      log.deleteBefore(beforeOffset === 'high-watermark' ? log.endOffset : beforeOffset)
      return { partition, logStartOffset: log.logStartOffset, error: null }
    })
  }

  async describeCluster(): Promise<ClusterDescription> {
    this.#called('describeCluster')
    const broker = { brokerId: 0, address: 'memory:1', rack: '', version: 'test' }
    return { clusterId: 'memory', controllerId: 0, brokers: [broker] }
  }

  async listOffsets(
    partitions: readonly PositionOf[],
    isolation: Isolation,
  ): Promise<readonly PartitionOffsets[]> {
    this.#called('listOffsets')
    return partitions.map(({ topic, partition, position }) => {
      const log = this.log(topic, partition)
      if (log === null) {
        const error = new SluiceError('UNKNOWN_TOPIC_OR_PARTITION')
        return { topic, partition, offset: -1, timestampMs: -1, error }
      }
      return { topic, partition, ...offsetAt(log, position, isolation), error: null }
    })
  }

  async heartbeatGroup(heartbeat: GroupHeartbeat): Promise<GroupHeartbeatAnswer> {
    this.#called('heartbeatGroup')
    return await this.groups.heartbeatGroup(heartbeat)
  }

  async commitOffsets(
    caller: GroupCaller,
    offsets: readonly OffsetToCommit[],
  ): Promise<readonly PartitionOutcome[]> {
    this.#called('commitOffsets')
    return await this.groups.commitOffsets(caller, offsets)
  }

  async fetchOffsets(
    caller: GroupCaller,
    partitions: readonly PartitionRef[] | null,
  ): Promise<readonly CommittedOffset[]> {
    this.#called('fetchOffsets')
    return await this.groups.fetchOffsets(caller, partitions)
  }

  async listGroups(filter: GroupFilter): Promise<readonly GroupListing[]> {
    this.#called('listGroups')
    return await this.groups.listGroups(filter)
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    this.#called('describeGroup')
    return await this.groups.describeGroup(groupId)
  }

  async deleteGroups(groupIds: readonly string[]): Promise<readonly GroupOutcome[]> {
    this.#called('deleteGroups')
    return await this.groups.deleteGroups(groupIds)
  }

  async deleteOffsets(
    groupId: string,
    partitions: readonly PartitionRef[],
  ): Promise<readonly PartitionOutcome[]> {
    this.#called('deleteOffsets')
    return await this.groups.deleteOffsets(groupId, partitions)
  }

  async initTransactions(request: InitTransactions): Promise<TransactionalProducer> {
    this.#called('initTransactions')
    return await this.transactions.initTransactions(request)
  }

  async addToTransaction(
    producer: TransactionalProducer,
    partitions: readonly PartitionRef[],
  ): Promise<void> {
    this.#called('addToTransaction')
    await this.transactions.addToTransaction(producer, partitions)
  }

  async addOffsetsToTransaction(
    producer: TransactionalProducer,
    caller: GroupCaller,
    offsets: readonly OffsetToCommit[],
  ): Promise<readonly PartitionOutcome[]> {
    this.#called('addOffsetsToTransaction')
    return await this.transactions.addOffsetsToTransaction(producer, caller, offsets)
  }

  async endTransaction(
    producer: TransactionalProducer,
    outcome: TransactionOutcome,
  ): Promise<TransactionalProducer> {
    this.#called('endTransaction')
    return await this.transactions.endTransaction(producer, outcome)
  }

  close(): void {
    this.closed = true
    this.disconnect()
  }

  #called(name: string): void {
    this.calls.push(name)
    if (this.down) throw new SluiceError('NETWORK_EXCEPTION')
  }

  #topic(name: string): MemoryTopic {
    const topic = this.topics.get(name)
    if (topic === undefined) throw new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', { topic: name })
    return topic
  }
}

class MemoryProduceStream implements ProduceStream {
  /** Answers that are held, in their order. */
  readonly held: (() => void)[] = []
  readonly #transport: MemoryTransport
  readonly #listener: ProduceListener
  readonly #onEnd: () => void
  #ended = false

  constructor(transport: MemoryTransport, listener: ProduceListener, onEnd: () => void) {
    this.#transport = transport
    this.#listener = listener
    this.#onEnd = onEnd
  }

  send(request: ProduceRequest): void {
    if (this.#ended) return
    const outcome = this.#transport.take(request)
    if (outcome === 'break') {
      this.break()
      return
    }
    const answer = (): void => {
      queueMicrotask(() => {
        if (!this.#ended) this.#listener.acked(request.number, outcome.batches)
      })
    }
    if (outcome.hold || this.held.length > 0) this.held.push(answer)
    else answer()
  }

  /** What is on its way, in either direction, gets lost from now on. */
  break(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    queueMicrotask(() => this.#listener.closed(new SluiceError('NETWORK_EXCEPTION')))
  }

  cancel(): void {
    this.break()
  }
}

function refused(code: ErrorCode): BatchProduced {
  return { error: new SluiceError(code), baseOffset: -1, logAppendTimeMs: -1 }
}

function describe({ name, configs, logs }: MemoryTopic): Topic {
  return {
    name,
    topicId: `id-${name}`,
    partitions: logs.length,
    replicationFactor: 1,
    internal: false,
    configs: Object.fromEntries(configs),
  }
}

function offsetAt(
  log: MemoryLog,
  position: StartPosition,
  isolation: Isolation,
): { offset: number; timestampMs: number } {
  if (position.kind === 'timestamp') return log.findTimestamp(position.timestampMs)
  return { offset: log.startOf(position, log.endFor(isolation)), timestampMs: -1 }
}
