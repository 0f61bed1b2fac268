// FetchStream over gRPC.

import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import type { FetchStreamRequest } from '../../protocol/grpc/fetch-command-codec.ts'
import type { FetchStreamResponse } from '../../protocol/grpc/fetch-codec.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import { FETCH_SERVICE } from '../../protocol/grpc/services.ts'
import { SluiceError } from '../errors.ts'
import type {
  FetchListener,
  FetchStream,
  Isolation,
  PartitionRef,
  PartitionStart,
} from '../transport.ts'
import type { Connection } from './connection.ts'
import { ISOLATIONS } from './isolation.ts'
import { errorOfStream } from './status.ts'

export function openFetchStream(
  connection: Connection,
  isolation: Isolation,
  listener: FetchListener,
): FetchStream {
  const { call, client } = connection.stream(FETCH_SERVICE.fetchStream)
  call.on('data', (response: FetchStreamResponse) => receive(response, listener))
  call.on('status', (end: StatusObject) => {
    listener.closed(connection.failed(client, errorOfStream(end)))
  })
  call.on('error', () => {}) // the same as the status, which always comes too
  return new GrpcFetchStream(call, ISOLATIONS[isolation])
}

function receive(response: FetchStreamResponse, listener: FetchListener): void {
  if (response.kind === 'batches') {
    buffersPass(response.batches.byteLength)
    listener.batches({ ...response, tag: Number(response.tag) })
  } else if (response.kind === 'state') {
    const error = response.error === null ? null : SluiceError.from(response.error)
    listener.state({ ...response, tag: Number(response.tag), error })
  } else {
    listener.heartbeat()
  }
}

class GrpcFetchStream implements FetchStream {
  readonly #call: ClientDuplexStream<FetchStreamRequest, FetchStreamResponse>

  /** By its number in the proto. */
  readonly #isolation: number

  constructor(
    call: ClientDuplexStream<FetchStreamRequest, FetchStreamResponse>,
    isolation: number,
  ) {
    this.#call = call
    this.#isolation = isolation
  }

  assign(partitions: readonly PartitionStart[]): void {
    this.#call.write({ kind: 'assign', partitions, isolation: this.#isolation })
  }

  unassign(partitions: readonly PartitionRef[]): void {
    this.#call.write({ kind: 'unassign', partitions })
  }

  seek(partition: PartitionStart): void {
    this.#call.write({ kind: 'seek', ...partition })
  }

  pause(partitions: readonly PartitionRef[]): void {
    this.#call.write({ kind: 'pause', partitions })
  }

  resume(partitions: readonly PartitionRef[]): void {
    this.#call.write({ kind: 'resume', partitions })
  }

  credit(bytes: number): void {
    this.#call.write({ kind: 'credit', bytes })
  }

  cancel(): void {
    this.#call.cancel()
  }
}
