// Listing, describing and deleting groups.

import { CONSUMER_PROTOCOL_TYPE } from './classic/subscription.ts'
import { refuse } from './env.ts'
import type { Env } from './env.ts'
import type { DescribedClassicGroup, ListedGroup } from './group-messages.ts'
import { deleteGroupRecords } from './offsets/expire-offsets.ts'

/** All groups, those with offsets alone among them. */
export function listGroups(env: Pick<Env, 'classic' | 'state'>): ListedGroup[] {
  const listed: ListedGroup[] = []
  for (const [groupId, { protocolType, state }] of env.classic) {
    listed.push({ groupId, type: 'classic', protocolType, state })
  }
  for (const [groupId, { state }] of env.state.consumer) {
    listed.push({ groupId, type: 'consumer', protocolType: CONSUMER_PROTOCOL_TYPE, state })
  }
  for (const groupId of env.state.offsets.groupIds()) {
    if (env.classic.has(groupId) || env.state.consumer.has(groupId)) continue
    listed.push({ groupId, type: 'classic', protocolType: '', state: 'Empty' })
  }
  return listed
}

/**
 * A group of the classic protocol.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND for a group that is not there, or of the newer protocol
 */
export function describeClassicGroup(env: Env, groupId: string): DescribedClassicGroup {
  const group = env.classic.get(groupId)
  if (group === undefined) {
    const isSimple = !env.state.consumer.has(groupId) && env.state.offsets.hasGroup(groupId)
    if (!isSimple) refuse('GROUP_ID_NOT_FOUND')
    return { groupId, state: 'Empty', protocolType: '', protocol: '', members: [] }
  }
  const hasProtocol = group.state === 'Stable' || group.state === 'CompletingRebalance'
  const members = [...group.members.values()].map((member) => {
    const { memberId, instanceId, clientId, clientHost, assignment } = member
    const metadata = group.metadataOf(member)
    return { memberId, instanceId, clientId, clientHost, metadata, assignment }
  })
  return {
    groupId,
    state: group.state,
    protocolType: group.protocolType,
    protocol: hasProtocol ? (group.protocol ?? '') : '',
    members,
  }
}

/**
 * Deletes an empty group with all of its offsets, those that open transactions carry among them.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP
 */
export function deleteGroup(env: Env, groupId: string): void {
  if (!env.state.exists(groupId)) refuse('GROUP_ID_NOT_FOUND')
  const classic = env.classic.get(groupId)
  const isBusy = classic !== undefined && (classic.state !== 'Empty' || classic.pendingIds.size > 0)
  const members = env.state.consumer.get(groupId)?.members.size ?? 0
  if (isBusy || members > 0) refuse('NON_EMPTY_GROUP')
  for (const { topic, partition } of env.state.offsets.partitionsOf(groupId)) {
    env.step.emit({ type: 'Offset', groupId, topic, partition, value: null })
  }
  deleteGroupRecords(env, groupId)
}
