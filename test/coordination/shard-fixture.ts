// One coordinator without its runtime: time moves by hand, records go into a list, answers are kept.

import assert from 'node:assert'
import { BrokerError } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { uuidOf } from '../../src/base/uuid.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import type {
  JoinRequest,
  JoinResponse,
  Joined,
  LeaveResponse,
  SyncResponse,
} from '../../src/coordination/group/classic/messages.ts'
import type {
  ConsumerHeartbeatRequest,
  ConsumerHeartbeatResponse,
} from '../../src/coordination/group/consumer/messages.ts'
import { DEFAULT_GROUP_OPTIONS } from '../../src/coordination/group/group-options.ts'
import type { GroupOptions } from '../../src/coordination/group/group-options.ts'
import { GroupShard } from '../../src/coordination/group/group-shard.ts'
import type { Now } from '../../src/coordination/runtime/now.ts'
import type { CommitOffsetsResponse } from '../../src/coordination/group/offsets/messages.ts'
import { decodeRecord, encodeRecord } from '../../src/coordination/group/records/group-record.ts'
import type { GroupRecord } from '../../src/coordination/group/records/group-record.ts'
import type { EncodedRecord } from '../../src/coordination/runtime/coordinator-log.ts'
import type { Call, Step } from '../../src/coordination/runtime/step.ts'
import type { CatalogTopic, TopicCatalog } from '../../src/coordination/group/topic-catalog.ts'

/** Somebody who waits, as the tests see it. */
export class Caller<T> implements Call<T> {
  answer: T | BrokerError | undefined = undefined

  settle(answer: T | BrokerError): void {
    assert(this.answer === undefined, 'answered twice')
    this.answer = answer
  }

  get isWaiting(): boolean {
    return this.answer === undefined
  }

  /** The answer, which must be there and no refusal. */
  get value(): T {
    assert(this.answer !== undefined, 'not answered yet')
    if (this.answer instanceof BrokerError) throw this.answer
    return this.answer
  }

  /** The code of the refusal, which must be there. */
  get code(): ErrorCode {
    assert(this.answer instanceof BrokerError, `not refused: ${JSON.stringify(this.answer)}`)
    return this.answer.code
  }
}

export function topicIdOf(name: string): Uuid {
  return uuidOf(Buffer.alloc(16, name))
}

/** Topics by name, each with its number of partitions. */
export function catalogOf(counts: Readonly<Record<string, number>>, version = 1): TopicCatalog {
  const topics = Object.entries(counts).map(([name, count]): CatalogTopic => {
    return { name, topicId: topicIdOf(name), partitions: { length: count } }
  })
  topics.sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    version,
    topic: (name) => topics.find((topic) => topic.name === name) ?? null,
    topicById: (id) => topics.find(({ topicId }) => topicId === id) ?? null,
    topics: () => topics,
  }
}

const START_MS = 1_700_000_000_000

export class ShardFixture {
  readonly options: GroupOptions
  readonly log: EncodedRecord[] = []
  shard: GroupShard
  #catalog: TopicCatalog
  #monotonicMs = 0
  #ids = 0

  constructor(options: Partial<GroupOptions> = {}, catalog = catalogOf({ clicks: 6, orders: 3 })) {
    this.options = { ...DEFAULT_GROUP_OPTIONS, ...options }
    this.#catalog = catalog
    this.shard = this.#newShard()
    this.shard.onLoaded(this.now)
  }

