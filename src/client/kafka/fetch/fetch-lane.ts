// Reads the partitions of a stream that one broker leads: one long poll after the other.
//
//   partitions, credit ─► Fetch ─► waits at the broker for records ─► batches ─► Fetch ─► …
//
// A poll that waits is not taken back. What is to be read and is not in it (added, sought, resumed
// meanwhile) is asked for by a second poll on a connection of its own, until the first is answered and
// the next one takes all. So a partition is in one poll at a time.

import { buffersPass } from '../../../io/passing-buffers.ts'
import { FETCH } from '../../../protocol/kafka/gen/fetch.ts'
import type {
  FetchableTopicResponse,
  FetchRequestInit,
  FetchResponse,
  PartitionData,
} from '../../../protocol/kafka/gen/fetch.ts'
import { SluiceError } from '../../errors.ts'
import type { AbortedTransaction, FetchListener, Isolation } from '../../transport.ts'
import type { BrokerConnection } from '../broker-connection.ts'
import { errorOfId } from '../kafka-error.ts'
import { ISOLATION_LEVEL, leaderError } from '../offset-lookup.ts'
import { BrokerSession, sessionless } from './broker-session.ts'
import type { SessionRequest } from './broker-session.ts'
import type { FetchPartition } from './fetch-partition.ts'
import { wholeBatches } from './whole-batches.ts'

/** The poll for all, or the one for what that leaves out. */
export type PollKind = 'main' | 'side'

/** What a lane asks of its stream. */
export interface LaneOwner {
  readonly listener: FetchListener
  readonly isolation: Isolation
  /** @throws SluiceError when the broker can't be reached */
  connection(nodeId: number, kind: PollKind): BrokerConnection
  /** Name of a topic by its id. */
  nameOf(topicId: string): string | undefined
  /** Takes credit for a poll. @returns how many bytes it may bring; 0: none now */
  reserve(): number
  /** Gives back what `reserve` gave, and takes what was brought. */
  settle(reservedBytes: number, broughtBytes: number): void
  /** A partition can't be read any more. It has left the lane. */
  lost(partition: FetchPartition, error: SluiceError): void
}

/** How long a broker waits for records before it answers that there are none, in milliseconds. */
const MAX_WAIT_MS = 500

/** A broker that does not answer a poll for so long is gone. */
const ANSWER_WITHIN_MS = 30_000

/** Most bytes of one partition in an answer: what the whole answer may have is less, mostly. */
const PARTITION_MAX_BYTES = 8 * 1024 * 1024

/** Sessions that may end one after the other before that is an error. */
const MAX_SESSION_ERRORS = 2

