// Made from definitions/19-create-topics.txt by tools/generate-kafka.ts; do not edit.
//
// Creates topics.
//
// v2: throttle time. v4: defaults by -1. v5: flexible, configs in the answer. v7: topic ids.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion } from '../message-codec.ts'

export interface CreateTopicsRequest {
  /** One for each topic. */
  readonly topics: readonly CreatableTopic[]
  /** Longest wait of the broker. */
  readonly timeoutMs: number
  /** Whether to check only and change nothing. */
  readonly validateOnly: boolean
}

/** CreateTopicsRequest to be written. */
export interface CreateTopicsRequestInit {
  readonly topics: readonly CreatableTopicInit[]
  readonly timeoutMs?: number | undefined
  readonly validateOnly: boolean
}

function readCreateTopicsRequest(r: FrameReader, v: number): CreateTopicsRequest {
  checkVersion('CreateTopicsRequest', v, 2, 7)
  r.flexible = v >= 5
  const topics = new Array<CreatableTopic>(r.arrayCount(10, 72))
  for (let at = 0; at < topics.length; at++) topics[at] = readCreatableTopic(r)
  const timeoutMs = r.int32()
  const validateOnly = r.bool()
  r.skipTags()
  return { topics, timeoutMs, validateOnly }
}

function writeCreateTopicsRequest(w: FrameWriter, m: CreateTopicsRequestInit, v: number): void {
  checkVersion('CreateTopicsRequest', v, 2, 7)
  w.flexible = v >= 5
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeCreatableTopic(w, item)
  w.int32(m.timeoutMs ?? 60000)
  w.bool(m.validateOnly)
  w.noTags()
}

function* readCreateTopicsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, CreateTopicsRequest> {
  checkVersion('CreateTopicsRequest', v, 2, 7)
  r.flexible = v >= 5
  const topics = new Array<CreatableTopic>(r.arrayCount(10, 72))
  for (let at = 0; at < topics.length; at++) {
    topics[at] = yield* readCreatableTopicInSteps(r)
    if (r.due()) yield
  }
  const timeoutMs = r.int32()
  const validateOnly = r.bool()
  r.skipTags()
  return { topics, timeoutMs, validateOnly }
}

export interface CreatableTopic {
  /** Name of the topic. */
  readonly name: string
  /** Number of partitions; -1 for the default, or when assignments are given. */
  readonly numPartitions: number
  /** Number of replicas; -1 for the default, or when assignments are given. */
  readonly replicationFactor: number
  /** Replicas by hand; empty to let the broker place them. */
  readonly assignments: readonly CreatableReplicaAssignment[]
  /** Configs of this resource. */
  readonly configs: readonly CreatableTopicConfig[]
}

/** CreatableTopic to be written. */
export interface CreatableTopicInit {
  readonly name: string
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly assignments: readonly CreatableReplicaAssignmentInit[]
  readonly configs: readonly CreatableTopicConfigInit[]
}

function readCreatableTopic(r: FrameReader): CreatableTopic {
  const name = r.string()
  const numPartitions = r.int32()
  const replicationFactor = r.int16()
  const assignments = new Array<CreatableReplicaAssignment>(r.arrayCount(6, 48))
  for (let at = 0; at < assignments.length; at++)
    assignments[at] = readCreatableReplicaAssignment(r)
  const configs = new Array<CreatableTopicConfig>(r.arrayCount(3, 48))
  for (let at = 0; at < configs.length; at++) configs[at] = readCreatableTopicConfig(r)
  r.skipTags()
  return { name, numPartitions, replicationFactor, assignments, configs }
}

function writeCreatableTopic(w: FrameWriter, m: CreatableTopicInit): void {
  w.string(m.name)
  w.int32(m.numPartitions)
  w.int16(m.replicationFactor)
  w.arrayCount(m.assignments.length)
  for (const item of m.assignments) writeCreatableReplicaAssignment(w, item)
  w.arrayCount(m.configs.length)
  for (const item of m.configs) writeCreatableTopicConfig(w, item)
  w.noTags()
}

function* readCreatableTopicInSteps(r: FrameReader): Generator<void, CreatableTopic> {
  const name = r.string()
  const numPartitions = r.int32()
  const replicationFactor = r.int16()
  const assignments = new Array<CreatableReplicaAssignment>(r.arrayCount(6, 48))
  for (let at = 0; at < assignments.length; at++) {
    assignments[at] = yield* readCreatableReplicaAssignmentInSteps(r)
    if (r.due()) yield
  }
  const configs = new Array<CreatableTopicConfig>(r.arrayCount(3, 48))
  for (let at = 0; at < configs.length; at++) {
    configs[at] = readCreatableTopicConfig(r)
    if (r.due()) yield
  }
  r.skipTags()
  return { name, numPartitions, replicationFactor, assignments, configs }
}

