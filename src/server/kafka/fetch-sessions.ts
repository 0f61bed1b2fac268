// Fetch sessions (KIP-227): a consumer names its partitions once, and then only what changes.
//
//   request          session id   epoch     meaning
//   full, no session     0         -1       as before there were sessions
//   full, opens one      0          0       the answer has the id, and all partitions
//   next                 id     1, 2, 3 …   partitions that change or leave; the answer has those with news
//   reset                id         0       forget that one, open another
//   close                id        -1       forget that one
//
// A session costs memory, so there is a bound on them. Who gets none is answered with id 0, which every
// client takes for a broker without sessions. One that nobody has used for a while makes room.
//
// Source: FetchSession.scala in apache/kafka.

import { BrokerError } from '../../base/errors.ts'
import { ZERO_UUID, type Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import type {
  FetchPartition as AskedPartition,
  FetchRequest,
} from '../../protocol/kafka/gen/fetch.ts'

/** A partition as it was asked for, and what the client was told of it last. */
export interface FetchedPartition {
  /** Empty when the topic is named by its id. */
  readonly topic: string
  /** All zeros when the topic is named by its name. */
  readonly topicId: Uuid
  asked: AskedPartition
  /** -1: nothing yet, or an error. */
  highWatermark: number
  logStartOffset: number
}

/** What one request fetches. */
export interface FetchPlan {
  readonly partitions: readonly FetchedPartition[]
  /** Null: a fetch without a session. */
  readonly session: FetchSession | null
  /** True when only partitions with news belong into the answer. */
  readonly incremental: boolean
}

export interface FetchSessionsOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** Default 1,000, as Kafka. */
  readonly maxSessions?: number
  /** Partitions of all sessions together. Default 200,000. */
  readonly maxPartitions?: number
  /** A session that was not used for so long makes room for others. Default 2 minutes, as Kafka. */
  readonly evictAfterMs?: number
}

/** Epochs of requests that are no step of a session. */
const OPENS = 0
const WITHOUT = -1

const LARGEST_ID = 0x7fff_ffff

export class FetchSession {
  readonly id: number
  /** A session names its topics by id or by name, for good. */
  readonly usesTopicIds: boolean
  /** In the order in which they are read: those that had records are moved to the end. */
  readonly partitions = new Map<string, FetchedPartition>()
  nextEpoch = 1
  usedMs = 0

  constructor(id: number, usesTopicIds: boolean) {
    this.id = id
    this.usesTopicIds = usesTopicIds
  }

  /** Others come first the next time: an answer has room for some, and each shall have its turn. */
  moveToEnd(partition: FetchedPartition): void {
    const key = keyOf(partition.topic, partition.topicId, partition.asked.partition)
    if (this.partitions.delete(key)) this.partitions.set(key, partition)
  }
}

export class FetchSessions {
  readonly #options: FetchSessionsOptions
  /** The one that was used last stands at the end. */
  readonly #sessions = new Map<number, FetchSession>()
  #partitions = 0

  constructor(options: FetchSessionsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Partitions of all sessions. */
  get partitionCount(): number {
    return this.#partitions
  }

  /**
   * What a request fetches. A step of a session takes place: the next one must have the next epoch.
   *
   * @param usesTopicIds whether this version names topics by id
   * @throws BrokerError FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH,
   *   FETCH_SESSION_TOPIC_ID_ERROR
   */
  plan(request: FetchRequest, usesTopicIds: boolean): FetchPlan {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch !== OPENS && sessionEpoch !== WITHOUT) {
      return this.#step(request, usesTopicIds)
    }
    const old = this.#sessions.get(sessionId)
    if (old !== undefined) this.#remove(old)
    const partitions = askedPartitions(request)
    const session = sessionEpoch === OPENS ? this.#open(partitions, usesTopicIds) : null
    return { partitions, session, incremental: false }
  }

  #step(request: FetchRequest, usesTopicIds: boolean): FetchPlan {
    const { sessionId, sessionEpoch } = request
    const session = this.#sessions.get(sessionId)
    if (session === undefined) throw new BrokerError('FETCH_SESSION_ID_NOT_FOUND', { sessionId })
    if (session.nextEpoch !== sessionEpoch) {
      const { nextEpoch } = session
      throw new BrokerError('INVALID_FETCH_SESSION_EPOCH', { sessionId, sessionEpoch, nextEpoch })
    }
    if (session.usesTopicIds !== usesTopicIds) {
      throw new BrokerError('FETCH_SESSION_TOPIC_ID_ERROR', { sessionId })
    }
    session.nextEpoch = sessionEpoch === LARGEST_ID ? 1 : sessionEpoch + 1
    this.#update(session, request)
    if (session.partitions.size === 0) {
      this.#remove(session)
      return { partitions: [], session: null, incremental: false }
    }
    this.#used(session)
    return { partitions: [...session.partitions.values()], session, incremental: true }
  }

  #update(session: FetchSession, request: FetchRequest): void {
    const { partitions } = session
    this.#partitions -= partitions.size
    for (const { topic, topicId, partitions: forgotten } of request.forgottenTopicsData) {
      for (const partition of forgotten) partitions.delete(keyOf(topic, topicId, partition))
    }
    for (const added of askedPartitions(request)) {
      const key = keyOf(added.topic, added.topicId, added.asked.partition)
      const known = partitions.get(key)
      if (known === undefined) partitions.set(key, added)
      else known.asked = added.asked
    }
    this.#partitions += partitions.size
  }

  /** @returns null when there is no room for another session */
  #open(partitions: readonly FetchedPartition[], usesTopicIds: boolean): FetchSession | null {
    if (partitions.length === 0 || !this.#makeRoom(partitions.length)) return null
    const session = new FetchSession(this.#newId(), usesTopicIds)
    for (const partition of partitions) {
      const { topic, topicId, asked } = partition
      session.partitions.set(keyOf(topic, topicId, asked.partition), partition)
    }
    this.#partitions += session.partitions.size
    this.#used(session)
    return session
  }

  #makeRoom(partitions: number): boolean {
    const { clock, maxSessions = 1_000, maxPartitions = 200_000 } = this.#options
    const { evictAfterMs = 120_000 } = this.#options
    while (this.#sessions.size >= maxSessions || this.#partitions + partitions > maxPartitions) {
      const [oldest] = this.#sessions.values()
      if (oldest === undefined) return false
      if (clock.monotonicMs() - oldest.usedMs < evictAfterMs) return false
      this.#remove(oldest)
    }
    return true
  }

  #used(session: FetchSession): void {
    session.usedMs = this.#options.clock.monotonicMs()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }

  #remove(session: FetchSession): void {
    if (this.#sessions.delete(session.id)) this.#partitions -= session.partitions.size
  }

  #newId(): number {
    for (;;) {
      const id = 1 + this.#options.random.below(LARGEST_ID)
      if (!this.#sessions.has(id)) return id
    }
  }
}

function askedPartitions({ topics }: FetchRequest): FetchedPartition[] {
  const all: FetchedPartition[] = []
  for (const { topic, topicId, partitions } of topics) {
    for (const asked of partitions) {
      all.push({ topic, topicId, asked, highWatermark: -1, logStartOffset: -1 })
    }
  }
  return all
}

function keyOf(topic: string, topicId: Uuid, partition: number): string {
  return `${topicId === ZERO_UUID ? topic : topicId}/${partition}`
}
