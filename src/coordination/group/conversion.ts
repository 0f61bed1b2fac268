// Which group a request of one protocol meets, where the other protocol may have the name.
//
//   group is …          a classic member joins            a member of the newer protocol joins
//   classic, empty      is in it                          it is that of the newer protocol from now on
//   classic, members    is in it                          the same, with its members: migration/upgrade.ts
//   newer, empty        it is classic from now on         is in it
//   newer, members      is a member of it as it is:       is in it
//                       migration/classic-member.ts
//
// Offsets stay whatever happens.

import type { ConsumerGroup } from './consumer/consumer-group.ts'
import { JOIN_EPOCH } from './consumer/messages.ts'
import type { ConsumerHeartbeatRequest } from './consumer/messages.ts'
import { refuse } from './env.ts'
import type { Env } from './env.ts'
import { planUpgrade } from './migration/upgrade.ts'
import type { Upgrade } from './migration/upgrade.ts'

/** The group of the newer protocol that classic members are in; null where the group is classic. */
export function mixedGroupFor(env: Env, groupId: string): ConsumerGroup | null {
  const group = env.state.consumer.get(groupId) ?? null
  return group !== null && group.members.size > 0 ? group : null
}

export interface MetGroup {
  /** Null for one that is yet to be made. As it will be, where it is to change over first. */
  readonly group: ConsumerGroup | null
  /** How it is to change over before anything else; null when it need not. */
  readonly plan: Upgrade | null
}

/**
 * The group that a member of the newer protocol meets.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND when there is none and the member does not join, or when it
 *   has members of the classic protocol and stays with that; POLICY_VIOLATION when there are too many
 */
export function consumerGroupFor(
  env: Env,
  { groupId, memberEpoch }: ConsumerHeartbeatRequest,
): MetGroup {
  const group = env.state.consumer.get(groupId)
  if (group !== undefined) return { group, plan: null }
  if (memberEpoch !== JOIN_EPOCH) refuse('GROUP_ID_NOT_FOUND')
  const classic = env.classic.get(groupId)
  if (classic !== undefined && classic.members.size > 0) {
    const plan = planUpgrade(env, classic)
    return { group: plan.group, plan }
  }
  const { maxGroups } = env.options
  if (classic === undefined && env.state.groupCount >= maxGroups) {
    refuse('POLICY_VIOLATION', 'The coordinator has too many groups', { maxGroups })
  }
  return { group: null, plan: null }
}
