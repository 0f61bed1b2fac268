// Made from definitions/consumer-group-records.txt by tools/generate-kafka.ts; do not edit.
//
// Records of __consumer_offsets: groups of the newer protocol (KIP-848). A key is preceded by its
// type, a value by its version, both int16.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type MessageCodec, NO_ITEMS, checkVersion } from '../message-codec.ts'

export interface ConsumerGroupMetadataKey {
  /** Id of the group. */
  readonly groupId: string
}

/** ConsumerGroupMetadataKey to be written. */
export interface ConsumerGroupMetadataKeyInit {
  readonly groupId: string
}

function readConsumerGroupMetadataKey(r: FrameReader, v: number): ConsumerGroupMetadataKey {
  checkVersion('ConsumerGroupMetadataKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  return { groupId }
}

function writeConsumerGroupMetadataKey(
  w: FrameWriter,
  m: ConsumerGroupMetadataKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupMetadataKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
}

export const CONSUMER_GROUP_METADATA_KEY: MessageCodec<
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupMetadataKey',
  recordType: 3,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupMetadataKey,
  write: writeConsumerGroupMetadataKey,
}

export interface ConsumerGroupMetadataValue {
  /** Group epoch. */
  readonly epoch: number
  /** Hash of the subscribed topics, all 64 bits of it. */
  readonly metadataHash: bigint
}

/** ConsumerGroupMetadataValue to be written. */
export interface ConsumerGroupMetadataValueInit {
  readonly epoch: number
  readonly metadataHash?: bigint | undefined
}

function readConsumerGroupMetadataValue(r: FrameReader, v: number): ConsumerGroupMetadataValue {
  checkVersion('ConsumerGroupMetadataValue', v, 0, 0)
  r.flexible = true
  const epoch = r.int32()
  let metadataHash: bigint = 0n
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          metadataHash = r.int64Big()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return { epoch, metadataHash }
}

function writeConsumerGroupMetadataValue(
  w: FrameWriter,
  m: ConsumerGroupMetadataValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupMetadataValue', v, 0, 0)
  w.flexible = true
  w.int32(m.epoch)
  const hasMetadataHash = (m.metadataHash ?? 0n) !== 0n
  if (w.flexible) {
    w.uvarint(Number(hasMetadataHash))
    if (hasMetadataHash) {
      const begun = w.beginTag(0)
      w.int64Big(m.metadataHash ?? 0n)
      w.endTag(begun)
    }
  }
}

export const CONSUMER_GROUP_METADATA_VALUE: MessageCodec<
  ConsumerGroupMetadataValue,
  ConsumerGroupMetadataValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupMetadataValue',
  recordType: 3,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupMetadataValue,
  write: writeConsumerGroupMetadataValue,
}

export interface ConsumerGroupPartitionMetadataKey {
  /** Id of the group. */
  readonly groupId: string
}

/** ConsumerGroupPartitionMetadataKey to be written. */
export interface ConsumerGroupPartitionMetadataKeyInit {
  readonly groupId: string
}

function readConsumerGroupPartitionMetadataKey(
  r: FrameReader,
  v: number,
): ConsumerGroupPartitionMetadataKey {
  checkVersion('ConsumerGroupPartitionMetadataKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  return { groupId }
}

function writeConsumerGroupPartitionMetadataKey(
  w: FrameWriter,
  m: ConsumerGroupPartitionMetadataKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupPartitionMetadataKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
}

export const CONSUMER_GROUP_PARTITION_METADATA_KEY: MessageCodec<
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupPartitionMetadataKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupPartitionMetadataKey',
  recordType: 4,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupPartitionMetadataKey,
  write: writeConsumerGroupPartitionMetadataKey,
}

export interface ConsumerGroupPartitionMetadataValue {
  /** One for each topic. */
  readonly topics: readonly TopicRacks[]
}

/** ConsumerGroupPartitionMetadataValue to be written. */
export interface ConsumerGroupPartitionMetadataValueInit {
  readonly topics: readonly TopicRacksInit[]
}

