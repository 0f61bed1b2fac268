// Position and Isolation, as protobuf-es reads them: where to begin to read, and what to see.

import { BrokerError } from '../../base/errors.ts'
import type { Isolation, Position } from '../../broker/position.ts'
import {
  Isolation as WireIsolation,
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

/** @throws BrokerError INVALID_REQUEST when it is none of the enum */
export function parseIsolation(isolation: number): Isolation {
  if (isolation === WireIsolation.READ_COMMITTED) return 'committed'
  if (isolation === WireIsolation.READ_UNCOMMITTED || isolation === WireIsolation.UNSPECIFIED) {
    return 'uncommitted'
  }
  const message = 'The isolation is ISOLATION_READ_UNCOMMITTED or ISOLATION_READ_COMMITTED'
  throw new BrokerError('INVALID_REQUEST', { message, isolation })
}
