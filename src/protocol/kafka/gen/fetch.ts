// Made from definitions/01-fetch.txt by tools/generate-kafka.ts; do not edit.
//
// Reads record batches from partitions, and waits for them if there are none yet.
//
// v4: format 2, isolation levels. v5: log start offsets. v7: sessions (KIP-227).
// v9: leader epochs. v10: zstd. v11: racks (KIP-392). v12: flexible, diverging epochs.
// v13: topics by id (KIP-516). v14: tiered storage. v15: replicaState. v16: nodeEndpoints.
// v17: directory ids (KIP-853). v18: high watermark of followers.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface FetchRequest {
  /** Cluster that the follower belongs to; null for a client. Version >= 12. */
  readonly clusterId: string | null
  /** Broker id of a follower; -1 for a client. Version <= 14. */
  readonly replicaId: number
  /** Who fetches, from version 15 on. Version >= 15. */
  readonly replicaState: ReplicaState
  /** Longest wait for minBytes. */
  readonly maxWaitMs: number
  /** Bytes of records to wait for. */
  readonly minBytes: number
  /** Most bytes of records in the whole answer; the first batch may be larger. */
  readonly maxBytes: number
  /** 0 read_uncommitted, 1 read_committed. */
  readonly isolationLevel: number
  /** Fetch session; 0 for none. Version >= 7. */
  readonly sessionId: number
  /** 0 opens a session, -1 is none, else the number of the request in the session. Version >= 7. */
  readonly sessionEpoch: number
  /** One for each topic. */
  readonly topics: readonly FetchTopic[]
  /** Partitions that leave the fetch session. Version >= 7. */
  readonly forgottenTopicsData: readonly ForgottenTopic[]
  /** Rack of the client. Version >= 11. */
  readonly rackId: string
}

/** FetchRequest to be written. */
export interface FetchRequestInit {
  readonly clusterId?: string | null | undefined
  readonly replicaId?: number | undefined
  readonly replicaState?: ReplicaStateInit | undefined
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes?: number | undefined
  readonly isolationLevel: number
  readonly sessionId?: number | undefined
  readonly sessionEpoch?: number | undefined
  readonly topics: readonly FetchTopicInit[]
  readonly forgottenTopicsData?: readonly ForgottenTopicInit[] | undefined
  readonly rackId?: string | undefined
}

function readFetchRequest(r: FrameReader, v: number): FetchRequest {
  checkVersion('FetchRequest', v, 4, 18)
  r.flexible = v >= 12
  const replicaId = v <= 14 ? r.int32() : -1
  const maxWaitMs = r.int32()
  const minBytes = r.int32()
  const maxBytes = r.int32()
  const isolationLevel = r.int8()
  const sessionId = v >= 7 ? r.int32() : 0
  const sessionEpoch = v >= 7 ? r.int32() : -1
  const topics = new Array<FetchTopic>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) topics[at] = readFetchTopic(r, v)
  let forgottenTopicsData: readonly ForgottenTopic[] = NO_ITEMS
  if (v >= 7) {
    const list = new Array<ForgottenTopic>(r.arrayCount(3, 56))
    for (let at = 0; at < list.length; at++) list[at] = readForgottenTopic(r, v)
    forgottenTopicsData = list
  }
  const rackId = v >= 11 ? r.string() : ''
  let clusterId: string | null = null
  let replicaState: ReplicaState = DEFAULT_REPLICA_STATE
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          clusterId = r.nullableString()
          r.leaveTag(end)
          break
        }
        case 1: {
          if (v < 15) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          replicaState = readReplicaState(r)
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    clusterId,
    replicaId,
    replicaState,
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData,
    rackId,
  }
}