export interface CreatableTopicConfig {
  /** Name of the config. */
  readonly name: string
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
}

/** CreatableTopicConfig to be written. */
export interface CreatableTopicConfigInit {
  readonly name: string
  readonly value: string | null
}

function readCreatableTopicConfig(r: FrameReader): CreatableTopicConfig {
  const name = r.string()
  const value = r.nullableString()
  r.skipTags()
  return { name, value }
}

function writeCreatableTopicConfig(w: FrameWriter, m: CreatableTopicConfigInit): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.noTags()
}

export interface CreatableReplicaAssignment {
  /** Partition. */
  readonly partitionIndex: number
  /** Brokers to hold the replicas, preferred leader first. */
  readonly brokerIds: readonly number[]
}

/** CreatableReplicaAssignment to be written. */
export interface CreatableReplicaAssignmentInit {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

function readCreatableReplicaAssignment(r: FrameReader): CreatableReplicaAssignment {
  const partitionIndex = r.int32()
  const brokerIds = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < brokerIds.length; at++) brokerIds[at] = r.int32()
  r.skipTags()
  return { partitionIndex, brokerIds }
}

function writeCreatableReplicaAssignment(w: FrameWriter, m: CreatableReplicaAssignmentInit): void {
  w.int32(m.partitionIndex)
  w.arrayCount(m.brokerIds.length)
  for (const item of m.brokerIds) w.int32(item)
  w.noTags()
}

function* readCreatableReplicaAssignmentInSteps(
  r: FrameReader,
): Generator<void, CreatableReplicaAssignment> {
  const partitionIndex = r.int32()
  const brokerIds = new Array<number>(r.arrayCount(4, 8))
  for (let at = 0; at < brokerIds.length; at++) {
    brokerIds[at] = r.int32()
    if (r.due()) yield
  }
  r.skipTags()
  return { partitionIndex, brokerIds }
}

const CREATE_TOPICS_REQUEST: MessageCodec<CreateTopicsRequest, CreateTopicsRequestInit> = {
  name: 'CreateTopicsRequest',
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: 5,
  read: readCreateTopicsRequest,
  write: writeCreateTopicsRequest,
  readInSteps: readCreateTopicsRequestInSteps,
}

export interface CreateTopicsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One for each topic. */
  readonly topics: readonly CreatableTopicResult[]
}

/** CreateTopicsResponse to be written. */
export interface CreateTopicsResponseInit {
  readonly throttleTimeMs: number
  readonly topics: readonly CreatableTopicResultInit[]
}

function readCreateTopicsResponse(r: FrameReader, v: number): CreateTopicsResponse {
  checkVersion('CreateTopicsResponse', v, 2, 7)
  r.flexible = v >= 5
  const throttleTimeMs = r.int32()
  const topics = new Array<CreatableTopicResult>(r.arrayCount(6, 96))
  for (let at = 0; at < topics.length; at++) topics[at] = readCreatableTopicResult(r, v)
  r.skipTags()
  return { throttleTimeMs, topics }
}

function writeCreateTopicsResponse(w: FrameWriter, m: CreateTopicsResponseInit, v: number): void {
  checkVersion('CreateTopicsResponse', v, 2, 7)
  w.flexible = v >= 5
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) writeCreatableTopicResult(w, item, v)
  w.noTags()
}

