// Made from definitions/00-produce.txt by tools/generate-kafka.ts; do not edit.
//
// Gives record batches to the leaders of partitions.
//
// v3: batches of format 2 only; transactionalId. v4 to v6: as v3. v7: zstd is allowed.
// v8: recordErrors and errorMessage. v9: flexible. v10: currentLeader (KIP-951).
// v11: TRANSACTION_ABORTABLE. v12: adds partitions to the transaction by itself (KIP-890).
// v13: topics by id (KIP-516).

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface ProduceRequest {
  /** Name of the transactional producer; null outside transactions. */
  readonly transactionalId: string | null
  /** 0: no answer at all; 1: the leader has written it; -1: all in-sync replicas have it. */
  readonly acks: number
  /** Longest wait of the broker. */
  readonly timeoutMs: number
  /** One for each topic. */
  readonly topicData: readonly TopicProduceData[]
}

/** ProduceRequest to be written. */
export interface ProduceRequestInit {
  readonly transactionalId?: string | null | undefined
  readonly acks: number
  readonly timeoutMs: number
  readonly topicData: readonly TopicProduceDataInit[]
}

function readProduceRequest(r: FrameReader, v: number): ProduceRequest {
  checkVersion('ProduceRequest', v, 3, 13)
  r.flexible = v >= 9
  const transactionalId = r.nullableString()
  const acks = r.int16()
  const timeoutMs = r.int32()
  const topicData = new Array<TopicProduceData>(r.arrayCount(3, 56))
  for (let at = 0; at < topicData.length; at++) topicData[at] = readTopicProduceData(r, v)
  r.skipTags()
  return { transactionalId, acks, timeoutMs, topicData }
}

function writeProduceRequest(w: FrameWriter, m: ProduceRequestInit, v: number): void {
  checkVersion('ProduceRequest', v, 3, 13)
  w.flexible = v >= 9
  w.nullableString(m.transactionalId ?? null)
  w.int16(m.acks)
  w.int32(m.timeoutMs)
  w.arrayCount(m.topicData.length)
  for (const item of m.topicData) writeTopicProduceData(w, item, v)
  w.noTags()
}

function* readProduceRequestInSteps(r: FrameReader, v: number): Generator<void, ProduceRequest> {
  checkVersion('ProduceRequest', v, 3, 13)
  r.flexible = v >= 9
  const transactionalId = r.nullableString()
  const acks = r.int16()
  const timeoutMs = r.int32()
  const topicData = new Array<TopicProduceData>(r.arrayCount(3, 56))
  for (let at = 0; at < topicData.length; at++) {
    topicData[at] = yield* readTopicProduceDataInSteps(r, v)
    if (r.due()) yield
  }
  r.skipTags()
  return { transactionalId, acks, timeoutMs, topicData }
}

export interface TopicProduceData {
  /** Name of the topic; its id takes over in version 13. Version <= 12. */
  readonly name: string
  /** Id of the topic. Version >= 13. */
  readonly topicId: Uuid
  /** One batch a partition. */
  readonly partitionData: readonly PartitionProduceData[]
}

/** TopicProduceData to be written. */
export interface TopicProduceDataInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitionData: readonly PartitionProduceDataInit[]
}

function readTopicProduceData(r: FrameReader, v: number): TopicProduceData {
  const name = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitionData = new Array<PartitionProduceData>(r.arrayCount(6, 48))
  for (let at = 0; at < partitionData.length; at++) partitionData[at] = readPartitionProduceData(r)
  r.skipTags()
  return { name, topicId, partitionData }
}

function writeTopicProduceData(w: FrameWriter, m: TopicProduceDataInit, v: number): void {
  if (v <= 12) w.string(m.name ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitionData.length)
  for (const item of m.partitionData) writePartitionProduceData(w, item)
  w.noTags()
}

