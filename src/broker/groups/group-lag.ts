// How far a group is behind: committed offsets beside the ends of their partitions.

import type { TopicPartition } from '../../base/topic-partition.ts'
import { partitionName } from '../../base/topic-partition.ts'
import type { FetchedOffset } from '../../coordination/group/offsets/messages.ts'
import type { PartitionDirectory } from '../../replication/readable-partition.ts'
import type { GroupDescription, MemberDescription } from './group-description.ts'

export interface PartitionLag extends TopicPartition {
  /** Next offset that the group will read; null when it has committed none. */
  readonly committedOffset: number | null
  /** What the client has put beside it. */
  readonly metadata: string
  /** -1 when the partition can't be asked, as is the next. */
  readonly logStartOffset: number
  /** Where the records end that may be read. */
  readonly highWatermark: number
  /** Records from the committed offset to the end; null when one of the two is not known. */
  readonly lag: number | null
  /** Who reads the partition now; null for nobody, or where the group keeps that to itself. */
  readonly member: MemberDescription | null
}

export interface GroupLag extends GroupDescription {
  /** Partitions with a committed offset or a member that reads them, by topic and number. */
  readonly partitions: readonly PartitionLag[]
}

/** @param fetched all committed offsets of the group */
export function lagOf(
  group: GroupDescription,
  fetched: readonly FetchedOffset[],
  directory: PartitionDirectory,
): GroupLag {
  const rows = new Map<string, Row>()
  for (const { topic, partition, committed } of fetched) {
    const row = { topic, partition, member: null }
    const { offset, metadata } = committed ?? NO_OFFSET
    rows.set(partitionName(row), { ...row, committedOffset: offset, metadata })
  }
  for (const member of group.members) {
    for (const { topic, partition } of member.assigned ?? []) {
      const name = partitionName({ topic, partition })
      const row = rows.get(name) ?? { topic, partition, committedOffset: null, metadata: '' }
      rows.set(name, { ...row, member })
    }
  }
  const partitions = [...rows.values()].map((row) => withEnds(row, directory)).sort(byName)
  return { ...group, partitions }
}

const NO_OFFSET = { offset: null, metadata: '' }

type Row = Pick<PartitionLag, 'topic' | 'partition' | 'committedOffset' | 'metadata' | 'member'>

function withEnds(row: Row, directory: PartitionDirectory): PartitionLag {
  const { committedOffset } = row
  const { logStartOffset, highWatermark } = endsOf(row, directory)
  const isKnown = committedOffset !== null && highWatermark >= 0
  // A topic that was cut or made anew may end before what was committed.
  const lag = isKnown ? Math.max(0, highWatermark - committedOffset) : null
  return { ...row, logStartOffset, highWatermark, lag }
}

function endsOf({ topic, partition }: TopicPartition, directory: PartitionDirectory): Ends {
  try {
    const { logStartOffset, highWatermark } = directory.partition(topic, partition)
    return { logStartOffset, highWatermark }
  } catch {
    // Whatever keeps it from being asked is told to those who read it.
    return { logStartOffset: -1, highWatermark: -1 }
  }
}

type Ends = Pick<PartitionLag, 'logStartOffset' | 'highWatermark'>

function byName(a: TopicPartition, b: TopicPartition): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}
