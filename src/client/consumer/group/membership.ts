// A consumer's membership of its group: sends heartbeats, commits by itself, and leaves. What the
// coordinator says goes into MemberState; what follows from it is done by Rebalancer.

import type { Clock, Timer } from '../../../io/clock.ts'
import type { RandomSource } from '../../../io/random.ts'
import { randomUuid } from '../../../base/uuid.ts'
import { backoffMs } from '../../backoff.ts'
import { SluiceError } from '../../errors.ts'
import { MEMBER_EPOCH } from '../../group-calls.ts'
import type { GroupCaller } from '../../group-calls.ts'
import type { PartitionRef, Transport } from '../../transport.ts'
import type { AssignedPartition } from '../assigned-partition.ts'
import type { ConsumerSettings } from '../consumer-options.ts'
import type { Fetcher } from '../fetcher.ts'
import type { Hand, ReaderMark } from '../hand.ts'
import { Committer } from './committer.ts'
import { GroupOffsets } from './group-offsets.ts'
import type { GroupSettings, RebalanceListener } from './group-options.ts'
import { MemberState } from './member-state.ts'
import type { SentHeartbeat, Subscription } from './member-state.ts'
import { Rebalancer } from './rebalancer.ts'
import type { UnsettledReads } from './unsettled-reads.ts'

/** Longest that a heartbeat waits for its answer: three of them fit into a session of 45 s. */
const HEARTBEAT_TIMEOUT_MS = 15_000

/** Longest that `close` waits for a broker, in all. */
const CLOSE_LIMIT_MS = 10_000

/** Shortest time between two regular heartbeats, whatever the coordinator asks for. */
const MIN_INTERVAL_MS = 10

export interface MembershipParts {
  readonly transport: Transport
  readonly fetcher: Fetcher
  readonly hand: Hand
  /** Null when the group commits by itself. */
  readonly unsettled: UnsettledReads | null
  readonly clock: Clock
  readonly random: RandomSource
  readonly settings: ConsumerSettings
  readonly group: GroupSettings
}

interface Waiter {
  readonly subscription: Subscription
  readonly resolve: () => void
  readonly reject: (error: SluiceError) => void
}

export class Membership {
  readonly #parts: MembershipParts
  readonly #state: MemberState
  readonly #committer: Committer
  readonly #rebalancer: Rebalancer
  /** What the user does with offsets of the group. */
  readonly offsets: GroupOffsets
  #beatTimer: Timer | null = null
  /** The heartbeat that is not answered yet. */
  #beating: Promise<void> | null = null
  #wantsBeat = false
  #failures = 0
  /** Why the coordinator could not be asked, most recently. */
  #lastRefusal: SluiceError | null = null
  /** Those who wait until the coordinator has heard of a subscription. */
  #waiters: Waiter[] = []
  #commitTimer: Timer | null = null
  #isCommitting = false
  #readerTimer: Timer | null = null
  #isClosed = false

