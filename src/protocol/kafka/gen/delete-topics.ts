// Made from definitions/20-delete-topics.txt by tools/generate-kafka.ts; do not edit.
//
// Deletes topics.
//
// v4: flexible. v5: error messages. v6: by id.

/* oxlint-disable unicorn/no-new-array */

import { type Uuid, ZERO_UUID } from '../../../base/uuid.ts'
import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion, refuse } from '../message-codec.ts'

export interface DeleteTopicsRequest {
  /** One for each topic. Version >= 6. */
  readonly topics: readonly DeleteTopicState[]
  /** Topics by name. Version <= 5. */
  readonly topicNames: readonly string[]
  /** Longest wait of the broker. */
  readonly timeoutMs: number
}

/** DeleteTopicsRequest to be written. */
export interface DeleteTopicsRequestInit {
  readonly topics?: readonly DeleteTopicStateInit[] | undefined
  readonly topicNames?: readonly string[] | undefined
  readonly timeoutMs: number
}

function readDeleteTopicsRequest(r: FrameReader, v: number): DeleteTopicsRequest {
  checkVersion('DeleteTopicsRequest', v, 1, 6)
  r.flexible = v >= 4
  let topics: readonly DeleteTopicState[] = NO_ITEMS
  if (v >= 6) {
    const list = new Array<DeleteTopicState>(r.arrayCount(18, 48))
    for (let at = 0; at < list.length; at++) list[at] = readDeleteTopicState(r)
    topics = list
  }
  let topicNames: readonly string[] = NO_ITEMS
  if (v <= 5) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) list[at] = r.string()
    topicNames = list
  }
  const timeoutMs = r.int32()
  r.skipTags()
  return { topics, topicNames, timeoutMs }
}

function writeDeleteTopicsRequest(w: FrameWriter, m: DeleteTopicsRequestInit, v: number): void {
  checkVersion('DeleteTopicsRequest', v, 1, 6)
  w.flexible = v >= 4
  if (v >= 6) {
    {
      const topics = m.topics ?? NO_ITEMS
      w.arrayCount(topics.length)
      for (const item of topics) writeDeleteTopicState(w, item)
    }
  } else if ((m.topics?.length ?? 0) !== 0) refuse('DeleteTopicsRequest', 'topics', v)
  if (v <= 5) {
    {
      const topicNames = m.topicNames ?? NO_ITEMS
      w.arrayCount(topicNames.length)
      for (const item of topicNames) w.string(item)
    }
  }
  w.int32(m.timeoutMs)
  w.noTags()
}

function* readDeleteTopicsRequestInSteps(
  r: FrameReader,
  v: number,
): Generator<void, DeleteTopicsRequest> {
  checkVersion('DeleteTopicsRequest', v, 1, 6)
  r.flexible = v >= 4
  let topics: readonly DeleteTopicState[] = NO_ITEMS
  if (v >= 6) {
    const list = new Array<DeleteTopicState>(r.arrayCount(18, 48))
    for (let at = 0; at < list.length; at++) {
      list[at] = readDeleteTopicState(r)
      if (r.due()) yield
    }
    topics = list
  }
  let topicNames: readonly string[] = NO_ITEMS
  if (v <= 5) {
    const list = new Array<string>(r.arrayCount(1, 8))
    for (let at = 0; at < list.length; at++) {
      list[at] = r.string()
      if (r.due()) yield
    }
    topicNames = list
  }
  const timeoutMs = r.int32()
  r.skipTags()
  return { topics, topicNames, timeoutMs }
}

export interface DeleteTopicState {
  /** Name of the topic. */
  readonly name: string | null
  /** Id of the topic. */
  readonly topicId: Uuid
}

/** DeleteTopicState to be written. */
export interface DeleteTopicStateInit {
  readonly name?: string | null | undefined
  readonly topicId: Uuid
}

function readDeleteTopicState(r: FrameReader): DeleteTopicState {
  const name = r.nullableString()
  const topicId = r.uuid()
  r.skipTags()
  return { name, topicId }
}

