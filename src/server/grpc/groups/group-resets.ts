// ResetOffsets on the wire as a request of the service, and its results back.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type {
  ResetOffsetsRequest,
  ResetPartition,
  ResetTarget,
} from '../../../broker/groups/reset-offsets.ts'
import type * as pb from '../../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { errorMessage } from '../error-message.ts'
import { safeNumber } from '../numbers.ts'
import { parsePosition } from '../positions.ts'

/** @throws BrokerError INVALID_REQUEST when no target is named, or a number is too large */
export function parseReset({
  groupId,
  topics,
  target,
  validateOnly,
}: pb.ResetOffsetsRequest): ResetOffsetsRequest {
  const scopes = topics.map(({ topic, partitions }) => {
    return { topic, partitions: partitions.length > 0 ? partitions : null }
  })
  return {
    groupId,
    topics: scopes.length > 0 ? scopes : null,
    target: parseTarget(target),
    dryRun: validateOnly,
  }
}

function parseTarget(target: pb.ResetOffsetsRequest['target']): ResetTarget {
  switch (target.case) {
    case 'position':
      return parsePosition(target.value)
    case 'shiftBy': {
      const by = safeNumber(target.value, 'shift_by')
      return by === 0 ? { kind: 'current' } : { kind: 'shift', by }
    }
    case 'durationMs':
      return { kind: 'duration', durationMs: safeNumber(target.value, 'duration_ms') }
    default: {
      const message = 'A reset says where to: position, shift_by or duration_ms'
      throw new BrokerError('INVALID_REQUEST', { message })
    }
  }
}

export function resetMessage({
  topic,
  partition,
  previousOffset,
  offset,
  error,
}: ResetPartition): MessageInitShape<typeof pb.PartitionResetSchema> {
  return {
    ...{ topic, partition, ...errorMessage(error) },
    previousOffset: BigInt(previousOffset ?? -1),
    offset: BigInt(offset),
  }
}