function* writeCreateTopicsResponseInSteps(
  w: FrameWriter,
  m: CreateTopicsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('CreateTopicsResponse', v, 2, 7)
  w.flexible = v >= 5
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.topics.length)
  for (const item of m.topics) {
    yield* writeCreatableTopicResultInSteps(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface CreatableTopicResult {
  /** Name of the topic. */
  readonly name: string
  /** Id of the topic. Version >= 7. */
  readonly topicId: Uuid
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** Why the configs are left out, or 0. Version >= 5. */
  readonly topicConfigErrorCode: number
  /** Number of partitions. Version >= 5. */
  readonly numPartitions: number
  /** Number of replicas. Version >= 5. */
  readonly replicationFactor: number
  /** Configs that the topic got; null when left out. Version >= 5. */
  readonly configs: readonly CreatableTopicConfigs[] | null
}

/** CreatableTopicResult to be written. */
export interface CreatableTopicResultInit {
  readonly name: string
  readonly topicId?: Uuid | undefined
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly topicConfigErrorCode?: number | undefined
  readonly numPartitions?: number | undefined
  readonly replicationFactor?: number | undefined
  readonly configs?: readonly CreatableTopicConfigsInit[] | null | undefined
}

function readCreatableTopicResult(r: FrameReader, v: number): CreatableTopicResult {
  const name = r.string()
  const topicId = v >= 7 ? r.uuid() : ZERO_UUID
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const numPartitions = v >= 5 ? r.int32() : -1
  const replicationFactor = v >= 5 ? r.int16() : -1
  let configs: readonly CreatableTopicConfigs[] | null = NO_ITEMS
  if (v >= 5) {
    const count = r.nullableArrayCount(6, 72)
    if (count < 0) {
      configs = null
    } else {
      const list = new Array<CreatableTopicConfigs>(count)
      for (let at = 0; at < list.length; at++) list[at] = readCreatableTopicConfigs(r)
      configs = list
    }
  }
  let topicConfigErrorCode: number = 0
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          topicConfigErrorCode = r.int16()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    name,
    topicId,
    errorCode,
    errorMessage,
    topicConfigErrorCode,
    numPartitions,
    replicationFactor,
    configs,
  }
}

function writeCreatableTopicResult(w: FrameWriter, m: CreatableTopicResultInit, v: number): void {
  w.string(m.name)
  if (v >= 7) w.uuid(m.topicId ?? ZERO_UUID)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  if (v >= 5) w.int32(m.numPartitions ?? -1)
  if (v >= 5) w.int16(m.replicationFactor ?? -1)
  if (v >= 5) {
    {
      const configs = m.configs === undefined ? NO_ITEMS : m.configs
      if (configs === null) {
        w.nullArray()
      } else {
        w.arrayCount(configs.length)
        for (const item of configs) writeCreatableTopicConfigs(w, item)
      }
    }
  }
  const hasTopicConfigErrorCode = (m.topicConfigErrorCode ?? 0) !== 0
  if (w.flexible) {
    w.uvarint(Number(hasTopicConfigErrorCode))
    if (hasTopicConfigErrorCode) {
      const begun = w.beginTag(0)
      w.int16(m.topicConfigErrorCode ?? 0)
      w.endTag(begun)
    }
  }
}

function* writeCreatableTopicResultInSteps(
  w: FrameWriter,
  m: CreatableTopicResultInit,
  v: number,
): Generator<void> {
  w.string(m.name)
  if (v >= 7) w.uuid(m.topicId ?? ZERO_UUID)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage)
  if (v >= 5) w.int32(m.numPartitions ?? -1)
  if (v >= 5) w.int16(m.replicationFactor ?? -1)
  if (v >= 5) {
    {
      const configs = m.configs === undefined ? NO_ITEMS : m.configs
      if (configs === null) {
        w.nullArray()
      } else {
        w.arrayCount(configs.length)
        for (const item of configs) {
          writeCreatableTopicConfigs(w, item)
          if (w.due()) yield
        }
      }
    }
  }
  const hasTopicConfigErrorCode = (m.topicConfigErrorCode ?? 0) !== 0
  if (w.flexible) {
    w.uvarint(Number(hasTopicConfigErrorCode))
    if (hasTopicConfigErrorCode) {
      const begun = w.beginTag(0)
      w.int16(m.topicConfigErrorCode ?? 0)
      w.endTag(begun)
    }
  }
}

export interface CreatableTopicConfigs {
  /** Name of the config. */
  readonly name: string
  /** Value of the config; null for none, or for a secret. */
  readonly value: string | null
  /** Whether it cannot be changed. */
  readonly readOnly: boolean
  /** Where the value comes from: 1 topic, 2 and 3 dynamic broker, 4 static broker, 5 default. */
  readonly configSource: number
  /** Whether the value is a secret, which is then null. */
  readonly isSensitive: boolean
}

/** CreatableTopicConfigs to be written. */
export interface CreatableTopicConfigsInit {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource?: number | undefined
  readonly isSensitive: boolean
}

function readCreatableTopicConfigs(r: FrameReader): CreatableTopicConfigs {
  const name = r.string()
  const value = r.nullableString()
  const readOnly = r.bool()
  const configSource = r.int8()
  const isSensitive = r.bool()
  r.skipTags()
  return { name, value, readOnly, configSource, isSensitive }
}

function writeCreatableTopicConfigs(w: FrameWriter, m: CreatableTopicConfigsInit): void {
  w.string(m.name)
  w.nullableString(m.value)
  w.bool(m.readOnly)
  w.int8(m.configSource ?? -1)
  w.bool(m.isSensitive)
  w.noTags()
}

const CREATE_TOPICS_RESPONSE: MessageCodec<CreateTopicsResponse, CreateTopicsResponseInit> = {
  name: 'CreateTopicsResponse',
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: 5,
  read: readCreateTopicsResponse,
  write: writeCreateTopicsResponse,
  writeInSteps: writeCreateTopicsResponseInSteps,
}

export const CREATE_TOPICS: Api<
  CreateTopicsRequest,
  CreateTopicsRequestInit,
  CreateTopicsResponse,
  CreateTopicsResponseInit
> = {
  key: 19,
  name: 'CreateTopics',
  minVersion: 2,
  maxVersion: 7,
  flexibleFrom: 5,
  request: CREATE_TOPICS_REQUEST,
  response: CREATE_TOPICS_RESPONSE,
}
