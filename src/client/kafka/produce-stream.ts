// ProduceStream over Kafka: requests are split by leader, and what the leaders answer is put
// together again.
//
//   request ─► leaders known? ─► one Produce for each leader ─► answers ─┐
//               │ no: asked for; those                                   │
//               ▼ behind it wait as well                                 ▼
//              metadata                          told in the order of the requests
//
// Order within a partition: a connection keeps it. When the leader has changed while batches of the
// partition are in flight to the old one, a later batch is refused as NOT_LEADER_OR_FOLLOWER instead
// of overtaking them; the sender tries it again once it knows what became of those.

import { PRODUCE } from '../../protocol/kafka/gen/produce.ts'
import type {
  PartitionProduceResponse,
  ProduceRequestInit,
  ProduceResponse,
} from '../../protocol/kafka/gen/produce.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import { SluiceError } from '../errors.ts'
import type {
  Acks,
  BatchProduced,
  OutgoingBatch,
  ProduceListener,
  ProduceRequest,
  ProduceStream,
} from '../transport.ts'
import type { BrokerLinks } from './broker-links.ts'
import type { Cluster, ClusterStream } from './cluster.ts'
import { errorOfId } from './kafka-error.ts'
import { provesStale } from './stale-metadata.ts'
import { from, upTo } from './versions.ts'

const ACKS_ON_WIRE = { all: -1, 1: 1, 0: 0 } as const satisfies Record<Acks, number>

/** From version 12 on partitions join a transaction by what is written to them: see transaction-calls.ts. */
const IN_TRANSACTION = { 1: upTo(PRODUCE, 11), 2: from(PRODUCE, 12) } as const

/** Added to what the broker may take for an answer, so that it is the broker who times out. */
const ANSWER_GRACE_MS = 1_000

interface Job {
  readonly request: ProduceRequest
  /** By index of the request's batches; undefined while it is not known. */
  readonly results: (BatchProduced | undefined)[]
  missing: number
}

/** What one leader gets of a request. */
interface Share {
  readonly nodeId: number
  readonly indexes: number[]
  readonly partitions: Set<string>
}

/** Batches of a partition that are not answered, and to whom they went. */
interface Flight {
  readonly nodeId: number
  count: number
}

export function openProduceStream(cluster: Cluster, listener: ProduceListener): ProduceStream {
  return new KafkaProduceStream(cluster, listener)
}

class KafkaProduceStream implements ProduceStream, ClusterStream {
  readonly #cluster: Cluster
  readonly #listener: ProduceListener
  readonly #links: BrokerLinks
  /** Requests that are not answered, in their order. */
  readonly #jobs: Job[] = []
  /** Of those, the ones that wait for metadata. */
  readonly #unsent: Job[] = []
  readonly #flights = new Map<string, Flight>()
  #loading = false
  #ended = false

  constructor(cluster: Cluster, listener: ProduceListener) {
    this.#cluster = cluster
    this.#listener = listener
    this.#links = cluster.openStream(this)
    if (cluster.closed !== null) this.end(cluster.closed)
  }

