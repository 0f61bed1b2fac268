// The record batch, magic 2: the unit of append, checksum, compression and replication.
//
//   byte  0        8        12       16    17       21       23       27         35
//         +--------+--------+--------+-----+--------+--------+--------+----------+---
//         | base   | batch  | leader |magic| CRC-32C| attri- | last   | base     |
//         | offset | length | epoch  | = 2 |        | butes  | offset | timestamp|
//         |        |        |        |     |        |        | delta  |          |
//         +--------+--------+--------+-----+--------+--------+--------+----------+---
//        35        43       51       53       57       61
//      ---+--------+--------+--------+--------+--------+----------------------------+
//         | max    | prod-  | prod.  | base   | record | records: one after another,|
//         | time-  | ucer   | epoch  | se-    | count  | or compressed as one blob  |
//         | stamp  | id     |        | quence |        |                            |
//      ---+--------+--------+--------+--------+--------+----------------------------+
//
// All integers are big-endian and signed but for the CRC. The CRC covers [21, end), so the broker
// can set base offset and leader epoch without touching it. Batch length counts what follows it.
//
//   attributes   bit  15..7    6               5        4              3           2..0
//                   +-------+----------------+---------+--------------+-----------+-------+
//                   | 0     | delete horizon | control | transaction  | timestamp | codec |
//                   |       | in base timest.|         | al           | type      |       |
//                   +-------+----------------+---------+--------------+-----------+-------+
//
//   record       varint length of what follows | int8 attributes, 0 | varlong timestamp delta |
//                varint offset delta | varint key length, -1 = null | key |
//                varint value length, -1 = null | value | varint header count | headers
//   header       varint key length | UTF-8 key | varint value length, -1 = null | value
//
// Varints are zig-zag and little-endian, 7 bits a byte.
// Source: apache/kafka, DefaultRecordBatch.java and DefaultRecord.java, class comments.
// assembly/layout.ts holds the same offsets for the storage core; a test compares the two files.

export const BASE_OFFSET = 0
export const BATCH_LENGTH = 8
export const PARTITION_LEADER_EPOCH = 12
export const MAGIC = 16
export const CRC = 17
export const ATTRIBUTES = 21
export const LAST_OFFSET_DELTA = 23
export const BASE_TIMESTAMP = 27
export const MAX_TIMESTAMP = 35
export const PRODUCER_ID = 43
export const PRODUCER_EPOCH = 51
export const BASE_SEQUENCE = 53
export const RECORD_COUNT = 57
export const RECORDS = 61

/** Bytes of the header: everything before the records. */
export const BATCH_HEADER_BYTES = RECORDS

/** What the length field does not count: base offset and the length itself. */
export const LENGTH_OVERHEAD = 12

/** Magic of this format. */
export const MAGIC_V2 = 2

/** Attribute bits 0 to 2: how the records are compressed. */
export const CODEC_MASK = 0x07

/** How the records of a batch are compressed: Kafka's name to its number in the attributes. */
export const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

export type CodecName = keyof typeof CODECS

/** Set: the broker stamped the batch when it appended it. Clear: the producer's timestamps. */
export const LOG_APPEND_TIME_FLAG = 0x08

/** Set: part of a transaction. */
export const TRANSACTIONAL_FLAG = 0x10

/** Set: a marker written by the broker, no user data. */
export const CONTROL_FLAG = 0x20

/** Set: base timestamp says until when tombstones in the batch must be kept. */
export const DELETE_HORIZON_FLAG = 0x40

/** Written where a batch has no producer id, producer epoch or base sequence. */
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1

/** Written where a batch has no timestamp. */
export const NO_TIMESTAMP = -1

/** Written by a producer, which does not know the leader epoch. */
export const NO_LEADER_EPOCH = -1
