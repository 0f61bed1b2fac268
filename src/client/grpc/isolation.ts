// What a reader sees of transactions, as it stands in requests.

import { Isolation as WireIsolation } from '../../protocol/grpc/gen/sluice/v1/records_pb.ts'
import type { Isolation } from '../transport.ts'

export const ISOLATIONS = {
  read_uncommitted: WireIsolation.READ_UNCOMMITTED,
  read_committed: WireIsolation.READ_COMMITTED,
} as const satisfies Record<Isolation, WireIsolation>
