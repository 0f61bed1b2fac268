// What a record is to everybody who writes or reads one.

/** A header of a record. Keys may repeat, and their order is kept. */
export interface Header {
  readonly key: string
  /** Null and empty are different values. */
  readonly value: Uint8Array | null
}

/** One record. Null and empty are different, in the key as in the value. */
export interface Record {
  /** Chooses the partition when nobody else does. Compaction keeps the last record of each key. */
  readonly key: Uint8Array | null
  /** Null marks the key as deleted (a tombstone) where the topic is compacted. */
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  /** Milliseconds since 1970, or -1 for none. */
  readonly timestamp: number
}

/** A record as it stands in a partition. */
export interface StoredRecord extends Record {
  readonly offset: number
}

/** The headers of a record that has none. */
export const NO_HEADERS: readonly Header[] = Object.freeze([])
