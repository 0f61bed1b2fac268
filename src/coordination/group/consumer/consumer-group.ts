// A group of the newer protocol (KIP-848), as its records say. Changed by replay only.
//
//   epoch          rises when members, subscriptions or topics change
//   target         who is to have what, computed for an epoch
//   current        how far each member has come: its epoch, what it owns, what it is to give up
//
//   Empty: no members · Assigning: the target is of an older epoch · Reconciling: a member is not at
//   its target yet · Stable
//
// Records of one member may come in any order, since compaction keeps the last of each key.

import type { Uuid } from '../../../base/uuid.ts'
import type {
  CurrentAssignmentValue,
  GroupEpochValue,
  MemberMetadataValue,
  MemberState,
  RegexValue,
  TargetEpochValue,
} from '../records/consumer-group.ts'
import type { ConsumerGroupRecord } from '../records/group-record.ts'
import { EMPTY_ASSIGNMENT, assignmentOf, topicPartitionsOf } from './assignment.ts'
import type { Assignment } from './assignment.ts'

export type ConsumerState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** How far a member has come. */
export interface CurrentAssignment {
  /** 0 before its first assignment, -2 for a static member that is away for a while. */
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly assigned: Assignment
  readonly pendingRevocation: Assignment
}

export interface ConsumerMember extends CurrentAssignment {
  readonly memberId: string
  readonly metadata: MemberMetadataValue
}

const NOTHING_YET: CurrentAssignment = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: 'stable',
  assigned: EMPTY_ASSIGNMENT,
  pendingRevocation: EMPTY_ASSIGNMENT,
}

export class ConsumerGroup {
  readonly groupId: string
  /** Version of the topics that subscriptions were last held against; of this moment only. */
  checkedVersion = -1
  #epoch: GroupEpochValue | null = null
  #targetEpoch: TargetEpochValue | null = null
  #hasPartitionMetadata = false
  readonly #members = new Map<string, ConsumerMember>()
  readonly #current = new Map<string, CurrentAssignment>()
  readonly #targets = new Map<string, Assignment>()
  readonly #regexes = new Map<string, RegexValue>()
  readonly #staticIds = new Map<string, string>()
  /** Who owns a partition, or is still to give it up. */
  readonly #owners = new Map<Uuid, Map<number, string>>()
  #subscribed: ReadonlySet<string> | null = null

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get epoch(): number {
    return this.#epoch?.epoch ?? 0
  }

  get metadataHash(): bigint {
    return this.#epoch?.metadataHash ?? 0n
  }

  /** The epoch that the target is of. */
  get targetEpoch(): number {
    return this.#targetEpoch?.epoch ?? 0
  }

  get members(): ReadonlyMap<string, ConsumerMember> {
    return this.#members
  }

