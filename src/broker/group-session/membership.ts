// The member behind a session: joins, keeps itself alive, and follows what the coordinator gives it.
//
//   joining ──► member ──► (heartbeats; what it owns follows its target) ──► left
//      ▲           │
//      └── fenced ─┘   everything is lost at once, and it joins anew
//
// What has to be given up is given up, and reported, before anything new is taken. One reconciliation
// runs at a time; heartbeats go on meanwhile.
// Source: KIP-848, "Member reconciliation"; apache/kafka, AbstractMembershipManager.

import { BrokerError, type ErrorCode } from '../../base/errors.ts'
import type { SerialQueue } from '../../base/serial-queue.ts'
import {
  type Assignment,
  assignmentOf,
  EMPTY_ASSIGNMENT,
  subtract,
  topicPartitionsOf,
  union,
} from '../../coordination/group/consumer/assignment.ts'
import {
  type ConsumerHeartbeatRequest,
  type ConsumerHeartbeatResponse,
  JOIN_EPOCH,
  LEAVE_EPOCH,
  LEAVE_STATIC_EPOCH,
} from '../../coordination/group/consumer/messages.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { StartingPartition } from './owned-partition.ts'
import type { GroupSubscription } from './session-request.ts'

export interface MemberIdentity {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly assignor: string | null
  readonly clientId: string
  readonly clientHost: string
  /** How long the member may take to give up partitions. */
  readonly rebalanceTimeoutMs: number
}

export interface MembershipOptions {
  readonly clock: Clock
  readonly identity: MemberIdentity
  readonly subscription: GroupSubscription
  /** Calls of the member to its coordinator, one after the other: so each knows the member's epoch. */
  readonly queue: SerialQueue
  readonly heartbeat: (request: ConsumerHeartbeatRequest) => Promise<ConsumerHeartbeatResponse>
  /** After this long without an answer the coordinator has given the member up. */
  readonly sessionTimeoutMs: number
}

export interface MembershipHooks {
  joined(memberId: string, memberEpoch: number): void
  /** Others in the group may have something to do now. */
  changed(): void
  /** Resolves when nothing of the partitions is in use any more, and they may go to others. */
  revoke(partitions: Assignment): Promise<void>
  /**
   * Finds where the group has left off. Rejects when the session can't go on.
   *
   * @param isCurrent false once the partitions are lost: then nobody waits for the answer any more
   */
  locate(partitions: Assignment, isCurrent: () => boolean): Promise<readonly StartingPartition[]>
  /** The partitions are the session's. */
  assign(starting: readonly StartingPartition[]): void
  /** Nothing is the session's any more. */
  lost(error: BrokerError): void
  /** The session can't go on. */
  failed(error: BrokerError): void
}

