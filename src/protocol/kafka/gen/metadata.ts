// Made from definitions/03-metadata.txt by tools/generate-kafka.ts; do not edit.
//
// Tells brokers, topics, partitions and their leaders.
//
// v1: null asks for all topics, empty for none. v4: allowAutoTopicCreation.
// v5: offline replicas. v7: leader epochs. v8: authorized operations. v9: flexible.
// v10: topic ids. v11: cluster operations moved to DescribeCluster. v12: lookup by id.
// v13: errorCode for the whole answer (REBOOTSTRAP_REQUIRED).

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface MetadataRequest {
  /** Topics to describe; null for all (in version 0: empty for all). */
  readonly topics: readonly MetadataRequestTopic[] | null
  /** Whether a topic that does not exist may be made. Version >= 4. */
  readonly allowAutoTopicCreation: boolean
  /** Whether to say what the caller may do with the cluster. Version >= 8 and <= 10. */
  readonly includeClusterAuthorizedOperations: boolean
  /** Whether to say what the caller may do with each topic. Version >= 8. */
  readonly includeTopicAuthorizedOperations: boolean
}

/** MetadataRequest to be written. */
export interface MetadataRequestInit {
  readonly topics: readonly MetadataRequestTopicInit[] | null
  readonly allowAutoTopicCreation?: boolean | undefined
  readonly includeClusterAuthorizedOperations?: boolean | undefined
  readonly includeTopicAuthorizedOperations?: boolean | undefined
}

function readMetadataRequest(r: FrameReader, v: number): MetadataRequest {
  checkVersion('MetadataRequest', v, 0, 13)
  r.flexible = v >= 9
  let topics: readonly MetadataRequestTopic[] | null
  {
    const count = v >= 1 ? r.nullableArrayCount(2, 48) : r.arrayCount(2, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<MetadataRequestTopic>(count)
      for (let at = 0; at < list.length; at++) list[at] = readMetadataRequestTopic(r, v)
      topics = list
    }
  }
  const allowAutoTopicCreation = v >= 4 ? r.bool() : true
  const includeClusterAuthorizedOperations = v >= 8 && v <= 10 ? r.bool() : false
  const includeTopicAuthorizedOperations = v >= 8 ? r.bool() : false
  r.skipTags()
  return {
    topics,
    allowAutoTopicCreation,
    includeClusterAuthorizedOperations,
    includeTopicAuthorizedOperations,
  }
}

function writeMetadataRequest(w: FrameWriter, m: MetadataRequestInit, v: number): void {
  checkVersion('MetadataRequest', v, 0, 13)
  w.flexible = v >= 9
  {
    const topics = m.topics
    if (topics === null) {
      if (!(v >= 1)) refuse('MetadataRequest', 'topics', v)
      w.nullArray()
    } else {
      w.arrayCount(topics.length)
      for (const item of topics) writeMetadataRequestTopic(w, item, v)
    }
  }
  if (v >= 4) w.bool(m.allowAutoTopicCreation ?? true)
  else if ((m.allowAutoTopicCreation ?? true) !== true)
    refuse('MetadataRequest', 'allowAutoTopicCreation', v)
  if (v >= 8 && v <= 10) w.bool(m.includeClusterAuthorizedOperations ?? false)
  else if ((m.includeClusterAuthorizedOperations ?? false) !== false)
    refuse('MetadataRequest', 'includeClusterAuthorizedOperations', v)
  if (v >= 8) w.bool(m.includeTopicAuthorizedOperations ?? false)
  else if ((m.includeTopicAuthorizedOperations ?? false) !== false)
    refuse('MetadataRequest', 'includeTopicAuthorizedOperations', v)
  w.noTags()
}

function* readMetadataRequestInSteps(r: FrameReader, v: number): Generator<void, MetadataRequest> {
  checkVersion('MetadataRequest', v, 0, 13)
  r.flexible = v >= 9
  let topics: readonly MetadataRequestTopic[] | null
  {
    const count = v >= 1 ? r.nullableArrayCount(2, 48) : r.arrayCount(2, 48)
    if (count < 0) {
      topics = null
    } else {
      const list = new Array<MetadataRequestTopic>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = readMetadataRequestTopic(r, v)
        if (r.due()) yield
      }
      topics = list
    }
  }
  const allowAutoTopicCreation = v >= 4 ? r.bool() : true
  const includeClusterAuthorizedOperations = v >= 8 && v <= 10 ? r.bool() : false
  const includeTopicAuthorizedOperations = v >= 8 ? r.bool() : false
  r.skipTags()
  return {
    topics,
    allowAutoTopicCreation,
    includeClusterAuthorizedOperations,
    includeTopicAuthorizedOperations,
  }
}