function writeFetchRequest(w: FrameWriter, m: FetchRequestInit, v: number): void {
  checkVersion('FetchRequest', v, 4, 18)
  w.flexible = v >= 12
  if (v <= 14) w.int32(m.replicaId ?? -1)
  else if ((m.replicaId ?? -1) !== -1) refuse('FetchRequest', 'replicaId', v)
  w.int32(m.maxWaitMs)
  w.int32(m.minBytes)
  w.int32(m.maxBytes ?? 2147483647)
  w.int8(m.isolationLevel)
  if (v >= 7) w.int32(m.sessionId ?? 0)
  if (v >= 7) w.int32(m.sessionEpoch ?? -1)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeFetchTopic(w, item, v)
  if (v >= 7) {
    {
      const forgottenTopicsData = m.forgottenTopicsData ?? NO_ITEMS
      w.arrayCount(forgottenTopicsData.length)
      for (const item of forgottenTopicsData) writeForgottenTopic(w, item, v)
    }
  } else if ((m.forgottenTopicsData?.length ?? 0) !== 0)
    refuse('FetchRequest', 'forgottenTopicsData', v)
  if (v >= 11) w.string(m.rackId ?? '')
  const hasClusterId = (m.clusterId ?? null) !== null
  const hasReplicaState = !isDefaultReplicaState(m.replicaState ?? DEFAULT_REPLICA_STATE)
  if (hasReplicaState && !(v >= 15)) refuse('FetchRequest', 'replicaState', v)
  if (w.flexible) {
    w.uvarint(Number(hasClusterId) + Number(v >= 15 && hasReplicaState))
    if (hasClusterId) {
      const begun = w.beginTag(0)
      w.nullableString(m.clusterId ?? null)
      w.endTag(begun)
    }
    if (v >= 15 && hasReplicaState) {
      const begun = w.beginTag(1)
      writeReplicaState(w, m.replicaState ?? DEFAULT_REPLICA_STATE)
      w.endTag(begun)
    }
  }
}

function* readFetchRequestInSteps(r: FrameReader, v: number): Generator<void, FetchRequest> {
  checkVersion('FetchRequest', v, 4, 18)
  r.flexible = v >= 12
  const replicaId = v <= 14 ? r.int32() : -1
  const maxWaitMs = r.int32()
  const minBytes = r.int32()
  const maxBytes = r.int32()
  const isolationLevel = r.int8()
  const sessionId = v >= 7 ? r.int32() : 0
  const sessionEpoch = v >= 7 ? r.int32() : -1
  const topics = new Array<FetchTopic>(r.arrayCount(3, 56))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readFetchTopicInSteps(r, v)
    if (r.due()) yield
  }
  let forgottenTopicsData: readonly ForgottenTopic[] = NO_ITEMS
  if (v >= 7) {
    const list = new Array<ForgottenTopic>(r.arrayCount(3, 56))
    for (let at = 0; at < list.length; at++) {
      list[at] = yield* readForgottenTopicInSteps(r, v)
      if (r.due()) yield
    }
    forgottenTopicsData = list
  }
  const rackId = v >= 11 ? r.string() : ''
  let clusterId: string | null = null
  let replicaState: ReplicaState = DEFAULT_REPLICA_STATE
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          clusterId = r.nullableString()
          r.leaveTag(end)
          break
        }
        case 1: {
          if (v < 15) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          replicaState = readReplicaState(r)
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    clusterId,
    replicaId,
    replicaState,
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData,
    rackId,
  }
}

export interface ForgottenTopic {
  /** Name of the topic. Version <= 12. */
  readonly topic: string
  /** Id of the topic. Version >= 13. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** ForgottenTopic to be written. */
export interface ForgottenTopicInit {
  readonly topic?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly number[]
}

function readForgottenTopic(r: FrameReader, v: number): ForgottenTopic {
  const topic = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topic, topicId, partitions }
}

