// A member of a consumer group on one stream, in no protocol's words: it joins, is given partitions,
// reads them under credit, commits, gives up what others are to have, and leaves at the end.
//
//   Membership ── revoke, locate, assign, lost ──► GroupSession ◄── commands ── front ◄── client
//        │                                          │       │                     ▲
//   coordinator ◄── PositionCommits ◄── timer, end ─┘  SessionReader ── records ──┘
//
// A partition is given up in this order: no more of it is sent; what was sent is acknowledged, or the
// client says that it is done; that is committed; the coordinator is told. Only then another has it.

import { BrokerError } from '../../base/errors.ts'
import { SerialQueue } from '../../base/serial-queue.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Assignment } from '../../coordination/group/consumer/assignment.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Caller } from '../caller.ts'
import type { FetchService } from '../fetch-service.ts'
import type { AnswerMemory } from '../fetch/answer-memory.ts'
import type { OpenBatch } from '../fetch/record-unpacking.ts'
import type { GroupService } from '../group-service.ts'
import { locate } from './locate.ts'
import { Membership } from './membership.ts'
import type { OwnedPartition } from './owned-partition.ts'
import { PositionCommits } from './position-commits.ts'
import { Releases } from './releases.ts'
import { SessionReader } from './session-reader.ts'
import type {
  CommitOutcome,
  CommittingOffset,
  GroupSessionRequest,
  GroupSessionSink,
  GroupSubscription,
} from './session-request.ts'
import type { Position } from '../position.ts'

export interface GroupSessionOptions {
  readonly clock: Clock
  readonly groups: GroupService
  readonly fetch: FetchService
  readonly openBatch: OpenBatch
  /** Where batches count that are read for the client. */
  readonly memory: AnswerMemory
  readonly memberId: string
  /** The member joins when it has resolved. */
  readonly ready: Promise<void>
  /** `group.consumer.session.timeout.ms`. */
  readonly sessionTimeoutMs: number
  /** Others in the group may have something to do now. */
  readonly changed: () => void
  /** The member has left. */
  readonly closed: () => void
}

/** Calls to the coordinator that may wait at once. */
const MAX_CALLS = 1_000

/** Commits of the client that may wait for their answers. */
const MAX_COMMITS = 100

/** The coordinator waits for partitions a little longer than the session does, which ends by itself. */
const REBALANCE_SLACK_MS = 5_000

export class GroupSession {
  readonly #caller: Caller
  readonly #request: GroupSessionRequest
  readonly #sink: GroupSessionSink
  readonly #options: GroupSessionOptions
  readonly #queue = new SerialQueue(MAX_CALLS)
  readonly #reader: SessionReader
  readonly #membership: Membership
  readonly #commits: PositionCommits
  readonly #releases: Releases
  #commitTimer: Timer | null = null
  #pollTimer: Timer | null = null
  #pendingCommits = 0
  #isEnding = false
  #ended: Promise<void> = Promise.resolve()

