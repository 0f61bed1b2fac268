// Offsets that come by the names of their topics: a group keeps them by the ids, and those of topics and
// partitions that are not there have their own refusal.

import type {
  CommitOffsetsResponse,
  OffsetToCommit,
  PartitionResult,
} from '../../coordination/group/offsets/messages.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'

/** An offset to commit; the topic's id is looked up. */
export type NamedOffset = Omit<OffsetToCommit, 'topicId'>

/**
 * Commits those whose partitions are there.
 *
 * @returns one result for each offset, in their order
 */
export async function commitNamed(
  image: MetadataImage,
  named: readonly NamedOffset[],
  commit: (offsets: readonly OffsetToCommit[]) => Promise<CommitOffsetsResponse>,
): Promise<CommitOffsetsResponse> {
  const results: (PartitionResult | null)[] = []
  const offsets: OffsetToCommit[] = []
  for (const offset of named) {
    const { topic: name, partition } = offset
    const topic = image.topic(name)
    if (topic !== null && partition >= 0 && partition < topic.partitions.length) {
      offsets.push({ ...offset, topicId: topic.topicId })
      results.push(null)
    } else results.push({ topic: name, partition, error: 'UNKNOWN_TOPIC_OR_PARTITION' })
  }
  const { partitions } = await commit(offsets)
  let next = 0
  return { partitions: results.map((result) => result ?? partitions[next++]!) }
}