function* readTopicProduceDataInSteps(
  r: FrameReader,
  v: number,
): Generator<void, TopicProduceData> {
  const name = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitionData = new Array<PartitionProduceData>(r.arrayCount(6, 48))
  for (let at = 0; at < partitionData.length; at++) {
    partitionData[at] = readPartitionProduceData(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, topicId, partitionData }
}

export interface PartitionProduceData {
  /** Partition. */
  readonly index: number
  /** Exactly one record batch, as it will lie on disk. */
  readonly records: Buffer | null
}

/** PartitionProduceData to be written. */
export interface PartitionProduceDataInit {
  readonly index: number
  readonly records?: Buffer | null | undefined
}

function readPartitionProduceData(r: FrameReader): PartitionProduceData {
  const index = r.int32()
  const records = r.nullableBytes()
  r.skipTags()
  return { index, records }
}

function writePartitionProduceData(w: FrameWriter, m: PartitionProduceDataInit): void {
  w.int32(m.index)
  w.nullableRecords(m.records ?? null)
  w.noTags()
}

const PRODUCE_REQUEST: MessageCodec<ProduceRequest, ProduceRequestInit> = {
  name: 'ProduceRequest',
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readProduceRequest,
  write: writeProduceRequest,
  readInSteps: readProduceRequestInSteps,
}

export interface ProduceResponse {
  /** One answer a topic. */
  readonly responses: readonly TopicProduceResponse[]
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** Where the leaders named above listen. Version >= 10. */
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

/** ProduceResponse to be written. */
export interface ProduceResponseInit {
  readonly responses: readonly TopicProduceResponseInit[]
  readonly throttleTimeMs: number
  readonly nodeEndpoints?: readonly NodeEndpointInit[] | undefined
}

function readProduceResponse(r: FrameReader, v: number): ProduceResponse {
  checkVersion('ProduceResponse', v, 3, 13)
  r.flexible = v >= 9
  const responses = new Array<TopicProduceResponse>(r.arrayCount(3, 56))
  for (let at = 0; at < responses.length; at++) responses[at] = readTopicProduceResponse(r, v)
  const throttleTimeMs = r.int32()
  let nodeEndpoints: readonly NodeEndpoint[] = NO_ITEMS
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          if (v < 10) {
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
  return { responses, throttleTimeMs, nodeEndpoints }
}

function writeProduceResponse(w: FrameWriter, m: ProduceResponseInit, v: number): void {
  checkVersion('ProduceResponse', v, 3, 13)
  w.flexible = v >= 9
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeTopicProduceResponse(w, item, v)
  w.int32(m.throttleTimeMs)
  const hasNodeEndpoints = (m.nodeEndpoints?.length ?? 0) !== 0
  if (hasNodeEndpoints && !(v >= 10)) refuse('ProduceResponse', 'nodeEndpoints', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 10 && hasNodeEndpoints))
    if (v >= 10 && hasNodeEndpoints) {
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

function* writeProduceResponseInSteps(
  w: FrameWriter,
  m: ProduceResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ProduceResponse', v, 3, 13)
  w.flexible = v >= 9
  w.arrayCount(m.responses.length)
  for (const item of m.responses) {
    yield* writeTopicProduceResponseInSteps(w, item, v)
    if (w.due()) yield
  }
  w.int32(m.throttleTimeMs)
  const hasNodeEndpoints = (m.nodeEndpoints?.length ?? 0) !== 0
  if (hasNodeEndpoints && !(v >= 10)) refuse('ProduceResponse', 'nodeEndpoints', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 10 && hasNodeEndpoints))
    if (v >= 10 && hasNodeEndpoints) {
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

export interface TopicProduceResponse {
  /** Name of the topic. Version <= 12. */
  readonly name: string
  /** Id of the topic. Version >= 13. */
  readonly topicId: Uuid
  /** One answer a partition. */
  readonly partitionResponses: readonly PartitionProduceResponse[]
}

/** TopicProduceResponse to be written. */
export interface TopicProduceResponseInit {
  readonly name?: string | undefined
  readonly topicId?: Uuid | undefined
  readonly partitionResponses: readonly PartitionProduceResponseInit[]
}

function readTopicProduceResponse(r: FrameReader, v: number): TopicProduceResponse {
  const name = v <= 12 ? r.string() : ''
  const topicId = v >= 13 ? r.uuid() : ZERO_UUID
  const partitionResponses = new Array<PartitionProduceResponse>(r.arrayCount(22, 144))
  for (let at = 0; at < partitionResponses.length; at++)
    partitionResponses[at] = readPartitionProduceResponse(r, v)
  r.skipTags()
  return { name, topicId, partitionResponses }
}

function writeTopicProduceResponse(w: FrameWriter, m: TopicProduceResponseInit, v: number): void {
  if (v <= 12) w.string(m.name ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitionResponses.length)
  for (const item of m.partitionResponses) writePartitionProduceResponse(w, item, v)
  w.noTags()
}

function* writeTopicProduceResponseInSteps(
  w: FrameWriter,
  m: TopicProduceResponseInit,
  v: number,
): Generator<void> {
  if (v <= 12) w.string(m.name ?? '')
  if (v >= 13) w.uuid(m.topicId ?? ZERO_UUID)
  w.arrayCount(m.partitionResponses.length)
  for (const item of m.partitionResponses) {
    yield* writePartitionProduceResponseInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface PartitionProduceResponse {
  /** Partition. */
  readonly index: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Offset of the first record; -1 on an error. */
  readonly baseOffset: number
  /** Time of the append when the topic stamps records itself, else -1. */
  readonly logAppendTimeMs: number
  /** First offset of the partition; -1 if unknown. Version >= 5. */
  readonly logStartOffset: number
  /** Records that made the broker refuse the batch. Version >= 8. */
  readonly recordErrors: readonly BatchIndexAndErrorMessage[]
  /** More about the error; null if there is none. Version >= 8. */
  readonly errorMessage: string | null
  /** Who leads instead, when the broker asked does not. Version >= 10. */
  readonly currentLeader: LeaderIdAndEpoch
}

/** PartitionProduceResponse to be written. */
export interface PartitionProduceResponseInit {
  readonly index: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs?: number | undefined
  readonly logStartOffset?: number | undefined
  readonly recordErrors?: readonly BatchIndexAndErrorMessageInit[] | undefined
  readonly errorMessage?: string | null | undefined
  readonly currentLeader?: LeaderIdAndEpochInit | undefined
}

function readPartitionProduceResponse(r: FrameReader, v: number): PartitionProduceResponse {
  const index = r.int32()
  const errorCode = r.int16()
  const baseOffset = r.int64()
  const logAppendTimeMs = r.int64()
  const logStartOffset = v >= 5 ? r.int64() : -1
  let recordErrors: readonly BatchIndexAndErrorMessage[] = NO_ITEMS
  if (v >= 8) {
    const list = new Array<BatchIndexAndErrorMessage>(r.arrayCount(6, 48))
    for (let at = 0; at < list.length; at++) list[at] = readBatchIndexAndErrorMessage(r)
    recordErrors = list
  }
  const errorMessage = v >= 8 ? r.nullableString() : null
  let currentLeader: LeaderIdAndEpoch = DEFAULT_LEADER_ID_AND_EPOCH
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          if (v < 10) {
            r.skipTag()
            break
          }
          const end = r.enterTag()
          currentLeader = readLeaderIdAndEpoch(r)
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    index,
    errorCode,
    baseOffset,
    logAppendTimeMs,
    logStartOffset,
    recordErrors,
    errorMessage,
    currentLeader,
  }
}

function writePartitionProduceResponse(
  w: FrameWriter,
  m: PartitionProduceResponseInit,
  v: number,
): void {
  w.int32(m.index)
  w.int16(m.errorCode)
  w.int64(m.baseOffset)
  w.int64(m.logAppendTimeMs ?? -1)
  if (v >= 5) w.int64(m.logStartOffset ?? -1)
  if (v >= 8) {
    {
      const recordErrors = m.recordErrors ?? NO_ITEMS
      w.arrayCount(recordErrors.length)
      for (const item of recordErrors) writeBatchIndexAndErrorMessage(w, item)
    }
  }
  if (v >= 8) w.nullableString(m.errorMessage ?? null)
  const hasCurrentLeader = !isDefaultLeaderIdAndEpoch(
    m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH,
  )
  if (hasCurrentLeader && !(v >= 10)) refuse('PartitionProduceResponse', 'currentLeader', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 10 && hasCurrentLeader))
    if (v >= 10 && hasCurrentLeader) {
      const begun = w.beginTag(0)
      writeLeaderIdAndEpoch(w, m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH)
      w.endTag(begun)
    }
  }
}

function* writePartitionProduceResponseInSteps(
  w: FrameWriter,
  m: PartitionProduceResponseInit,
  v: number,
): Generator<void> {
  w.int32(m.index)
  w.int16(m.errorCode)
  w.int64(m.baseOffset)
  w.int64(m.logAppendTimeMs ?? -1)
  if (v >= 5) w.int64(m.logStartOffset ?? -1)
  if (v >= 8) {
    {
      const recordErrors = m.recordErrors ?? NO_ITEMS
      w.arrayCount(recordErrors.length)
      for (const item of recordErrors) {
        writeBatchIndexAndErrorMessage(w, item)
        if (w.due()) yield
      }
    }
  }
  if (v >= 8) w.nullableString(m.errorMessage ?? null)
  const hasCurrentLeader = !isDefaultLeaderIdAndEpoch(
    m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH,
  )
  if (hasCurrentLeader && !(v >= 10)) refuse('PartitionProduceResponse', 'currentLeader', v)
  if (w.flexible) {
    w.uvarint(Number(v >= 10 && hasCurrentLeader))
    if (v >= 10 && hasCurrentLeader) {
      const begun = w.beginTag(0)
      writeLeaderIdAndEpoch(w, m.currentLeader ?? DEFAULT_LEADER_ID_AND_EPOCH)
      w.endTag(begun)
    }
  }
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

export interface BatchIndexAndErrorMessage {
  /** Which record of the batch, counted from 0. */
  readonly batchIndex: number
  /** Why it was refused. */
  readonly batchIndexErrorMessage: string | null
}

/** BatchIndexAndErrorMessage to be written. */
export interface BatchIndexAndErrorMessageInit {
  readonly batchIndex: number
  readonly batchIndexErrorMessage?: string | null | undefined
}

function readBatchIndexAndErrorMessage(r: FrameReader): BatchIndexAndErrorMessage {
  const batchIndex = r.int32()
  const batchIndexErrorMessage = r.nullableString()
  r.skipTags()
  return { batchIndex, batchIndexErrorMessage }
}

function writeBatchIndexAndErrorMessage(w: FrameWriter, m: BatchIndexAndErrorMessageInit): void {
  w.int32(m.batchIndex)
  w.nullableString(m.batchIndexErrorMessage ?? null)
  w.noTags()
}

const PRODUCE_RESPONSE: MessageCodec<ProduceResponse, ProduceResponseInit> = {
  name: 'ProduceResponse',
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readProduceResponse,
  write: writeProduceResponse,
  writeInSteps: writeProduceResponseInSteps,
}

export const PRODUCE: Api<
  ProduceRequest,
  ProduceRequestInit,
  ProduceResponse,
  ProduceResponseInit
> = {
  key: 0,
  name: 'Produce',
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: 9,
  request: PRODUCE_REQUEST,
  response: PRODUCE_RESPONSE,
}