function writeForgottenTopic(w: FrameWriter, m: ForgottenTopicInit, v: number): void {
  if (v <= 12) w.string(m.topic ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* readForgottenTopicInSteps(r: FrameReader, v: number): Generator<void, ForgottenTopic> {
  const topic = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { topic, topicId, partitions }
}

export interface FetchTopic {
  /** Name of the topic. Version <= 12. */
  readonly topic: string
  /** Id of the topic. Version >= 13. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly FetchPartition[]
}

/** FetchTopic to be written. */
export interface FetchTopicInit {
  readonly topic?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly FetchPartitionInit[]
}

function readFetchTopic(r: FrameReader, v: number): FetchTopic {
  const topic = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitions = new Array<FetchPartition>(r.arrayCount(16, 144))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readFetchPartition(r, v)
  r.skipTags()
  return { topic, topicId, partitions }
}

function writeFetchTopic(w: FrameWriter, m: FetchTopicInit, v: number): void {
  if (v <= 12) w.string(m.topic ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writeFetchPartition(w, item, v)
  w.noTags()
}

function* readFetchTopicInSteps(r: FrameReader, v: number): Generator<void, FetchTopic> {
  const topic = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitions = new Array<FetchPartition>(r.arrayCount(16, 144))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = readFetchPartition(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { topic, topicId, partitions }
}

export interface FetchPartition {
  /** Partition. */
  readonly partition: number
  /** Leader epoch that the client believes in; -1 to skip the check. Version >= 9. */
  readonly currentLeaderEpoch: number
  /** Offset to read from. */
  readonly fetchOffset: number
  /** Epoch of the last record that the reader has; -1 if unknown. Version >= 12. */
  readonly lastFetchedEpoch: number
  /** First offset of the follower; -1 for a client. Version >= 5. */
  readonly logStartOffset: number
  /** Most bytes of records of this partition; the first batch may be larger. */
  readonly partitionMaxBytes: number
  /** Directory of the follower that fetches. Version >= 17. */
  readonly replicaDirectoryId: Uuid
  /** High watermark that the follower knows; the largest number: unknown. Version >= 18. */
  readonly highWatermark: number
}

/** FetchPartition to be written. */
export interface FetchPartitionInit {
  readonly partition: number
  readonly currentLeaderEpoch?: number | undefined
  readonly fetchOffset: number
  readonly lastFetchedEpoch?: number | undefined
  readonly logStartOffset?: number | undefined
  readonly partitionMaxBytes: number
  readonly replicaDirectoryId?: Uuid | undefined
  readonly highWatermark?: number | undefined
}

function readFetchPartition(r: FrameReader, v: number): FetchPartition {
  const partition = r.int32()
  const currentLeaderEpoch = v >= 9 ? r.int32() : -1
  const fetchOffset = r.int64Clamped()
  const lastFetchedEpoch = v >= 12 ? r.int32() : -1
  const logStartOffset = v >= 5 ? r.int64() : -1
  const partitionMaxBytes = r.int32()
  let replicaDirectoryId: Uuid = ZERO_UUID
  let highWatermark: number = Number.MAX_SAFE_INTEGER
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          if (v < 17) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          replicaDirectoryId = r.uuid()
          r.leaveTag(end)
          break
        }
        case 1: {
          if (v < 18) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          highWatermark = r.int64Clamped()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    partition,
    currentLeaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    logStartOffset,
    partitionMaxBytes,
    replicaDirectoryId,
    highWatermark,
  }
}

function writeFetchPartition(w: FrameWriter, m: FetchPartitionInit, v: number): void {
  w.int32(m.partition)
  if (v >= 9) w.int32(m.currentLeaderEpoch ?? -1)
  w.int64(m.fetchOffset)
  if (v >= 12) w.int32(m.lastFetchedEpoch ?? -1)
  else if ((m.lastFetchedEpoch ?? -1) !== -1) refuse('FetchPartition', 'lastFetchedEpoch', v)
  if (v >= 5) w.int64(m.logStartOffset ?? -1)
  w.int32(m.partitionMaxBytes)
  const hasReplicaDirectoryId = (m.replicaDirectoryId ?? ZERO_UUID) !== ZERO_UUID
  const hasHighWatermark = (m.highWatermark ?? Number.MAX_SAFE_INTEGER) !== Number.MAX_SAFE_INTEGER
  if (w.flexible) {
    w.uvarint(Number(v >= 17 && hasReplicaDirectoryId) + Number(v >= 18 && hasHighWatermark))
    if (v >= 17 && hasReplicaDirectoryId) {
      const begun = w.beginTag(0)
      w.uuid(m.replicaDirectoryId ?? ZERO_UUID)
      w.endTag(begun)
    }
    if (v >= 18 && hasHighWatermark) {
      const begun = w.beginTag(1)
      w.int64(m.highWatermark ?? Number.MAX_SAFE_INTEGER)
      w.endTag(begun)
    }
  }
}

export interface ReplicaState {
  /** Broker id of a follower; -1 for a client. */
  readonly replicaId: number
  /** Broker epoch of the follower; -1 if unknown. */
  readonly replicaEpoch: number
}

/** ReplicaState to be written. */
export interface ReplicaStateInit {
  readonly replicaId?: number | undefined
  readonly replicaEpoch?: number | undefined
}

function readReplicaState(r: FrameReader): ReplicaState {
  const replicaId = r.int32()
  const replicaEpoch = r.int64()
  r.skipTags()
  return { replicaId, replicaEpoch }
}

function writeReplicaState(w: FrameWriter, m: ReplicaStateInit): void {
  w.int32(m.replicaId ?? -1)
  w.int64(m.replicaEpoch ?? -1)
  w.noTags()
}

const DEFAULT_REPLICA_STATE: ReplicaState = { replicaId: -1, replicaEpoch: -1 }

function isDefaultReplicaState(m: ReplicaStateInit): boolean {
  return (m.replicaId ?? -1) === -1 && (m.replicaEpoch ?? -1) === -1
}

const FETCH_REQUEST: MessageCodec<FetchRequest, FetchRequestInit> = {
  name: 'FetchRequest',
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: 12,
  read: readFetchRequest,
  write: writeFetchRequest,
  readInSteps: readFetchRequestInSteps,
}

export interface FetchResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. Version >= 7. */
  readonly errorCode: number
  /** Fetch session; 0 for none. Version >= 7. */
  readonly sessionId: number
  /** One answer a topic. */
  readonly responses: readonly FetchableTopicResponse[]
  /** Where the leaders named above listen. Version >= 16. */
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

/** FetchResponse to be written. */
export interface FetchResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode?: number | undefined
  readonly sessionId?: number | undefined
  readonly responses: readonly FetchableTopicResponseInit[]
  readonly nodeEndpoints?: readonly NodeEndpointInit[] | undefined
}

function readFetchResponse(r: FrameReader, v: number): FetchResponse {
  checkVersion('FetchResponse', v, 4, 18)
  r.flexible = v >= 12
  const throttleTimeMs = r.int32()
  const errorCode = v >= 7 ? r.int16() : 0
  const sessionId = v >= 7 ? r.int32() : 0
  const responses = new Array<FetchableTopicResponse>(r.arrayCount(3, 56))
  for (let at = 0; at < responses.length; at++) responses[at] = readFetchableTopicResponse(r, v)
  let nodeEndpoints: readonly NodeEndpoint[] = NO_ITEMS
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          if (v < 16) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          const list = new Array<NodeEndpoint>(r.arrayCount(11, 64))
          for (let at = 0; at < list.length; at++) list[at] = readNodeEndpoint(r)
          nodeEndpoints = list
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return { throttleTimeMs, errorCode, sessionId, responses, nodeEndpoints }
}

function writeFetchResponse(w: FrameWriter, m: FetchResponseInit, v: number): void {
  checkVersion('FetchResponse', v, 4, 18)
  w.flexible = v >= 12
  w.int32(m.throttleTimeMs)
  if (v >= 7) w.int16(m.errorCode ?? 0)
  if (v >= 7) w.int32(m.sessionId ?? 0)
  else if ((m.sessionId ?? 0) !== 0) refuse('FetchResponse', 'sessionId', v)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeFetchableTopicResponse(w, item, v)
  const hasNodeEndpoints = (m.nodeEndpoints?.length ?? 0) !== 0
  if (hasNodeEndpoints && !(v >= 16)) refuse('FetchResponse', 'nodeEndpoints', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 16 && hasNodeEndpoints))
    if (v >= 16 && hasNodeEndpoints) {
      const begun = w.beginTag(0)
      {
        const nodeEndpoints = m.nodeEndpoints ?? NO_ITEMS
        w.arrayCount(nodeEndpoints.length)
        for (const item of nodeEndpoints) writeNodeEndpoint(w, item)
      }
      w.endTag(begun)
    }
  }
}

function* writeFetchResponseInSteps(
  w: FrameWriter,
  m: FetchResponseInit,
  v: number,
): Generator<void> {
  checkVersion('FetchResponse', v, 4, 18)
  w.flexible = v >= 12
  w.int32(m.throttleTimeMs)
  if (v >= 7) w.int16(m.errorCode ?? 0)
  if (v >= 7) w.int32(m.sessionId ?? 0)
  else if ((m.sessionId ?? 0) !== 0) refuse('FetchResponse', 'sessionId', v)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) {
    yield* writeFetchableTopicResponseInSteps(w, item, v)
    if (w.due()) yield
  }
  const hasNodeEndpoints = (m.nodeEndpoints?.length ?? 0) !== 0
  if (hasNodeEndpoints && !(v >= 16)) refuse('FetchResponse', 'nodeEndpoints', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 16 && hasNodeEndpoints))
    if (v >= 16 && hasNodeEndpoints) {
      const begun = w.beginTag(0)
      {
        const nodeEndpoints = m.nodeEndpoints ?? NO_ITEMS
        w.arrayCount(nodeEndpoints.length)
        for (const item of nodeEndpoints) {
          writeNodeEndpoint(w, item)
          if (w.due()) yield
        }
      }
      w.endTag(begun)
    }
  }
}

