// Deadlines of groups of the classic protocol.

import type { Env, TimerEvent } from '../env.ts'
import type { ClassicGroup } from './classic-group.ts'
import {
  completeJoin,
  expireInitialDelay,
  expireSession,
  expireSync,
  prepareRebalance,
  restartSession,
} from './rebalance.ts'

type ClassicTimer = Extract<
  TimerEvent,
  { type: 'classic-session' | 'classic-initial' | 'classic-join' | 'classic-sync' }
>

export function onClassicTimer(env: Env, event: ClassicTimer): void {
  const group = env.classic.get(event.groupId)
  if (group === undefined) return
  switch (event.type) {
    case 'classic-session':
      return expireSession(env, group, event.memberId)
    case 'classic-sync':
      return expireSync(env, group, event.generation)
    case 'classic-initial':
      if (group.state === 'PreparingRebalance') expireInitialDelay(env, group, event.remainingMs)
      return
    case 'classic-join':
      if (group.state === 'PreparingRebalance') completeJoin(env, group)
  }
}

/** Starts the sessions of a group that was loaded. */
export function resumeClassicGroup(env: Env, group: ClassicGroup): void {
  for (const member of group.members.values()) restartSession(env, group, member)
  // It came from the newer protocol, and has not assigned since.
  if (group.state === 'Stable' && group.leader === null) prepareRebalance(env, group)
}
