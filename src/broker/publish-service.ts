// Getting records in, from clients that build no batches: chooses partitions, has the batches built,
// and produces them.
//
//   records ─► by partition ─► batches ─► ProduceService ─► result of each batch ─► of each record

import type { Clock } from '../io/clock.ts'
import type { RandomSource } from '../io/random.ts'
import { BrokerError } from '../base/errors.ts'
import type { BatchBuilder } from '../record/batch-builder.ts'
import { partitionForKey } from '../record/murmur2.ts'
import type { Acks } from '../replication/leader.ts'
import type { Caller } from './caller.ts'
import type { Appended } from './produce/pending-produce.ts'
import type { ProduceBatch, ProduceService, WritablePartitions } from './produce-service.ts'
import {
  PublishBatches,
  refusedPlacement,
  type Placement,
  type PublishProducer,
  type PublishRecord,
} from './produce/publish-batches.ts'
import type { TopicCreation } from './topic-creation.ts'

export interface PublishRequest {
  readonly topic: string
  readonly acks: Acks
  /** Longest wait for acknowledgements, in milliseconds. */
  readonly timeoutMs: number
  readonly records: readonly PublishRecord[]
  /** Who sends it, so that it may be sent again. Absent, or null: whoever. */
  readonly producer?: PublishProducer | null
}

/** What became of one record. */
export interface Published {
  readonly partition: number
  /** -1 with an error that came before the append, and with acks=0. */
  readonly offset: number
  /** As stored, milliseconds since 1970. -1 where that is not known: it was sent before. */
  readonly timestampMs: number
  readonly error: BrokerError | null
}

export interface Publication {
  /** As `Production.appended`. */
  readonly appended: Promise<void> | null
  /** One result for each record, in their order. Never rejects. */
  readonly done: Promise<readonly Published[]>
}

export interface PublishServiceOptions {
  readonly clock: Clock
  readonly random: RandomSource
  readonly partitions: WritablePartitions
  readonly produce: ProduceService
  /** record/batch-builder.ts, with its storage core. */
  readonly newBuilder: (limitBytes: number) => BatchBuilder
  /** Null: topics are not made by publishing to them. */
  readonly topicCreation: TopicCreation | null
}

export class PublishService {
  readonly #options: PublishServiceOptions
  readonly #batches: PublishBatches
  /** Moves on with each request, so that records without keys go to all partitions in turn. */
  #sticky: number

  constructor(options: PublishServiceOptions) {
    this.#options = options
    this.#batches = new PublishBatches(options.newBuilder)
    this.#sticky = options.random.below(2 ** 20)
  }

  /** As `ProduceService.ready`. */
  ready(): Promise<void> | null {
    return this.#options.produce.ready()
  }

  /**
   * Appends records to a topic, and answers when they are as safe as `acks` says.
   *
   * Records of one partition keep their order. Those with a key go to the partition that Kafka's
   * clients choose for it. Those of a request with a producer all have to name one; they are stored all
   * or none, and only once.
   *
   * @throws BrokerError as `ProduceService.produce`, when nothing was appended; INVALID_REQUEST
   */
  publish(caller: Caller, request: PublishRequest): Publication {
    const { topic } = request
    checkProducer(request)
    const { partitions, topicCreation } = this.#options
    if (topicCreation === null || partitions.hasTopic(topic)) {
      return this.#append(caller, request)
    }
    let done: Promise<readonly Published[]>
    const appended = topicCreation.ensure(topic).then((failure) => {
      const publication = this.#appendOrRefuse(caller, request, failure)
      done = publication.done
      return publication.appended ?? undefined
    })
    return { appended, done: appended.then(() => done) }
  }

