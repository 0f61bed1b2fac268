// Where a member begins to read a partition, by what its group has committed.

import { SluiceError } from '../../errors.ts'
import type { CommittedOffset } from '../../group-calls.ts'
import type { PartitionRef, StartPosition } from '../../transport.ts'
import type { ConsumerSettings } from '../consumer-options.ts'

/** With nothing committed: the edge that `autoOffsetReset` names, and the earliest for 'error'. */
export function startOf(
  { offset }: CommittedOffset,
  { autoOffsetReset }: ConsumerSettings,
): StartPosition {
  if (offset >= 0) return { kind: 'offset', offset }
  return { kind: autoOffsetReset === 'latest' ? 'latest' : 'earliest' }
}

/** Whether nobody has said where to begin, and the user wants to be told. */
export function isUnplaced(
  { offset }: CommittedOffset,
  { autoOffsetReset }: ConsumerSettings,
): boolean {
  return offset < 0 && autoOffsetReset === 'error'
}

export function noCommittedOffset(
  { topic, partition }: PartitionRef,
  groupId: string,
): SluiceError {
  const message = 'The group has committed no offset; seek says where to begin'
  return new SluiceError('NO_COMMITTED_OFFSET', { topic, partition, groupId }, { message })
}
