// Bounds that no option changes. Bounds that a user may change are options in config/.

/** Largest record batch that any part of the broker accepts, in bytes. `max.message.bytes` may not
 *  be set above it. The storage core reserves a region of this size. */
export const MAX_BATCH_BYTES = 32 * 1024 * 1024

/** Largest size that the records of one compressed batch may unpack to, in bytes. */
export const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024

/** Longest topic name, in characters. Source: Topic.java in apache/kafka. */
export const MAX_TOPIC_NAME_LENGTH = 249

/** Most partitions that one topic may have. */
export const MAX_PARTITIONS_PER_TOPIC = 10_000

/** Most partitions that one broker holds. */
export const MAX_PARTITIONS_PER_BROKER = 40_000