  /** @throws BrokerError as `FetchService.openSession` */
  constructor(
    caller: Caller,
    request: GroupSessionRequest,
    sink: GroupSessionSink,
    options: GroupSessionOptions,
  ) {
    this.#caller = caller
    this.#request = request
    this.#sink = sink
    this.#options = options
    this.#releases = new Releases(request.releasesByItself, options.clock)
    this.#reader = this.#newReader()
    this.#membership = this.#newMembership()
    this.#commits = new PositionCommits({
      member: {
        groupId: request.groupId,
        memberId: options.memberId,
        instanceId: request.instanceId,
      },
      epoch: () => this.#membership.epoch,
      queue: this.#queue,
      commit: (commit) => options.groups.commitOffsets(caller, commit),
      owned: (name) => this.#reader.owned(name),
    })
    void this.#queue.run(() => options.ready)
    this.#membership.beat()
    this.#armCommit()
    this.#armPoll()
  }

  /** The client is done with the records of all messages up to this one. */
  acknowledge(sequence: number): void {
    if (!this.#isEnding) this.#reader.acknowledge(sequence)
  }

  /** The client gives up partitions that were revoked. Others are passed over. */
  release(names: readonly TopicPartition[]): void {
    this.#releases.release(names)
  }

  /**
   * Commits what the client says, or what was acknowledged of all partitions.
   *
   * Never rejects: a refusal is that of each partition.
   *
   * @throws BrokerError THROTTLING_QUOTA_EXCEEDED when too many commits wait already
   */
  commit(offsets: readonly CommittingOffset[] | null): Promise<readonly CommitOutcome[]> {
    if (this.#pendingCommits >= MAX_COMMITS) {
      const message = 'Too many commits wait for their answers'
      throw new BrokerError('THROTTLING_QUOTA_EXCEEDED', { message, limit: MAX_COMMITS })
    }
    this.#pendingCommits += 1
    const committing = offsets === null ? this.#commitPositions() : this.#commits.given(offsets)
    const names = offsets ?? [...this.#reader.partitions].filter(({ hasMoved }) => hasMoved)
    return committing
      .catch((error: unknown) => {
        const refusal = this.#notice(error)
        return names.map(({ topic, partition }) => {
          return { topic, partition, offset: -1, error: refusal }
        })
      })
      .finally(() => (this.#pendingCommits -= 1))
  }

  /** Reads on from elsewhere. Here and in the next two partitions that are not read are passed over. */
  seek(name: TopicPartition, start: Position): void {
    if (!this.#isEnding) this.#reader.seek(name, start)
  }

  pause(names: readonly TopicPartition[]): void {
    if (!this.#isEnding) this.#reader.pause(names)
  }

  resume(names: readonly TopicPartition[]): void {
    if (!this.#isEnding) this.#reader.resume(names)
  }

  /** Reads other topics from now on. */
  subscribe(subscription: GroupSubscription): void {
    this.#membership.subscribe(subscription)
  }

  /** The sink takes more records, after it had returned false. */
  resumeSink(): void {
    if (!this.#isEnding) this.#reader.resumeSink()
  }

  /** Asks the coordinator whether there is anything new. */
  poke(): void {
    this.#membership.beat()
  }

  /**
   * Ends the session: commits what was acknowledged, where that is the session's to do, and leaves.
   *
   * @param reason for the client; null when it is the client that ends it
   * @returns when the member has left
   */
  end(reason: BrokerError | null): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true
      this.#ended = this.#end(reason)
    }
    return this.#ended
  }

  async #end(reason: BrokerError | null): Promise<void> {
    this.#commitTimer?.cancel()
    this.#pollTimer?.cancel()
    this.#reader.close()
    const owned = this.#reader.partitions
    if (this.#request.commitIntervalMs !== null) await this.#commitQuietly(owned)
    await this.#membership.leave()
    this.#releases.close()
    this.#options.closed()
    this.#sink.ended(reason)
  }

  /** The topic that has the id now; null when none has. */
  readonly #topicOf = (topicId: Uuid): string | null => {
    return this.#options.groups.catalog.topicById(topicId)?.name ?? null
  }

  #newReader(): SessionReader {
    const { clock, fetch, openBatch, memory } = this.#options
    const topicOf = this.#topicOf
    const { offsetReset, isolation, maxRecords, creditBytes } = this.#request
    const openSession: ConstructorParameters<typeof SessionReader>[0]['openSession'] = (sink) =>
      fetch.openSession(this.#caller, sink, memory)
    return new SessionReader(
      {
        ...{ clock, openSession, openBatch, topicOf, memory },
        ...{ offsetReset, isolation, maxRecords, creditBytes },
      },
      {
        records: (message) => this.#sink.records(message),
        assigned: (positions) => this.#sink.assigned(positions),
        heartbeat: (timeMs) => this.#sink.heartbeat(timeMs),
        drained: (partition) => this.#releases.drained(partition),
        failed: (error) => void this.end(error),
      },
    )
  }

  #newMembership(): Membership {
    const { clock, groups, memberId, sessionTimeoutMs } = this.#options
    const topicOf = this.#topicOf
    const { groupId, instanceId, rackId, assignor, subscription, maxPollIntervalMs } = this.#request
    const caller = this.#caller
    const identity = {
      ...{ groupId, memberId, instanceId, rackId, assignor },
      ...{ clientId: caller.clientId, clientHost: caller.host },
      rebalanceTimeoutMs: maxPollIntervalMs + REBALANCE_SLACK_MS,
    }
    const fetchOffsets = (wanted: readonly TopicPartition[]) =>
      this.#queue.run(() => {
        const memberEpoch = this.#membership.epoch
        const request = { groupId, memberId, memberEpoch, partitions: wanted, requireStable: true }
        return groups.fetchOffsets(caller, request)
      })
    return new Membership(
      {
        ...{ clock, identity, subscription, sessionTimeoutMs, queue: this.#queue },
        heartbeat: (request) => groups.consumerHeartbeat(caller, request),
      },
      {
        joined: (id, epoch) => this.#sink.joined(id, epoch),
        changed: () => this.#options.changed(),
        revoke: (partitions) => this.#revoke(partitions),
        locate: (partitions, isCurrent) => {
          const isWanted = (): boolean => isCurrent() && !this.#isEnding
          const refused = (error: BrokerError): void => void this.#notice(error)
          return locate(partitions, { clock, topicOf, fetchOffsets, isWanted, refused })
        },
        assign: (starting) => this.#reader.add(starting),
        lost: (error) => this.#lost(error),
        failed: (error) => void this.end(error),
      },
    )
  }

  async #revoke(assignment: Assignment): Promise<void> {
    const revoked = [...this.#reader.partitions].filter(({ topicId, partition }) =>
      assignment.get(topicId)?.includes(partition),
    )
    if (revoked.length === 0) return
    this.#reader.stop(revoked)
    const known = revoked.filter(({ isAnnounced }) => isAnnounced)
    if (known.length > 0) this.#sink.revoked(known)
    await this.#releases.wait(revoked)
    if (this.#isEnding) return
    if (this.#request.commitIntervalMs !== null) await this.#commitQuietly(revoked)
    this.#reader.remove(revoked)
  }

  #lost(error: BrokerError): void {
    const lost = [...this.#reader.partitions]
    this.#reader.remove(lost)
    this.#releases.giveUp()
    const known = lost.filter(({ isAnnounced }) => isAnnounced)
    if (known.length > 0) this.#sink.lost(known, error)
  }

  #commitPositions(): Promise<readonly CommitOutcome[]> {
    return this.#commits.acknowledged(this.#reader.partitions)
  }

  /** What can't be committed now is committed later, or read again by the next owner. */
  async #commitQuietly(partitions: Iterable<OwnedPartition>): Promise<void> {
    await this.#commits.acknowledged(partitions).catch((error: unknown) => this.#notice(error))
  }

  /** Of a refused call. One that says that the member is out is looked into by a heartbeat. */
  #notice(error: unknown): BrokerError {
    const refusal = BrokerError.from(error)
    const { code } = refusal
    const isOut = code === 'UNKNOWN_MEMBER_ID' || code === 'STALE_MEMBER_EPOCH'
    if (isOut && !this.#isEnding) this.#membership.beat()
    return refusal
  }

  #armCommit(): void {
    const { commitIntervalMs } = this.#request
    if (commitIntervalMs === null || this.#isEnding) return
    this.#commitTimer = this.#options.clock.after(commitIntervalMs, () => {
      void this.#commitQuietly(this.#reader.partitions).then(() => this.#armCommit())
    })
  }

  /** Ends the session of a client that is stuck. One timer, set for when it would be. */
  #armPoll(): void {
    const { maxPollIntervalMs } = this.#request
    const idleMs = Math.max(this.#reader.sent.stuckMs, this.#releases.waitingMs)
    if (idleMs >= maxPollIntervalMs) {
      const message = `The client acknowledged or released nothing for ${maxPollIntervalMs} ms`
      void this.end(new BrokerError('UNKNOWN_MEMBER_ID', { message }))
      return
    }
    const { clock } = this.#options
    this.#pollTimer = clock.after(maxPollIntervalMs - idleMs, () => this.#armPoll())
  }
}
