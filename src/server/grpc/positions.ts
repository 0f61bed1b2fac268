// Position, as protobuf-es reads it, as a place in a partition.

import { BrokerError } from '../../base/errors.ts'
import type { Position } from '../../broker/position.ts'
import {
  Position_Edge,
  type Position as WirePosition,
} from '../../protocol/grpc/gen/sluice/v1/records_pb.ts'
import { safeNumber } from './numbers.ts'

/**
 * @param position absent, or without a kind: the earliest record
 * @throws BrokerError INVALID_REQUEST when the edge is none of the enum, or a number is too large
 */
export function parsePosition(position: WirePosition | undefined): Position {
  const kind = position?.kind
  switch (kind?.case) {
    case 'offset':
      return { kind: 'offset', offset: safeNumber(kind.value, 'offset') }
    case 'timestampMs':
      return { kind: 'timestamp', timestampMs: safeNumber(kind.value, 'timestamp_ms') }
    case 'edge':
      return parseEdge(kind.value)
    default:
      return { kind: 'earliest' }
  }
}

function parseEdge(edge: number): Position {
  if (edge === Position_Edge.LATEST) return { kind: 'latest' }
  if (edge === Position_Edge.EARLIEST || edge === Position_Edge.UNSPECIFIED) {
    return { kind: 'earliest' }
  }
  const message = 'The edge is EDGE_EARLIEST or EDGE_LATEST'
  throw new BrokerError('INVALID_REQUEST', { message, edge })
}