  send(request: ProduceRequest): void {
    if (this.#ended) return
    const missing = request.batches.length
    const job: Job = { request, results: Array.from({ length: missing }), missing }
    this.#jobs.push(job)
    for (const { batch } of request.batches) buffersPass(batch.byteLength)
    this.#unsent.push(job)
    this.#pump()
  }

  cancel(): void {
    this.end(new SluiceError('NETWORK_EXCEPTION', {}, { message: 'The stream was given up' }))
  }

  /** For the cluster as well, which is closed. */
  end(error: SluiceError): void {
    if (this.#ended) return
    this.#ended = true
    this.#cluster.closeStream(this, this.#links, error)
    queueMicrotask(() => this.#listener.closed(error))
  }

  /** Sends what waits, up to the first request whose leaders have to be asked for. */
  #pump(): void {
    while (!this.#ended && !this.#loading) {
      const job = this.#unsent[0]
      if (job === undefined) return
      const unknown = this.#unknownTopics(job)
      if (unknown.size > 0) {
        this.#load(unknown)
        return
      }
      this.#unsent.shift()
      this.#dispatch(job)
    }
  }

  #unknownTopics({ request }: Job): ReadonlySet<string> {
    const { metadata } = this.#cluster
    const topics = new Set<string>()
    for (const { topic, partition } of request.batches) {
      if (!metadata.knows(topic, partition)) topics.add(topic)
    }
    return topics
  }

  /** Asks for leaders. Whoever has none even then is refused. */
  #load(topics: ReadonlySet<string>): void {
    this.#loading = true
    const done = (failure: SluiceError | null): void => {
      this.#loading = false
      const job = this.#ended ? undefined : this.#unsent.shift()
      if (job === undefined) return
      this.#dispatch(job, failure)
      this.#pump()
    }
    this.#cluster.loadTopics(topics).then(
      () => done(null),
      (error: unknown) => done(SluiceError.from(error)),
    )
  }

  /** @param failure why leaders that are not known could not be asked for */
  #dispatch(job: Job, failure: SluiceError | null = null): void {
    const shares: Share[] = []
    const refusals: { readonly index: number; readonly error: SluiceError }[] = []
    for (const [index, batch] of job.request.batches.entries()) {
      const error = this.#share(shares, batch, index, failure)
      if (error !== null) refusals.push({ index, error })
    }
    for (const share of shares) this.#sendShare(job, share)
    // Last: they tell that what is known of the topic is stale.
    for (const { index, error } of refusals) this.#put(job, index, refused(error))
    this.#settle()
  }

  /** Adds a batch to what its leader gets. @returns why it can't be sent now */
  #share(
    shares: Share[],
    { topic, partition }: OutgoingBatch,
    index: number,
    failure: SluiceError | null,
  ): SluiceError | null {
    const leader = this.#cluster.metadata.leader(topic, partition)
    if (leader instanceof SluiceError) return failure ?? leader
    const { nodeId } = leader
    const name = `${topic}-${partition}`
    const flight = this.#flights.get(name)
    if (flight === undefined) this.#flights.set(name, { nodeId, count: 1 })
    else if (flight.nodeId === nodeId) flight.count += 1
    else return new SluiceError('NOT_LEADER_OR_FOLLOWER', { topic, partition })
    // A request holds at most one batch of each partition.
    let share = shares.find((each) => each.nodeId === nodeId && !each.partitions.has(name))
    if (share === undefined) {
      share = { nodeId, indexes: [], partitions: new Set() }
      shares.push(share)
    }
    share.indexes.push(index)
    share.partitions.add(name)
    return null
  }

  #sendShare(job: Job, share: Share): void {
    const { acks, timeoutMs, transaction } = job.request
    const api = transaction === null ? PRODUCE : IN_TRANSACTION[transaction.version]
    const message = shareRequest(job.request, share)
    const failed = (error: unknown): void => {
      const refusal = SluiceError.from(error)
      for (const index of share.indexes) this.#landed(job, index, refused(refusal))
      this.#settle()
    }
    try {
      const connection = this.#cluster.connection(share.nodeId, this.#links)
      const withinMs = timeoutMs + ANSWER_GRACE_MS
      if (acks === 0) {
        connection.tell(api, message, withinMs).then(() => {
          for (const index of share.indexes) this.#landed(job, index, UNTOLD)
          this.#settle()
        }, failed)
      } else {
        connection.call(api, message, withinMs).then((response) => {
          this.#answered(job, share, response)
        }, failed)
      }
    } catch (error) {
      failed(error)
    }
  }

  #answered(job: Job, share: Share, { responses }: ProduceResponse): void {
    const { batches } = job.request
    // Brokers answer in the order of the request, so the first guess is right.
    const open = [...share.indexes]
    for (const { name, partitionResponses } of responses) {
      for (const response of partitionResponses) {
        const at = open.findIndex((index) => {
          const { topic, partition } = batches[index]!
          return partition === response.index && topic === name
        })
        if (at < 0) continue
        const [index] = open.splice(at, 1)
        const { topic, partition } = batches[index!]!
        this.#landed(job, index!, resultOf(response, topic, partition))
      }
    }
    for (const index of open) this.#landed(job, index, refused(silence(batches[index]!)))
    this.#settle()
  }

  /** What became of a batch that was sent. */
  #landed(job: Job, index: number, result: BatchProduced): void {
    const { topic, partition } = job.request.batches[index]!
    const name = `${topic}-${partition}`
    const flight = this.#flights.get(name)!
    flight.count -= 1
    if (flight.count === 0) this.#flights.delete(name)
    this.#put(job, index, result)
  }

  #put(job: Job, index: number, result: BatchProduced): void {
    if (result.error !== null && provesStale(result.error)) {
      this.#cluster.metadata.markStale(job.request.batches[index]!.topic)
    }
    job.results[index] = result
    job.missing -= 1
  }

  /** Tells what is known of the first requests, in a later microtask. */
  #settle(): void {
    while (this.#jobs[0]?.missing === 0) {
      const { request, results } = this.#jobs.shift()!
      queueMicrotask(() => {
        if (!this.#ended) this.#listener.acked(request.number, results as BatchProduced[])
      })
    }
  }
}

/** Of a batch that nobody acknowledges. */
const UNTOLD: BatchProduced = { error: null, baseOffset: -1, logAppendTimeMs: -1 }

function refused(error: SluiceError): BatchProduced {
  return { error, baseOffset: -1, logAppendTimeMs: -1 }
}

function silence({ topic, partition }: OutgoingBatch): SluiceError {
  const message = 'The broker did not say what became of the batch'
  return new SluiceError('UNKNOWN_SERVER_ERROR', { topic, partition }, { message })
}

function resultOf(
  { errorCode, errorMessage, recordErrors, baseOffset, logAppendTimeMs }: PartitionProduceResponse,
  topic: string,
  partition: number,
): BatchProduced {
  if (errorCode === 0) return { error: null, baseOffset, logAppendTimeMs }
  const message = errorMessage ?? recordErrors[0]?.batchIndexErrorMessage ?? null
  return refused(errorOfId(errorCode, message, { topic, partition })!)
}

function shareRequest(
  { acks, timeoutMs, transaction, batches }: ProduceRequest,
  { indexes }: Share,
): ProduceRequestInit {
  const topics = new Map<string, { index: number; records: Buffer }[]>()
  for (const index of indexes) {
    const { topic, partition, batch } = batches[index]!
    const entry = { index: partition, records: batch }
    const present = topics.get(topic)
    if (present === undefined) topics.set(topic, [entry])
    else present.push(entry)
  }
  return {
    transactionalId: transaction?.transactionalId ?? null,
    acks: ACKS_ON_WIRE[acks],
    timeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, partitionData })),
  }
}