function readConsumerGroupPartitionMetadataValue(
  r: FrameReader,
  v: number,
): ConsumerGroupPartitionMetadataValue {
  checkVersion('ConsumerGroupPartitionMetadataValue', v, 0, 0)
  r.flexible = true
  const topics = new Array<TopicRacks>(r.arrayCount(23, 64))
  for (let at = 0; at < topics.length; at++) topics[at] = readTopicRacks(r)
  r.skipTags()
  return { topics }
}

function writeConsumerGroupPartitionMetadataValue(
  w: FrameWriter,
  m: ConsumerGroupPartitionMetadataValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupPartitionMetadataValue', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeTopicRacks(w, item)
  w.noTags()
}

export interface TopicRacks {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Name of the topic. */
  readonly topicName: string
  /** Number of partitions. */
  readonly numPartitions: number
  /** One for each partition. */
  readonly partitionMetadata: readonly PartitionRacks[]
}

/** TopicRacks to be written. */
export interface TopicRacksInit {
  readonly topicId: Uuid
  readonly topicName: string
  readonly numPartitions: number
  readonly partitionMetadata: readonly PartitionRacksInit[]
}

function readTopicRacks(r: FrameReader): TopicRacks {
  const topicId = r.uuid()
  const topicName = r.string()
  const numPartitions = r.int32()
  const partitionMetadata = new Array<PartitionRacks>(r.arrayCount(6, 48))
  for (let at = 0; at < partitionMetadata.length; at++)
    partitionMetadata[at] = readPartitionRacks(r)
  r.skipTags()
  return { topicId, topicName, numPartitions, partitionMetadata }
}

function writeTopicRacks(w: FrameWriter, m: TopicRacksInit): void {
  w.uuid(m.topicId)
  w.string(m.topicName)
  w.int32(m.numPartitions)
  w.arrayCount(m.partitionMetadata.length)
  for (const item of m.partitionMetadata) writePartitionRacks(w, item)
  w.noTags()
}

export interface PartitionRacks {
  /** Partition. */
  readonly partition: number
  /** Racks of the replicas. */
  readonly racks: readonly string[]
}

/** PartitionRacks to be written. */
export interface PartitionRacksInit {
  readonly partition: number
  readonly racks: readonly string[]
}

function readPartitionRacks(r: FrameReader): PartitionRacks {
  const partition = r.int32()
  const racks = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < racks.length; at++) racks[at] = r.string()
  r.skipTags()
  return { partition, racks }
}

function writePartitionRacks(w: FrameWriter, m: PartitionRacksInit): void {
  w.int32(m.partition)
  w.arrayCount(m.racks.length)
  for (const item of m.racks) w.string(item)
  w.noTags()
}

export const CONSUMER_GROUP_PARTITION_METADATA_VALUE: MessageCodec<
  ConsumerGroupPartitionMetadataValue,
  ConsumerGroupPartitionMetadataValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupPartitionMetadataValue',
  recordType: 4,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupPartitionMetadataValue,
  write: writeConsumerGroupPartitionMetadataValue,
}

export interface ConsumerGroupMemberMetadataKey {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member. */
  readonly memberId: string
}

/** ConsumerGroupMemberMetadataKey to be written. */
export interface ConsumerGroupMemberMetadataKeyInit {
  readonly groupId: string
  readonly memberId: string
}

function readConsumerGroupMemberMetadataKey(
  r: FrameReader,
  v: number,
): ConsumerGroupMemberMetadataKey {
  checkVersion('ConsumerGroupMemberMetadataKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const memberId = r.string()
  return { groupId, memberId }
}

function writeConsumerGroupMemberMetadataKey(
  w: FrameWriter,
  m: ConsumerGroupMemberMetadataKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupMemberMetadataKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
  w.string(m.memberId)
}

export const CONSUMER_GROUP_MEMBER_METADATA_KEY: MessageCodec<
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupMemberMetadataKey',
  recordType: 5,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupMemberMetadataKey,
  write: writeConsumerGroupMemberMetadataKey,
}

