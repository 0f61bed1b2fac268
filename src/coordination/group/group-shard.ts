// The coordinator of the groups of one partition of __consumer_offsets, as a state machine: requests
// and deadlines go in with the time, records and answers come out. No I/O, no clock, no chance.
//
//   load      replay(record) …, then onLoaded
//   serve     join, sync, commitOffsets …  →  Step: records to append, answers to give after that
//   wake up   nextDeadlineMs → popDue      →  Step
//
// Records are replayed as they are emitted. When their append fails the machine is ahead of its log:
// it is thrown away and loaded anew.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import { ClassicGroup } from './classic/classic-group.ts'
import { join } from './classic/join.ts'
import { heartbeat, leave } from './classic/membership.ts'
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResponse,
  LeaveRequest,
  LeaveResponse,
  SyncRequest,
  SyncResponse,
} from './classic/messages.ts'
import { onClassicTimer, resumeClassicGroup } from './classic/timers.ts'
import { sync } from './classic/sync.ts'
import { describeConsumerGroup } from './consumer/describe.ts'
import type { DescribedConsumerGroup } from './consumer/describe.ts'
import { consumerHeartbeat } from './consumer/heartbeat.ts'
import type { ConsumerHeartbeatRequest, ConsumerHeartbeatResponse } from './consumer/messages.ts'
import { mixedGroupFor } from './conversion.ts'
import { onConsumerTimer, resumeConsumerGroup } from './consumer/timers.ts'
import { CoordinatorState } from './coordinator-state.ts'
import { refuse, timerKeys } from './env.ts'
import type { Env, GroupStep, TimerEvent } from './env.ts'
import { deleteGroup, describeClassicGroup, listGroups } from './group-admin.ts'
import type { DescribedClassicGroup, ListedGroup } from './group-messages.ts'
import { countRecord, type GroupCounters } from './group-counters.ts'
import type { GroupOptions } from './group-options.ts'
import type { Now } from '../runtime/now.ts'
import {
  commitInTransaction,
  commitOffsets,
  deleteOffsets,
  fetchOffsets,
} from './offsets/commit-offsets.ts'
import { heartbeatMixed, joinMixed, leaveMixed, syncMixed } from './migration/classic-member.ts'
import type {
  CommitInTransactionRequest,
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
} from './offsets/messages.ts'
import { onOffsetTimer, scheduleRetention } from './offsets/timers.ts'
import type { GroupRecord } from './records/group-record.ts'
import type { Shard } from '../runtime/shard.ts'
import { Step } from '../runtime/step.ts'
import type { Call, TransactionalWriter } from '../runtime/step.ts'
import { TimerTable } from '../runtime/timer-table.ts'
import type { TopicCatalog } from './topic-catalog.ts'

/** A handler's word for an answer that comes later. */
const LATER = Symbol('later')

export interface GroupShardOptions {
  readonly options: GroupOptions
  readonly catalog: TopicCatalog
  /** Makes ids that nobody had before, for members that bring none. */
  readonly newId: () => string
  /** Counted in by all that share it. Default: one of its own. */
  readonly counters?: GroupCounters
}

export class GroupShard implements Shard<GroupRecord> {
  readonly #options: GroupOptions
  readonly #newId: () => string
  readonly #state = new CoordinatorState()
  readonly #classic = new Map<string, ClassicGroup>()
  readonly #timers = new TimerTable<TimerEvent>()
  readonly #counters: GroupCounters
  #catalog: TopicCatalog

  constructor({ options, catalog, newId, counters }: GroupShardOptions) {
    this.#options = options
    this.#counters = counters ?? { rebalances: 0, commits: 0 }
    this.#catalog = catalog
    this.#newId = newId
  }

  /** What the records say, to be read only. */
  get state(): CoordinatorState {
    return this.#state
  }

  /** Groups of the classic protocol as they live, to be read only. */
  get classicGroups(): ReadonlyMap<string, ClassicGroup> {
    return this.#classic
  }