const FENCED: ReadonlySet<ErrorCode> = new Set(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'])

/** After this long a call that was refused for now is made again. */
const RETRY_MS = 500

/** After this long a member that was fenced joins again. */
const REJOIN_MS = 50

export class Membership {
  readonly #options: MembershipOptions
  readonly #hooks: MembershipHooks
  #subscription: GroupSubscription
  #epoch = JOIN_EPOCH
  #owned: Assignment = EMPTY_ASSIGNMENT
  #target: Assignment = EMPTY_ASSIGNMENT
  /** What the next heartbeat says, because it has changed or the coordinator may not know it. */
  readonly #news = { subscription: true, owned: true }
  /** Counts fencings: what was begun before the last one is of no account. */
  #life = 0
  #timer: Timer | null = null
  #isBeating = false
  #beatsAgain = false
  #isReconciling = false
  /** Something was given up, and the coordinator does not know it yet. */
  #hasGivenUp = false
  #isClosed = false
  #answeredMs: number

  constructor(options: MembershipOptions, hooks: MembershipHooks) {
    this.#options = options
    this.#hooks = hooks
    this.#subscription = options.subscription
    this.#answeredMs = options.clock.monotonicMs()
  }

  /** Of the member, as of the last answer; 0 while it is not one. */
  get epoch(): number {
    return this.#epoch
  }

  /** Tells the coordinator what is new, now: or after the heartbeat that is under way. */
  beat(): void {
    if (this.#isClosed) return
    this.#timer?.cancel()
    this.#beatsAgain = this.#isBeating
    if (this.#isBeating) return
    this.#isBeating = true
    void this.#beat().finally(() => {
      this.#isBeating = false
      if (this.#beatsAgain) this.beat()
    })
  }

  subscribe(subscription: GroupSubscription): void {
    this.#subscription = subscription
    this.#news.subscription = true
    this.beat()
  }

  /**
   * Leaves the group; a static member for a while. Nothing is called any more.
   *
   * Never rejects: a member whose leaving was not heard is taken out when its session times out.
   */
  async leave(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    const { queue, heartbeat, identity } = this.#options
    const memberEpoch = identity.instanceId === null ? LEAVE_EPOCH : LEAVE_STATIC_EPOCH
    const request = { ...this.#request(), memberEpoch, owned: null }
    await queue.run(() => heartbeat(request)).catch(() => null)
  }

  async #beat(): Promise<void> {
    const { queue, heartbeat, clock } = this.#options
    let told = { subscription: false, owned: false, givenUp: false }
    try {
      const answer = await queue.run(() => {
        const request = this.#request()
        told = { ...this.#news, givenUp: this.#hasGivenUp }
        this.#news.subscription = false
        this.#news.owned = false
        this.#hasGivenUp = false
        return heartbeat(request)
      })
      if (this.#isClosed) return
      this.#answeredMs = clock.monotonicMs()
      this.#arm(answer.heartbeatIntervalMs)
      if (told.givenUp) this.#hooks.changed()
      this.#answered(answer)
    } catch (error) {
      // Nobody knows whether it was heard.
      this.#news.subscription ||= told.subscription
      this.#news.owned ||= told.owned
      this.#hasGivenUp ||= told.givenUp
      if (!this.#isClosed) this.#refused(BrokerError.from(error))
    }
  }

  #request(): ConsumerHeartbeatRequest {
    const { identity } = this.#options
    const { assignor: serverAssignor, ...who } = identity
    const tells = this.#epoch === JOIN_EPOCH || this.#news.subscription
    const tellsOwned = this.#epoch === JOIN_EPOCH || this.#news.owned
    const { topics, topicRegex } = this.#subscription
    return {
      ...who,
      serverAssignor,
      memberEpoch: this.#epoch,
      rebalanceTimeoutMs: tells ? identity.rebalanceTimeoutMs : -1,
      topicNames: tells ? topics : null,
      topicRegex: tells ? topicRegex : null,
      owned: tellsOwned ? topicPartitionsOf(this.#owned) : null,
    }
  }

  #answered({ memberId, memberEpoch, assignment }: ConsumerHeartbeatResponse): void {
    const hasJoined = this.#epoch === JOIN_EPOCH
    this.#epoch = memberEpoch
    if (hasJoined) {
      this.#hooks.joined(memberId, memberEpoch)
      this.#hooks.changed()
    }
    if (assignment === null) return
    this.#target = assignmentOf(assignment)
    if (!this.#isReconciling) void this.#reconcile()
  }

  #refused(error: BrokerError): void {
    const { clock, sessionTimeoutMs } = this.#options
    const isMember = this.#epoch !== JOIN_EPOCH
    const isGone = error.code === 'GROUP_ID_NOT_FOUND' && isMember
    if (FENCED.has(error.code) || isGone) {
      this.#lose(error)
      this.#arm(REJOIN_MS)
    } else if (error.retriable) {
      this.#arm(RETRY_MS)
      this.#news.owned = true
      const silentMs = clock.monotonicMs() - this.#answeredMs
      if (isMember && silentMs > sessionTimeoutMs) this.#lose(error)
    } else this.#hooks.failed(error)
  }

  #lose(error: BrokerError): void {
    this.#life += 1
    this.#epoch = JOIN_EPOCH
    this.#owned = EMPTY_ASSIGNMENT
    this.#target = EMPTY_ASSIGNMENT
    this.#hooks.lost(error)
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(delayMs, () => this.beat())
  }

  async #reconcile(): Promise<void> {
    this.#isReconciling = true
    try {
      while (!this.#isClosed && (await this.#step()));
    } catch (error) {
      if (!this.#isClosed) this.#hooks.failed(BrokerError.from(error))
    } finally {
      this.#isReconciling = false
    }
  }

  /** Gives up what is not in the target, or else takes what is. @returns whether there was anything */
  async #step(): Promise<boolean> {
    const life = this.#life
    const surplus = subtract(this.#owned, this.#target)
    const missing = subtract(this.#target, this.#owned)
    if (surplus.size === 0 && missing.size === 0) return false
    if (surplus.size > 0) {
      await this.#hooks.revoke(surplus)
      if (this.#isClosed || life !== this.#life) return true
      this.#owned = subtract(this.#owned, surplus)
      this.#hasGivenUp = true
    } else {
      const starting = await this.#hooks.locate(missing, () => life === this.#life)
      if (this.#isClosed || life !== this.#life) return true
      this.#owned = union(this.#owned, missing)
      this.#hooks.assign(starting)
    }
    this.#news.owned = true
    this.beat()
    return true
  }
}
