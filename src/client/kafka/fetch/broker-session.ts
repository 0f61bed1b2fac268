// What a broker remembers of what we read, so that a request names only what has changed (KIP-227).
//
//   session 0, epoch 0      all partitions; please remember them
//   session s, epoch 1…     what was added, has moved on, or is forgotten since
//
// A broker may decline, by session 0 in its answer: then each request names all partitions.

import { ERRORS } from '../../../base/errors.ts'
import type { FetchTopicInit, ForgottenTopicInit } from '../../../protocol/kafka/gen/fetch.ts'
import type { FetchPartition } from './fetch-partition.ts'

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: FetchTopicInit[]
  readonly forgottenTopicsData: ForgottenTopicInit[]
}

/** What the broker was told of a partition. */
interface Told {
  readonly offset: number
  readonly leaderEpoch: number
  readonly topicId: string
}

const NO_SESSION = 0
const FIRST_EPOCH = 0
const LAST_EPOCH = 0x7fff_ffff
/** Of a request that neither has a session nor wants one. */
const WITHOUT_SESSION = -1

const SESSION_ERRORS = new Set<number>([
  ERRORS.FETCH_SESSION_ID_NOT_FOUND.id,
  ERRORS.INVALID_FETCH_SESSION_EPOCH.id,
  ERRORS.FETCH_SESSION_TOPIC_ID_ERROR.id,
])

export class BrokerSession {
  readonly #partitionMaxBytes: number
  readonly #told = new Map<FetchPartition, Told>()
  #id = NO_SESSION
  #epoch = FIRST_EPOCH

  /** @param partitionMaxBytes most bytes of one partition in an answer */
  constructor(partitionMaxBytes: number) {
    this.#partitionMaxBytes = partitionMaxBytes
  }

  /** The next request, in which all of `wanted` is to be read and nothing else. */
  next(wanted: ReadonlySet<FetchPartition>): SessionRequest {
    const whole = this.#epoch === FIRST_EPOCH
    if (whole) this.#told.clear()
    const topics = new ByTopic<FetchTopicInit['partitions'][number]>()
    for (const partition of wanted) {
      const told = this.#told.get(partition)
      if (told !== undefined && isAsTold(partition, told)) continue
      if (told !== undefined && told.topicId !== partition.topicId) return this.#again(wanted)
      const { nextOffset: offset, leaderEpoch, topicId } = partition
      this.#told.set(partition, { offset, leaderEpoch, topicId })
      topics.add(partition, {
        partition: partition.partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset: offset,
        partitionMaxBytes: this.#partitionMaxBytes,
      })
    }
    const forgotten = new ByTopic<number>()
    if (this.#told.size > wanted.size) {
      for (const partition of this.#told.keys()) {
        if (wanted.has(partition)) continue
        this.#told.delete(partition)
        forgotten.add(partition, partition.partition)
      }
    }
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: topics.list(),
      forgottenTopicsData: forgotten.list(),
    }
  }

  /** @returns false when the session is no more, and the request is to be made again */
  answered(errorCode: number, sessionId: number): boolean {
    if (SESSION_ERRORS.has(errorCode)) {
      this.reset()
      return false
    }
    if (sessionId === NO_SESSION) this.reset()
    else if (this.#epoch === LAST_EPOCH) this.#epoch = 1
    else this.#epoch += 1
    this.#id = sessionId
    return true
  }

  /** The broker remembers nothing any more. */
  reset(): void {
    this.#id = NO_SESSION
    this.#epoch = FIRST_EPOCH
  }

  /** A session can't change the id of a topic: a new one. */
  #again(wanted: ReadonlySet<FetchPartition>): SessionRequest {
    this.reset()
    return this.next(wanted)
  }
}

/** A request for partitions that is outside any session. */
export function sessionless(
  wanted: ReadonlySet<FetchPartition>,
  partitionMaxBytes: number,
): SessionRequest {
  const whole = new BrokerSession(partitionMaxBytes).next(wanted)
  return { ...whole, sessionEpoch: WITHOUT_SESSION }
}

function isAsTold({ nextOffset, leaderEpoch, topicId }: FetchPartition, told: Told): boolean {
  return told.offset === nextOffset && told.leaderEpoch === leaderEpoch && told.topicId === topicId
}

/** Puts what belongs to one topic together. */
class ByTopic<T> {
  readonly #topics = new Map<string, { topic: string; topicId: string; partitions: T[] }>()

  add({ topic, topicId }: FetchPartition, entry: T): void {
    const present = this.#topics.get(topic)
    if (present === undefined) this.#topics.set(topic, { topic, topicId, partitions: [entry] })
    else present.partitions.push(entry)
  }

  list(): { topic: string; topicId: string; partitions: T[] }[] {
    return [...this.#topics.values()]
  }
}
