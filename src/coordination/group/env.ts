// What every handler works with: the state of the partition's groups, and the step in the making.

import { BrokerError } from '../../base/errors.ts'
import type { Facts, ErrorCode } from '../../base/errors.ts'
import type { ClassicGroup } from './classic/classic-group.ts'
import type { CoordinatorState } from './coordinator-state.ts'
import type { GroupOptions } from './group-options.ts'
import type { GroupRecord } from './records/group-record.ts'
import type { Now } from '../runtime/now.ts'
import type { Step } from '../runtime/step.ts'
import type { TimerTable } from '../runtime/timer-table.ts'
import type { TopicCatalog } from './topic-catalog.ts'

/** What a deadline is for. */
export type TimerEvent =
  | { readonly type: 'classic-session'; readonly groupId: string; readonly memberId: string }
  | { readonly type: 'classic-initial'; readonly groupId: string; readonly remainingMs: number }
  | { readonly type: 'classic-join'; readonly groupId: string }
  | { readonly type: 'classic-sync'; readonly groupId: string; readonly generation: number }
  | { readonly type: 'consumer-session'; readonly groupId: string; readonly memberId: string }
  | {
      readonly type: 'consumer-rebalance'
      readonly groupId: string
      readonly memberId: string
      readonly memberEpoch: number
    }
  | { readonly type: 'consumer-classic'; readonly groupId: string; readonly memberId: string }
  | { readonly type: 'retention' }
  | { readonly type: 'forget-topics' }

export type GroupStep = Step<GroupRecord>

export interface Env {
  /** What the records say. Changed by `step.emit` alone. */
  readonly state: CoordinatorState
  /** Groups of the classic protocol as they live now: who waits for whom. Lost in a reload. */
  readonly classic: Map<string, ClassicGroup>
  readonly timers: TimerTable<TimerEvent>
  readonly options: GroupOptions
  readonly catalog: TopicCatalog
  /** An id that nobody had before. */
  readonly newId: () => string
  readonly step: GroupStep
  readonly now: Now
}

/** @returns never: throws the refusal */
export function refuse(code: ErrorCode, message?: string, facts: Facts = {}): never {
  throw new BrokerError(code, message === undefined ? facts : { message, ...facts })
}

/** Keys of timers. The length in front keeps ids of clients from running into each other. */
export const timerKeys = {
  session: (groupId: string, memberId: string) => `s${groupId.length} ${groupId}${memberId}`,
  rebalance: (groupId: string, memberId: string) => `r${groupId.length} ${groupId}${memberId}`,
  join: (groupId: string) => `j${groupId}`,
  sync: (groupId: string) => `y${groupId}`,
  retention: 'retention',
  forgetTopics: 'forget-topics',
}