export interface NodeEndpoint {
  /** Id of the broker. */
  readonly nodeId: number
  /** Host name or address. */
  readonly host: string
  /** Port. */
  readonly port: number
  /** Rack of the broker; null if unknown. */
  readonly rack: string | null
}

/** NodeEndpoint to be written. */
export interface NodeEndpointInit {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack?: string | null | undefined
}

function readNodeEndpoint(r: FrameReader): NodeEndpoint {
  const nodeId = r.int32()
  const host = r.string()
  const port = r.int32()
  const rack = r.nullableString()
  r.skipTags()
  return { nodeId, host, port, rack }
}

function writeNodeEndpoint(w: FrameWriter, m: NodeEndpointInit): void {
  w.int32(m.nodeId)
  w.string(m.host)
  w.int32(m.port)
  w.nullableString(m.rack ?? null)
  w.noTags()
}

export interface FetchableTopicResponse {
  /** Name of the topic. Version <= 12. */
  readonly topic: string
  /** Id of the topic. Version >= 13. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly PartitionData[]
}

/** FetchableTopicResponse to be written. */
export interface FetchableTopicResponseInit {
  readonly topic?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitions: readonly PartitionDataInit[]
}

function readFetchableTopicResponse(r: FrameReader, v: number): FetchableTopicResponse {
  const topic = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitions = new Array<PartitionData>(r.arrayCount(30, 168))
  for (let at = 0; at < partitions.length; at++) partitions[at] = readPartitionData(r, v)
  r.skipTags()
  return { topic, topicId, partitions }
}

function writeFetchableTopicResponse(
  w: FrameWriter,
  m: FetchableTopicResponseInit,
  v: number,
): void {
  if (v <= 12) w.string(m.topic ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) writePartitionData(w, item, v)
  w.noTags()
}

function* writeFetchableTopicResponseInSteps(
  w: FrameWriter,
  m: FetchableTopicResponseInit,
  v: number,
): Generator<void> {
  if (v <= 12) w.string(m.topic ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    yield* writePartitionDataInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface PartitionData {
  /** Partition. */
  readonly partitionIndex: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Readers stop here; -1 on an error. */
  readonly highWatermark: number
  /** Last stable offset of the partition; -1 if unknown. */
  readonly lastStableOffset: number
  /** First offset of the partition; -1 if unknown. Version >= 5. */
  readonly logStartOffset: number
  /** Set when the log of the reader differs from here on. Version >= 12. */
  readonly divergingEpoch: EpochEndOffset
  /** Who leads instead, when the broker asked does not. Version >= 12. */
  readonly currentLeader: LeaderIdAndEpoch
  /** Snapshot to fetch first, for the log of the metadata. Version >= 12. */
  readonly snapshotId: SnapshotId
  /** Aborted transactions with records in the answer; null unless read_committed. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** Broker to read from instead; -1 for this one. Version >= 11. */
  readonly preferredReadReplica: number
  /** Record batches, as they lie on disk. */
  readonly records: Buffer | null
}

/** PartitionData to be written. */
export interface PartitionDataInit {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset?: number | undefined
  readonly logStartOffset?: number | undefined
  readonly divergingEpoch?: EpochEndOffsetInit | undefined
  readonly currentLeader?: LeaderIdAndEpochInit | undefined
  readonly snapshotId?: SnapshotIdInit | undefined
  readonly abortedTransactions: readonly AbortedTransactionInit[] | null
  readonly preferredReadReplica?: number | undefined
  readonly records?: Buffer | null | undefined
}

function readPartitionData(r: FrameReader, v: number): PartitionData {
  const partitionIndex = r.int32()
  const errorCode = r.int16()
  const highWatermark = r.int64()
  const lastStableOffset = r.int64()
  const logStartOffset = v >= 5 ? r.int64() : -1
  let abortedTransactions: readonly AbortedTransaction[] | null
  {
    const count = r.nullableArrayCount(16, 80)
    if (count < 0) {
      abortedTransactions = null
    } else {
      const list = new Array<AbortedTransaction>(count)
      for (let at = 0; at < list.length; at++) list[at] = readAbortedTransaction(r)
      abortedTransactions = list
    }
  }
  const preferredReadReplica = v >= 11 ? r.int32() : -1
  const records = r.nullableBytes()
  let divergingEpoch: EpochEndOffset = DEFAULT_EPOCH_END_OFFSET
  let currentLeader: LeaderIdAndEpoch = DEFAULT_LEADER_ID_AND_EPOCH
  let snapshotId: SnapshotId = DEFAULT_SNAPSHOT_ID
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          divergingEpoch = readEpochEndOffset(r)
          r.leaveTag(end)
          break
        }
        case 1: {
          const end = r.enterTag()
          currentLeader = readLeaderIdAndEpoch(r)
          r.leaveTag(end)
          break
        }
        case 2: {
          const end = r.enterTag()
          snapshotId = readSnapshotId(r)
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch,
    currentLeader,
    snapshotId,
    abortedTransactions,
    preferredReadReplica,
    records,
  }
}

function writePartitionData(w: FrameWriter, m: PartitionDataInit, v: number): void {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.int64(m.highWatermark)
  w.int64(m.lastStableOffset ?? -1)
  if (v >= 5) w.int64(m.logStartOffset ?? -1)
  {
    const abortedTransactions = m.abortedTransactions
    if (abortedTransactions === null) {
      w.nullArray()
    } else {
      w.arrayCount(abortedTransactions.length)
      for (const item of abortedTransactions) writeAbortedTransaction(w, item)
    }
  }
  if (v >= 11) w.int32(m.preferredReadReplica ?? -1)
  else if ((m.preferredReadReplica ?? -1) !== -1) refuse('PartitionData', 'preferredReadReplica', v)
  w.nullableRecords(m.records ?? null)
  const hasDivergingEpoch = !isDefaultEpochEndOffset(m.divergingEpoch ?? DEFAULT_EPOCH_END_OFFSET)
  if (hasDivergingEpoch && !(v >= 12)) refuse('PartitionData', 'divergingEpoch', v)
  const hasCurrentLeader = !isDefaultLeaderIdAndEpoch(
    m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH,
  )
  if (hasCurrentLeader && !(v >= 12)) refuse('PartitionData', 'currentLeader', v)
  const hasSnapshotId = !isDefaultSnapshotId(m.snapshotId ?? DEFAULT_SNAPSHOT_ID)
  if (hasSnapshotId && !(v >= 12)) refuse('PartitionData', 'snapshotId', v)
  if (w.flexible) {
    w.uvarint(Number(hasDivergingEpoch) + Number(hasCurrentLeader) + Number(hasSnapshotId))
    if (hasDivergingEpoch) {
      const begun = w.beginTag(0)
      writeEpochEndOffset(w, m.divergingEpoch ?? DEFAULT_EPOCH_END_OFFSET)
      w.endTag(begun)
    }
    if (hasCurrentLeader) {
      const begun = w.beginTag(1)
      writeLeaderIdAndEpoch(w, m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH)
      w.endTag(begun)
    }
    if (hasSnapshotId) {
      const begun = w.beginTag(2)
      writeSnapshotId(w, m.snapshotId ?? DEFAULT_SNAPSHOT_ID)
      w.endTag(begun)
    }
  }
}

function* writePartitionDataInSteps(
  w: FrameWriter,
  m: PartitionDataInit,
  v: number,
): Generator<void> {
  w.int32(m.partitionIndex)
  w.int16(m.errorCode)
  w.int64(m.highWatermark)
  w.int64(m.lastStableOffset ?? -1)
  if (v >= 5) w.int64(m.logStartOffset ?? -1)
  {
    const abortedTransactions = m.abortedTransactions
    if (abortedTransactions === null) {
      w.nullArray()
    } else {
      w.arrayCount(abortedTransactions.length)
      for (const item of abortedTransactions) {
        writeAbortedTransaction(w, item)
        if (w.due()) yield
      }
    }
  }
  if (v >= 11) w.int32(m.preferredReadReplica ?? -1)
  else if ((m.preferredReadReplica ?? -1) !== -1) refuse('PartitionData', 'preferredReadReplica', v)
  w.nullableRecords(m.records ?? null)
  const hasDivergingEpoch = !isDefaultEpochEndOffset(m.divergingEpoch ?? DEFAULT_EPOCH_END_OFFSET)
  if (hasDivergingEpoch && !(v >= 12)) refuse('PartitionData', 'divergingEpoch', v)
  const hasCurrentLeader = !isDefaultLeaderIdAndEpoch(
    m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH,
  )
  if (hasCurrentLeader && !(v >= 12)) refuse('PartitionData', 'currentLeader', v)
  const hasSnapshotId = !isDefaultSnapshotId(m.snapshotId ?? DEFAULT_SNAPSHOT_ID)
  if (hasSnapshotId && !(v >= 12)) refuse('PartitionData', 'snapshotId', v)
  if (w.flexible) {
    w.uvarint(Number(hasDivergingEpoch) + Number(hasCurrentLeader) + Number(hasSnapshotId))
    if (hasDivergingEpoch) {
      const begun = w.beginTag(0)
      writeEpochEndOffset(w, m.divergingEpoch ?? DEFAULT_EPOCH_END_OFFSET)
      w.endTag(begun)
    }
    if (hasCurrentLeader) {
      const begun = w.beginTag(1)
      writeLeaderIdAndEpoch(w, m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH)
      w.endTag(begun)
    }
    if (hasSnapshotId) {
      const begun = w.beginTag(2)
      writeSnapshotId(w, m.snapshotId ?? DEFAULT_SNAPSHOT_ID)
      w.endTag(begun)
    }
  }
}

export interface AbortedTransaction {
  /** Id of the producer. */
  readonly producerId: number
  /** Offset of its first record in this partition. */
  readonly firstOffset: number
}

/** AbortedTransaction to be written. */
export interface AbortedTransactionInit {
  readonly producerId: number
  readonly firstOffset: number
}

function readAbortedTransaction(r: FrameReader): AbortedTransaction {
  const producerId = r.int64()
  const firstOffset = r.int64()
  r.skipTags()
  return { producerId, firstOffset }
}

function writeAbortedTransaction(w: FrameWriter, m: AbortedTransactionInit): void {
  w.int64(m.producerId)
  w.int64(m.firstOffset)
  w.noTags()
}

export interface SnapshotId {
  /** Offset after the last record of that epoch. */
  readonly endOffset: number
  /** Leader epoch. */
  readonly epoch: number
}

/** SnapshotId to be written. */
export interface SnapshotIdInit {
  readonly endOffset?: number | undefined
  readonly epoch?: number | undefined
}

function readSnapshotId(r: FrameReader): SnapshotId {
  const endOffset = r.int64()
  const epoch = r.int32()
  r.skipTags()
  return { endOffset, epoch }
}

function writeSnapshotId(w: FrameWriter, m: SnapshotIdInit): void {
  w.int64(m.endOffset ?? -1)
  w.int32(m.epoch ?? -1)
  w.noTags()
}

const DEFAULT_SNAPSHOT_ID: SnapshotId = { endOffset: -1, epoch: -1 }

function isDefaultSnapshotId(m: SnapshotIdInit): boolean {
  return (m.endOffset ?? -1) === -1 && (m.epoch ?? -1) === -1
}

export interface LeaderIdAndEpoch {
  /** Broker that leads; -1 if none. */
  readonly leaderId: number
  /** Leader epoch; -1 if unknown. */
  readonly leaderEpoch: number
}

/** LeaderIdAndEpoch to be written. */
export interface LeaderIdAndEpochInit {
  readonly leaderId?: number | undefined
  readonly leaderEpoch?: number | undefined
}

function readLeaderIdAndEpoch(r: FrameReader): LeaderIdAndEpoch {
  const leaderId = r.int32()
  const leaderEpoch = r.int32()
  r.skipTags()
  return { leaderId, leaderEpoch }
}

function writeLeaderIdAndEpoch(w: FrameWriter, m: LeaderIdAndEpochInit): void {
  w.int32(m.leaderId ?? -1)
  w.int32(m.leaderEpoch ?? -1)
  w.noTags()
}

const DEFAULT_LEADER_ID_AND_EPOCH: LeaderIdAndEpoch = { leaderId: -1, leaderEpoch: -1 }

function isDefaultLeaderIdAndEpoch(m: LeaderIdAndEpochInit): boolean {
  return (m.leaderId ?? -1) === -1 && (m.leaderEpoch ?? -1) === -1
}

export interface EpochEndOffset {
  /** Leader epoch. */
  readonly epoch: number
  /** Offset after the last record of that epoch. */
  readonly endOffset: number
}

/** EpochEndOffset to be written. */
export interface EpochEndOffsetInit {
  readonly epoch?: number | undefined
  readonly endOffset?: number | undefined
}

function readEpochEndOffset(r: FrameReader): EpochEndOffset {
  const epoch = r.int32()
  const endOffset = r.int64()
  r.skipTags()
  return { epoch, endOffset }
}

function writeEpochEndOffset(w: FrameWriter, m: EpochEndOffsetInit): void {
  w.int32(m.epoch ?? -1)
  w.int64(m.endOffset ?? -1)
  w.noTags()
}

const DEFAULT_EPOCH_END_OFFSET: EpochEndOffset = { epoch: -1, endOffset: -1 }

function isDefaultEpochEndOffset(m: EpochEndOffsetInit): boolean {
  return (m.epoch ?? -1) === -1 && (m.endOffset ?? -1) === -1
}

const FETCH_RESPONSE: MessageCodec<FetchResponse, FetchResponseInit> = {
  name: 'FetchResponse',
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: 12,
  read: readFetchResponse,
  write: writeFetchResponse,
  writeInSteps: writeFetchResponseInSteps,
}

export const FETCH: Api<FetchRequest, FetchRequestInit, FetchResponse, FetchResponseInit> = {
  key: 1,
  name: 'Fetch',
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: 12,
  request: FETCH_REQUEST,
  response: FETCH_RESPONSE,
}