export interface ConsumerGroupMemberMetadataValue {
  /** Name of a static member; null for a dynamic one. */
  readonly instanceId: string | null
  /** Rack of the client. */
  readonly rackId: string | null
  /** Name that the client gave itself. */
  readonly clientId: string
  /** Address that the member connects from. */
  readonly clientHost: string
  /** Topics that the member reads. */
  readonly subscribedTopicNames: readonly string[]
  /** Regular expression of topics that the member reads; null if none. */
  readonly subscribedTopicRegex: string | null
  /** Longest that a rebalance waits for the member. */
  readonly rebalanceTimeoutMs: number
  /** Assignor to use; null to leave it to the broker. */
  readonly serverAssignor: string | null
  /** How a member of the classic protocol is kept; null for one of the newer protocol. Null is not the default: Kafka writes it out. */
  readonly classicMemberMetadata: ClassicMemberMetadata | null
}

/** ConsumerGroupMemberMetadataValue to be written. */
export interface ConsumerGroupMemberMetadataValueInit {
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly subscribedTopicNames: readonly string[]
  readonly subscribedTopicRegex: string | null
  readonly rebalanceTimeoutMs?: number | undefined
  readonly serverAssignor: string | null
  readonly classicMemberMetadata?: ClassicMemberMetadataInit | null | undefined
}

function readConsumerGroupMemberMetadataValue(
  r: FrameReader,
  v: number,
): ConsumerGroupMemberMetadataValue {
  checkVersion('ConsumerGroupMemberMetadataValue', v, 0, 0)
  r.flexible = true
  const instanceId = r.nullableString()
  const rackId = r.nullableString()
  const clientId = r.string()
  const clientHost = r.string()
  const subscribedTopicNames = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < subscribedTopicNames.length; at++) subscribedTopicNames[at] = r.string()
  const subscribedTopicRegex = r.nullableString()
  const rebalanceTimeoutMs = r.int32()
  const serverAssignor = r.nullableString()
  let classicMemberMetadata: ClassicMemberMetadata | null = DEFAULT_CLASSIC_MEMBER_METADATA
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          classicMemberMetadata = r.presentInTag() ? readClassicMemberMetadata(r) : null
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    instanceId,
    rackId,
    clientId,
    clientHost,
    subscribedTopicNames,
    subscribedTopicRegex,
    rebalanceTimeoutMs,
    serverAssignor,
    classicMemberMetadata,
  }
}

function writeConsumerGroupMemberMetadataValue(
  w: FrameWriter,
  m: ConsumerGroupMemberMetadataValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupMemberMetadataValue', v, 0, 0)
  w.flexible = true
  w.nullableString(m.instanceId)
  w.nullableString(m.rackId)
  w.string(m.clientId)
  w.string(m.clientHost)
  w.arrayCount(m.subscribedTopicNames.length)
  for (const item of m.subscribedTopicNames) w.string(item)
  w.nullableString(m.subscribedTopicRegex)
  w.int32(m.rebalanceTimeoutMs ?? -1)
  w.nullableString(m.serverAssignor)
  const hasClassicMemberMetadata =
    m.classicMemberMetadata === null ||
    !isDefaultClassicMemberMetadata(m.classicMemberMetadata ?? DEFAULT_CLASSIC_MEMBER_METADATA)
  if (w.flexible) {
    w.uvarint(Number(hasClassicMemberMetadata))
    if (hasClassicMemberMetadata) {
      const begun = w.beginTag(0)
      {
        const classicMemberMetadata =
          m.classicMemberMetadata === undefined
            ? DEFAULT_CLASSIC_MEMBER_METADATA
            : m.classicMemberMetadata
        if (classicMemberMetadata === null) {
          w.presentInTag(false)
        } else {
          w.presentInTag(true)
          writeClassicMemberMetadata(w, classicMemberMetadata)
        }
      }
      w.endTag(begun)
    }
  }
}

export interface ClassicMemberMetadata {
  /** How long the member may be silent. */
  readonly sessionTimeoutMs: number
  /** Protocols that the member speaks, best first. */
  readonly supportedProtocols: readonly ClassicProtocol[]
}

/** ClassicMemberMetadata to be written. */
export interface ClassicMemberMetadataInit {
  readonly sessionTimeoutMs: number
  readonly supportedProtocols: readonly ClassicProtocolInit[]
}

