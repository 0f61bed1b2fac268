// Made from definitions/69-consumer-group-describe.txt by tools/generate-kafka.ts; do not edit.
//
// Describes groups of the newer protocol.
//
// v1: member types.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion } from '../message-codec.ts'

export interface ConsumerGroupDescribeRequest {
  /** Groups to describe. */
  readonly groupIds: readonly string[]
  /** Whether to say what the caller may do with each group. */
  readonly includeAuthorizedOperations: boolean
}

/** ConsumerGroupDescribeRequest to be written. */
export interface ConsumerGroupDescribeRequestInit {
  readonly groupIds: readonly string[]
  readonly includeAuthorizedOperations: boolean
}

function readConsumerGroupDescribeRequest(r: FrameReader, v: number): ConsumerGroupDescribeRequest {
  checkVersion('ConsumerGroupDescribeRequest', v, 0, 1)
  r.flexible = true
  const groupIds = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groupIds.length; at++) groupIds[at] = r.string()
  const includeAuthorizedOperations = r.bool()
  r.skipTags()
  return { groupIds, includeAuthorizedOperations }
}

function writeConsumerGroupDescribeRequest(
  w: FrameWriter,
  m: ConsumerGroupDescribeRequestInit,
  v: number,
): void {
  checkVersion('ConsumerGroupDescribeRequest', v, 0, 1)
  w.flexible = true
  w.arrayCount(m.groupIds.length)
  for (const item of m.groupIds) w.string(item)
  w.bool(m.includeAuthorizedOperations)
  w.noTags()
}

function* readConsumerGroupDescribeRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ConsumerGroupDescribeRequest> {
  checkVersion('ConsumerGroupDescribeRequest', v, 0, 1)
  r.flexible = true
  const groupIds = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < groupIds.length; at++) {
    groupIds[at] = r.string()
    if (r.due()) yield
  }
  const includeAuthorizedOperations = r.bool()
  r.skipTags()
  return { groupIds, includeAuthorizedOperations }
}

const CONSUMER_GROUP_DESCRIBE_REQUEST: MessageCodec<
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeRequestInit
> = {
  name: 'ConsumerGroupDescribeRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupDescribeRequest,
  write: writeConsumerGroupDescribeRequest,
  readInSteps: readConsumerGroupDescribeRequestInSteps,
}

export interface ConsumerGroupDescribeResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each group. */
  readonly groups: readonly DescribedGroup[]
}

/** ConsumerGroupDescribeResponse to be written. */
export interface ConsumerGroupDescribeResponseInit {
  readonly throttleTimeMs: number
  readonly groups: readonly DescribedGroupInit[]
}

function readConsumerGroupDescribeResponse(
  r: FrameReader,
  v: number,
): ConsumerGroupDescribeResponse {
  checkVersion('ConsumerGroupDescribeResponse', v, 0, 1)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const groups = new Array<DescribedGroup>(r.arrayCount(20, 104))
  for (let at = 0; at < groups.length; at++) groups[at] = readDescribedGroup(r, v)
  r.skipTags()
  return { throttleTimeMs, groups }
}