export interface MetadataRequestTopic {
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Name of the topic; null to find it by id. */
  readonly name: string | null
}

/** MetadataRequestTopic to be written. */
export interface MetadataRequestTopicInit {
  readonly topicId?: Uuid | undefined
  readonly name: string | null
}

function readMetadataRequestTopic(r: FrameReader, v: number): MetadataRequestTopic {
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const name = v >= 10 ? r.nullableString() : r.string()
  r.skipTags()
  return { topicId, name }
}

function writeMetadataRequestTopic(w: FrameWriter, m: MetadataRequestTopicInit, v: number): void {
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  if (v >= 10) w.nullableString(m.name)
  else w.string(m.name ?? refuse('MetadataRequestTopic', 'name', v))
  w.noTags()
}

const METADATA_REQUEST: MessageCodec<MetadataRequest, MetadataRequestInit> = {
  name: 'MetadataRequest',
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readMetadataRequest,
  write: writeMetadataRequest,
  readInSteps: readMetadataRequestInSteps,
}

export interface MetadataResponse {
  /** How long the client should pause, for its quota. Version >= 3. */
  readonly throttleTimeMs: number
  /** Brokers that are alive. */
  readonly brokers: readonly MetadataResponseBroker[]
  /** Id of the cluster; null if it has none. Version >= 2. */
  readonly clusterId: string | null
  /** Broker to send changes to; -1 if there is none. Version >= 1. */
  readonly controllerId: number
  /** One for each topic. */
  readonly topics: readonly MetadataResponseTopic[]
  /** Bit n set: operation n on the cluster is allowed; -2147483648 when not asked for. Version >= 8 and <= 10. */
  readonly clusterAuthorizedOperations: number
  /** 0, or why it failed. Version >= 13. */
  readonly errorCode: number
}

/** MetadataResponse to be written. */
export interface MetadataResponseInit {
  readonly throttleTimeMs?: number | undefined
  readonly brokers: readonly MetadataResponseBrokerInit[]
  readonly clusterId?: string | null | undefined
  readonly controllerId?: number | undefined
  readonly topics: readonly MetadataResponseTopicInit[]
  readonly clusterAuthorizedOperations?: number | undefined
  readonly errorCode?: number | undefined
}

function readMetadataResponse(r: FrameReader, v: number): MetadataResponse {
  checkVersion('MetadataResponse', v, 0, 13)
  r.flexible = v >= 9
  const throttleTimeMs = v >= 3 ? r.int32() : 0
  const brokers = new Array<MetadataResponseBroker>(r.arrayCount(10, 64))
  for (let at = 0; at < brokers.length; at++) brokers[at] = readMetadataResponseBroker(r, v)
  const clusterId = v >= 2 ? r.nullableString() : null
  const controllerId = v >= 1 ? r.int32() : -1
  const topics = new Array<MetadataResponseTopic>(r.arrayCount(8, 80))
  for (let at = 0; at < topics.length; at++) topics[at] = readMetadataResponseTopic(r, v)
  const clusterAuthorizedOperations = v >= 8 && v <= 10 ? r.int32() : -2147483648
  const errorCode = v >= 13 ? r.int16() : 0
  r.skipTags()
  return {
    throttleTimeMs,
    brokers,
    clusterId,
    controllerId,
    topics,
    clusterAuthorizedOperations,
    errorCode,
  }
}

function writeMetadataResponse(w: FrameWriter, m: MetadataResponseInit, v: number): void {
  checkVersion('MetadataResponse', v, 0, 13)
  w.flexible = v >= 9
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.brokers.length)
  for (const item of m.brokers) writeMetadataResponseBroker(w, item, v)
  if (v >= 2) w.nullableString(m.clusterId ?? null)
  if (v >= 1) w.int32(m.controllerId ?? -1)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeMetadataResponseTopic(w, item, v)
  if (v >= 8 && v <= 10) w.int32(m.clusterAuthorizedOperations ?? -2147483648)
  else if ((m.clusterAuthorizedOperations ?? -2147483648) !== -2147483648)
    refuse('MetadataResponse', 'clusterAuthorizedOperations', v)
  if (v >= 13) w.int16(m.errorCode ?? 0)
  w.noTags()
}

