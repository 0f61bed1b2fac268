// ProduceStream over gRPC.

import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import { ACKS } from '../../protocol/grpc/produce-codec.ts'
import type {
  PartitionProduced,
  ProduceStreamRequest,
  ProduceStreamResponse,
} from '../../protocol/grpc/produce-codec.ts'
import { buffersPass } from '../../io/passing-buffers.ts'
import { PRODUCE_SERVICE } from '../../protocol/grpc/services.ts'
import { SluiceError } from '../errors.ts'
import type {
  Acks,
  BatchProduced,
  ProduceListener,
  ProduceRequest,
  ProduceStream,
} from '../transport.ts'
import type { Connection } from './connection.ts'
import { errorOfStream } from './status.ts'

const ACKS_ON_WIRE = { all: ACKS.all, 1: ACKS.leader, 0: ACKS.none } as const satisfies Record<
  Acks,
  number
>

export function openProduceStream(
  connection: Connection,
  listener: ProduceListener,
): ProduceStream {
  const { call, client } = connection.stream(PRODUCE_SERVICE.produceStream)
  call.on('data', (response: ProduceStreamResponse) => {
    for (const ack of response.acks)
      listener.acked(Number(ack.number), ack.partitions.map(produced))
  })
  call.on('status', (end: StatusObject) => {
    listener.closed(connection.failed(client, errorOfStream(end)))
  })
  call.on('error', () => {}) // the same as the status, which always comes too
  return new GrpcProduceStream(call)
}

class GrpcProduceStream implements ProduceStream {
  readonly #call: ClientDuplexStream<ProduceStreamRequest, ProduceStreamResponse>

  constructor(call: ClientDuplexStream<ProduceStreamRequest, ProduceStreamResponse>) {
    this.#call = call
  }

  send({ number, acks, timeoutMs, transaction, batches }: ProduceRequest): void {
    for (const { batch } of batches) buffersPass(batch.byteLength)
    // What write answers is not looked at: the producer bounds what is in flight.
    const transactionalId = transaction?.transactionalId ?? ''
    this.#call.write({ number, acks: ACKS_ON_WIRE[acks], timeoutMs, transactionalId, batches })
  }

  cancel(): void {
    this.#call.cancel()
  }
}

function produced({ error, baseOffset, logAppendTimeMs }: PartitionProduced): BatchProduced {
  return { error: error === null ? null : SluiceError.from(error), baseOffset, logAppendTimeMs }
}
