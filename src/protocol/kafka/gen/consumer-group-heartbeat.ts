// Made from definitions/68-consumer-group-heartbeat.txt by tools/generate-kafka.ts; do not edit.
//
// Keeps a member of a group of the newer protocol alive, and moves its partitions (KIP-848).
//
// v1: regular expressions; the client makes the member id.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface ConsumerGroupHeartbeatRequest {
  /** Id of the group. */
  readonly groupId: string
  /** Id of the member; from version 1 on the client makes it. */
  readonly memberId: string
  /** Epoch of the member; 0 joins, -1 leaves, -2 leaves for a while (static). */
  readonly memberEpoch: number
  /** Name of a static member; null for a dynamic one. */
  readonly instanceId: string | null
  /** Rack of the member; null when unchanged. */
  readonly rackId: string | null
  /** Longest that the member takes to give up partitions; -1 when unchanged. */
  readonly rebalanceTimeoutMs: number
  /** Topics that the member reads; null when unchanged. */
  readonly subscribedTopicNames: readonly string[] | null
  /** Regular expression of topics; null when unchanged. Version >= 1. */
  readonly subscribedTopicRegex: string | null
  /** Assignor to use; null to leave it to the broker. */
  readonly serverAssignor: string | null
  /** Partitions that the member owns; null when unchanged. */
  readonly topicPartitions: readonly OwnedTopicPartitions[] | null
}

/** ConsumerGroupHeartbeatRequest to be written. */
export interface ConsumerGroupHeartbeatRequestInit {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId?: string | null | undefined
  readonly rackId?: string | null | undefined
  readonly rebalanceTimeoutMs?: number | undefined
  readonly subscribedTopicNames?: readonly string[] | null | undefined
  readonly subscribedTopicRegex?: string | null | undefined
  readonly serverAssignor?: string | null | undefined
  readonly topicPartitions?: readonly OwnedTopicPartitionsInit[] | null | undefined
}

function readConsumerGroupHeartbeatRequest(
  r: FrameReader,
  v: number,
): ConsumerGroupHeartbeatRequest {
  checkVersion('ConsumerGroupHeartbeatRequest', v, 0, 1)
  r.flexible = true
  const groupId = r.string()
  const memberId = r.string()
  const memberEpoch = r.int32()
  const instanceId = r.nullableString()
  const rackId = r.nullableString()
  const rebalanceTimeoutMs = r.int32()
  let subscribedTopicNames: readonly string[] | null
  {
    const count = r.nullableArrayCount(1, 8)
    if (count < 0) {
      subscribedTopicNames = null
    } else {
      const list = new Array<string>(count)
      for (let at = 0; at < list.length; at++) list[at] = r.string()
      subscribedTopicNames = list
    }
  }
  const subscribedTopicRegex = v >= 1 ? r.nullableString() : null
  const serverAssignor = r.nullableString()
  let topicPartitions: readonly OwnedTopicPartitions[] | null
  {
    const count = r.nullableArrayCount(18, 48)
    if (count < 0) {
      topicPartitions = null
    } else {
      const list = new Array<OwnedTopicPartitions>(count)
      for (let at = 0; at < list.length; at++) list[at] = readOwnedTopicPartitions(r)
      topicPartitions = list
    }
  }
  r.skipTags()
  return {
    groupId,
    memberId,
    memberEpoch,
    instanceId,
    rackId,
    rebalanceTimeoutMs,
    subscribedTopicNames,
    subscribedTopicRegex,
    serverAssignor,
    topicPartitions,
  }
}

function writeConsumerGroupHeartbeatRequest(
  w: FrameWriter,
  m: ConsumerGroupHeartbeatRequestInit,
  v: number,
): void {
  checkVersion('ConsumerGroupHeartbeatRequest', v, 0, 1)
  w.flexible = true
  w.string(m.groupId)
  w.string(m.memberId)
  w.int32(m.memberEpoch)
  w.nullableString(m.instanceId ?? null)
  w.nullableString(m.rackId ?? null)
  w.int32(m.rebalanceTimeoutMs ?? -1)
  {
    const subscribedTopicNames = m.subscribedTopicNames ?? null
    if (subscribedTopicNames === null) {
      w.nullArray()
    } else {
      w.arrayCount(subscribedTopicNames.length)
      for (const item of subscribedTopicNames) w.string(item)
    }
  }
  if (v >= 1) w.nullableString(m.subscribedTopicRegex ?? null)
  else if ((m.subscribedTopicRegex ?? null) !== null)
    refuse('ConsumerGroupHeartbeatRequest', 'subscribedTopicRegex', v)
  w.nullableString(m.serverAssignor ?? null)
  {
    const topicPartitions = m.topicPartitions ?? null
    if (topicPartitions === null) {
      w.nullArray()
    } else {
      w.arrayCount(topicPartitions.length)
      for (const item of topicPartitions) writeOwnedTopicPartitions(w, item)
    }
  }
  w.noTags()
}

function* readConsumerGroupHeartbeatRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, ConsumerGroupHeartbeatRequest> {
  checkVersion('ConsumerGroupHeartbeatRequest', v, 0, 1)
  r.flexible = true
  const groupId = r.string()
  const memberId = r.string()
  const memberEpoch = r.int32()
  const instanceId = r.nullableString()
  const rackId = r.nullableString()
  const rebalanceTimeoutMs = r.int32()
  let subscribedTopicNames: readonly string[] | null
  {
    const count = r.nullableArrayCount(1, 8)
    if (count < 0) {
      subscribedTopicNames = null
    } else {
      const list = new Array<string>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = r.string()
        if (r.due()) yield
      }
      subscribedTopicNames = list
    }
  }
  const subscribedTopicRegex = v >= 1 ? r.nullableString() : null
  const serverAssignor = r.nullableString()
  let topicPartitions: readonly OwnedTopicPartitions[] | null
  {
    const count = r.nullableArrayCount(18, 48)
    if (count < 0) {
      topicPartitions = null
    } else {
      const list = new Array<OwnedTopicPartitions>(count)
      for (let at = 0; at < list.length; at++) {
        list[at] = yield* readOwnedTopicPartitionsInSteps(r)
        if (r.due()) yield
      }
      topicPartitions = list
    }
  }
  r.skipTags()
  return {
    groupId,
    memberId,
    memberEpoch,
    instanceId,
    rackId,
    rebalanceTimeoutMs,
    subscribedTopicNames,
    subscribedTopicRegex,
    serverAssignor,
    topicPartitions,
  }
}

export interface OwnedTopicPartitions {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** OwnedTopicPartitions to be written. */
export interface OwnedTopicPartitionsInit {
  readonly topicId: Uuid
  readonly partitions: readonly number[]
}

function readOwnedTopicPartitions(r: FrameReader): OwnedTopicPartitions {
  const topicId = r.uuid()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topicId, partitions }
}

function writeOwnedTopicPartitions(w: FrameWriter, m: OwnedTopicPartitionsInit): void {
  w.uuid(m.topicId)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* readOwnedTopicPartitionsInSteps(r: FrameReader): Generator<void, OwnedTopicPartitions> {
  const topicId = r.uuid()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) {
    partitions[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { topicId, partitions }
}

const CONSUMER_GROUP_HEARTBEAT_REQUEST: MessageCodec<
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatRequestInit
> = {
  name: 'ConsumerGroupHeartbeatRequest',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupHeartbeatRequest,
  write: writeConsumerGroupHeartbeatRequest,
  readInSteps: readConsumerGroupHeartbeatRequestInSteps,
}

export interface ConsumerGroupHeartbeatResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Id of the member, which version 0 gets from the broker; null if unchanged. */
  readonly memberId: string | null
  /** Epoch of the member. */
  readonly memberEpoch: number
  /** How often to send heartbeats. */
  readonly heartbeatIntervalMs: number
  /** What the member is to own now; null when nothing changed. */
  readonly assignment: Assignment | null
}

/** ConsumerGroupHeartbeatResponse to be written. */
export interface ConsumerGroupHeartbeatResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
  readonly memberId?: string | null | undefined
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  readonly assignment?: AssignmentInit | null | undefined
}

function readConsumerGroupHeartbeatResponse(
  r: FrameReader,
  v: number,
): ConsumerGroupHeartbeatResponse {
  checkVersion('ConsumerGroupHeartbeatResponse', v, 0, 1)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const memberId = r.nullableString()
  const memberEpoch = r.int32()
  const heartbeatIntervalMs = r.int32()
  const assignment = r.present() ? readAssignment(r) : null
  r.skipTags()
  return {
    throttleTimeMs,
    errorCode,
    errorMessage,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment,
  }
}

