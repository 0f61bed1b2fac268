// Who is to have what: runs an assignor over the members of a group, and writes down what changed.

import type { Uuid } from '../../../base/uuid.ts'
import { assignorOf } from '../assignor/assignor.ts'
import type { AssignorName, MemberToAssign } from '../assignor/assignor.ts'
import type { Env } from '../env.ts'
import { sameAssignment, topicPartitionsOf } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'

/** Computes the target for the group's epoch, unless it is there already. */
export function updateTarget(env: Env, group: ConsumerGroup): void {
  if (group.epoch <= group.targetEpoch) return
  const { groupId } = group
  const partitionCounts = new Map<Uuid, number>()
  const members: MemberToAssign[] = []
  for (const member of group.members.values()) {
    const topicIds = new Set<Uuid>()
    for (const name of group.topicsOf(member)) {
      const topic = env.catalog.topic(name)
      if (topic === null) continue
      topicIds.add(topic.topicId)
      partitionCounts.set(topic.topicId, topic.partitions.length)
    }
    const { memberId, metadata } = member
    const { instanceId } = metadata
    members.push({ memberId, instanceId, topicIds, current: group.target(memberId) })
  }
  const assign = assignorOf(preferredAssignor(env, group))
  for (const [memberId, assignment] of assign(members, partitionCounts)) {
    if (sameAssignment(assignment, group.target(memberId))) continue
    const value = topicPartitionsOf(assignment)
    env.step.emit({ type: 'TargetMember', groupId, memberId, value })
  }
  const value = { epoch: group.epoch, timestampMs: env.now.wallMs }
  env.step.emit({ type: 'TargetEpoch', groupId, value })
}

/** What most members ask for; the first that is configured when nobody asks. */
export function preferredAssignor(env: Env, group: ConsumerGroup): AssignorName {
  const { assignors } = env.options
  const votes = new Map<string, number>()
  for (const { metadata } of group.members.values()) {
    const name = metadata.serverAssignor
    if (name !== null) votes.set(name, (votes.get(name) ?? 0) + 1)
  }
  let [winner, most]: [AssignorName, number] = [assignors[0] ?? 'uniform', 0]
  for (const name of assignors) {
    const count = votes.get(name) ?? 0
    if (count > most) [winner, most] = [name, count]
  }
  return winner
}
