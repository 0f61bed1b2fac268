// Which refusals tell that we asked the wrong broker.

import type { SluiceError, SluiceErrorCode } from '../errors.ts'

const STALE = new Set<SluiceErrorCode>([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
  'BROKER_NOT_AVAILABLE',
  // Whoever can't be reached may have lost what it led.
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
])

/** Whether what is known of the topic should be asked for again before the next try. */
export function provesStale(error: SluiceError): boolean {
  return STALE.has(error.code)
}