function readClassicMemberMetadata(r: FrameReader): ClassicMemberMetadata {
  const sessionTimeoutMs = r.int32()
  const supportedProtocols = new Array<ClassicProtocol>(r.arrayCount(3, 48))
  for (let at = 0; at < supportedProtocols.length; at++)
    supportedProtocols[at] = readClassicProtocol(r)
  r.skipTags()
  return { sessionTimeoutMs, supportedProtocols }
}

function writeClassicMemberMetadata(w: FrameWriter, m: ClassicMemberMetadataInit): void {
  w.int32(m.sessionTimeoutMs)
  w.arrayCount(m.supportedProtocols.length)
  for (const item of m.supportedProtocols) writeClassicProtocol(w, item)
  w.noTags()
}

const DEFAULT_CLASSIC_MEMBER_METADATA: ClassicMemberMetadata = {
  sessionTimeoutMs: 0,
  supportedProtocols: NO_ITEMS,
}

function isDefaultClassicMemberMetadata(m: ClassicMemberMetadataInit): boolean {
  return (m.sessionTimeoutMs ?? 0) === 0 && (m.supportedProtocols?.length ?? 0) === 0
}

export interface ClassicProtocol {
  /** Name of the protocol. */
  readonly name: string
  /** Subscription of the member. */
  readonly metadata: Buffer
}

/** ClassicProtocol to be written. */
export interface ClassicProtocolInit {
  readonly name: string
  readonly metadata: Buffer
}

function readClassicProtocol(r: FrameReader): ClassicProtocol {
  const name = r.string()
  const metadata = r.bytes()
  r.skipTags()
  return { name, metadata }
}

function writeClassicProtocol(w: FrameWriter, m: ClassicProtocolInit): void {
  w.string(m.name)
  w.bytes(m.metadata)
  w.noTags()
}

export const CONSUMER_GROUP_MEMBER_METADATA_VALUE: MessageCodec<
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMemberMetadataValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupMemberMetadataValue',
  recordType: 5,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupMemberMetadataValue,
  write: writeConsumerGroupMemberMetadataValue,
}

export interface ConsumerGroupTargetAssignmentMetadataKey {
  /** Id of the group. */
  readonly groupId: string
}

/** ConsumerGroupTargetAssignmentMetadataKey to be written. */
export interface ConsumerGroupTargetAssignmentMetadataKeyInit {
  readonly groupId: string
}

function readConsumerGroupTargetAssignmentMetadataKey(
  r: FrameReader,
  v: number,
): ConsumerGroupTargetAssignmentMetadataKey {
  checkVersion('ConsumerGroupTargetAssignmentMetadataKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  return { groupId }
}

function writeConsumerGroupTargetAssignmentMetadataKey(
  w: FrameWriter,
  m: ConsumerGroupTargetAssignmentMetadataKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupTargetAssignmentMetadataKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
}

export const CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageCodec<
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  recordType: 6,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupTargetAssignmentMetadataKey,
  write: writeConsumerGroupTargetAssignmentMetadataKey,
}

export interface ConsumerGroupTargetAssignmentMetadataValue {
  /** Group epoch that the assignment was computed for. */
  readonly assignmentEpoch: number
  /** When the assignment was computed, ms since 1970; 0 if unknown. */
  readonly assignmentTimestamp: number
}

/** ConsumerGroupTargetAssignmentMetadataValue to be written. */
export interface ConsumerGroupTargetAssignmentMetadataValueInit {
  readonly assignmentEpoch: number
  readonly assignmentTimestamp?: number | undefined
}

function readConsumerGroupTargetAssignmentMetadataValue(
  r: FrameReader,
  v: number,
): ConsumerGroupTargetAssignmentMetadataValue {
  checkVersion('ConsumerGroupTargetAssignmentMetadataValue', v, 0, 0)
  r.flexible = true
  const assignmentEpoch = r.int32()
  let assignmentTimestamp: number = 0
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          assignmentTimestamp = r.int64()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return { assignmentEpoch, assignmentTimestamp }
}

