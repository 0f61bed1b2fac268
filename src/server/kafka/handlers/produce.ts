// Produce: record batches for the leaders of partitions.
//
//   v3   batches of format 2 only: exactly one a partition
//   v7   zstd may come
//   v8   which records were at fault, and words to the error
//   v10  who leads instead
//   v11  clients know TRANSACTION_ABORTABLE
//   v12  partitions are added to the transaction by the way (KIP-890)
//
// acks=0 has no answer at all. If a batch was refused nonetheless, the connection is closed: all that
// a client can notice. Source: KafkaApis.handleProduceRequest and ProduceRequest in apache/kafka.

import { BrokerError, ERRORS, type ErrorCode } from '../../../base/errors.ts'
import type { ProduceBatch } from '../../../broker/produce-service.ts'
import type { Appended } from '../../../broker/produce/pending-produce.ts'
import {
  PRODUCE,
  type PartitionProduceResponseInit,
  type ProduceRequest,
  type ProduceResponseInit,
} from '../../../protocol/kafka/gen/produce.ts'
import { codecIdOf, magicOf } from '../../../record/batch-header.ts'
import { ATTRIBUTES, CODECS, MAGIC_V2, RECORDS } from '../../../record/layout.ts'
import type { Services } from '../../broker-core.ts'
import type { Begun, KafkaContext, KafkaHandler } from '../handler.ts'
import { LeaderHints } from '../nodes.ts'

/** First version whose clients know zstd. */
const ZSTD_FROM = 7

/** First version that says who leads instead. */
const HINTS_FROM = 10

/** First version whose clients abort a transaction when they are told to. */
const ABORTABLE_FROM = 11

/** First version whose clients do not add partitions to their transactions themselves. */
const ADDS_FROM = 12

type ProduceServices = Pick<Services, 'produce' | 'routing' | 'cluster'>

export function produceHandlers(services: ProduceServices): readonly KafkaHandler[] {
  return [new ProduceHandler(services) as unknown as KafkaHandler]
}

class ProduceHandler {
  readonly api = PRODUCE
  readonly pipelined = true
  readonly cuts = [
    { asked: ['topicData', 'partitionData'], answered: ['responses', 'partitionResponses'] },
  ]
  readonly #services: ProduceServices

  constructor(services: ProduceServices) {
    this.#services = services
  }

  begin(request: ProduceRequest, context: KafkaContext): Begun<ProduceResponseInit> {
    const ready = this.#services.produce.ready()
    if (ready === null) return this.#begin(request, context)
    const later = ready.then(() => this.#begin(request, context))
    return {
      begun: later.then(
        ({ begun }) => begun ?? undefined,
        () => {},
      ),
      done: later.then(({ done }) => done),
    }
  }

  /** Null for acks=0: the connection is closed. */
  refuse(
    request: ProduceRequest,
    error: BrokerError,
    context: KafkaContext,
  ): ProduceResponseInit | null {
    if (request.acks === 0) return null
    const answer = (_: string, partition: number): PartitionProduceResponseInit => {
      return refused(partition, error, undefined)
    }
    return answerOf(request, answer, this.#hints(context), context)
  }

  /** Every batch was written: the log has let go of it. Without acknowledgements nobody knows. */
  isDone({ acks }: ProduceRequest, answer: ProduceResponseInit): boolean {
    return acks !== 0 && this.outcome(answer) === 0
  }

  outcome({ responses }: ProduceResponseInit): number {
    for (const { partitionResponses } of responses) {
      for (const { errorCode } of partitionResponses) if (errorCode !== 0) return errorCode
    }
    return 0
  }

  #begin(request: ProduceRequest, context: KafkaContext): Begun<ProduceResponseInit> {
    const { acks, timeoutMs } = request
    if (acks !== 0 && acks !== 1 && acks !== -1) {
      throw new BrokerError('INVALID_REQUIRED_ACKS', { acks })
    }
    const batches: ProduceBatch[] = []
    const refusals = new Map<number, BrokerError>()
    let slot = 0
    for (const { name: topic, partitionData } of request.topicData) {
      for (const { index: partition, records } of partitionData) {
        const refusal = refusalOf(records, context.version)
        if (refusal !== null) refusals.set(slot, refusal)
        else batches.push({ topic, partition, batch: records! })
        slot += 1
      }
    }
    const { transactionalId } = request
    const adds = context.version >= ADDS_FROM
    const { appended, done } = this.#services.produce.produce(context.caller, {
      acks,
      timeoutMs: Math.max(0, timeoutMs),
      batches,
      transaction: transactionalId === null ? null : { transactionalId, adds },
    })
    return {
      begun: appended,
      done: done.then((results) => this.#answer(request, results, refusals, context)),
    }
  }