  get now(): Now {
    return { wallMs: START_MS + this.#monotonicMs, monotonicMs: this.#monotonicMs }
  }

  topic(name: string): CatalogTopic | null {
    return this.#catalog.topic(name)
  }

  setTopics(counts: Readonly<Record<string, number>>): void {
    this.#catalog = catalogOf(counts, this.#catalog.version + 1)
    this.shard.setCatalog(this.#catalog)
  }

  /** Lets time go by, deadline for deadline. */
  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs
    for (;;) {
      const nextMs = this.shard.nextDeadlineMs()
      if (nextMs === null || nextMs > endMs) break
      this.#monotonicMs = Math.max(this.#monotonicMs, nextMs)
      const step = this.shard.popDue(this.now)
      if (step !== null) this.finish(step)
    }
    this.#monotonicMs = endMs
  }

  /** Forgets everything but the log, as a kill does, and loads that. */
  reload(entries: readonly EncodedRecord[] = this.log): void {
    this.shard = this.#newShard()
    for (const { key, value } of entries) this.shard.replay(decodeRecord(key, value)!)
    this.shard.onLoaded(this.now)
  }

  /** The log as compaction would leave it: the last value of each key, in its place. */
  compacted(): EncodedRecord[] {
    const last = new Map<string, EncodedRecord>()
    for (const record of this.log) {
      const key = Buffer.from(record.key).toString('hex')
      last.delete(key)
      if (record.value !== null) last.set(key, record)
    }
    return [...last.values()]
  }

  finish(step: Step<GroupRecord>): void {
    for (const record of step.records) this.log.push(encodeRecord(record))
    step.release()
  }

  run<T>(handle: (shard: GroupShard, call: Call<T>, now: Now) => Step<GroupRecord>): Caller<T> {
    const caller = new Caller<T>()
    this.finish(handle(this.shard, caller, this.now))
    return caller
  }

  join(given: Partial<JoinRequest> = {}): Caller<JoinResponse> {
    const request: JoinRequest = {
      ...{ groupId: 'g', memberId: '', instanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
      ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, protocolType: 'consumer' },
      protocols: [{ name: 'range', metadata: subscriptionTo('clicks') }],
      ...{ requireMemberId: false, canSkipAssignment: true },
      ...given,
    }
    return this.run((shard, call, now) => shard.join(request, call, now))
  }

  /** The leader gives each member its own id as the assignment. */
  sync(
    joined: Joined,
    given: { groupId?: string; instanceId?: string } = {},
  ): Caller<SyncResponse> {
    const { memberId, generation, members } = joined
    const request = {
      ...{ groupId: given.groupId ?? 'g', memberId, instanceId: given.instanceId ?? null },
      ...{ generation, protocolType: null, protocol: null },
      assignments: members.map((member) => {
        return { memberId: member.memberId, assignment: Buffer.from(member.memberId) }
      }),
    }
    return this.run((shard, call, now) => shard.sync(request, call, now))
  }

  heartbeat(memberId: string, generation: number, instanceId: string | null = null): Caller<null> {
    const request = { groupId: 'g', memberId, generation, instanceId }
    return this.run((shard, call, now) => shard.heartbeat(request, call, now))
  }

  leave(...members: { memberId: string; instanceId?: string }[]) {
    const request = {
      groupId: 'g',
      members: members.map(({ memberId, instanceId }) => {
        return { memberId, instanceId: instanceId ?? null }
      }),
    }
    return this.run<LeaveResponse>((shard, call, now) => shard.leave(request, call, now))
  }

  commit(
    offset: number,
    by: { groupId?: string; memberId?: string; epoch?: number; topic?: string; metadata?: string },
  ) {
    const { groupId = 'g', memberId = '', epoch = -1, topic = 'clicks', metadata = '' } = by
    const given = { topic, topicId: topicIdOf(topic), partition: 0, offset, leaderEpoch: -1 }
    const request = {
      ...{ groupId, memberId, instanceId: null, generationOrEpoch: epoch, retentionMs: -1 },
      offsets: [{ ...given, metadata }],
    }
    return this.run<CommitOffsetsResponse>((shard, call, now) =>
      shard.commitOffsets(request, call, now),
    )
  }

  /** Offset of partition 0, or null. */
  committed(groupId = 'g', topic = 'clicks'): number | null {
    return this.shard.state.offsets.get(groupId, topic, 0)?.offset ?? null
  }

  consume(given: Partial<ConsumerHeartbeatRequest>): Caller<ConsumerHeartbeatResponse> {
    const isJoin = (given.memberEpoch ?? 0) === 0
    const request: ConsumerHeartbeatRequest = {
      ...{ groupId: 'g', memberId: 'a', memberEpoch: 0, instanceId: null, rackId: null },
      rebalanceTimeoutMs: isJoin ? 60_000 : -1,
      topicNames: isJoin ? ['clicks'] : null,
      ...{ topicRegex: null, serverAssignor: null, owned: isJoin ? [] : null },
      ...{ clientId: 'c', clientHost: '/127.0.0.1' },
      ...given,
    }
    return this.run((shard, call, now) => shard.consumerHeartbeat(request, call, now))
  }

  #newShard(): GroupShard {
    const newId = () => `id${this.#ids++}`
    return new GroupShard({ options: this.options, catalog: this.#catalog, newId })
  }
}

/** Metadata as a consumer gives it: version 0, topics, no user data. */
export function subscriptionTo(...topics: string[]): Buffer {
  const parts = [Buffer.from([0, 0, 0, 0, 0, topics.length])]
  for (const topic of topics) parts.push(Buffer.from([0, topic.length]), Buffer.from(topic))
  parts.push(Buffer.from([0xff, 0xff, 0xff, 0xff]))
  return Buffer.concat(parts)
}

export function joined(caller: Caller<JoinResponse>): Joined {
  const { value } = caller
  assert(value.outcome === 'joined')
  return value
}

/** What the records in a log say, key by key. */
export function contentOf(records: readonly (EncodedRecord | GroupRecord)[]): Map<string, string> {
  const content = new Map<string, string>()
  for (const record of records) {
    const { key, value } = 'type' in record ? encodeRecord(record) : record
    const name = Buffer.from(key).toString('hex')
    if (value === null) content.delete(name)
    else content.set(name, Buffer.from(value).toString('hex'))
  }
  return content
}