function writeConsumerGroupTargetAssignmentMetadataValue(
  w: FrameWriter,
  m: ConsumerGroupTargetAssignmentMetadataValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupTargetAssignmentMetadataValue', v, 0, 0)
  w.flexible = true
  w.int32(m.assignmentEpoch)
  const hasAssignmentTimestamp = (m.assignmentTimestamp ?? 0) !== 0
  if (w.flexible) {
    w.uvarint(Number(hasAssignmentTimestamp))
    if (hasAssignmentTimestamp) {
      const begun = w.beginTag(0)
      w.int64(m.assignmentTimestamp ?? 0)
      w.endTag(begun)
    }
  }
}

export const CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: MessageCodec<
  ConsumerGroupTargetAssignmentMetadataValue,
  ConsumerGroupTargetAssignmentMetadataValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  recordType: 6,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupTargetAssignmentMetadataValue,
  write: writeConsumerGroupTargetAssignmentMetadataValue,
}

export interface ConsumerGroupTargetAssignmentMemberKey {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member. */
  readonly memberId: string
}

/** ConsumerGroupTargetAssignmentMemberKey to be written. */
export interface ConsumerGroupTargetAssignmentMemberKeyInit {
  readonly groupId: string
  readonly memberId: string
}

function readConsumerGroupTargetAssignmentMemberKey(
  r: FrameReader,
  v: number,
): ConsumerGroupTargetAssignmentMemberKey {
  checkVersion('ConsumerGroupTargetAssignmentMemberKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const memberId = r.string()
  return { groupId, memberId }
}

function writeConsumerGroupTargetAssignmentMemberKey(
  w: FrameWriter,
  m: ConsumerGroupTargetAssignmentMemberKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupTargetAssignmentMemberKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
  w.string(m.memberId)
}

export const CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageCodec<
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  recordType: 7,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupTargetAssignmentMemberKey,
  write: writeConsumerGroupTargetAssignmentMemberKey,
}

export interface ConsumerGroupTargetAssignmentMemberValue {
  /** Topics with their partitions. */
  readonly topicPartitions: readonly TargetTopicPartitions[]
}

/** ConsumerGroupTargetAssignmentMemberValue to be written. */
export interface ConsumerGroupTargetAssignmentMemberValueInit {
  readonly topicPartitions: readonly TargetTopicPartitionsInit[]
}

function readConsumerGroupTargetAssignmentMemberValue(
  r: FrameReader,
  v: number,
): ConsumerGroupTargetAssignmentMemberValue {
  checkVersion('ConsumerGroupTargetAssignmentMemberValue', v, 0, 0)
  r.flexible = true
  const topicPartitions = new Array<TargetTopicPartitions>(r.arrayCount(18, 48))
  for (let at = 0; at < topicPartitions.length; at++)
    topicPartitions[at] = readTargetTopicPartitions(r)
  r.skipTags()
  return { topicPartitions }
}

function writeConsumerGroupTargetAssignmentMemberValue(
  w: FrameWriter,
  m: ConsumerGroupTargetAssignmentMemberValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupTargetAssignmentMemberValue', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.topicPartitions.length)
  for (const item of m.topicPartitions) writeTargetTopicPartitions(w, item)
  w.noTags()
}

export interface TargetTopicPartitions {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** TargetTopicPartitions to be written. */
export interface TargetTopicPartitionsInit {
  readonly topicId: Uuid
  readonly partitions: readonly number[]
}

function readTargetTopicPartitions(r: FrameReader): TargetTopicPartitions {
  const topicId = r.uuid()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topicId, partitions }
}

function writeTargetTopicPartitions(w: FrameWriter, m: TargetTopicPartitionsInit): void {
  w.uuid(m.topicId)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

export const CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageCodec<
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMemberValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  recordType: 7,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupTargetAssignmentMemberValue,
  write: writeConsumerGroupTargetAssignmentMemberValue,
}

export interface ConsumerGroupCurrentMemberAssignmentKey {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member. */
  readonly memberId: string
}

/** ConsumerGroupCurrentMemberAssignmentKey to be written. */
export interface ConsumerGroupCurrentMemberAssignmentKeyInit {
  readonly groupId: string
  readonly memberId: string
}

