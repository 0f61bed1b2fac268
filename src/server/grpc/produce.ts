// gRPC front of produce: batches that clients built, and who idempotent producers are. It turns wire
// values into domain values and back, and decides nothing.

import { create } from '@bufbuild/protobuf'
import { BrokerError } from '../../base/errors.ts'
import type { Caller } from '../../broker/caller.ts'
import type { Production, ProduceService } from '../../broker/produce-service.ts'
import type { ProducerIdService } from '../../broker/producer-id-service.ts'
import type { QuotaService } from '../../broker/quotas/quota-service.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { InitProducerResponseSchema } from '../../protocol/grpc/gen/sluice/v1/produce_pb.ts'
import {
  ACKS,
  type PartitionProduced,
  type ProduceAck,
  type ProduceRequest,
  type ProduceStreamRequest,
  type ProduceStreamResponse,
} from '../../protocol/grpc/produce-codec.ts'
import { PRODUCE_SERVICE } from '../../protocol/grpc/services.ts'
import type { CallHost, StreamContext } from './calls.ts'
import { refusalOf } from './errors.ts'
import { answerBytes, type Begun, PipelinedStream } from './pipelined-stream.ts'

export interface ProduceFrontOptions {
  readonly service: ProduceService
  readonly quotas: Pick<QuotaService, 'produced'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Wait for acknowledgements of a request that names none. */
export const DEFAULT_TIMEOUT_MS = 30_000

/**
 * @throws BrokerError INVALID_REQUIRED_ACKS when the number is none of the enum; when a transaction asks
 *   for less than all, as nobody would hear of a batch that it lacks
 */
export function parseAcks(acks: number, transactionalId = ''): 0 | 1 | -1 {
  const parsed = acksOf(acks)
  if (transactionalId === '' || parsed === -1) return parsed
  const message = 'Batches of a transaction are acknowledged by all'
  throw new BrokerError('INVALID_REQUIRED_ACKS', { message, acks })
}

function acksOf(acks: number): 0 | 1 | -1 {
  switch (acks) {
    case ACKS.unspecified:
    case ACKS.all:
      return -1
    case ACKS.leader:
      return 1
    case ACKS.none:
      return 0
    default:
      throw new BrokerError('INVALID_REQUIRED_ACKS', { acks })
  }
}

export function addProduce(calls: CallHost, options: ProduceFrontOptions): void {
  const { service, quotas, clock } = options
  calls.unary(PRODUCE_SERVICE.produce, async (request, { caller }) => {
    await service.ready()
    const { done } = produce(service, caller, request)
    // A call of its own is held up by its answer: there is no next one that could be.
    await pause(clock, quotas.produced(caller, sizeOf(request)))
    return { partitions: await done }
  })
  calls.bidi(PRODUCE_SERVICE.produceStream, (context) => openStream(options, context))
}

function sizeOf({ batches }: ProduceRequest): number {
  return batches.reduce((size, { batch }) => size + batch.byteLength, 0)
}

/** Null for no time at all. */
function pause(clock: Clock, durationMs: number): Promise<void> | null {
  if (durationMs <= 0) return null
  return new Promise((resolve) => void clock.after(durationMs, resolve))
}

function produce(service: ProduceService, caller: Caller, request: ProduceRequest): Production {
  const { timeoutMs, batches, transactionalId = '' } = request
  const acks = parseAcks(request.acks, transactionalId)
  // Clients of this front never add partitions to a transaction by themselves.
  const transaction = transactionalId === '' ? null : { transactionalId, adds: true }
  return service.produce(caller, {
    ...{ acks, timeoutMs: timeoutMs || DEFAULT_TIMEOUT_MS, batches, transaction },
  })
}

function openStream(
  { service, quotas, clock, logger }: ProduceFrontOptions,
  { stream, api }: StreamContext<ProduceStreamRequest, ProduceStreamResponse>,
): PipelinedStream<ProduceStreamRequest, ProduceAck> {
  let waitMs = 0
  const ready = async (memory: Promise<void> | null, quota: Promise<void>): Promise<void> => {
    await memory
    await quota
  }
  return new PipelinedStream({
    stream: stream as never,
    api,
    clock,
    sizeOf: (request) => sizeOf(request),
    ready: () => {
      const quota = pause(clock, waitMs)
      return quota === null ? service.ready() : ready(service.ready(), quota)
    },
    outcomeOf: ({ partitions }) => outcomeOf(partitions),
    begin(request): Begun<ProduceAck> {
      const { number } = request
      waitMs = quotas.produced(stream.caller, sizeOf(request))
      try {
        const { appended, done } = produce(service, stream.caller, request)
        return { appended, done: done.then((partitions) => ({ number, partitions })) }
      } catch (error) {
        const partitions = refuseAll(request, refusalOf(error, api.api, logger))
        return { appended: null, done: Promise.resolve({ number, partitions }) }
      }
    },
    send(acks) {
      return stream.send(
        { acks },
        acks.reduce((sum, { partitions }) => sum + answerBytes(partitions), 0),
      )
    },
  })
}

/** A refusal of the whole request, said of each of its batches: the stream goes on. */
function refuseAll({ batches }: ProduceRequest, error: BrokerError): PartitionProduced[] {
  const nothing = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1, error }
  return batches.map(({ topic, partition }) => ({ topic, partition, ...nothing }))
}

/** The first error, so that the metrics show it; most requests have one batch. */
export function outcomeOf(results: readonly { readonly error: BrokerError | null }[]): string {
  for (const { error } of results) if (error !== null) return error.code
  return 'OK'
}

/** Adds InitProducer: who an idempotent producer is. */
export function addInitProducer(calls: CallHost, service: ProducerIdService): void {
  calls.unary(PRODUCE_SERVICE.initProducer, async ({ producerId, producerEpoch }, { caller }) => {
    const isNew = producerId === undefined && producerEpoch === undefined
    // One without the other is refused by the service.
    const current = isNew
      ? null
      : { producerId: Number(producerId ?? -1), producerEpoch: producerEpoch ?? -1 }
    const given = await service.init(caller, current)
    return create(InitProducerResponseSchema, {
      producerId: BigInt(given.producerId),
      producerEpoch: given.producerEpoch,
    })
  })
}
