// What consumers put into the bytes of the classic protocol: topics into their metadata, partitions into
// the assignment. Groups of every other kind are opaque. Nothing that the coordinator decides for a
// classic group rests on an assignment; it is shown to administrators, and goes along when a group
// changes over to the newer protocol.
//
//   metadata    int16 version | array of string topics | bytes? user data
//               | array of (string topic, array of int32): owned (1+) | int32 generation (2+)
//               | string? rack (3+)
//   assignment  int16 version | array of (string topic, array of int32) | bytes? user data
//
// All plain: counts and sizes are int32, -1 for null bytes.
//
// Source: apache/kafka, ConsumerProtocolSubscription.json, ConsumerProtocolAssignment.json.

import { BrokerError } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import { RecordReader } from '../../records/record-reader.ts'
import { RecordWriter } from '../../records/record-writer.ts'

/** The protocol type of consumers. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** Versions from which metadata has more. */
const OWNED_FROM = 1
const GENERATION_FROM = 2
const RACK_FROM = 3

/** The highest version of an assignment; all have the same form. */
const MAX_ASSIGNMENT_VERSION = 3

export interface Subscription {
  readonly version: number
  readonly topics: readonly string[]
  /** What the member holds while it joins. Empty in version 0: who joins then has given up all. */
  readonly owned: readonly TopicPartition[]
  readonly rackId: string | null
}

export interface ReadAssignment {
  readonly partitions: readonly TopicPartition[]
  /** An assignor of the client's own has put something there. */
  readonly hasUserData: boolean
}

/** @returns null when the bytes are no subscription: a client may put there what it likes */
export function subscribedTopics(metadata: Uint8Array): string[] | null {
  return readOpaque(metadata, (reader) => reader.array(() => reader.string()))
}

/** @returns null when the bytes are no subscription */
export function readSubscription(metadata: Uint8Array): Subscription | null {
  return readOpaque(metadata, (reader, version) => {
    const topics = reader.array(() => reader.string())
    skipUserData(reader)
    const owned = version >= OWNED_FROM ? readPartitions(reader) : []
    if (version >= GENERATION_FROM) reader.int32()
    const rackId = version >= RACK_FROM ? reader.nullableString() : null
    return { version, topics, owned, rackId }
  })
}

/** @returns null when the bytes are no assignment; no bytes at all are an empty one */
export function readAssignment(assignment: Uint8Array): ReadAssignment | null {
  if (assignment.byteLength === 0) return { partitions: [], hasUserData: false }
  return readOpaque(assignment, (reader) => {
    const partitions = readPartitions(reader)
    return { partitions, hasUserData: skipUserData(reader) > 0 }
  })
}

/** @param version of the member's subscription: it understands an assignment of the same */
export function writeAssignment(partitions: readonly TopicPartition[], version: number): Buffer {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const found = topics.get(topic)
    if (found === undefined) topics.set(topic, [partition])
    else found.push(partition)
  }
  const writer = new RecordWriter(false).int16(Math.min(version, MAX_ASSIGNMENT_VERSION))
  writer.array([...topics], ([topic, numbers]) => {
    writer.string(topic).array(numbers, (partition) => void writer.int32(partition))
  })
  return writer.int32(NULL_BYTES).finish()
}

const NULL_BYTES = -1

function readPartitions(reader: RecordReader): TopicPartition[] {
  const topics = reader.array(() => {
    const topic = reader.string()
    return reader.array(() => ({ topic, partition: reader.int32() }))
  })
  return topics.flat()
}

/** @returns how many bytes it had */
function skipUserData(reader: RecordReader): number {
  const sizeBytes = reader.int32()
  if (sizeBytes < 0) return 0
  reader.skip(sizeBytes)
  return sizeBytes
}

function readOpaque<T>(
  bytes: Uint8Array,
  read: (reader: RecordReader, version: number) => T,
): T | null {
  try {
    const reader = new RecordReader(bytes)
    const version = reader.int16()
    return version < 0 ? null : read(reader, version)
  } catch (error) {
    if (error instanceof BrokerError) return null
    throw error
  }
}