function* writeMetadataResponseInSteps(
  w: FrameWriter,
  m: MetadataResponseInit,
  v: number,
): Generator<void> {
  checkVersion('MetadataResponse', v, 0, 13)
  w.flexible = v >= 9
  if (v >= 3) w.int32(m.throttleTimeMs ?? 0)
  w.arrayCount(m.brokers.length)
  for (const item of m.brokers) {
    writeMetadataResponseBroker(w, item, v)
    if (w.due()) yield
  }
  if (v >= 2) w.nullableString(m.clusterId ?? null)
  if (v >= 1) w.int32(m.controllerId ?? -1)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeMetadataResponseTopicInSteps(w, item, v)
    if (w.due()) yield
  }
  if (v >= 8 && v <= 10) w.int32(m.clusterAuthorizedOperations ?? -2147483648)
  else if ((m.clusterAuthorizedOperations ?? -2147483648) !== -2147483648)
    refuse('MetadataResponse', 'clusterAuthorizedOperations', v)
  if (v >= 13) w.int16(m.errorCode ?? 0)
  w.noTags()
}

export interface MetadataResponseTopic {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Name of the topic; null when an id is not known. */
  readonly name: string | null
  /** Id of the topic. Version >= 10. */
  readonly topicId: Uuid
  /** Whether the topic belongs to the broker itself. Version >= 1. */
  readonly isInternal: boolean
  /** Partitions of the topic. */
  readonly partitions: readonly MetadataResponsePartition[]
  /** Bit n set: operation n on the topic is allowed; -2147483648 when not asked for. Version >= 8. */
  readonly topicAuthorizedOperations: number
}

/** MetadataResponseTopic to be written. */
export interface MetadataResponseTopicInit {
  readonly errorCode: number
  readonly name: string | null
  readonly topicId?: Uuid | undefined
  readonly isInternal?: boolean | undefined
  readonly partitions: readonly MetadataResponsePartitionInit[]
  readonly topicAuthorizedOperations?: number | undefined
}

function readMetadataResponseTopic(r: FrameReader, v: number): MetadataResponseTopic {
  const errorCode = r.int16()
  const name = v >= 12 ? r.nullableString() : r.string()
  const topicId = v >= 10 ? r.uuid() : ZERO_UUID
  const isInternal = v >= 1 ? r.bool() : false
  const partitions = new Array<MetadataResponsePartition>(r.arrayCount(18, 88))
  for (let at = 0; at < partitions.length; at++)
    partitions[at] = readMetadataResponsePartition(r, v)
  const topicAuthorizedOperations = v >= 8 ? r.int32() : -2147483648
  r.skipTags()
  return { errorCode, name, topicId, isInternal, partitions, topicAuthorizedOperations }
}

function writeMetadataResponseTopic(w: FrameWriter, m: MetadataResponseTopicInit, v: number): void {
  w.int16(m.errorCode)
  if (v >= 12) w.nullableString(m.name)
  else w.string(m.name ?? refuse('MetadataResponseTopic', 'name', v))
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  if (v >= 1) w.bool(m.isInternal ?? false)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeMetadataResponsePartition(w, item, v)
  if (v >= 8) w.int32(m.topicAuthorizedOperations ?? -2147483648)
  else if ((m.topicAuthorizedOperations ?? -2147483648) !== -2147483648)
    refuse('MetadataResponseTopic', 'topicAuthorizedOperations', v)
  w.noTags()
}

function* writeMetadataResponseTopicInSteps(
  w: FrameWriter,
  m: MetadataResponseTopicInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  if (v >= 12) w.nullableString(m.name)
  else w.string(m.name ?? refuse('MetadataResponseTopic', 'name', v))
  if (v >= 10) w.uuid(m.topicId ?? ZERO_UUID)
  if (v >= 1) w.bool(m.isInternal ?? false)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    yield* writeMetadataResponsePartitionInSteps(w, item, v)
    if (w.due()) yield
  }
  if (v >= 8) w.int32(m.topicAuthorizedOperations ?? -2147483648)
  else if ((m.topicAuthorizedOperations ?? -2147483648) !== -2147483648)
    refuse('MetadataResponseTopic', 'topicAuthorizedOperations', v)
  w.noTags()
}

export interface MetadataResponsePartition {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Partition. */
  readonly partitionIndex: number
  /** Broker that leads; -1 if none. */
  readonly leaderId: number
  /** Leader epoch; -1 if unknown. Version >= 7. */
  readonly leaderEpoch: number
  /** Brokers that hold the partition, preferred leader first. */
  readonly replicaNodes: readonly number[]
  /** Replicas in sync, the leader among them. */
  readonly isrNodes: readonly number[]
  /** Replicas whose broker or disk is down. Version >= 5. */
  readonly offlineReplicas: readonly number[]
}

