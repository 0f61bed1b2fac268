// gRPC front of fetch: batches as they are stored, by long poll or pushed under credit. It turns
// wire values into domain values and back, and decides nothing.

import { BrokerError } from '../../base/errors.ts'
import type { FetchService } from '../../broker/fetch-service.ts'
import type { FetchSession } from '../../broker/fetch-session.ts'
import type {
  FetchSink,
  PartitionStart,
  PartitionState,
  PushedBatches,
} from '../../broker/fetch-sink.ts'
import type {
  AssignPartitions,
  FetchStreamRequest,
} from '../../protocol/grpc/fetch-command-codec.ts'
import type { FetchResponse, FetchStreamResponse } from '../../protocol/grpc/fetch-codec.ts'
import type { FetchRequest } from '../../protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { FETCH_SERVICE } from '../../protocol/grpc/services.ts'
import type { ApiCounters } from '../../observability/api-counters.ts'
import type { CallStream, StreamHandler } from './call-stream.ts'
import type { CallContext, CallHost, StreamContext } from './calls.ts'
import { safeNumber } from './numbers.ts'
import { parseIsolation } from './positions.ts'

/** Bytes of an answer, when the client names none: fits the 4 MiB that gRPC clients take. */
const DEFAULT_MAX_BYTES = 3_670_016

/** Bytes of one partition, when the client names none. */
const DEFAULT_PARTITION_BYTES = 1_048_576

/** What an event without batches takes on the wire, about. */
const EVENT_BYTES = 64

const NO_BYTES: Buffer = Buffer.alloc(0)

export function addFetch(calls: CallHost, service: FetchService): void {
  calls.unary(FETCH_SERVICE.fetch, (request, context) => fetch(service, request, context))
  calls.bidi(FETCH_SERVICE.fetchStream, (context) => new FetchStream(service, context))
}

async function fetch(
  service: FetchService,
  request: FetchRequest,
  { caller, signal, memory }: CallContext,
): Promise<FetchResponse> {
  const { maxWaitMs, minBytes } = request
  const partitions = request.partitions.map(({ topic, partition, fetchOffset, maxBytes }) => ({
    topic,
    partition,
    fetchOffset: safeNumber(fetchOffset, 'fetch_offset'),
    maxBytes: maxBytes || DEFAULT_PARTITION_BYTES,
  }))
  const maxBytes = request.maxBytes || DEFAULT_MAX_BYTES
  const isolation = parseIsolation(request.isolation)
  const asked = { maxWaitMs, minBytes, maxBytes, partitions, isolation, memory }
  const fetched = await service.fetch(caller, asked, signal)
  return { partitions: fetched.map((one) => ({ ...one, batches: one.batches ?? NO_BYTES })) }
}

/** One FetchStream: its commands drive a session, and what the session gives goes out. */
class FetchStream implements StreamHandler<FetchStreamRequest>, FetchSink {
  readonly #stream: CallStream<FetchStreamRequest, FetchStreamResponse>
  readonly #api: ApiCounters
  readonly #session: FetchSession
  #lastCredit = false

  constructor(
    service: FetchService,
    { stream, api }: StreamContext<FetchStreamRequest, FetchStreamResponse>,
  ) {
    this.#stream = stream
    this.#api = api
    this.#session = service.openSession(stream.caller, this, stream.memory)
  }

  received(command: FetchStreamRequest): void {
    const session = this.#session
    if (command.kind === 'credit') session.credit(command.bytes)
    else if (command.kind === 'assign') session.assign(startsOf(command))
    else if (command.kind === 'seek') session.seek(command)
    else if (command.kind === 'none') throw new BrokerError('INVALID_REQUEST', NO_COMMAND)
    else session[command.kind](command.partitions)
    if (command.kind !== 'credit') this.#api.answered('OK', null)
  }

  /** There will be no more credit: what there is of it is still used. */
  halfClosed(): void {
    this.#lastCredit = true
    this.#endWithoutCredit()
  }

  writable(): void {
    this.#session.resumeSink()
  }

  stop(reason: BrokerError): void {
    this.#stream.end(reason)
    this.#session.close()
  }

  closed(): void {
    this.#session.close()
  }

  batches(event: PushedBatches): boolean {
    const sizeBytes = event.batches.byteLength + EVENT_BYTES
    const more = this.#stream.send({ kind: 'batches', ...event }, sizeBytes)
    if (this.#lastCredit) this.#endWithoutCredit()
    return more
  }

  state(event: PartitionState): boolean {
    return this.#stream.send({ kind: 'state', ...event }, EVENT_BYTES)
  }

  heartbeat(timeMs: number): void {
    this.#stream.send({ kind: 'heartbeat', timeMs }, EVENT_BYTES)
  }

  #endWithoutCredit(): void {
    if (this.#session.creditBytes > 0) return
    this.#stream.end(null)
    this.#session.close()
  }
}

function startsOf({ partitions, isolation: wire = 0 }: AssignPartitions): PartitionStart[] {
  const isolation = parseIsolation(wire)
  return partitions.map((start) => ({ ...start, isolation }))
}

const NO_COMMAND = { message: 'A message of FetchStream holds one command, known to this broker' }
