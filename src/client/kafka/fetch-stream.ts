// FetchStream over Kafka: finds where each partition begins, and gives it to the lane of its leader.
//
//   assign, seek ─► starting ─► edges and times from the leaders ─► state ─► lane ─► batches
//                      ▲                                                       │
//                      └──────────── seek ◄── state with an error ◄── lost ◄───┘
//
// A partition that can't be read on is told as such, whatever the reason: whoever seeks it again has
// its leader looked up anew. Nothing here tries again by itself.

import type { Timer } from '../../io/clock.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { SluiceError } from '../errors.ts'
import type {
  FetchListener,
  FetchStream,
  Isolation,
  PartitionRef,
  PartitionStart,
} from '../transport.ts'
import type { BrokerLinks } from './broker-links.ts'
import type { Cluster, ClusterStream } from './cluster.ts'
import { Deadline } from './deadline.ts'
import { FetchCredit } from './fetch/fetch-credit.ts'
import { FetchLane } from './fetch/fetch-lane.ts'
import type { LaneOwner, PollKind } from './fetch/fetch-lane.ts'
import { FetchPartition, NOWHERE } from './fetch/fetch-partition.ts'
import { startOffset, startQueries } from './fetch/fetch-start.ts'
import { lookUpOffsets } from './offset-lookup.ts'
import type { FoundOffset } from './offset-lookup.ts'
import { provesStale } from './stale-metadata.ts'

/** Longest wait for the places where partitions begin, in milliseconds. */
const START_WITHIN_MS = 30_000

/** A stream that reads nothing asks this often whether a broker lives, in milliseconds. */
const PING_MS = 15_000

export function openFetchStream(
  cluster: Cluster,
  isolation: Isolation,
  listener: FetchListener,
): FetchStream {
  return new KafkaFetchStream(cluster, isolation, listener)
}

class KafkaFetchStream implements FetchStream, ClusterStream, LaneOwner {
  readonly listener: FetchListener
  readonly isolation: Isolation
  readonly #cluster: Cluster
  readonly #links: Readonly<Record<PollKind, BrokerLinks>>
  readonly #partitions = new Map<string, FetchPartition>()
  readonly #starting = new Set<FetchPartition>()
  /** By broker. A lane stays when it is empty: the broker remembers its session. */
  readonly #lanes = new Map<number, FetchLane>()
  readonly #credit = new FetchCredit()
  readonly #pings: Timer
  #scheduled = false
  #ended = false

  constructor(cluster: Cluster, isolation: Isolation, listener: FetchListener) {
    this.#cluster = cluster
    this.isolation = isolation
    this.listener = listener
    this.#links = { main: cluster.openStream(this), side: cluster.openStream(this) }
    this.#pings = cluster.clock.every(PING_MS, () => void this.#ping())
    if (cluster.closed !== null) this.end(cluster.closed)
  }

  assign(partitions: readonly PartitionStart[]): void {
    for (const start of partitions) {
      if (this.#partitions.has(nameOf(start))) {
        this.#refuse(start, 'The partition is assigned to this stream already; seek instead')
        continue
      }
      const partition = new FetchPartition(start)
      this.#partitions.set(nameOf(start), partition)
      this.#begin(partition)
    }
  }

  unassign(refs: readonly PartitionRef[]): void {
    for (const partition of this.#select(refs)) {
      this.#partitions.delete(nameOf(partition))
      this.#stop(partition)
    }
  }

  seek(start: PartitionStart): void {
    const partition = this.#partitions.get(nameOf(start))
    if (partition === undefined) {
      this.#refuse(start, 'The partition is not assigned to this stream')
      return
    }
    this.#stop(partition)
    partition.start = start.start
    partition.tag = start.tag
    this.#begin(partition)
  }

  pause(refs: readonly PartitionRef[]): void {
    this.#setPaused(refs, true)
  }

  resume(refs: readonly PartitionRef[]): void {
    this.#setPaused(refs, false)
  }

  credit(bytes: number): void {
    this.#credit.grant(bytes)
    this.#schedule()
  }

  cancel(): void {
    this.end(new SluiceError('NETWORK_EXCEPTION', {}, { message: 'The stream was given up' }))
  }