/** MetadataResponsePartition to be written. */
export interface MetadataResponsePartitionInit {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch?: number | undefined
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly offlineReplicas?: readonly number[] | undefined
}

function readMetadataResponsePartition(r: FrameReader, v: number): MetadataResponsePartition {
  const errorCode = r.int16()
  const partitionIndex = r.int32()
  const leaderId = r.int32()
  const leaderEpoch = v >= 7 ? r.int32() : -1
  const replicaNodes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < replicaNodes.length; at++) replicaNodes[at] = r.int32()
  const isrNodes = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < isrNodes.length; at++) isrNodes[at] = r.int32()
  let offlineReplicas: readonly number[] = NO_ITEMS
  if (v >= 5) {
    const list = new Array<number>(r.arrayCount(4, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.int32()
    offlineReplicas = list
  }
  r.skipTags()
  return {
    errorCode,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes,
    isrNodes,
    offlineReplicas,
  }
}

function writeMetadataResponsePartition(
  w: FrameWriter,
  m: MetadataResponsePartitionInit,
  v: number,
): void {
  w.int16(m.errorCode)
  w.int32(m.partitionIndex)
  w.int32(m.leaderId)
  if (v >= 7) w.int32(m.leaderEpoch ?? -1)
  w.arrayCount(m.replicaNodes.length)
  for (const item of m.replicaNodes) w.int32(item)
  w.arrayCount(m.isrNodes.length)
  for (const item of m.isrNodes) w.int32(item)
  if (v >= 5) {
    {
      const offlineReplicas = m.offlineReplicas ?? NO_ITEMS
      w.arrayCount(offlineReplicas.length)
      for (const item of offlineReplicas) w.int32(item)
    }
  }
  w.noTags()
}

function* writeMetadataResponsePartitionInSteps(
  w: FrameWriter,
  m: MetadataResponsePartitionInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  w.int32(m.partitionIndex)
  w.int32(m.leaderId)
  if (v >= 7) w.int32(m.leaderEpoch ?? -1)
  w.arrayCount(m.replicaNodes.length)
  for (const item of m.replicaNodes) {
    w.int32(item)
    if (w.due()) yield
  }
  w.arrayCount(m.isrNodes.length)
  for (const item of m.isrNodes) {
    w.int32(item)
    if (w.due()) yield
  }
  if (v >= 5) {
    {
      const offlineReplicas = m.offlineReplicas ?? NO_ITEMS
      w.arrayCount(offlineReplicas.length)
      for (const item of offlineReplicas) {
        w.int32(item)
        if (w.due()) yield
      }
    }
  }
  w.noTags()
}

export interface MetadataResponseBroker {
  /** Id of the broker. */
  readonly nodeId: number
  /** Host name or address. */
  readonly host: string
  /** Port. */
  readonly port: number
  /** Rack of the broker; null if unknown. Version >= 1. */
  readonly rack: string | null
}

/** MetadataResponseBroker to be written. */
export interface MetadataResponseBrokerInit {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack?: string | null | undefined
}

function readMetadataResponseBroker(r: FrameReader, v: number): MetadataResponseBroker {
  const nodeId = r.int32()
  const host = r.string()
  const port = r.int32()
  const rack = v >= 1 ? r.nullableString() : null
  r.skipTags()
  return { nodeId, host, port, rack }
}

function writeMetadataResponseBroker(
  w: FrameWriter,
  m: MetadataResponseBrokerInit,
  v: number,
): void {
  w.int32(m.nodeId)
  w.string(m.host)
  w.int32(m.port)
  if (v >= 1) w.nullableString(m.rack ?? null)
  w.noTags()
}

const METADATA_RESPONSE: MessageCodec<MetadataResponse, MetadataResponseInit> = {
  name: 'MetadataResponse',
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readMetadataResponse,
  write: writeMetadataResponse,
  writeInSteps: writeMetadataResponseInSteps,
}

export const METADATA: Api<
  MetadataRequest,
  MetadataRequestInit,
  MetadataResponse,
  MetadataResponseInit
> = {
  key: 3,
  name: 'Metadata',
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: 9,
  request: METADATA_REQUEST,
  response: METADATA_RESPONSE,
}