  /** All groups as they are now, whether on record already or not. */
  groups(): ListedGroup[] {
    return listGroups({ classic: this.#classic, state: this.#state })
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /**
   * Takes a record of the log in, while loading.
   *
   * @param producerId who wrote it in a transaction; null for a plain record
   */
  replay(record: GroupRecord, producerId: number | null = null): void {
    this.#state.replay(record, producerId)
  }

  replayMarker(producerId: number, outcome: 'committed' | 'aborted'): void {
    this.#state.offsets.replayMarker(producerId, outcome)
  }

  /** Sessions start anew, since nobody could be heard meanwhile. */
  onLoaded(now: Now): GroupStep {
    const step = this.#newStep()
    const env = this.#env(step, now)
    for (const [groupId, value] of this.#state.classic) {
      const group = ClassicGroup.load(groupId, value)
      this.#classic.set(groupId, group)
      resumeClassicGroup(env, group)
    }
    for (const group of this.#state.consumer.values()) resumeConsumerGroup(env, group)
    scheduleRetention(env)
    // Topics may have been deleted while nobody coordinated.
    this.topicsDeleted(now)
    assert(step.records.length === 0)
    return step
  }

  /** The cluster's topics have changed. Groups notice at their next heartbeat. */
  setCatalog(catalog: TopicCatalog): void {
    this.#catalog = catalog
  }

  /** Topics of the catalog are gone: their offsets go with them, as a deadline that is over. */
  topicsDeleted(now: Now): void {
    const { size, pendingSize } = this.#state.offsets
    if (size + pendingSize === 0) return
    this.#timers.set(timerKeys.forgetTopics, now.monotonicMs, { type: 'forget-topics' })
  }

  join(request: JoinRequest, call: Call<JoinResponse>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => {
      checkGroupId(request.groupId)
      const mixed = mixedGroupFor(env, request.groupId)
      if (mixed !== null) return joinMixed(env, mixed, request)
      join(env, env.classic.get(request.groupId) ?? null, request, call)
      return LATER
    })
  }

  sync(request: SyncRequest, call: Call<SyncResponse>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => {
      const mixed = mixedGroupFor(env, request.groupId)
      if (mixed !== null) return syncMixed(env, mixed, request)
      sync(env, this.#classicGroup(request.groupId), request, call)
      return LATER
    })
  }

  heartbeat(request: HeartbeatRequest, call: Call<null>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => {
      const mixed = mixedGroupFor(env, request.groupId)
      if (mixed !== null) heartbeatMixed(env, mixed, request)
      else heartbeat(env, this.#classicGroup(request.groupId), request)
      return null
    })
  }

  leave(request: LeaveRequest, call: Call<LeaveResponse>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => {
      const mixed = mixedGroupFor(env, request.groupId)
      if (mixed !== null) return leaveMixed(env, mixed, request)
      return leave(env, this.#classicGroup(request.groupId), request)
    })
  }

  consumerHeartbeat(
    request: ConsumerHeartbeatRequest,
    call: Call<ConsumerHeartbeatResponse>,
    now: Now,
  ): GroupStep {
    return this.#decide(call, now, (env) => {
      checkGroupId(request.groupId)
      return consumerHeartbeat(env, request)
    })
  }

  commitOffsets(
    request: CommitOffsetsRequest,
    call: Call<CommitOffsetsResponse>,
    now: Now,
  ): GroupStep {
    return this.#decide(call, now, (env) => commitOffsets(env, request))
  }

  /** The records are part of the writer's transaction, and change nothing before `Step.apply`. */
  commitInTransaction(
    request: CommitInTransactionRequest,
    writer: TransactionalWriter,
    call: Call<CommitOffsetsResponse>,
    now: Now,
  ): GroupStep {
    return this.#decide(call, now, (env) => commitInTransaction(env, request), writer)
  }

  fetchOffsets(
    request: FetchOffsetsRequest,
    call: Call<FetchOffsetsResponse>,
    now: Now,
  ): GroupStep {
    return this.#decide(call, now, (env) => fetchOffsets(env, request))
  }

  deleteOffsets(
    request: DeleteOffsetsRequest,
    call: Call<DeleteOffsetsResponse>,
    now: Now,
  ): GroupStep {
    return this.#decide(call, now, (env) => deleteOffsets(env, request))
  }

  listGroups(call: Call<readonly ListedGroup[]>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => listGroups(env))
  }

  describeClassicGroup(groupId: string, call: Call<DescribedClassicGroup>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => describeClassicGroup(env, groupId))
  }

  describeConsumerGroup(groupId: string, call: Call<DescribedConsumerGroup>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => describeConsumerGroup(env, groupId))
  }

  deleteGroup(groupId: string, call: Call<null>, now: Now): GroupStep {
    return this.#decide(call, now, (env) => {
      deleteGroup(env, groupId)
      return null
    })
  }

  /** When `popDue` is to be called next, monotonic milliseconds; null for never. */
  nextDeadlineMs(): number | null {
    return this.#timers.nextMs()
  }

  /** Handles one deadline that is over. @returns null when there is none */
  popDue(now: Now): GroupStep | null {
    const event = this.#timers.popDue(now.monotonicMs)
    if (event === null) return null
    const step = this.#newStep()
    this.#onTimer(this.#env(step, now), event)
    return step
  }

  #onTimer(env: Env, event: TimerEvent): void {
    switch (event.type) {
      case 'retention':
      case 'forget-topics':
        onOffsetTimer(env, event)
        return
      case 'consumer-session':
      case 'consumer-rebalance':
      case 'consumer-classic':
        onConsumerTimer(env, event)
        return
      default:
        onClassicTimer(env, event)
    }
  }

  /** Runs a handler. What it refuses is answered; a refusal after a record is a bug. */
  #decide<T>(
    call: Call<T>,
    now: Now,
    handler: (env: Env) => T | typeof LATER,
    writer: TransactionalWriter | null = null,
  ): GroupStep {
    const step = this.#newStep(writer)
    try {
      const answer = handler(this.#env(step, now))
      if (answer !== LATER) step.answer(call, answer)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      assert(step.records.length === 0, `refused after a record: ${error.message}`)
      step.answer(call, error)
    }
    return step
  }

  #newStep(writer: TransactionalWriter | null = null): GroupStep {
    const producerId = writer?.producerId ?? null
    return new Step<GroupRecord>((record) => {
      countRecord(this.#counters, this.#state, record)
      this.#state.replay(record, producerId)
    }, writer)
  }

  #env(step: GroupStep, now: Now): Env {
    return {
      state: this.#state,
      classic: this.#classic,
      timers: this.#timers,
      options: this.#options,
      catalog: this.#catalog,
      newId: this.#newId,
      step,
      now,
    }
  }

  #classicGroup(groupId: string): ClassicGroup {
    return this.#classic.get(groupId) ?? refuse('UNKNOWN_MEMBER_ID')
  }
}

function checkGroupId(groupId: string): void {
  if (groupId === '') refuse('INVALID_GROUP_ID')
}
