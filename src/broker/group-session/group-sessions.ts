// The sessions of groups that are open on this broker, and what they have to do with each other: when
// one joins, leaves or gives something up, the others of its group ask the coordinator at once, and
// need not wait for their next heartbeat.

import { BrokerError } from '../../base/errors.ts'
import { randomUuid } from '../../base/uuid.ts'
import { LEAVE_EPOCH, LEAVE_STATIC_EPOCH } from '../../coordination/group/consumer/messages.ts'
import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import type { Caller } from '../caller.ts'
import type { FetchService } from '../fetch-service.ts'
import { AMPLE_MEMORY, type AnswerMemory } from '../fetch/answer-memory.ts'
import type { OpenBatch } from '../fetch/record-unpacking.ts'
import type { GroupService } from '../group-service.ts'
import { GroupSession } from './group-session.ts'
import type { GroupSessionRequest, GroupSessionSink } from './session-request.ts'

export interface GroupSessionsOptions {
  readonly clock: Clock
  readonly random: RandomSource
  readonly groups: GroupService
  readonly fetch: FetchService
  readonly openBatch: OpenBatch
  readonly nodeId: number
  /** `group.consumer.session.timeout.ms`. */
  readonly sessionTimeoutMs: number
}

interface OpenGroup {
  readonly sessions: Set<GroupSession>
  /** Resolves when members of an earlier life of this broker are out. */
  readonly cleared: Promise<void>
  isPoking: boolean
}

/** So many heartbeats a millisecond a change may cost, at most: large groups follow a little later. */
const POKES_PER_MS = 1

/** How often, and how many times, members of an earlier life are looked for while groups are loaded. */
const CLEAR_RETRY_MS = 200
const CLEAR_TRIES = 50

export class GroupSessions {
  readonly #options: GroupSessionsOptions
  readonly #groups = new Map<string, OpenGroup>()
  /** Members whose ids begin so are sessions of this broker; with the second, of this life of it. */
  readonly #prefix: string
  readonly #lifePrefix: string

  constructor(options: GroupSessionsOptions) {
    this.#options = options
    this.#prefix = `session-${options.nodeId}-`
    this.#lifePrefix = `${this.#prefix}${this.#newId()}-`
  }

  /** Sessions that are open. */
  get size(): number {
    let size = 0
    for (const { sessions } of this.#groups.values()) size += sessions.size
    return size
  }

  /**
   * Opens a session, which goes on until it is ended.
   *
   * @param memory where batches count that are read for it. Default: as much as there is
   * @throws BrokerError INVALID_GROUP_ID, INVALID_REQUEST when it subscribes to nothing; and as
   *   `FetchService.openSession`
   */
  open(
    caller: Caller,
    request: GroupSessionRequest,
    sink: GroupSessionSink,
    memory: AnswerMemory = AMPLE_MEMORY,
  ): GroupSession {
    const { groupId, subscription } = request
    if (groupId === '') throw new BrokerError('INVALID_GROUP_ID')
    checkSubscription(subscription)
    const { clock, groups, fetch, openBatch, sessionTimeoutMs } = this.#options
    const group = this.#groupOf(caller, groupId)
    const session: GroupSession = new GroupSession(caller, request, sink, {
      ...{ clock, groups, fetch, openBatch, memory, sessionTimeoutMs },
      memberId: `${this.#lifePrefix}${this.#newId()}`,
      ready: group.cleared,
      changed: () => {
        if (group.sessions.size > 1) this.#poke(group)
      },
      closed: () => {
        group.sessions.delete(session)
        if (group.sessions.size === 0) this.#groups.delete(groupId)
        else this.#poke(group)
      },
    })
    group.sessions.add(session)
    this.#groups.set(groupId, group)
    return session
  }

  #groupOf(caller: Caller, groupId: string): OpenGroup {
    const open = this.#groups.get(groupId)
    if (open !== undefined) return open
    const cleared = this.#clear(caller, groupId)
    return { sessions: new Set(), cleared, isPoking: false }
  }

  #newId(): string {
    return randomUuid((count) => this.#options.random.bytes(count))
  }

  /** Has all sessions of a group ask for news. Changes that come together are asked for once. */
  #poke(group: OpenGroup): void {
    const { sessions } = group
    if (group.isPoking) return
    group.isPoking = true
    this.#options.clock.after(Math.ceil(sessions.size / POKES_PER_MS), () => {
      group.isPoking = false
      for (const session of sessions) session.poke()
    })
  }

  /**
   * Takes out the members whose sessions ended when this broker was killed: nobody is there to leave
   * for them, and they would keep their partitions until they time out.
   *
   * Never rejects: what can't be taken out will time out.
   */
  async #clear(caller: Caller, groupId: string): Promise<void> {
    for (let tries = 0; tries < CLEAR_TRIES; tries++) {
      try {
        await this.#takeOut(caller, groupId)
        return
      } catch (error) {
        if (!BrokerError.from(error).retriable) return
      }
      await new Promise<void>((resolve) => this.#options.clock.after(CLEAR_RETRY_MS, resolve))
    }
  }

  async #takeOut(caller: Caller, groupId: string): Promise<void> {
    const { groups } = this.#options
    const { members } = await groups.describeConsumerGroup(caller, groupId)
    for (const member of members) {
      const { memberId, instanceId, memberEpoch, clientId, clientHost } = member
      const isOfHere = memberId.startsWith(this.#prefix)
      if (!isOfHere || memberId.startsWith(this.#lifePrefix) || memberEpoch < 0) continue
      await groups.consumerHeartbeat(caller, {
        ...{ groupId, memberId, instanceId, clientId, clientHost, rackId: null },
        memberEpoch: instanceId === null ? LEAVE_EPOCH : LEAVE_STATIC_EPOCH,
        ...{ rebalanceTimeoutMs: -1, topicNames: null, topicRegex: null },
        ...{ serverAssignor: null, owned: null },
      })
    }
  }
}

/** @throws BrokerError INVALID_REQUEST */
export function checkSubscription({
  topics,
  topicRegex,
}: GroupSessionRequest['subscription']): void {
  if (topics.length > 0 || topicRegex !== '') return
  const message = 'A member subscribes to topics, by name or by regular expression'
  throw new BrokerError('INVALID_REQUEST', { message })
}