  #appendOrRefuse(
    caller: Caller,
    request: PublishRequest,
    failure: BrokerError | null,
  ): Publication {
    try {
      if (failure !== null) throw failure
      return this.#append(caller, request)
    } catch (error) {
      return this.#refuseAll(request, BrokerError.from(error))
    }
  }

  /** Appends during the call, but for what a transaction has to be asked about. */
  #append(caller: Caller, request: PublishRequest): Publication {
    const { topic, acks, timeoutMs, records, producer = null } = request
    const { partitions } = this.#options
    const now = this.#options.clock.now()
    let count: number
    try {
      count = partitions.partitionCount(topic)
    } catch (error) {
      return this.#refuseAll(request, BrokerError.from(error))
    }
    const placements: Placement[] = []
    const batches: ProduceBatch[] = []
    for (const [partition, indexes] of this.#choosePartitions(records, count)) {
      try {
        const { options } = partitions.partition(topic, partition)
        const to = { topic, partition, producer }
        this.#batches.build(to, records, indexes, options, now, batches, placements)
      } catch (error) {
        for (const index of indexes) {
          const timestampMs = records[index]!.timestampMs ?? now
          placements[index] = refusedPlacement(partition, timestampMs, BrokerError.from(error))
        }
      }
    }
    if (producer !== null) {
      const refusal = refusalOfOne(placements, batches)
      if (refusal !== null) return this.#refuseAll(request, refusal)
    }
    const transactionalId = producer?.transactionalId
    const transaction = transactionalId ? { transactionalId, adds: true } : null
    const produced = { acks, timeoutMs, batches, transaction }
    const { appended, done } = this.#options.produce.produce(caller, produced)
    const answer = done.then((results) =>
      placements.map((placement, index) => {
        const isStamped = records[index]!.timestampMs === null
        return published(placement, results, isStamped)
      }),
    )
    return { appended, done: answer }
  }

  /** The records of each partition, by their indexes. */
  #choosePartitions(records: readonly PublishRecord[], count: number): Map<number, number[]> {
    const sticky = this.#sticky++ % count
    const chosen = new Map<number, number[]>()
    for (const [index, { key, partition }] of records.entries()) {
      const to = partition ?? (key === null ? sticky : partitionForKey(key, count))
      const indexes = chosen.get(to)
      if (indexes === undefined) chosen.set(to, [index])
      else indexes.push(index)
    }
    return chosen
  }

  #refuseAll({ records }: PublishRequest, error: BrokerError): Publication {
    const now = this.#options.clock.now()
    const refused = records.map(({ partition, timestampMs }) => {
      return { partition: partition ?? -1, offset: -1, timestampMs: timestampMs ?? now, error }
    })
    return { appended: null, done: Promise.resolve(refused) }
  }
}

/** @throws BrokerError INVALID_REQUEST */
function checkProducer({ records, producer = null }: PublishRequest): void {
  if (producer === null) return
  const { producerId, producerEpoch, baseSequence } = producer
  const isStamp = producerId >= 0 && producerEpoch >= 0 && baseSequence >= 0
  const first = records[0]?.partition ?? null
  if (isStamp && first !== null && records.every(({ partition }) => partition === first)) return
  const message = isStamp
    ? 'All records of a request with a producer name the same partition, and there is one at least'
    : 'Producer id, epoch and base sequence are 0 or more'
  throw new BrokerError('INVALID_REQUEST', { message })
}

/** Why a request that is to be one batch is none; null when it is. */
function refusalOfOne(
  placements: readonly Placement[],
  batches: readonly ProduceBatch[],
): BrokerError | null {
  const refused = placements.find(({ error }) => error !== null)
  if (refused !== undefined) return refused.error
  if (batches.length === 1) return null
  const message =
    'The records of a request with a producer have to fit one batch; send fewer at a time'
  return new BrokerError('MESSAGE_TOO_LARGE', { message })
}

/** @param isStamped the broker gave it its time */
function published(
  placement: Placement,
  results: readonly Appended[],
  isStamped: boolean,
): Published {
  const { partition, timestampMs } = placement
  if (placement.error !== null) {
    return { partition, offset: -1, timestampMs, error: placement.error }
  }
  const { baseOffset, logAppendTimeMs, isRepeat, error } = results[placement.batch]!
  const givenMs = isRepeat && isStamped ? -1 : timestampMs
  return {
    partition,
    offset: baseOffset < 0 ? -1 : baseOffset + placement.offsetDelta,
    timestampMs: logAppendTimeMs < 0 ? givenMs : logAppendTimeMs,
    error,
  }
}