function writeDeleteTopicState(w: FrameWriter, m: DeleteTopicStateInit): void {
  w.nullableString(m.name ?? null)
  w.uuid(m.topicId)
  w.noTags()
}

const DELETE_TOPICS_REQUEST: MessageCodec<DeleteTopicsRequest, DeleteTopicsRequestInit> = {
  name: 'DeleteTopicsRequest',
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  read: readDeleteTopicsRequest,
  write: writeDeleteTopicsRequest,
  readInSteps: readDeleteTopicsRequestInSteps,
}

export interface DeleteTopicsResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** One answer a topic. */
  readonly responses: readonly DeletableTopicResult[]
}

/** DeleteTopicsResponse to be written. */
export interface DeleteTopicsResponseInit {
  readonly throttleTimeMs: number
  readonly responses: readonly DeletableTopicResultInit[]
}

function readDeleteTopicsResponse(r: FrameReader, v: number): DeleteTopicsResponse {
  checkVersion('DeleteTopicsResponse', v, 1, 6)
  r.flexible = v >= 4
  const throttleTimeMs = r.int32()
  const responses = new Array<DeletableTopicResult>(r.arrayCount(4, 64))
  for (let at = 0; at < responses.length; at++) responses[at] = readDeletableTopicResult(r, v)
  r.skipTags()
  return { throttleTimeMs, responses }
}

function writeDeleteTopicsResponse(w: FrameWriter, m: DeleteTopicsResponseInit, v: number): void {
  checkVersion('DeleteTopicsResponse', v, 1, 6)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) writeDeletableTopicResult(w, item, v)
  w.noTags()
}

function* writeDeleteTopicsResponseInSteps(
  w: FrameWriter,
  m: DeleteTopicsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DeleteTopicsResponse', v, 1, 6)
  w.flexible = v >= 4
  w.int32(m.throttleTimeMs)
  w.arrayCount(m.responses.length)
  for (const item of m.responses) {
    writeDeletableTopicResult(w, item, v)
    if (w.due()) yield
  }
  w.noTags()
}

export interface DeletableTopicResult {
  /** Name of the topic. */
  readonly name: string | null
  /** Id of the topic. Version >= 6. */
  readonly topicId: Uuid
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. Version >= 5. */
  readonly errorMessage: string | null
}

/** DeletableTopicResult to be written. */
export interface DeletableTopicResultInit {
  readonly name: string | null
  readonly topicId?: Uuid | undefined
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
}

function readDeletableTopicResult(r: FrameReader, v: number): DeletableTopicResult {
  const name = v >= 6 ? r.nullableString() : r.string()
  const topicId = v >= 6 ? r.uuid() : ZERO_UUID
  const errorCode = r.int16()
  const errorMessage = v >= 5 ? r.nullableString() : null
  r.skipTags()
  return { name, topicId, errorCode, errorMessage }
}

function writeDeletableTopicResult(w: FrameWriter, m: DeletableTopicResultInit, v: number): void {
  if (v >= 6) w.nullableString(m.name)
  else w.string(m.name ?? refuse('DeletableTopicResult', 'name', v))
  if (v >= 6) w.uuid(m.topicId ?? ZERO_UUID)
  w.int16(m.errorCode)
  if (v >= 5) w.nullableString(m.errorMessage ?? null)
  w.noTags()
}

const DELETE_TOPICS_RESPONSE: MessageCodec<DeleteTopicsResponse, DeleteTopicsResponseInit> = {
  name: 'DeleteTopicsResponse',
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  read: readDeleteTopicsResponse,
  write: writeDeleteTopicsResponse,
  writeInSteps: writeDeleteTopicsResponseInSteps,
}

export const DELETE_TOPICS: Api<
  DeleteTopicsRequest,
  DeleteTopicsRequestInit,
  DeleteTopicsResponse,
  DeleteTopicsResponseInit
> = {
  key: 20,
  name: 'DeleteTopics',
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  request: DELETE_TOPICS_REQUEST,
  response: DELETE_TOPICS_RESPONSE,
}
