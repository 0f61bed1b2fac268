// gRPC front of publish: records, for clients that build no batches.

import type { Caller } from '../../broker/caller.ts'
import type { PublishService } from '../../broker/publish-service.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type {
  PublishRequest,
  PublishStreamRequest,
  PublishStreamResponse,
} from '../../protocol/grpc/publish-codec.ts'
import { PRODUCE_SERVICE } from '../../protocol/grpc/services.ts'
import type { CallHost, StreamContext } from './calls.ts'
import { refusalOf } from './errors.ts'
import { answerBytes, type Begun, PipelinedStream } from './pipelined-stream.ts'
import { DEFAULT_TIMEOUT_MS, outcomeOf, parseAcks } from './produce.ts'

export interface PublishFrontOptions {
  readonly service: PublishService
  readonly clock: Clock
  readonly logger: Logger
}

/** What a record takes beside its key and value, about. */
const RECORD_BYTES = 16

export function addPublish(calls: CallHost, options: PublishFrontOptions): void {
  const { service } = options
  calls.unary(PRODUCE_SERVICE.publish, async (request, { caller }) => {
    await service.ready()
    return { records: await publish(service, caller, request).done }
  })
  calls.bidi(PRODUCE_SERVICE.publishStream, (context) => openStream(options, context))
}

function publish(
  service: PublishService,
  caller: Caller,
  request: PublishRequest,
): ReturnType<PublishService['publish']> {
  const { topic, timeoutMs, records, producer = null } = request
  const acks = parseAcks(request.acks, producer?.transactionalId)
  return service.publish(caller, {
    topic,
    acks,
    timeoutMs: timeoutMs || DEFAULT_TIMEOUT_MS,
    records,
    producer,
  })
}

function openStream(
  { service, clock, logger }: PublishFrontOptions,
  { stream, api }: StreamContext<PublishStreamRequest, PublishStreamResponse>,
): PipelinedStream<PublishStreamRequest, PublishStreamResponse> {
  const refused = (number: number | bigint, error: unknown): PublishStreamResponse => {
    return { number, records: [], error: refusalOf(error, api.api, logger) }
  }
  return new PipelinedStream<PublishStreamRequest, PublishStreamResponse>({
    stream: stream as never,
    api,
    clock,
    sizeOf,
    ready: () => service.ready(),
    outcomeOf: ({ records, error }) => (error === null ? outcomeOf(records) : error.code),
    begin(request): Begun<PublishStreamResponse> {
      const { number } = request
      try {
        const { appended, done } = publish(service, stream.caller, request)
        const answer = done.then(
          (records) => ({ number, records, error: null }),
          (error: unknown) => refused(number, error),
        )
        return { appended, done: answer }
      } catch (error) {
        return { appended: null, done: Promise.resolve(refused(number, error)) }
      }
    },
    send(answers) {
      let more = true
      for (const answer of answers) {
        const sizeBytes = answerBytes(answer.error === null ? answer.records : [answer])
        more = stream.send(answer, sizeBytes)
      }
      return more
    },
  })
}

function sizeOf({ records }: PublishRequest): number {
  let sizeBytes = 0
  for (const { key, value } of records) {
    sizeBytes += (key?.byteLength ?? 0) + (value?.byteLength ?? 0) + RECORD_BYTES
  }
  return sizeBytes
}