  /** For the cluster as well, which is closed. */
  end(error: SluiceError): void {
    if (this.#ended) return
    this.#ended = true
    this.#pings.cancel()
    for (const links of Object.values(this.#links)) {
      this.#cluster.closeStream(this, links, error)
    }
    queueMicrotask(() => this.listener.closed(error))
  }

  /** For the lanes. */
  connection(nodeId: number, kind: PollKind): ReturnType<Cluster['connection']> {
    return this.#cluster.connection(nodeId, this.#links[kind])
  }

  /** For the lanes. */
  nameOf(topicId: string): string | undefined {
    return this.#cluster.metadata.nameOf(topicId)
  }

  /** For the lanes. */
  reserve(): number {
    if (this.#ended) return 0
    let active = 0
    for (const lane of this.#lanes.values()) if (lane.hasReadable) active += 1
    return this.#credit.reserve(active)
  }

  /** For the lanes. */
  settle(reservedBytes: number, broughtBytes: number): void {
    this.#credit.settle(reservedBytes, broughtBytes)
    this.#schedule()
  }

  /** For the lanes. */
  lost(partition: FetchPartition, error: SluiceError): void {
    if (this.#ended) return
    this.#stop(partition)
    partition.phase = 'failed'
    if (provesStale(error)) this.#cluster.metadata.markStale(partition.topic)
    this.listener.state(partition.state(error))
  }

  #setPaused(refs: readonly PartitionRef[], paused: boolean): void {
    for (const partition of this.#select(refs)) {
      partition.paused = paused
      for (const lane of this.#lanes.values()) {
        if (lane.has(partition)) lane.changed(partition)
      }
    }
    this.#schedule()
  }

  #select(refs: readonly PartitionRef[]): readonly FetchPartition[] {
    return refs
      .map((ref) => this.#partitions.get(nameOf(ref)))
      .filter((partition) => partition !== undefined)
  }

  #refuse({ topic, partition, tag }: PartitionStart, message: string): void {
    const error = new SluiceError('INVALID_REQUEST', { topic, partition }, { message })
    queueMicrotask(() => {
      if (!this.#ended) this.listener.state({ topic, partition, tag, ...NOWHERE, error })
    })
  }

  /** Takes a partition out of all that is going on. */
  #stop(partition: FetchPartition): void {
    partition.generation += 1
    this.#starting.delete(partition)
    for (const lane of this.#lanes.values()) lane.remove(partition)
  }

  #begin(partition: FetchPartition): void {
    partition.phase = 'starting'
    this.#starting.add(partition)
    this.#schedule()
  }

  /** What came in one turn is done together at its end. */
  #schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    this.#cluster.clock.endOfTurn(() => {
      this.#scheduled = false
      if (this.#ended) return
      if (this.#starting.size > 0) void this.#startAll()
      for (const lane of this.#lanes.values()) lane.poll()
    })
  }

  async #startAll(): Promise<void> {
    const begun = [...this.#starting].map((partition) => {
      return { partition, generation: partition.generation }
    })
    this.#starting.clear()
    const queries = begun.map(({ partition }) => startQueries(partition, this.isolation))
    const deadline = new Deadline(this.#cluster.clock, START_WITHIN_MS)
    const found = await lookUpOffsets(this.#cluster, queries.flat(), deadline)
    let at = 0
    for (const [index, { partition, generation }] of begun.entries()) {
      const own = found.slice(at, at + queries[index]!.length)
      at += own.length
      if (this.#ended) return
      if (partition.generation === generation) this.#started(partition, own)
    }
    this.#schedule()
  }

  #started(partition: FetchPartition, found: readonly FoundOffset[]): void {
    const failure = found.find(({ error }) => error !== null)?.error ?? null
    const { metadata } = this.#cluster
    const leader = metadata.leader(partition.topic, partition.partition)
    const refusal = failure ?? (leader instanceof SluiceError ? leader : null)
    if (refusal !== null) {
      this.lost(partition, refusal)
      return
    }
    const [earliest, latest] = [found[0]!.offset, found[1]!.offset]
    const offset = startOffset(partition, found)
    partition.logStartOffset = earliest
    partition.highWatermark = latest
    if (offset < earliest || offset > latest) {
      const facts = { offset, logStartOffset: earliest, highWatermark: latest }
      this.lost(partition, new SluiceError('OFFSET_OUT_OF_RANGE', facts))
      return
    }
    const { nodeId, leaderEpoch } = leader as Exclude<typeof leader, SluiceError>
    partition.nextOffset = offset
    partition.leaderEpoch = leaderEpoch
    partition.topicId = metadata.topic(partition.topic)?.topicId ?? ZERO_UUID
    partition.phase = 'reading'
    let lane = this.#lanes.get(nodeId)
    if (lane === undefined) {
      lane = new FetchLane(nodeId, this)
      this.#lanes.set(nodeId, lane)
    }
    lane.add(partition)
    this.listener.state(partition.state(null))
  }

  /** Whoever waits for what we tell is to know that the cluster lives, though nothing is read. */
  async #ping(): Promise<void> {
    for (const lane of this.#lanes.values()) if (lane.isPolling) return
    try {
      await this.#cluster.readMetadata([], new Deadline(this.#cluster.clock, PING_MS))
    } catch {
      return // who hears nothing for long enough gives the stream up
    }
    if (!this.#ended) this.listener.heartbeat()
  }
}

function nameOf({ topic, partition }: PartitionRef): string {
  return `${topic}-${partition}`
}
