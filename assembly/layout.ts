// Byte offsets of a record batch, magic 2. src/record/layout.ts draws it and holds the same
// numbers; a test compares the two files. All integers are big-endian.
//
// Source: apache/kafka, DefaultRecordBatch.java, class comment.

export const BASE_OFFSET: usize = 0;
export const BATCH_LENGTH: usize = 8;
export const PARTITION_LEADER_EPOCH: usize = 12;
export const MAGIC: usize = 16;
export const CRC: usize = 17;
export const ATTRIBUTES: usize = 21;
export const LAST_OFFSET_DELTA: usize = 23;
export const BASE_TIMESTAMP: usize = 27;
export const MAX_TIMESTAMP: usize = 35;
export const PRODUCER_ID: usize = 43;
export const PRODUCER_EPOCH: usize = 51;
export const BASE_SEQUENCE: usize = 53;
export const RECORD_COUNT: usize = 57;
export const RECORDS: usize = 61;

/** What the length field does not count: base offset and the length itself. */
export const LENGTH_OVERHEAD: usize = 12;

/** Magic of this format. */
export const MAGIC_V2: u8 = 2;

/** Attribute bits 0 to 2: how the records are compressed. */
export const CODEC_MASK: i32 = 0x07;

/** Codecs are numbered 0 (none), gzip, snappy, lz4, 4 (zstd). */
export const CODEC_MAX: i32 = 4;