  constructor(parts: MembershipParts) {
    this.#parts = parts
    const { group, random } = parts
    this.#state = new MemberState({
      groupId: group.groupId,
      memberId: randomUuid((count) => random.bytes(count)),
      instanceId: group.instanceId,
      rackId: group.rackId,
      rebalanceTimeoutMs: group.maxPollIntervalMs,
      serverAssignor: group.serverAssignor,
    })
    this.#committer = new Committer({
      ...parts,
      caller: () => this.#caller(),
      checkOwned: (ref) => this.#checkOwned(ref),
      epochIsStale: () => this.#beat(),
    })
    this.#rebalancer = new Rebalancer({
      ...parts,
      state: this.#state,
      committer: this.#committer,
      changed: () => this.#beat(),
    })
    this.offsets = new GroupOffsets({
      ...parts,
      committer: this.#committer,
      caller: () => this.#caller(),
      checkOwned: (ref) => this.#checkOwned(ref),
      placed: () => this.#placed(),
    })
  }

  /** True once it takes part in the group, and not only commits to it. */
  get isSubscribed(): boolean {
    return this.#state.phase !== 'out'
  }

  /**
   * Joins the group, or reads something else in it from now on.
   *
   * @returns when the coordinator has heard of it. What is assigned comes later
   */
  async subscribe(subscription: Subscription, listener: RebalanceListener): Promise<void> {
    this.#reject(new SluiceError('INVALID_STATE', {}, { message: 'Another call took its place' }))
    this.#rebalancer.listener = listener
    this.#state.subscribe(subscription)
    this.commitAtIntervals()
    this.#watchReader()
    const heard = this.#heard(subscription)
    this.#beat()
    await heard
  }

  /** Starts to commit by itself, if it is to. */
  commitAtIntervals(): void {
    const { clock, group } = this.#parts
    if (!group.enableAutoCommit) return
    this.#commitTimer ??= clock.every(group.autoCommitIntervalMs, () => void this.#autoCommit())
  }

  sought(partition: AssignedPartition): void {
    this.#parts.unsettled?.sought(partition)
    this.#rebalancer.sought(partition)
  }

  loopBegins(): void {
    this.#rebalancer.loopBegins()
  }

  /** Resolves when it reads what the group gives it, for now. */
  async settled(): Promise<void> {
    while (this.isSubscribed && !this.#isClosed && this.#state.phase !== 'failed') {
      if (this.#state.isSettled) return await this.#rebalancer.idle()
      await this.#parts.fetcher.changed()
    }
  }

  /** Commits what was processed, gives everything up and leaves the group. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of [this.#beatTimer, this.#commitTimer, this.#readerTimer]) timer?.cancel()
    this.#reject(new SluiceError('CLOSED', {}, { message: 'The consumer was closed' }))
    const { clock, settings } = this.#parts
    const endMs = clock.monotonicMs() + Math.min(CLOSE_LIMIT_MS, settings.requestTimeoutMs)
    const leftMs = (): number => Math.max(1, endMs - clock.monotonicMs())
    this.#rebalancer.hold(this.#state.owned)
    this.#rebalancer.stop()
    await this.#atMost(leftMs(), this.#rebalancer.idle())
    await this.#giveUpAll(leftMs)
    if (this.#beating !== null) await this.#atMost(leftMs(), this.#beating)
    const farewell = this.#state.leave()
    if (farewell !== null) await this.#say(farewell, leftMs())
  }

  async #giveUpAll(leftMs: () => number): Promise<void> {
    const { owned, phase } = this.#state
    if (phase === 'lost' || phase === 'away' || phase === 'failed') {
      await this.#atMost(leftMs(), this.#rebalancer.tell('onLost', owned))
      return
    }
    if (this.#parts.group.enableAutoCommit) {
      const due = this.#committer.due(this.#placed())
      // Nobody is left to be told: what is not committed is read again.
      await this.#committer.commit(due, leftMs()).catch(() => {})
    }
    await this.#atMost(leftMs(), this.#rebalancer.tell('onRevoked', owned))
  }

  /** Sends a heartbeat as soon as one may be sent. */
  #beat(): void {
    this.#wantsBeat = true
    if (this.#beating !== null || this.#isClosed) return
    const sent = this.#state.heartbeat()
    if (sent !== null) this.#occupy(this.#send(sent))
  }

  /** One call at a time is under way: what is to be said meanwhile comes after it. */
  #occupy(call: Promise<number>): void {
    this.#beatTimer?.cancel()
    this.#wantsBeat = false
    const beating = call.then((waitMs) => {
      if (this.#beating !== beating) return
      this.#beating = null
      if (this.#isClosed) return
      this.#rebalancer.wake()
      this.#parts.fetcher.wake()
      if (this.#beating === null) this.#schedule(waitMs)
    })
    this.#beating = beating
  }

  /** @returns how long to wait before the next one, in milliseconds */
  async #send(sent: SentHeartbeat): Promise<number> {
    const { transport, settings } = this.#parts
    const timeoutMs = Math.min(settings.requestTimeoutMs, HEARTBEAT_TIMEOUT_MS)
    try {
      const answer = await transport.heartbeatGroup(sent.heartbeat, timeoutMs)
      this.#state.answered(sent, answer)
      this.#failures = 0
      this.#lastRefusal = null
      this.#told(sent.subscription)
      const isUrgent = this.#wantsBeat || this.#state.hasNews
      return isUrgent ? 0 : Math.max(MIN_INTERVAL_MS, answer.heartbeatIntervalMs)
    } catch (error) {
      return this.#refused(sent, SluiceError.from(error))
    }
  }

  #refused(sent: SentHeartbeat, error: SluiceError): number {
    const { random, settings, fetcher } = this.#parts
    this.#failures += 1
    this.#lastRefusal = error
    const verdict = this.#state.refused(sent, error)
    if (verdict !== 'later') this.#rebalancer.hold(this.#state.owned)
    if (verdict === 'failed') {
      const refusal = error.with({ groupId: this.#parts.group.groupId })
      fetcher.failForGood(refusal)
      this.#reject(refusal)
    }
    if (verdict === 'rejoin' && this.#failures === 1) return 0
    const limits = { initialMs: settings.retryBackoffMs, maxMs: settings.retryBackoffMaxMs }
    return backoffMs(limits, this.#failures, random, error.retryAfterMs)
  }

  #schedule(waitMs: number): void {
    if (waitMs === 0) this.#beat()
    else this.#beatTimer = this.#parts.clock.after(waitMs, () => this.#beat())
  }

  /** Tells the coordinator that the member goes. It finds out by itself when that fails. */
  async #say(farewell: SentHeartbeat, timeoutMs: number): Promise<number> {
    const { transport } = this.#parts
    await transport.heartbeatGroup(farewell.heartbeat, timeoutMs).catch(() => {})
    return 0
  }

  /** Leaves the group while the reader does not ask for more. */
  #watchReader(): void {
    if (this.#readerTimer !== null) return
    const { clock, group, hand } = this.#parts
    let mark: ReaderMark | null = null
    let activeAtMs = 0
    this.#readerTimer = clock.every(group.maxPollIntervalMs / 4, () => {
      const nowMs = clock.monotonicMs()
      if (hand.isWaiting || mark === null || hand.hasAskedSince(mark)) {
        ;({ mark } = hand)
        activeAtMs = nowMs
      } else if (nowMs - activeAtMs >= group.maxPollIntervalMs) {
        this.#goAway()
      }
    })
  }

  #goAway(): void {
    const { hand } = this.#parts
    const farewell = this.#state.goAway()
    if (farewell === null) return
    this.#rebalancer.hold(this.#state.owned)
    this.#rebalancer.wake()
    const before = this.#beating ?? Promise.resolve()
    this.#occupy(before.then(() => this.#say(farewell, HEARTBEAT_TIMEOUT_MS)))
    const { mark } = hand
    const comeBack = async (): Promise<void> => {
      while (!hand.hasAskedSince(mark)) await hand.freed()
      this.#state.comeBack()
      this.#beat()
    }
    void comeBack()
  }

  async #autoCommit(): Promise<void> {
    if (this.#isCommitting) return
    this.#isCommitting = true
    try {
      const due = this.#committer.due(this.#placed())
      await this.#committer.commit(due, this.#parts.settings.requestTimeoutMs)
    } catch (error) {
      this.#rebalancer.failed(SluiceError.from(error))
    } finally {
      this.#isCommitting = false
    }
  }

  /** The partitions that it commits for, and whose position says something. */
  #placed(): readonly AssignedPartition[] {
    if (!this.isSubscribed) return this.#parts.fetcher.partitions()
    return this.#rebalancer.placed(this.#state.owned)
  }

  #caller(): GroupCaller {
    const { groupId, instanceId } = this.#parts.group
    const { phase, epoch: memberEpoch, memberId } = this.#state
    if (phase === 'out') {
      return { groupId, memberId: '', memberEpoch: MEMBER_EPOCH.none, instanceId: null }
    }
    if (phase === 'member') return { groupId, memberId, memberEpoch, instanceId }
    const message = 'The consumer is not a member of its group at the moment'
    throw new SluiceError('UNKNOWN_MEMBER_ID', { groupId }, { message })
  }

  #checkOwned(ref: PartitionRef): void {
    const isOwned = this.isSubscribed
      ? this.#state.owned.has(ref)
      : this.#parts.fetcher.find(ref) !== null
    if (isOwned) return
    const { topic, partition } = ref
    const message = 'The partition is not assigned, or not any more'
    throw new SluiceError('INVALID_STATE', { topic, partition }, { message })
  }

  /** Resolves when the coordinator has heard of the subscription. */
  #heard(subscription: Subscription): Promise<void> {
    const { clock, settings } = this.#parts
    const alive = clock.keepAlive()
    const timer = clock.after(settings.requestTimeoutMs, () => {
      const message = 'No coordinator has taken the consumer into its group in time'
      const cause = this.#lastRefusal
      const facts = cause === null ? {} : { reason: cause.code }
      this.#reject(new SluiceError('REQUEST_TIMED_OUT', facts, { message, cause }), subscription)
    })
    const heard = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ subscription, resolve, reject })
    })
    return heard.finally(() => {
      alive.cancel()
      timer.cancel()
    })
  }

  #told(subscription: Subscription): void {
    for (const waiter of this.#take(subscription)) waiter.resolve()
  }

  #reject(error: SluiceError, subscription: Subscription | null = null): void {
    for (const waiter of this.#take(subscription)) waiter.reject(error)
  }

  #take(subscription: Subscription | null): readonly Waiter[] {
    const isMeant = (waiter: Waiter): boolean => {
      return subscription === null || waiter.subscription === subscription
    }
    const taken = this.#waiters.filter(isMeant)
    this.#waiters = this.#waiters.filter((waiter) => !isMeant(waiter))
    return taken
  }

  async #atMost(limitMs: number, work: Promise<void>): Promise<void> {
    let timer: Timer | null = null
    const over = new Promise<void>((resolve) => {
      timer = this.#parts.clock.after(limitMs, resolve)
    })
    const alive = this.#parts.clock.keepAlive()
    await Promise.race([work, over])
    alive.cancel()
    ;(timer as Timer | null)?.cancel()
  }
}
