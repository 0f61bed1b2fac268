// What can be told of the partitions of a topic: from metadata, from their leaders, and from the log
// directories of those.

import { DESCRIBE_LOG_DIRS } from '../../../protocol/kafka/gen/describe-log-dirs.ts'
import type {
  MetadataResponsePartition,
  MetadataResponseTopic,
} from '../../../protocol/kafka/gen/metadata.ts'
import type { PartitionDescription } from '../../admin-calls.ts'
import type { Cluster } from '../cluster.ts'
import type { Deadline } from '../deadline.ts'
import { errorOfId } from '../kafka-error.ts'
import { edgesOf, lookUpOffsets } from '../offset-lookup.ts'
import type { FoundOffset } from '../offset-lookup.ts'

/**
 * Ordered by partition. `logEndOffset` is the high watermark: this protocol tells no client what lies
 * above it. `sizeBytes` is -1 where the broker does not say.
 */
export async function describePartitions(
  cluster: Cluster,
  { name, partitions }: MetadataResponseTopic,
  deadline: Deadline,
): Promise<readonly PartitionDescription[]> {
  const ordered = partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
  const queries = ordered.flatMap(({ partitionIndex: partition }) => {
    return edgesOf({ topic: name!, partition })
  })
  const [edges, sizes] = await Promise.all([
    lookUpOffsets(cluster, queries, deadline),
    partitionSizes(cluster, name!, ordered, deadline),
  ])
  return ordered.map((partition, index) => {
    const size = sizes.get(partition.partitionIndex) ?? -1
    return descriptionOf(partition, edges[index * 2]!, edges[index * 2 + 1]!, size)
  })
}

function descriptionOf(
  { partitionIndex: partition, leaderId, leaderEpoch, ...wire }: MetadataResponsePartition,
  earliest: FoundOffset,
  latest: FoundOffset,
  sizeBytes: number,
): PartitionDescription {
  return {
    partition,
    leader: leaderId < 0 ? null : leaderId,
    leaderEpoch,
    replicas: wire.replicaNodes,
    isr: wire.isrNodes,
    logStartOffset: earliest.offset,
    highWatermark: latest.offset,
    logEndOffset: latest.offset,
    sizeBytes,
    error: errorOfId(wire.errorCode) ?? earliest.error ?? latest.error,
  }
}

/** Bytes on disk at the leaders, by partition. Whoever may not ask, or asks in vain, gets none. */
async function partitionSizes(
  cluster: Cluster,
  topic: string,
  partitions: readonly MetadataResponsePartition[],
  deadline: Deadline,
): Promise<ReadonlyMap<number, number>> {
  const byLeader = Map.groupBy(partitions, ({ leaderId }) => leaderId)
  const sizes = new Map<number, number>()
  await Promise.all(
    [...byLeader].map(async ([nodeId, led]) => {
      const wanted = led.map(({ partitionIndex }) => partitionIndex)
      const request = { topics: [{ topic, partitions: wanted }] }
      try {
        const answer = await cluster.call(nodeId, DESCRIBE_LOG_DIRS, request, deadline.leftMs)
        for (const { topics } of answer.results) {
          for (const each of topics.flatMap((found) => found.partitions)) {
            if (!each.isFutureKey) sizes.set(each.partitionIndex, each.partitionSize)
          }
        }
      } catch {
        // The size is beside the point: the rest is told without it.
      }
    }),
  )
  return sizes
}