  /**
   * True when nothing is on record any more. What is left of one record counts: where the log was
   * compacted, others of the group may come behind it.
   */
  get isForgotten(): boolean {
    const kept = [this.#members, this.#current, this.#targets, this.#regexes]
    const hasEpoch = this.#epoch !== null || this.#targetEpoch !== null
    return !hasEpoch && !this.#hasPartitionMetadata && kept.every(({ size }) => size === 0)
  }

  get state(): ConsumerState {
    if (this.#members.size === 0) return 'Empty'
    if (this.epoch > this.targetEpoch) return 'Assigning'
    for (const { state, memberEpoch } of this.#members.values()) {
      if (state !== 'stable' || memberEpoch !== this.targetEpoch) return 'Reconciling'
    }
    return 'Stable'
  }

  staticMember(instanceId: string): ConsumerMember | null {
    return this.#members.get(this.#staticIds.get(instanceId) ?? '') ?? null
  }

  target(memberId: string): Assignment {
    return this.#targets.get(memberId) ?? EMPTY_ASSIGNMENT
  }

  /** The member that has a partition, or is still to give it up. */
  owner(topicId: Uuid, partition: number): string | null {
    return this.#owners.get(topicId)?.get(partition) ?? null
  }

  /** What the regular expressions of the members stand for. */
  get regexes(): ReadonlyMap<string, RegexValue> {
    return this.#regexes
  }

  /** Names of the topics that a member reads, whether they exist or not. */
  topicsOf({ metadata }: ConsumerMember): readonly string[] {
    const { topicNames, topicRegex } = metadata
    const matched = topicRegex === null ? undefined : this.#regexes.get(topicRegex)?.topics
    if (matched === undefined || matched.length === 0) return topicNames
    return topicNames.length === 0 ? matched : [...new Set([...topicNames, ...matched])]
  }

  /** Names of the topics that any member reads. */
  get subscribedTopics(): ReadonlySet<string> {
    if (this.#subscribed !== null) return this.#subscribed
    const subscribed = new Set<string>()
    for (const member of this.#members.values()) {
      for (const topic of this.topicsOf(member)) subscribed.add(topic)
    }
    this.#subscribed = subscribed
    return subscribed
  }

  isSubscribed(topic: string): boolean {
    return this.subscribedTopics.has(topic)
  }

  replay(record: ConsumerGroupRecord): void {
    switch (record.type) {
      case 'GroupEpoch':
        this.#epoch = record.value
        return
      case 'PartitionMetadata':
        this.#hasPartitionMetadata = record.value !== null
        return
      case 'TargetEpoch':
        this.#targetEpoch = record.value
        return
      case 'TargetMember':
        if (record.value === null) this.#targets.delete(record.memberId)
        else this.#targets.set(record.memberId, assignmentOf(record.value))
        return
      case 'Regex':
        if (record.value === null) this.#regexes.delete(record.pattern)
        else this.#regexes.set(record.pattern, record.value)
        this.#subscribed = null
        return
      case 'Member':
        this.#replayMember(record.memberId, record.value)
        return
      case 'CurrentAssignment':
        this.#replayCurrent(record.memberId, record.value)
    }
  }

  /** One record for each key that lives. */
  records(): ConsumerGroupRecord[] {
    const { groupId } = this
    const records: ConsumerGroupRecord[] = []
    if (this.#hasPartitionMetadata) {
      records.push({ type: 'PartitionMetadata', groupId, value: 'present' })
    }
    for (const [memberId, { metadata }] of this.#members) {
      records.push({ type: 'Member', groupId, memberId, value: metadata })
    }
    for (const [pattern, value] of this.#regexes) {
      records.push({ type: 'Regex', groupId, pattern, value })
    }
    if (this.#epoch !== null) records.push({ type: 'GroupEpoch', groupId, value: this.#epoch })
    for (const [memberId, assignment] of this.#targets) {
      const value = topicPartitionsOf(assignment)
      records.push({ type: 'TargetMember', groupId, memberId, value })
    }
    if (this.#targetEpoch !== null) {
      records.push({ type: 'TargetEpoch', groupId, value: this.#targetEpoch })
    }
    for (const [memberId, current] of this.#current) {
      const value = currentAssignmentValue(current)
      records.push({ type: 'CurrentAssignment', groupId, memberId, value })
    }
    return records
  }

  /** The records that delete the group: what a member has first, the group's epoch last. */
  tombstones(): ConsumerGroupRecord[] {
    const deleted = this.records().map((record) => ({ ...record, value: null }))
    const isEpoch = ({ type }: ConsumerGroupRecord) => type === 'GroupEpoch'
    return [...deleted.filter((record) => !isEpoch(record)), ...deleted.filter(isEpoch)]
  }

  #replayMember(memberId: string, metadata: MemberMetadataValue | null): void {
    this.#subscribed = null
    const instanceId = (metadata ?? this.#members.get(memberId)?.metadata)?.instanceId ?? null
    if (metadata === null) {
      this.#members.delete(memberId)
      if (instanceId !== null && this.#staticIds.get(instanceId) === memberId) {
        this.#staticIds.delete(instanceId)
      }
      return
    }
    const current = this.#current.get(memberId) ?? NOTHING_YET
    this.#members.set(memberId, { memberId, metadata, ...current })
    if (instanceId !== null) this.#staticIds.set(instanceId, memberId)
  }

  #replayCurrent(memberId: string, value: CurrentAssignmentValue | null): void {
    const before = this.#current.get(memberId)
    if (before !== undefined) this.#disown(memberId, before)
    const current = value === null ? NOTHING_YET : currentAssignmentOf(value)
    if (value === null) this.#current.delete(memberId)
    else {
      this.#current.set(memberId, current)
      this.#own(memberId, current.assigned)
      this.#own(memberId, current.pendingRevocation)
    }
    const member = this.#members.get(memberId)
    if (member !== undefined) {
      this.#members.set(memberId, { memberId, metadata: member.metadata, ...current })
    }
  }

  #own(memberId: string, assignment: Assignment): void {
    for (const [topicId, partitions] of assignment) {
      const owners = this.#owners.get(topicId) ?? new Map<number, string>()
      for (const partition of partitions) owners.set(partition, memberId)
      this.#owners.set(topicId, owners)
    }
  }

  /** Another member may have taken a partition over by a record that came earlier in the log. */
  #disown(memberId: string, { assigned, pendingRevocation }: CurrentAssignment): void {
    for (const [topicId, partitions] of [...assigned, ...pendingRevocation]) {
      const owners = this.#owners.get(topicId)
      if (owners === undefined) continue
      for (const partition of partitions) {
        if (owners.get(partition) === memberId) owners.delete(partition)
      }
      if (owners.size === 0) this.#owners.delete(topicId)
    }
  }
}

export function currentAssignmentValue(current: CurrentAssignment): CurrentAssignmentValue {
  const { memberEpoch, previousMemberEpoch, state } = current
  const assigned = topicPartitionsOf(current.assigned)
  const pendingRevocation = topicPartitionsOf(current.pendingRevocation)
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }
}

function currentAssignmentOf(value: CurrentAssignmentValue): CurrentAssignment {
  const { memberEpoch, previousMemberEpoch, state } = value
  const assigned = assignmentOf(value.assigned)
  const pendingRevocation = assignmentOf(value.pendingRevocation)
  return { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation }
}
