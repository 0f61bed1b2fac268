// Which partition of __consumer_offsets a group belongs to.

/** Source: apache/kafka, GroupCoordinatorService.partitionFor and Java's String.hashCode. */
export function partitionOfGroup(groupId: string, partitionCount: number): number {
  let hash = 0
  for (let at = 0; at < groupId.length; at++) {
    hash = (Math.imul(hash, 31) + groupId.charCodeAt(at)) | 0
  }
  // Kafka's abs: the sign bit is cleared, not the sign taken away.
  return (hash & 0x7fffffff) % partitionCount
}
