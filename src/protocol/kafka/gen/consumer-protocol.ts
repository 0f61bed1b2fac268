// Made from definitions/consumer-protocol.txt by tools/generate-kafka.ts; do not edit.
//
// What members of a classic group of type consumer tell each other through the coordinator. Each
// is preceded by its version, an int16. A newer version is read as the newest one known here: Kafka
// only ever appends fields.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type MessageCodec, NO_ITEMS, checkVersion } from '../message-codec.ts'

export interface ConsumerProtocolSubscription {
  /** One for each topic. */
  readonly topics: readonly string[]
  /** Anything that the assignor wants to tell; null if nothing. */
  readonly userData: Buffer | null
  /** Partitions that the member still holds. Version >= 1. */
  readonly ownedPartitions: readonly OwnedTopic[]
  /** Generation that the member is in; -1 outside a group. Version >= 2. */
  readonly generationId: number
  /** Rack of the client. Version >= 3. */
  readonly rackId: string | null
}

/** ConsumerProtocolSubscription to be written. */
export interface ConsumerProtocolSubscriptionInit {
  readonly topics: readonly string[]
  readonly userData?: Buffer | null | undefined
  readonly ownedPartitions?: readonly OwnedTopicInit[] | undefined
  readonly generationId?: number | undefined
  readonly rackId?: string | null | undefined
}

function readConsumerProtocolSubscription(r: FrameReader, v: number): ConsumerProtocolSubscription {
  checkVersion('ConsumerProtocolSubscription', v, 0, 3)
  r.flexible = false
  const topics = new Array<string>(r.arrayCount(2, 8))
  for (let at = 0; at < topics.length; at++) topics[at] = r.string()
  const userData = r.nullableBytes()
  let ownedPartitions: readonly OwnedTopic[] = NO_ITEMS
  if (v >= 1) {
    const list = new Array<OwnedTopic>(r.arrayCount(6, 48))
    for (let at = 0; at < list.length; at++) list[at] = readOwnedTopic(r)
    ownedPartitions = list
  }
  const generationId = v >= 2 ? r.int32() : -1
  const rackId = v >= 3 ? r.nullableString() : null
  return { topics, userData, ownedPartitions, generationId, rackId }
}

function writeConsumerProtocolSubscription(
  w: FrameWriter,
  m: ConsumerProtocolSubscriptionInit,
  v: number,
): void {
  checkVersion('ConsumerProtocolSubscription', v, 0, 3)
  w.flexible = false
  w.arrayCount(m.topics.length)
  for (const item of m.topics) w.string(item)
  w.nullableBytes(m.userData ?? null)
  if (v >= 1) {
    {
      const ownedPartitions = m.ownedPartitions ?? NO_ITEMS
      w.arrayCount(ownedPartitions.length)
      for (const item of ownedPartitions) writeOwnedTopic(w, item)
    }
  }
  if (v >= 2) w.int32(m.generationId ?? -1)
  if (v >= 3) w.nullableString(m.rackId ?? null)
}

export interface OwnedTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** OwnedTopic to be written. */
export interface OwnedTopicInit {
  readonly topic: string
  readonly partitions: readonly number[]
}

function readOwnedTopic(r: FrameReader): OwnedTopic {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  return { topic, partitions }
}

function writeOwnedTopic(w: FrameWriter, m: OwnedTopicInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
}

export const CONSUMER_PROTOCOL_SUBSCRIPTION: MessageCodec<
  ConsumerProtocolSubscription,
  ConsumerProtocolSubscriptionInit
> = {
  name: 'ConsumerProtocolSubscription',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: Infinity,
  read: readConsumerProtocolSubscription,
  write: writeConsumerProtocolSubscription,
}

export interface ConsumerProtocolAssignment {
  /** Partitions that the member owns. */
  readonly assignedPartitions: readonly AssignedTopic[]
  /** Anything that the assignor wants to tell; null if nothing. */
  readonly userData: Buffer | null
}

/** ConsumerProtocolAssignment to be written. */
export interface ConsumerProtocolAssignmentInit {
  readonly assignedPartitions: readonly AssignedTopicInit[]
  readonly userData?: Buffer | null | undefined
}

function readConsumerProtocolAssignment(r: FrameReader, v: number): ConsumerProtocolAssignment {
  checkVersion('ConsumerProtocolAssignment', v, 0, 3)
  r.flexible = false
  const assignedPartitions = new Array<AssignedTopic>(r.arrayCount(6, 48))
  for (let at = 0; at < assignedPartitions.length; at++)
    assignedPartitions[at] = readAssignedTopic(r)
  const userData = r.nullableBytes()
  return { assignedPartitions, userData }
}

function writeConsumerProtocolAssignment(
  w: FrameWriter,
  m: ConsumerProtocolAssignmentInit,
  v: number,
): void {
  checkVersion('ConsumerProtocolAssignment', v, 0, 3)
  w.flexible = false
  w.arrayCount(m.assignedPartitions.length)
  for (const item of m.assignedPartitions) writeAssignedTopic(w, item)
  w.nullableBytes(m.userData ?? null)
}

export interface AssignedTopic {
  /** Name of the topic. */
  readonly topic: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** AssignedTopic to be written. */
export interface AssignedTopicInit {
  readonly topic: string
  readonly partitions: readonly number[]
}

function readAssignedTopic(r: FrameReader): AssignedTopic {
  const topic = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  return { topic, partitions }
}

function writeAssignedTopic(w: FrameWriter, m: AssignedTopicInit): void {
  w.string(m.topic)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
}

export const CONSUMER_PROTOCOL_ASSIGNMENT: MessageCodec<
  ConsumerProtocolAssignment,
  ConsumerProtocolAssignmentInit
> = {
  name: 'ConsumerProtocolAssignment',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: Infinity,
  read: readConsumerProtocolAssignment,
  write: writeConsumerProtocolAssignment,
}
