// Which partition of an internal topic a group or a transactional id belongs to.

const MIN_INT32 = -0x8000_0000

/**
 * Source: apache/kafka, GroupCoordinatorService.partitionFor, TransactionStateManager.partitionFor,
 * Utils.abs and Java's String.hashCode.
 */
export function partitionOfKey(key: string, partitionCount: number): number {
  let hash = 0
  for (let at = 0; at < key.length; at++) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0
  }
  // Kafka's abs takes -2^31, which has no positive counterpart, for 0.
  return (hash === MIN_INT32 ? 0 : Math.abs(hash)) % partitionCount
}
