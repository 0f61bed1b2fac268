// One member of a group, as a state machine: answers of the coordinator go in, heartbeats to send and
// changes of what the member reads come out. No I/O, no time, no chance.
//
//              subscribe            answered            lost
//        out ────────────► joining ──────────► member ────────► lost ──gaveUp──► joining
//                             │                  │   ▲            │
//                             │   refused for    │   └─ released, │ if it went by itself
//                             ▼   good           ▼      took      ▼
//                           failed ◄─────────────┘               away ──comeBack──► joining
//
// The coordinator tells what the member may read (the target). The member gives up what is not in it,
// says so by its next heartbeat, and takes what is new. So a partition has two readers at no time:
// the coordinator gives it to nobody else before it was told that it is free.
//
// A life ends when the coordinator does not know the member any more. Whoever awaited something over
// that moment finds another `life`, and what it was about to do is void.
// Source: KIP-848, "Member state machine"; apache/kafka, AbstractMembershipManager.

import type { SluiceError } from '../../errors.ts'
import { MEMBER_EPOCH } from '../../group-calls.ts'
import type { GroupHeartbeat, GroupHeartbeatAnswer } from '../../group-calls.ts'
import { PartitionSet } from './partition-set.ts'

export interface MemberIdentity {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly serverAssignor: string | null
}

export interface Subscription {
  readonly topics: readonly string[]
  /** '' for none. */
  readonly pattern: string
}

export type MemberPhase = 'out' | 'joining' | 'member' | 'lost' | 'away' | 'failed'

/** What the member has to do with the partitions that it reads, one thing at a time. */
export type Change =
  /** They belong to others by now: nothing can be committed for them. */
  | { readonly kind: 'lost'; readonly partitions: PartitionSet }
  /** To be given up. Then `released`. */
  | { readonly kind: 'revoke'; readonly partitions: PartitionSet }
  /** To be read. Then `took`. */
  | { readonly kind: 'add'; readonly partitions: PartitionSet }

/** A heartbeat with what has to be known when it is answered. */
export interface SentHeartbeat {
  readonly heartbeat: GroupHeartbeat
  readonly life: number
  readonly subscription: Subscription
  readonly owned: PartitionSet
}

/** What a refusal of a heartbeat means: try again later · join again at once · never again. */
export type Verdict = 'later' | 'rejoin' | 'failed'

const NONE = new PartitionSet()

export class MemberState {
  readonly #identity: MemberIdentity
  #phase: MemberPhase = 'out'
  #life = 0
  #epoch: number = MEMBER_EPOCH.join
  #subscription: Subscription = { topics: [], pattern: '' }
  /** What the coordinator was told last; null when it may not know. */
  #toldSubscription: Subscription | null = null
  #toldOwned: PartitionSet | null = null
  /** The target is to be confirmed when it is what is owned, even if that was told before: between
   *  the two the coordinator may have given more, and taken it back. */
  #owesConfirmation = false
  /** What the coordinator said last; null before it has said anything in this life. */
  #target: PartitionSet | null = null
  #owned = NONE
  /** It went by itself, and waits to be called back. */
  #goesAway = false

  constructor(identity: MemberIdentity) {
    this.#identity = identity
  }

  get phase(): MemberPhase {
    return this.#phase
  }

  get life(): number {
    return this.#life
  }

  /** As last told; 0 while it is no member. */
  get epoch(): number {
    return this.#epoch
  }

  get memberId(): string {
    return this.#identity.memberId
  }

  /** What it reads, that which is about to be given up included. */
  get owned(): PartitionSet {
    return this.#owned
  }

  /** True when the coordinator has told what to read, and that is what is read. */
  get isSettled(): boolean {
    return this.#phase === 'member' && this.#target !== null && this.#target.equals(this.#owned)
  }