function writeConsumerGroupDescribeResponse(
  w: FrameWriter,
  m: ConsumerGroupDescribeResponseInit,
  v: number,
): void {
  checkVersion('ConsumerGroupDescribeResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) writeDescribedGroup(w, item, v)
  w.noTags()
}

function* writeConsumerGroupDescribeResponseInSteps(
  w: FrameWriter,
  m: ConsumerGroupDescribeResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ConsumerGroupDescribeResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.groups.length)
  for (const item of m.groups) {
    yield* writeDescribedGroupInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DescribedGroup {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Id of the group. */
  readonly groupId: string
  /** State of the group, by name. */
  readonly groupState: string
  /** Grows with each change of members or subscriptions. */
  readonly groupEpoch: number
  /** Group epoch that the assignment was computed for. */
  readonly assignmentEpoch: number
  /** Assignor that the group uses. */
  readonly assignorName: string
  /** Members of the group. */
  readonly members: readonly Member[]
  /** Bit n set: operation n is allowed; -2147483648 when not asked for. */
  readonly authorizedOperations: number
}

/** DescribedGroup to be written. */
export interface DescribedGroupInit {
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
  readonly groupId: string
  readonly groupState: string
  readonly groupEpoch: number
  readonly assignmentEpoch: number
  readonly assignorName: string
  readonly members: readonly MemberInit[]
  readonly authorizedOperations?: number | undefined
}

function readDescribedGroup(r: FrameReader, v: number): DescribedGroup {
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const groupId = r.string()
  const groupState = r.string()
  const groupEpoch = r.int32()
  const assignmentEpoch = r.int32()
  const assignorName = r.string()
  const members = new Array<Member>(r.arrayCount(16, 200))
  for (let at = 0; at < members.length; at++) members[at] = readMember(r, v)
  const authorizedOperations = r.int32()
  r.skipTags()
  return {
    errorCode,
    errorMessage,
    groupId,
    groupState,
    groupEpoch,
    assignmentEpoch,
    assignorName,
    members,
    authorizedOperations,
  }
}

function writeDescribedGroup(w: FrameWriter, m: DescribedGroupInit, v: number): void {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.string(m.groupId)
  w.string(m.groupState)
  w.int32(m.groupEpoch)
  w.int32(m.assignmentEpoch)
  w.string(m.assignorName)
  w.arrayCount(m.members.length)
  for (const item of m.members) writeMember(w, item, v)
  w.int32(m.authorizedOperations ?? -2147483648)
  w.noTags()
}

function* writeDescribedGroupInSteps(
  w: FrameWriter,
  m: DescribedGroupInit,
  v: number,
): Generator<void> {
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.string(m.groupId)
  w.string(m.groupState)
  w.int32(m.groupEpoch)
  w.int32(m.assignmentEpoch)
  w.string(m.assignorName)
  w.arrayCount(m.members.length)
  for (const item of m.members) {
    yield* writeMemberInSteps(w, item, v)
    if (w.due()) yield
  }
  w.int32(m.authorizedOperations ?? -2147483648)
  w.noTags()
}

export interface Member {
  /** Id of the member. */
  readonly memberId: string
  /** Name of a static member; null for a dynamic one. */
  readonly instanceId: string | null
  /** Rack of the client. */
  readonly rackId: string | null
  /** Epoch of the member. */
  readonly memberEpoch: number
  /** Name that the client gave itself. */
  readonly clientId: string
  /** Address that the member connects from. */
  readonly clientHost: string
  /** Topics that the member reads. */
  readonly subscribedTopicNames: readonly string[]
  /** Regular expression of topics that the member reads; null if none. */
  readonly subscribedTopicRegex: string | null
  /** What the member owns. */
  readonly assignment: Assignment
  /** Partitions that the member is to have in the end. */
  readonly targetAssignment: Assignment
  /** 0 classic, 1 consumer, -1 unknown. Version >= 1. */
  readonly memberType: number
}

/** Member to be written. */
export interface MemberInit {
  readonly memberId: string
  readonly instanceId?: string | null | undefined
  readonly rackId?: string | null | undefined
  readonly memberEpoch: number
  readonly clientId: string
  readonly clientHost: string
  readonly subscribedTopicNames: readonly string[]
  readonly subscribedTopicRegex?: string | null | undefined
  readonly assignment: AssignmentInit
  readonly targetAssignment: AssignmentInit
  readonly memberType?: number | undefined
}

function readMember(r: FrameReader, v: number): Member {
  const memberId = r.string()
  const instanceId = r.nullableString()
  const rackId = r.nullableString()
  const memberEpoch = r.int32()
  const clientId = r.string()
  const clientHost = r.string()
  const subscribedTopicNames = new Array<string>(r.arrayCount(1, 8))
  for (let at = 0; at < subscribedTopicNames.length; at++) subscribedTopicNames[at] = r.string()
  const subscribedTopicRegex = r.nullableString()
  const assignment = readAssignment(r)
  const targetAssignment = readAssignment(r)
  const memberType = v >= 1 ? r.int8() : -1
  r.skipTags()
  return {
    memberId,
    instanceId,
    rackId,
    memberEpoch,
    clientId,
    clientHost,
    subscribedTopicNames,
    subscribedTopicRegex,
    assignment,
    targetAssignment,
    memberType,
  }
}

function writeMember(w: FrameWriter, m: MemberInit, v: number): void {
  w.string(m.memberId)
  w.nullableString(m.instanceId ?? null)
  w.nullableString(m.rackId ?? null)
  w.int32(m.memberEpoch)
  w.string(m.clientId)
  w.string(m.clientHost)
  w.arrayCount(m.subscribedTopicNames.length)
  for (const item of m.subscribedTopicNames) w.string(item)
  w.nullableString(m.subscribedTopicRegex ?? null)
  writeAssignment(w, m.assignment)
  writeAssignment(w, m.targetAssignment)
  if (v >= 1) w.int8(m.memberType ?? -1)
  w.noTags()
}

function* writeMemberInSteps(w: FrameWriter, m: MemberInit, v: number): Generator<void> {
  w.string(m.memberId)
  w.nullableString(m.instanceId ?? null)
  w.nullableString(m.rackId ?? null)
  w.int32(m.memberEpoch)
  w.string(m.clientId)
  w.string(m.clientHost)
  w.arrayCount(m.subscribedTopicNames.length)
  for (const item of m.subscribedTopicNames) {
    w.string(item)
    if (w.due()) yield
  }
  w.nullableString(m.subscribedTopicRegex ?? null)
  yield* writeAssignmentInSteps(w, m.assignment)
  yield* writeAssignmentInSteps(w, m.targetAssignment)
  if (v >= 1) w.int8(m.memberType ?? -1)
  w.noTags()
}

export interface Assignment {
  /** Topics with their partitions. */
  readonly topicPartitions: readonly TopicPartitions[]
}

/** Assignment to be written. */
export interface AssignmentInit {
  readonly topicPartitions: readonly TopicPartitionsInit[]
}

function readAssignment(r: FrameReader): Assignment {
  const topicPartitions = new Array<TopicPartitions>(r.arrayCount(19, 56))
  for (let at = 0; at < topicPartitions.length; at++) topicPartitions[at] = readTopicPartitions(r)
  r.skipTags()
  return { topicPartitions }
}

function writeAssignment(w: FrameWriter, m: AssignmentInit): void {
  w.arrayCount(m.topicPartitions.length)
  for (const item of m.topicPartitions) writeTopicPartitions(w, item)
  w.noTags()
}

function* writeAssignmentInSteps(w: FrameWriter, m: AssignmentInit): Generator<void> {
  w.arrayCount(m.topicPartitions.length)
  for (const item of m.topicPartitions) {
    yield* writeTopicPartitionsInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface TopicPartitions {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Name of the topic. */
  readonly topicName: string
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** TopicPartitions to be written. */
export interface TopicPartitionsInit {
  readonly topicId: Uuid
  readonly topicName: string
  readonly partitions: readonly number[]
}

function readTopicPartitions(r: FrameReader): TopicPartitions {
  const topicId = r.uuid()
  const topicName = r.string()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topicId, topicName, partitions }
}

function writeTopicPartitions(w: FrameWriter, m: TopicPartitionsInit): void {
  w.uuid(m.topicId)
  w.string(m.topicName)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* writeTopicPartitionsInSteps(w: FrameWriter, m: TopicPartitionsInit): Generator<void> {
  w.uuid(m.topicId)
  w.string(m.topicName)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    w.int32(item)
    if (w.due()) yield
  }
  w.noTags()
}

const CONSUMER_GROUP_DESCRIBE_RESPONSE: MessageCodec<
  ConsumerGroupDescribeResponse,
  ConsumerGroupDescribeResponseInit
> = {
  name: 'ConsumerGroupDescribeResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupDescribeResponse,
  write: writeConsumerGroupDescribeResponse,
  writeInSteps: writeConsumerGroupDescribeResponseInSteps,
}

export const CONSUMER_GROUP_DESCRIBE: Api<
  ConsumerGroupDescribeRequest,
  ConsumerGroupDescribeRequestInit,
  ConsumerGroupDescribeResponse,
  ConsumerGroupDescribeResponseInit
> = {
  key: 69,
  name: 'ConsumerGroupDescribe',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  request: CONSUMER_GROUP_DESCRIBE_REQUEST,
  response: CONSUMER_GROUP_DESCRIBE_RESPONSE,
}