function readConsumerGroupCurrentMemberAssignmentKey(
  r: FrameReader,
  v: number,
): ConsumerGroupCurrentMemberAssignmentKey {
  checkVersion('ConsumerGroupCurrentMemberAssignmentKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const memberId = r.string()
  return { groupId, memberId }
}

function writeConsumerGroupCurrentMemberAssignmentKey(
  w: FrameWriter,
  m: ConsumerGroupCurrentMemberAssignmentKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupCurrentMemberAssignmentKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
  w.string(m.memberId)
}

export const CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageCodec<
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  recordType: 8,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupCurrentMemberAssignmentKey,
  write: writeConsumerGroupCurrentMemberAssignmentKey,
}

export interface ConsumerGroupCurrentMemberAssignmentValue {
  /** Epoch of the member. */
  readonly memberEpoch: number
  /** Epoch of the member before this one. */
  readonly previousMemberEpoch: number
  /** 0 stable, 1 revoking, 2 waiting for partitions that others hold. */
  readonly state: number
  /** Partitions that the member owns. */
  readonly assignedPartitions: readonly CurrentTopicPartitions[]
  /** Partitions that the member is still to give up. */
  readonly partitionsPendingRevocation: readonly CurrentTopicPartitions[]
}

/** ConsumerGroupCurrentMemberAssignmentValue to be written. */
export interface ConsumerGroupCurrentMemberAssignmentValueInit {
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: number
  readonly assignedPartitions: readonly CurrentTopicPartitionsInit[]
  readonly partitionsPendingRevocation: readonly CurrentTopicPartitionsInit[]
}

function readConsumerGroupCurrentMemberAssignmentValue(
  r: FrameReader,
  v: number,
): ConsumerGroupCurrentMemberAssignmentValue {
  checkVersion('ConsumerGroupCurrentMemberAssignmentValue', v, 0, 0)
  r.flexible = true
  const memberEpoch = r.int32()
  const previousMemberEpoch = r.int32()
  const state = r.int8()
  const assignedPartitions = new Array<CurrentTopicPartitions>(r.arrayCount(18, 56))
  for (let at = 0; at < assignedPartitions.length; at++)
    assignedPartitions[at] = readCurrentTopicPartitions(r)
  const partitionsPendingRevocation = new Array<CurrentTopicPartitions>(r.arrayCount(18, 56))
  for (let at = 0; at < partitionsPendingRevocation.length; at++)
    partitionsPendingRevocation[at] = readCurrentTopicPartitions(r)
  r.skipTags()
  return {
    memberEpoch,
    previousMemberEpoch,
    state,
    assignedPartitions,
    partitionsPendingRevocation,
  }
}

function writeConsumerGroupCurrentMemberAssignmentValue(
  w: FrameWriter,
  m: ConsumerGroupCurrentMemberAssignmentValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupCurrentMemberAssignmentValue', v, 0, 0)
  w.flexible = true
  w.int32(m.memberEpoch)
  w.int32(m.previousMemberEpoch)
  w.int8(m.state)
  w.arrayCount(m.assignedPartitions.length)
  for (const item of m.assignedPartitions) writeCurrentTopicPartitions(w, item)
  w.arrayCount(m.partitionsPendingRevocation.length)
  for (const item of m.partitionsPendingRevocation) writeCurrentTopicPartitions(w, item)
  w.noTags()
}

export interface CurrentTopicPartitions {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
  /** Member epoch at which each partition was assigned, in their order; null if unknown. */
  readonly assignmentEpochs: readonly number[] | null
}

/** CurrentTopicPartitions to be written. */
export interface CurrentTopicPartitionsInit {
  readonly topicId: Uuid
  readonly partitions: readonly number[]
  readonly assignmentEpochs?: readonly number[] | null | undefined
}

function readCurrentTopicPartitions(r: FrameReader): CurrentTopicPartitions {
  const topicId = r.uuid()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  let assignmentEpochs: readonly number[] | null = NO_ITEMS
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          const count = r.nullableArrayCount(4, 8)
          if (count < 0) {
            assignmentEpochs = null
          } else {
            const list = new Array<number>(count)
            for (let at = 0; at < list.length; at++) list[at] = r.int32()
            assignmentEpochs = list
          }
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return { topicId, partitions, assignmentEpochs }
}