  /** True when the coordinator has to hear something before its next regular heartbeat. */
  get hasNews(): boolean {
    if (this.#phase === 'joining') return true
    if (this.#phase !== 'member') return false
    return this.#toldSubscription !== this.#subscription || this.#tellsOwned
  }

  /** Joins, or reads something else from now on. */
  subscribe(subscription: Subscription): void {
    this.#subscription = subscription
    if (this.#phase === 'out') this.#phase = 'joining'
  }

  /** The next heartbeat; null when none may be sent now. */
  heartbeat(): SentHeartbeat | null {
    if (this.#phase === 'joining') return this.#sent(this.#joining())
    if (this.#phase === 'member') return this.#sent(this.#regular())
    return null
  }

  answered(sent: SentHeartbeat, { memberEpoch, assignment }: GroupHeartbeatAnswer): void {
    if (sent.life !== this.#life) return
    this.#phase = 'member'
    this.#epoch = memberEpoch
    this.#toldSubscription = sent.subscription
    this.#toldOwned = sent.owned
    if (assignment !== null) {
      this.#target = new PartitionSet(assignment)
      this.#owesConfirmation = true
    }
    const saidOwned = sent.heartbeat.ownedPartitions !== null
    if (saidOwned && this.#target?.equals(sent.owned)) this.#owesConfirmation = false
  }

  refused(sent: SentHeartbeat, error: SluiceError): Verdict {
    if (sent.life !== this.#life) return 'later'
    // The coordinator may have heard it, and may not.
    this.#toldSubscription = null
    this.#toldOwned = null
    if (error.code === 'FENCED_MEMBER_EPOCH' || error.code === 'UNKNOWN_MEMBER_ID') {
      this.#lose()
      return 'rejoin'
    }
    // Of a static member that was killed: until its session has timed out.
    if (error.retriable || error.code === 'UNRELEASED_INSTANCE_ID') return 'later'
    this.#endLife('failed')
    return 'failed'
  }

  /**
   * Goes without leaving the subscription, as a member that reads nothing for too long has to.
   *
   * @returns the heartbeat that tells the coordinator; null when it knows nothing of the member
   */
  goAway(): SentHeartbeat | null {
    if (this.#phase !== 'member' && this.#phase !== 'joining') return null
    const farewell = this.#farewell()
    this.#goesAway = true
    this.#lose()
    return farewell
  }

  /** After `goAway`: joins again. */
  comeBack(): void {
    this.#goesAway = false
    if (this.#phase === 'away') this.#phase = 'joining'
  }

  /** Ends the subscription. What it owns was given up before. @returns as `goAway` */
  leave(): SentHeartbeat | null {
    const farewell = this.#farewell()
    this.#endLife('out')
    this.#owned = NONE
    return farewell
  }

  /** The next thing to do; null when all is as it should be. */
  change(): Change | null {
    const owned = this.#owned
    if (this.#phase === 'lost' || this.#phase === 'failed') {
      return owned.size === 0 ? null : { kind: 'lost', partitions: owned }
    }
    if (this.#phase !== 'member' || this.#target === null) return null
    const toRevoke = owned.minus(this.#target)
    if (toRevoke.size > 0) return { kind: 'revoke', partitions: toRevoke }
    const toAdd = this.#target.minus(owned)
    return toAdd.size === 0 ? null : { kind: 'add', partitions: toAdd }
  }

  /** The partitions are given up: nothing of them will be read or committed any more. */
  released(partitions: PartitionSet): void {
    this.#owned = this.#owned.minus(partitions)
    if (this.#phase === 'lost' && this.#owned.size === 0) this.gaveUp()
  }

  /** @returns false when they may not be read: that was said in another life, or taken back */
  took(life: number, partitions: PartitionSet): boolean {
    if (life !== this.#life || this.#target === null) return false
    if (partitions.minus(this.#target).size > 0) return false
    this.#owned = this.#owned.plus(partitions)
    return true
  }

  /** What was lost is forgotten. */
  gaveUp(): void {
    this.#owned = NONE
    if (this.#phase === 'lost') this.#phase = this.#goesAway ? 'away' : 'joining'
  }

  get #tellsOwned(): boolean {
    if (this.#toldOwned === null || !this.#toldOwned.equals(this.#owned)) return true
    return this.#owesConfirmation && this.isSettled
  }

  #lose(): void {
    this.#endLife('lost')
    if (this.#owned.size === 0) this.gaveUp()
  }

  #endLife(phase: MemberPhase): void {
    this.#phase = phase
    this.#life += 1
    this.#epoch = MEMBER_EPOCH.join
    this.#target = null
    this.#toldSubscription = null
    this.#toldOwned = null
    this.#owesConfirmation = false
  }

  #sent(heartbeat: GroupHeartbeat): SentHeartbeat {
    const subscription = this.#subscription
    return { heartbeat, life: this.#life, subscription, owned: this.#owned }
  }

  #joining(): GroupHeartbeat {
    const { topics, pattern } = this.#subscription
    return {
      ...this.#identity,
      memberEpoch: MEMBER_EPOCH.join,
      subscribedTopics: topics,
      subscribedPattern: pattern,
      ownedPartitions: [],
    }
  }

  /** Tells what is new. All of it, when the coordinator may have missed some. */
  #regular(): GroupHeartbeat {
    const { topics, pattern } = this.#subscription
    const tellsAll = this.#toldSubscription === null
    const tellsTopics = this.#toldSubscription !== this.#subscription
    return {
      ...this.#identity,
      memberEpoch: this.#epoch,
      rackId: tellsAll ? this.#identity.rackId : null,
      rebalanceTimeoutMs: tellsAll ? this.#identity.rebalanceTimeoutMs : null,
      serverAssignor: tellsAll ? this.#identity.serverAssignor : null,
      subscribedTopics: tellsTopics ? topics : null,
      subscribedPattern: tellsTopics ? pattern : null,
      ownedPartitions: this.#tellsOwned ? this.#owned.toArray() : null,
    }
  }

  #farewell(): SentHeartbeat | null {
    if (this.#phase !== 'member' && this.#phase !== 'joining') return null
    const isStatic = this.#identity.instanceId !== null
    return this.#sent({
      ...this.#identity,
      memberEpoch: isStatic ? MEMBER_EPOCH.leaveForNow : MEMBER_EPOCH.leave,
      rackId: null,
      rebalanceTimeoutMs: null,
      serverAssignor: null,
      subscribedTopics: null,
      subscribedPattern: null,
      ownedPartitions: null,
    })
  }
}