  #answer(
    request: ProduceRequest,
    results: readonly Appended[],
    refusals: ReadonlyMap<number, BrokerError>,
    context: KafkaContext,
  ): ProduceResponseInit {
    if (request.acks === 0) {
      if (refusals.size === 0 && !results.some(({ lost }) => lost)) return null as never
      throw new BrokerError('INVALID_RECORD', { message: 'A batch sent with acks=0 was refused' })
    }
    const hints = this.#hints(context)
    let slot = 0
    let next = 0
    const answer = (topic: string, partition: number): PartitionProduceResponseInit => {
      const refusal = refusals.get(slot++)
      if (refusal !== undefined) return refused(partition, refusal, undefined)
      const result = results[next++]!
      if (result.error !== null) {
        const error = inWordsOf(context.version, result.error)
        return refused(partition, error, hints.hint(topic, partition, error))
      }
      const { baseOffset, logAppendTimeMs, logStartOffset } = result
      return { index: partition, errorCode: 0, baseOffset, logAppendTimeMs, logStartOffset }
    }
    return answerOf(request, answer, hints, context)
  }

  #hints({ version }: KafkaContext): LeaderHints {
    const sayable = version >= HINTS_FROM
    return new LeaderHints(this.#services, { leaders: sayable, nodes: sayable })
  }
}

/** One answer a partition, in the order of the request. */
function answerOf(
  { topicData }: ProduceRequest,
  answer: (topic: string, partition: number) => PartitionProduceResponseInit,
  hints: LeaderHints,
  context: KafkaContext,
): ProduceResponseInit {
  const responses = topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index }) => answer(name, index)),
  }))
  return { responses, throttleTimeMs: 0, nodeEndpoints: hints.nodes(context) }
}

function refused(
  index: number,
  error: BrokerError,
  currentLeader: PartitionProduceResponseInit['currentLeader'],
): PartitionProduceResponseInit {
  const { code, facts } = error
  const { message = ERRORS[code].text, record } = facts
  const recordErrors = typeof record === 'number' ? [{ batchIndex: record }] : []
  return {
    index,
    errorCode: ERRORS[code].id,
    baseOffset: -1,
    recordErrors,
    errorMessage: String(message),
    currentLeader,
  }
}

/** The error in words that clients of the version know. */
function inWordsOf(version: number, error: BrokerError): BrokerError {
  if (error.code !== 'TRANSACTION_ABORTABLE' || version >= ABORTABLE_FROM) return error
  return new BrokerError('INVALID_TXN_STATE', error.facts, error)
}

/** What can be said against records before anything is known of the partition. */
function refusalOf(records: Buffer | null, version: number): BrokerError | null {
  if (records === null || records.byteLength < RECORDS) {
    return invalid('A partition takes exactly one record batch in a request')
  }
  if (magicOf(records) !== MAGIC_V2) return invalid('Batches must be of message format 2')
  const codec = codecIdOf(records.readInt16BE(ATTRIBUTES))
  if (codec !== CODECS.zstd || version >= ZSTD_FROM) return null
  const message = `Clients of Produce ${version} do not know zstd`
  return refusal('UNSUPPORTED_COMPRESSION_TYPE', message)
}

function invalid(message: string): BrokerError {
  return refusal('INVALID_RECORD', message)
}

function refusal(code: ErrorCode, message: string): BrokerError {
  return new BrokerError(code, { message })
}
