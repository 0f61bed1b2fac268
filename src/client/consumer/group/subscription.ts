// What a consumer subscribes to: names, or a regular expression.

import { SluiceError } from '../../errors.ts'
import type { StartPosition } from '../../transport.ts'
import type { RebalanceListener } from './group-options.ts'
import type { Subscription } from './member-state.ts'

export interface SubscribeOptions extends RebalanceListener {
  /** Where each partition begins. Only without a group. Default: as `autoOffsetReset` says. */
  readonly start?: StartPosition
}

const CALLBACKS = ['onAssigned', 'onRevoked', 'onLost'] as const

/** @throws SluiceError INVALID_OPTION for what makes no sense with a group, or without one */
export function checkSubscription(
  topics: string | readonly string[] | RegExp,
  options: SubscribeOptions,
  hasGroup: boolean,
): void {
  if (hasGroup) {
    if (options.start === undefined) return
    const message =
      'start is for consumers without a group; autoOffsetReset says where the group begins'
    throw new SluiceError('INVALID_OPTION', { option: 'start' }, { message })
  }
  const option = topics instanceof RegExp ? 'topics' : CALLBACKS.find((name) => options[name])
  if (option === undefined) return
  const what = option === 'topics' ? 'A regular expression' : option
  const message = `${what} is for consumers of a group: give the consumer a groupId`
  throw new SluiceError('INVALID_OPTION', { option }, { message })
}

export function subscriptionTo(topics: readonly string[] | RegExp): Subscription {
  if (!(topics instanceof RegExp)) return { topics: [...topics], pattern: '' }
  return { topics: [], pattern: wholeNamePattern(topics) }
}

/** Coordinators match whole names; a RegExp matches anywhere in a name unless it says otherwise. */
function wholeNamePattern({ source, ignoreCase }: RegExp): string {
  return `${ignoreCase ? '(?i)' : ''}.*(?:${source}).*`
}
