// gRPC front of Subscribe: records, for clients that know nothing of batches.

import type { BrokerError } from '../../base/errors.ts'
import type { FetchService } from '../../broker/fetch-service.ts'
import type { SubscribedRecord } from '../../broker/fetch/record-unpacking.ts'
import type { SubscribeRequest } from '../../broker/subscribe-request.ts'
import type { RecordSubscription, SubscriptionSink } from '../../broker/subscription.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiCounters } from '../../observability/api-counters.ts'
import type { Logger } from '../../observability/logger.ts'
import type * as wire from '../../protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { FETCH_SERVICE } from '../../protocol/grpc/services.ts'
import type {
  SubscribedRecord as WireRecord,
  SubscribeResponse,
} from '../../protocol/grpc/subscribe-codec.ts'
import type { CallStream, StreamHandler } from './call-stream.ts'
import type { CallHost, StreamContext } from './calls.ts'
import { refusalOf } from './errors.ts'
import { parseIsolation, parsePosition } from './positions.ts'

export interface SubscribeFrontOptions {
  readonly service: FetchService
  readonly clock: Clock
  readonly logger: Logger
}

/** Records of one message, when the client names no number; and most that it may name. */
const DEFAULT_MAX_RECORDS = 1_000
const MAX_RECORDS = 100_000

/** What a record takes on the wire beside its key and value, about. */
const RECORD_OVERHEAD_BYTES = 48

export function addSubscribe(calls: CallHost, options: SubscribeFrontOptions): void {
  calls.serverStream(FETCH_SERVICE.subscribe, (request, context) => {
    return new SubscribeStream(options, parseRequest(request), context)
  })
}

/** @throws BrokerError INVALID_REQUEST */
function parseRequest(request: wire.SubscribeRequest): SubscribeRequest {
  const { topics, maxRecords, untilEnd, isolation } = request
  return {
    topics: topics.map(({ topic, partitions, start, partitionStarts }) => ({
      topic,
      partitions,
      start: parsePosition(start),
      partitionStarts: new Map(
        Object.entries(partitionStarts).map(([key, value]) => [Number(key), parsePosition(value)]),
      ),
    })),
    maxRecords: Math.min(maxRecords || DEFAULT_MAX_RECORDS, MAX_RECORDS),
    untilEnd,
    isolation: parseIsolation(isolation),
  }
}

class SubscribeStream implements StreamHandler<never>, SubscriptionSink {
  readonly #stream: CallStream<never, SubscribeResponse>
  readonly #api: ApiCounters
  readonly #logger: Logger
  readonly #subscription: RecordSubscription

  constructor(
    { service, logger }: SubscribeFrontOptions,
    request: SubscribeRequest,
    { stream, api }: StreamContext<never, SubscribeResponse>,
  ) {
    this.#stream = stream
    this.#api = api
    this.#logger = logger
    this.#subscription = service.subscribe(stream.caller, request, this, stream.memory)
  }

  received(): void {}

  halfClosed(): void {}

  writable(): void {
    this.#subscription.resumeSink()
  }

  stop(reason: BrokerError): void {
    this.#stream.end(reason)
    this.#subscription.close()
  }

  closed(): void {
    this.#subscription.close()
  }

  records(subscribed: readonly SubscribedRecord[], sizeBytes: number): boolean {
    const records = subscribed.map(wireRecord)
    this.#api.answered('OK', null)
    return this.#stream.send({ records }, sizeBytes + records.length * RECORD_OVERHEAD_BYTES)
  }

  heartbeat(): void {
    this.#stream.send({ records: [] }, RECORD_OVERHEAD_BYTES)
  }

  ended(error: BrokerError | null): void {
    this.#stream.end(error === null ? null : refusalOf(error, this.#api.api, this.#logger))
  }
}

/** A record as the services give it, in the form that goes out. */
export function wireRecord({ topic, partition, record }: SubscribedRecord): WireRecord {
  const { offset, key, value, headers, timestamp } = record
  const timestampMs = timestamp === -1 ? null : timestamp
  return { topic, partition, offset, key, value, headers, timestampMs }
}
