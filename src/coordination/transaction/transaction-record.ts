// A record of __transaction_state as a value, and its way to bytes and back.
//
//   key    int16 type 0 | transactional id, plain
//   value  int16 version 1, flexible | fields             or null: the id is forgotten
//
//   int64 producer id | int16 epoch | int32 timeout | int8 state
//   array or null: string topic, array of int32 partitions, tags
//   int64 last update | int64 begin of the transaction, -1 for none
//   tags: 0 int64 previous producer id · 1 int64 next producer id · 2 int16 version of the client
//         3 int16 next epoch, of two-phase commits, which are not served here
//
// Version 0 is the same, plain and without tags. A tag whose value is the default is left out.
// Source: apache/kafka, TransactionLogKey.json and TransactionLogValue.json.

import type { EncodedRecord } from '../runtime/coordinator-log.ts'
import { RecordReader } from '../records/record-reader.ts'
import { RecordWriter } from '../records/record-writer.ts'
import type { TransactionVersion } from './messages.ts'
import { PartitionSet } from './partition-set.ts'
import { stateOf, TRANSACTION_STATES, type TransactionStateName } from './transaction-state.ts'

/** No producer id, no epoch, no time. */
export const NONE = -1

/** All that is known of a transactional id. */
export interface TransactionValue {
  readonly producerId: number
  readonly producerEpoch: number
  /** Id before the last change; NONE for none. */
  readonly previousProducerId: number
  /** While a transaction ends with whose epochs are used up: the id that comes then. Else NONE. */
  readonly nextProducerId: number
  /**
   * The epoch before, when its producer itself asked for this one, so that asking again gives the same.
   * Kept in memory alone, as in Kafka: NONE after a load.
   */
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionStateName
  readonly partitions: PartitionSet
  /** Milliseconds since 1970. */
  readonly lastUpdateMs: number
  /** When the last transaction began, milliseconds since 1970; NONE while there was none. */
  readonly startTimeMs: number
  /** What the client knew of transactions at the last change. */
  readonly clientVersion: TransactionVersion
}

/** One change to what is known of an id. Null forgets it. */
export interface TransactionRecord {
  readonly transactionalId: string
  readonly value: TransactionValue | null
}

const KEY_TYPE = 0
const VERSION = 1

const TAG_PREVIOUS_ID = 0
const TAG_NEXT_ID = 1
const TAG_CLIENT_VERSION = 2

export const transactionCodec = {
  encode({ transactionalId, value }: TransactionRecord): EncodedRecord {
    const key = new RecordWriter(false).int16(KEY_TYPE).string(transactionalId).finish()
    return { key, value: value && encodeValue(value) }
  },

  decode(key: Uint8Array, value: Uint8Array | null): TransactionRecord | null {
    const reader = new RecordReader(key)
    if (reader.int16() !== KEY_TYPE) return null
    return { transactionalId: reader.string(), value: value && decodeValue(value) }
  },
}

function encodeValue(value: TransactionValue): Buffer {
  const writer = new RecordWriter(true)
    .int16(VERSION)
    .int64(value.producerId)
    .int16(value.producerEpoch)
    .int32(value.timeoutMs)
    .int8(TRANSACTION_STATES[value.state])
  // As Kafka: no list at all where there can be no partition.
  if (value.state === 'Empty') writer.uvarint(0)
  else {
    writer.array([...value.partitions.topics], ([topic, partitions]) => {
      writer.string(topic)
      writer.array([...partitions], (partition) => void writer.int32(partition))
      writer.tags()
    })
  }
  writer.int64(value.lastUpdateMs).int64(value.startTimeMs)
  return writer.tags(tagsOf(value)).finish()
}

function tagsOf(value: TransactionValue): [tag: number, bytes: Buffer][] {
  const { previousProducerId, nextProducerId, clientVersion } = value
  const tags: [number, Buffer][] = []
  if (previousProducerId !== NONE) tags.push([TAG_PREVIOUS_ID, int64(previousProducerId)])
  if (nextProducerId !== NONE) tags.push([TAG_NEXT_ID, int64(nextProducerId)])
  if (clientVersion !== 0) {
    tags.push([TAG_CLIENT_VERSION, new RecordWriter(true).int16(clientVersion).finish()])
  }
  return tags
}

function int64(value: number): Buffer {
  return new RecordWriter(true).int64(value).finish()
}

function decodeValue(bytes: Uint8Array): TransactionValue {
  const reader = new RecordReader(bytes)
  const version = reader.int16()
  if (version < 0 || version > VERSION) reader.fail(`version ${version} is not known`)
  reader.flexible = version >= 1
  const value = {
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    timeoutMs: reader.int32(),
    state: stateOf(reader.int8()) ?? reader.fail('a state is not known'),
    partitions: readPartitions(reader),
    lastUpdateMs: reader.int64(),
    startTimeMs: reader.int64(),
    lastProducerEpoch: NONE,
  }
  let [previousProducerId, nextProducerId] = [NONE, NONE]
  let clientVersion: TransactionVersion = 0
  reader.tags((tag, field) => {
    if (tag === TAG_PREVIOUS_ID) previousProducerId = field.int64()
    else if (tag === TAG_NEXT_ID) nextProducerId = field.int64()
    else if (tag === TAG_CLIENT_VERSION) clientVersion = readClientVersion(field)
  })
  return { ...value, previousProducerId, nextProducerId, clientVersion }
}

function readClientVersion(field: RecordReader): TransactionVersion {
  const version = field.int16()
  if (version === 0 || version === 1 || version === 2) return version
  return field.fail(`transaction version ${version} is not known`)
}

function readPartitions(reader: RecordReader): PartitionSet {
  const topics = reader.nullableArray(() => {
    const topic = reader.string()
    const partitions = reader.array(() => reader.int32())
    reader.tags()
    return partitions.map((partition) => ({ topic, partition }))
  })
  return PartitionSet.of((topics ?? []).flat())
}