function writeConsumerGroupHeartbeatResponse(
  w: FrameWriter,
  m: ConsumerGroupHeartbeatResponseInit,
  v: number,
): void {
  checkVersion('ConsumerGroupHeartbeatResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.nullableString(m.memberId ?? null)
  w.int32(m.memberEpoch)
  w.int32(m.heartbeatIntervalMs)
  {
    const assignment = m.assignment ?? null
    if (assignment === null) {
      w.present(false)
    } else {
      w.present(true)
      writeAssignment(w, assignment)
    }
  }
  w.noTags()
}

function* writeConsumerGroupHeartbeatResponseInSteps(
  w: FrameWriter,
  m: ConsumerGroupHeartbeatResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ConsumerGroupHeartbeatResponse', v, 0, 1)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  w.nullableString(m.memberId ?? null)
  w.int32(m.memberEpoch)
  w.int32(m.heartbeatIntervalMs)
  {
    const assignment = m.assignment ?? null
    if (assignment === null) {
      w.present(false)
    } else {
      w.present(true)
      yield* writeAssignmentInSteps(w, assignment)
    }
  }
  w.noTags()
}

export interface Assignment {
  /** Topics with their partitions. */
  readonly topicPartitions: readonly AssignedTopicPartitions[]
}

/** Assignment to be written. */
export interface AssignmentInit {
  readonly topicPartitions: readonly AssignedTopicPartitionsInit[]
}

function readAssignment(r: FrameReader): Assignment {
  const topicPartitions = new Array<AssignedTopicPartitions>(r.arrayCount(18, 48))
  for (let at = 0; at < topicPartitions.length; at++)
    topicPartitions[at] = readAssignedTopicPartitions(r)
  r.skipTags()
  return { topicPartitions }
}

function writeAssignment(w: FrameWriter, m: AssignmentInit): void {
  w.arrayCount(m.topicPartitions.length)
  for (const item of m.topicPartitions) writeAssignedTopicPartitions(w, item)
  w.noTags()
}

function* writeAssignmentInSteps(w: FrameWriter, m: AssignmentInit): Generator<void> {
  w.arrayCount(m.topicPartitions.length)
  for (const item of m.topicPartitions) {
    yield* writeAssignedTopicPartitionsInSteps(w, item)
    if (w.due()) yield
  }
  w.noTags()
}

export interface AssignedTopicPartitions {
  /** Id of the topic. */
  readonly topicId: Uuid
  /** Partitions of the topic. */
  readonly partitions: readonly number[]
}

/** AssignedTopicPartitions to be written. */
export interface AssignedTopicPartitionsInit {
  readonly topicId: Uuid
  readonly partitions: readonly number[]
}

function readAssignedTopicPartitions(r: FrameReader): AssignedTopicPartitions {
  const topicId = r.uuid()
  const partitions = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < partitions.length; at++) partitions[at] = r.int32()
  r.skipTags()
  return { topicId, partitions }
}

function writeAssignedTopicPartitions(w: FrameWriter, m: AssignedTopicPartitionsInit): void {
  w.uuid(m.topicId)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) w.int32(item)
  w.noTags()
}

function* writeAssignedTopicPartitionsInSteps(
  w: FrameWriter,
  m: AssignedTopicPartitionsInit,
): Generator<void> {
  w.uuid(m.topicId)
  w.arrayCount(m.partitions.length)
  for (const item of m.partitions) {
    w.int32(item)
    if (w.due()) yield
  }
  w.noTags()
}

const CONSUMER_GROUP_HEARTBEAT_RESPONSE: MessageCodec<
  ConsumerGroupHeartbeatResponse,
  ConsumerGroupHeartbeatResponseInit
> = {
  name: 'ConsumerGroupHeartbeatResponse',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readConsumerGroupHeartbeatResponse,
  write: writeConsumerGroupHeartbeatResponse,
  writeInSteps: writeConsumerGroupHeartbeatResponseInSteps,
}

export const CONSUMER_GROUP_HEARTBEAT: Api<
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatRequestInit,
  ConsumerGroupHeartbeatResponse,
  ConsumerGroupHeartbeatResponseInit
> = {
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  request: CONSUMER_GROUP_HEARTBEAT_REQUEST,
  response: CONSUMER_GROUP_HEARTBEAT_RESPONSE,
}
