// The name of a partition, and the map that is keyed by it.

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `topic-partition`, the name of the partition's directory, unique for each partition. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/**
 * Splits a directory name at its last dash.
 *
 * @returns null when the name is not that of a partition directory
 */
export function parsePartitionName(name: string): TopicPartition | null {
  const match = /^(.+)-(0|[1-9]\d{0,9})$/.exec(name)
  if (match === null) return null
  return { topic: match[1]!, partition: Number(match[2]) }
}
