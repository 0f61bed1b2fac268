// A group of the classic protocol as it lives: members, who waits for what, and the state.
//
//            join                    all joined, or time is up             leader syncs
//   Empty ─────────► PreparingRebalance ─────────► CompletingRebalance ─────────► Stable
//     ▲                 │  ▲                          │                             │
//     └── all left ─────┘  └── join, leave, expiry ───┴─────────────────────────────┘
//
// A group that is deleted is Dead in Kafka's words: here it is simply not there. What survives a
// reload is GroupMetadataValue; the rest is of this moment. Only members and counts are kept here;
// answers and timers are the business of the handlers beside it.

import assert from 'node:assert'
import type { Call } from '../../runtime/step.ts'
import type { GroupMetadataValue } from '../records/group-metadata.ts'
import type { JoinResponse, JoinedMember, MemberProtocol, SyncResponse } from './messages.ts'
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.ts'

export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

export interface ClassicMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly MemberProtocol[]
  assignment: Uint8Array
  /** The join that waits for the rebalance. Set by `setJoining` alone. */
  joining: Call<JoinResponse> | null
  /** The sync that waits for the leader's. */
  syncing: Call<SyncResponse> | null
  /** Has not had the answer to its first join: it cannot send heartbeats. */
  isNew: boolean
}

export const NO_ASSIGNMENT = new Uint8Array(0)

export class ClassicGroup {
  readonly groupId: string
  readonly members = new Map<string, ClassicMember>()
  /** Ids that were given out and have not joined yet. */
  readonly pendingIds = new Set<string>()
  /** Members that have not synced in this generation. */
  readonly unsyncedIds = new Set<string>()
  protocolType = ''
  generation = 0
  protocol: string | null = null
  leader: string | null = null
  stateTimestampMs: number
  /** A member came while an empty group waits for its first members. */
  newMemberAdded = false
  readonly #staticIds = new Map<string, string>()
  #state: ClassicState = 'Empty'
  #previousState: ClassicState = 'Empty'
  #joiningCount = 0

  /** @param wallMs when the group came into being, milliseconds since 1970 */
  constructor(groupId: string, wallMs: number) {
    this.groupId = groupId
    this.stateTimestampMs = wallMs
  }

  /** A group as its last record says. */
  static load(groupId: string, value: GroupMetadataValue): ClassicGroup {
    const group = new ClassicGroup(groupId, value.stateTimestampMs)
    group.protocolType = value.protocolType
    group.generation = value.generation
    group.protocol = value.protocol
    for (const member of value.members) {
      const metadata = member.subscription
      const protocols = value.protocol === null ? [] : [{ name: value.protocol, metadata }]
      const waiting = { joining: null, syncing: null, isNew: false }
      group.add({ ...member, protocols, ...waiting })
    }
    group.leader = value.leader
    group.#state = value.members.length === 0 ? 'Empty' : 'Stable'
    return group
  }

  get state(): ClassicState {
    return this.#state
  }

  get previousState(): ClassicState {
    return this.#previousState
  }

  get joiningCount(): number {
    return this.#joiningCount
  }

  transitionTo(state: ClassicState, wallMs: number): void {
    this.#previousState = this.#state
    this.#state = state
    this.stateTimestampMs = wallMs
  }

  /** True when nobody is missing: all members have joined, and all ids given out are used. */
  get hasAllJoined(): boolean {
    return this.#joiningCount === this.members.size && this.pendingIds.size === 0
  }

  /** Longest that a rebalance waits, milliseconds. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) {
      longest = Math.max(longest, member.rebalanceTimeoutMs)
    }
    return longest
  }

  staticMemberId(instanceId: string): string | null {
    return this.#staticIds.get(instanceId) ?? null
  }

  add(member: ClassicMember): void {
    assert(!this.members.has(member.memberId))
    this.members.set(member.memberId, member)
    this.pendingIds.delete(member.memberId)
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.memberId)
    if (member.joining !== null) this.#joiningCount += 1
    this.leader ??= member.memberId
  }

  remove(member: ClassicMember): void {
    this.members.delete(member.memberId)
    this.unsyncedIds.delete(member.memberId)
    if (member.joining !== null) this.#joiningCount -= 1
    const { instanceId } = member
    if (instanceId !== null && this.#staticIds.get(instanceId) === member.memberId) {
      this.#staticIds.delete(instanceId)
    }
    if (this.leader === member.memberId) this.leader = this.members.keys().next().value ?? null
  }

  /** Gives a static member a new id. It keeps everything else, its leadership too. */
  replaceStatic(old: ClassicMember, memberId: string): ClassicMember {
    const wasLeader = this.leader === old.memberId
    this.remove(old)
    const member = { ...old, memberId, joining: null, syncing: null }
    this.add(member)
    if (wasLeader) this.leader = memberId
    return member
  }

