// gRPC front of ListOffsets.

import { create } from '@bufbuild/protobuf'
import type { OffsetService } from '../../broker/offset-service.ts'
import {
  type ListOffsetsResponse,
  ListOffsetsResponseSchema,
} from '../../protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { FETCH_SERVICE } from '../../protocol/grpc/services.ts'
import type { CallHost } from './calls.ts'
import { errorMessage } from './error-message.ts'
import { parseIsolation, parsePosition } from './positions.ts'

export function addOffsets(calls: CallHost, service: OffsetService): void {
  calls.unary(FETCH_SERVICE.listOffsets, async (request, { caller }) => {
    const isolation = parseIsolation(request.isolation)
    const queries = request.partitions.map(({ topic, partition, position }) => {
      return { topic, partition, position: parsePosition(position), isolation }
    })
    return response(await service.listOffsets(caller, queries))
  })
}

type Listed = Awaited<ReturnType<OffsetService['listOffsets']>>

function response(listed: Listed): ListOffsetsResponse {
  const partitions = listed.map(({ topic, partition, offset, timestampMs, error }) => ({
    topic,
    partition,
    offset: BigInt(offset),
    timestampMs: BigInt(timestampMs),
    ...errorMessage(error),
  }))
  return create(ListOffsetsResponseSchema, { partitions })
}
