// InitProducer over gRPC.

import { create } from '@bufbuild/protobuf'
import { InitProducerRequestSchema } from '../../protocol/grpc/gen/sluice/v1/produce_pb.ts'
import { PRODUCE_SERVICE } from '../../protocol/grpc/services.ts'
import type { ProducerIdentity } from '../transport.ts'
import type { Connection } from './connection.ts'

/** @throws SluiceError */
export async function initProducerId(
  connection: Connection,
  timeoutMs: number,
): Promise<ProducerIdentity> {
  const request = create(InitProducerRequestSchema)
  const given = await connection.call(PRODUCE_SERVICE.initProducer, request, timeoutMs)
  return { producerId: Number(given.producerId), producerEpoch: given.producerEpoch }
}