export class FetchLane {
  readonly nodeId: number
  readonly #owner: LaneOwner
  readonly #session = new BrokerSession(PARTITION_MAX_BYTES)
  readonly #partitions = new Map<string, FetchPartition>()
  /** Those that may be read now. Where one brought batches, it goes to the end. */
  readonly #readable = new Set<FetchPartition>()
  /** Of those, the ones that are not in the main poll. */
  #leftOut = new Set<FetchPartition>()
  /** What the polls that are under way ask for, with its generation; null while there is none. */
  readonly #asked: Record<PollKind, ReadonlyMap<FetchPartition, number> | null> = {
    main: null,
    side: null,
  }
  #connection: BrokerConnection | null = null
  /** Answers, one after the other, that the session is no more. */
  #sessionErrors = 0

  constructor(nodeId: number, owner: LaneOwner) {
    this.nodeId = nodeId
    this.#owner = owner
  }

  /** True while a request waits at the broker. */
  get isPolling(): boolean {
    return this.#asked.main !== null
  }

  /** True when there is something to read. */
  get hasReadable(): boolean {
    return this.#readable.size > 0
  }

  has(partition: FetchPartition): boolean {
    return this.#partitions.get(nameOf(partition)) === partition
  }

  add(partition: FetchPartition): void {
    this.#partitions.set(nameOf(partition), partition)
    this.changed(partition)
  }

  remove(partition: FetchPartition): void {
    if (!this.has(partition)) return
    this.#partitions.delete(nameOf(partition))
    this.#readable.delete(partition)
    this.#leftOut.delete(partition)
  }

  /** A partition of the lane was paused or resumed. */
  changed(partition: FetchPartition): void {
    if (partition.readable) {
      this.#readable.add(partition)
      if (!this.#isAsked(partition, 'main')) this.#leftOut.add(partition)
    } else {
      this.#readable.delete(partition)
      this.#leftOut.delete(partition)
    }
  }

  /** Asks for records, as far as that is not under way, and there is credit. */
  poll(): void {
    if (this.#asked.main === null) {
      const { side } = this.#asked
      this.#poll('main', side === null ? this.#readable : this.#notIn(side))
    }
    if (this.#asked.main !== null && this.#asked.side === null) this.#poll('side', this.#leftOut)
  }

  #poll(kind: PollKind, wanted: ReadonlySet<FetchPartition>): void {
    if (wanted.size === 0) return
    const maxBytes = this.#owner.reserve()
    if (maxBytes === 0) return
    const asked = new Map([...wanted].map((partition) => [partition, partition.generation]))
    this.#asked[kind] = asked
    if (kind === 'main') this.#leftOut = this.#notIn(asked)
    let broughtBytes = 0
    this.#ask(kind, wanted, maxBytes)
      .then(
        (response) => {
          broughtBytes = this.#take(kind, response, asked)
        },
        (error: unknown) => this.#broken(kind, SluiceError.from(error), asked),
      )
      .finally(() => {
        this.#asked[kind] = null
        this.#owner.settle(maxBytes, broughtBytes)
      })
      .catch((error: unknown) => this.#broken(kind, SluiceError.from(error), asked))
  }

  async #ask(
    kind: PollKind,
    wanted: ReadonlySet<FetchPartition>,
    maxBytes: number,
  ): Promise<FetchResponse> {
    const connection = this.#owner.connection(this.nodeId, kind)
    if (kind === 'side') {
      const alone = sessionless(wanted, PARTITION_MAX_BYTES)
      return await connection.call(FETCH, this.#requestOf(alone, maxBytes), ANSWER_WITHIN_MS)
    }
    // Another connection: another session.
    if (connection !== this.#connection) this.#session.reset()
    this.#connection = connection
    const session = this.#session.next(wanted)
    return await connection.call(FETCH, this.#requestOf(session, maxBytes), ANSWER_WITHIN_MS)
  }

  #requestOf(session: SessionRequest, maxBytes: number): FetchRequestInit {
    const isolationLevel = ISOLATION_LEVEL[this.#owner.isolation]
    const bounds = { maxWaitMs: MAX_WAIT_MS, minBytes: 1, maxBytes }
    return { replicaId: -1, ...bounds, isolationLevel, ...session }
  }

  /** @returns bytes of batches that were told */
  #take(
    kind: PollKind,
    { errorCode, sessionId, responses }: FetchResponse,
    asked: ReadonlyMap<FetchPartition, number>,
  ): number {
    if (kind === 'main') {
      const inSession = this.#session.answered(errorCode, sessionId)
      this.#sessionErrors = inSession ? 0 : this.#sessionErrors + 1
      if (!inSession && this.#sessionErrors <= MAX_SESSION_ERRORS) return 0
    }
    const error = errorOfId(errorCode)
    if (error !== null) {
      this.#broken(kind, error, asked)
      return 0
    }
    let broughtBytes = 0
    for (const topic of responses) {
      const name = this.#topicName(topic)
      if (name === undefined) continue
      for (const data of topic.partitions) broughtBytes += this.#takePartition(name, data, asked)
    }
    if (broughtBytes === 0) this.#owner.listener.heartbeat()
    return broughtBytes
  }

  #topicName({ topic, topicId }: FetchableTopicResponse): string | undefined {
    return topic === '' ? this.#owner.nameOf(topicId) : topic
  }

  #takePartition(
    topic: string,
    data: PartitionData,
    asked: ReadonlyMap<FetchPartition, number>,
  ): number {
    const partition = this.#partitions.get(nameOf({ topic, partition: data.partitionIndex }))
    // Sought, paused or given up since it was asked for: what is wanted will be asked for anew.
    if (partition === undefined || !partition.readable) return 0
    if (asked.get(partition) !== partition.generation) return 0
    const error = leaderError(data.errorCode, partition)
    if (error !== null) {
      this.#lose(partition, error)
      return 0
    }
    partition.highWatermark = data.highWatermark
    partition.logStartOffset = data.logStartOffset
    if (data.records === null || data.records.byteLength === 0) return 0
    return this.#takeRecords(partition, data.records, data.abortedTransactions ?? [])
  }

  #takeRecords(
    partition: FetchPartition,
    records: Buffer,
    aborted: readonly AbortedTransaction[],
  ): number {
    let sizeBytes: number
    try {
      const whole = wholeBatches(records, partition.nextOffset)
      sizeBytes = whole.sizeBytes
      partition.nextOffset = whole.nextOffset
    } catch (error) {
      this.#lose(partition, SluiceError.from(error))
      return 0
    }
    this.#readable.delete(partition)
    this.#readable.add(partition)
    buffersPass(sizeBytes)
    const { topic, tag, highWatermark, logStartOffset } = partition
    this.#owner.listener.batches({
      topic,
      partition: partition.partition,
      tag,
      highWatermark,
      logStartOffset,
      aborted,
      batches: sizeBytes === records.byteLength ? records : records.subarray(0, sizeBytes),
    })
    return sizeBytes
  }

  #lose(partition: FetchPartition, error: SluiceError): void {
    this.remove(partition)
    this.#owner.lost(partition, error)
  }

  /** A poll failed as a whole: so do all partitions that it was for. */
  #broken(kind: PollKind, error: SluiceError, asked: ReadonlyMap<FetchPartition, number>): void {
    if (kind === 'main') this.#session.reset()
    for (const [partition, generation] of asked) {
      const isMeant = this.#readable.has(partition) && partition.generation === generation
      if (isMeant) this.#lose(partition, error)
    }
  }

  /** What is to be read and is not in a poll, or was in it before it was sought. */
  #notIn(asked: ReadonlyMap<FetchPartition, number>): Set<FetchPartition> {
    return new Set([...this.#readable].filter((each) => asked.get(each) !== each.generation))
  }

  #isAsked(partition: FetchPartition, kind: PollKind): boolean {
    return this.#asked[kind]?.get(partition) === partition.generation
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}-${partition}`
}