  setJoining(member: ClassicMember, call: Call<JoinResponse> | null): void {
    this.#joiningCount += (call === null ? 0 : 1) - (member.joining === null ? 0 : 1)
    member.joining = call
  }

  /** True when a member with these protocols finds one that all others speak as well. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.members.size === 0) return true
    if (this.protocolType !== protocolType) return false
    const common = this.#commonProtocols()
    return protocols.some(({ name }) => common.has(name))
  }

  /** The protocol that most members like best among those that all of them speak. */
  selectProtocol(): string | null {
    const common = this.#commonProtocols()
    const votes = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => common.has(name))
      if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
    }
    let [winner, most]: [string | null, number] = [null, 0]
    for (const [name, count] of votes) if (count > most) [winner, most] = [name, count]
    return winner
  }

  /** Makes sure that a member that has joined leads. @returns false when nobody has joined */
  electLeader(): boolean {
    const current = this.leader === null ? undefined : this.members.get(this.leader)
    if (current !== undefined && current.joining !== null) return true
    for (const member of this.members.values()) {
      if (member.joining === null) continue
      this.leader = member.memberId
      return true
    }
    return false
  }

  startGeneration(wallMs: number): void {
    this.generation += 1
    this.protocol = this.members.size === 0 ? null : this.selectProtocol()
    this.transitionTo(this.members.size === 0 ? 'Empty' : 'CompletingRebalance', wallMs)
    this.unsyncedIds.clear()
  }

  metadataOf(member: ClassicMember): Uint8Array {
    return member.protocols.find(({ name }) => name === this.protocol)?.metadata ?? NO_ASSIGNMENT
  }

  /** For the leader: everybody with what it said in the chosen protocol. */
  joinedMembers(): JoinedMember[] {
    return [...this.members.values()].map((member) => {
      const { memberId, instanceId } = member
      return { memberId, instanceId, metadata: this.metadataOf(member) }
    })
  }

  /** Topics that a group of consumers is subscribed to; null for who cannot be asked. */
  subscribedTopics(): ReadonlySet<string> | null {
    if (this.protocolType !== CONSUMER_PROTOCOL_TYPE) return null
    if (this.members.size > 0 && this.protocol === null) return null
    const topics = new Set<string>()
    for (const member of this.members.values()) {
      const subscribed = subscribedTopics(this.metadataOf(member))
      if (subscribed === null) return null
      for (const topic of subscribed) topics.add(topic)
    }
    return topics
  }

  /** What is to survive a reload. */
  toValue(): GroupMetadataValue {
    const { protocolType, generation, protocol, leader, stateTimestampMs } = this
    const members = [...this.members.values()].map((member) => {
      const { memberId, instanceId, clientId, clientHost } = member
      const { rebalanceTimeoutMs, sessionTimeoutMs, assignment } = member
      return {
        ...{ memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs },
        ...{ subscription: this.metadataOf(member), assignment },
      }
    })
    return { protocolType, generation, protocol, leader, stateTimestampMs, members }
  }

  #commonProtocols(): Set<string> {
    const counts = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      for (const name of new Set(protocols.map((protocol) => protocol.name))) {
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
    const common = [...counts].filter(([, count]) => count === this.members.size)
    return new Set(common.map(([name]) => name))
  }
}

/** True when a member says of itself exactly what it said before. */
export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  if (a.length !== b.length) return false
  return a.every(({ name, metadata }, index) => {
    const other = b[index]!
    return name === other.name && Buffer.compare(metadata, other.metadata) === 0
  })
}