function writeCurrentTopicPartitions(w: FrameWriter, m: CurrentTopicPartitionsInit): void {
  w.uuid(m.topicId)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  const hasAssignmentEpochs = m.assignmentEpochs === null || (m.assignmentEpochs?.length ?? 0) !== 0
  if (w.flexible) {
    w.uvarint(Number(hasAssignmentEpochs))
    if (hasAssignmentEpochs) {
      const begun = w.beginTag(0)
      {
        const assignmentEpochs = m.assignmentEpochs === undefined ? NO_ITEMS : m.assignmentEpochs
        if (assignmentEpochs === null) {
          w.nullArray()
        } else {
          w.arrayCount(assignmentEpochs.length)
          for (const item of assignmentEpochs) w.int32(item)
        }
      }
      w.endTag(begun)
    }
  }
}

export const CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageCodec<
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupCurrentMemberAssignmentValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  recordType: 8,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupCurrentMemberAssignmentValue,
  write: writeConsumerGroupCurrentMemberAssignmentValue,
}

export interface ConsumerGroupRegularExpressionKey {
  /** Id of the group. */
  readonly groupId: string
  /** Regular expression over topic names. */
  readonly regularExpression: string
}

/** ConsumerGroupRegularExpressionKey to be written. */
export interface ConsumerGroupRegularExpressionKeyInit {
  readonly groupId: string
  readonly regularExpression: string
}

function readConsumerGroupRegularExpressionKey(
  r: FrameReader,
  v: number,
): ConsumerGroupRegularExpressionKey {
  checkVersion('ConsumerGroupRegularExpressionKey', v, 0, 0)
  r.flexible = false
  const groupId = r.string()
  const regularExpression = r.string()
  return { groupId, regularExpression }
}

function writeConsumerGroupRegularExpressionKey(
  w: FrameWriter,
  m: ConsumerGroupRegularExpressionKeyInit,
  v: number,
): void {
  checkVersion('ConsumerGroupRegularExpressionKey', v, 0, 0)
  w.flexible = false
  w.string(m.groupId)
  w.string(m.regularExpression)
}

export const CONSUMER_GROUP_REGULAR_EXPRESSION_KEY: MessageCodec<
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionKeyInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupRegularExpressionKey',
  recordType: 16,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
  read: readConsumerGroupRegularExpressionKey,
  write: writeConsumerGroupRegularExpressionKey,
}

export interface ConsumerGroupRegularExpressionValue {
  /** Topics that it matched. */
  readonly topics: readonly string[]
  /** Version of the metadata that the topics were taken from. */
  readonly version: number
  /** When it was evaluated, ms since 1970. */
  readonly timestamp: number
}

/** ConsumerGroupRegularExpressionValue to be written. */
export interface ConsumerGroupRegularExpressionValueInit {
  readonly topics: readonly string[]
  readonly version: number
  readonly timestamp: number
}

function readConsumerGroupRegularExpressionValue(
  r: FrameReader,
  v: number,
): ConsumerGroupRegularExpressionValue {
  checkVersion('ConsumerGroupRegularExpressionValue', v, 0, 0)
  r.flexible = true
  const topics = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < topics.length; at++) topics[at] = r.string()
  const version = r.int64()
  const timestamp = r.int64()
  r.skipTags()
  return { topics, version, timestamp }
}

function writeConsumerGroupRegularExpressionValue(
  w: FrameWriter,
  m: ConsumerGroupRegularExpressionValueInit,
  v: number,
): void {
  checkVersion('ConsumerGroupRegularExpressionValue', v, 0, 0)
  w.flexible = true
  w.arrayCount(m.topics.length)
  for (const item of m.topics) w.string(item)
  w.int64(m.version)
  w.int64(m.timestamp)
  w.noTags()
}

export const CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE: MessageCodec<
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupRegularExpressionValueInit
> & { readonly recordType: number } = {
  name: 'ConsumerGroupRegularExpressionValue',
  recordType: 16,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupRegularExpressionValue,
  write: writeConsumerGroupRegularExpressionValue,
}
