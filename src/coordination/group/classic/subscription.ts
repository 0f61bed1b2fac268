// What consumers put into the bytes of the classic protocol: topics into their metadata, partitions into
// the assignment. Groups of every other kind are opaque, and nothing that the coordinator decides for a
// classic group rests on an assignment: it is shown to administrators.
//
//   metadata    int16 version | int32 count, strings: topics | int32 size, bytes: user data | more in 1+
//   assignment  int16 version | int32 count of (string topic, int32 count of int32) | bytes: user data
//
// Source: apache/kafka, ConsumerProtocolSubscription.json, ConsumerProtocolAssignment.json.

import { BrokerError } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import { RecordReader } from '../records/record-reader.ts'

/** The protocol type of consumers. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** @returns null when the bytes are no subscription: a client may put there what it likes */
export function subscribedTopics(metadata: Uint8Array): string[] | null {
  return readOpaque(metadata, (reader) => reader.array(() => reader.string()))
}

/** @returns null when the bytes are no assignment; no bytes at all are an empty one */
export function assignedPartitions(assignment: Uint8Array): TopicPartition[] | null {
  if (assignment.byteLength === 0) return []
  return readOpaque(assignment, (reader) => {
    const topics = reader.array(() => {
      const topic = reader.string()
      return reader.array(() => ({ topic, partition: reader.int32() }))
    })
    return topics.flat()
  })
}

function readOpaque<T>(bytes: Uint8Array, read: (reader: RecordReader) => T): T | null {
  try {
    const reader = new RecordReader(bytes)
    return reader.int16() < 0 ? null : read(reader)
  } catch (error) {
    if (error instanceof BrokerError) return null
    throw error
  }
}
