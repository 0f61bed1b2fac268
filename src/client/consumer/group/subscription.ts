// What a consumer subscribes to: names, or a regular expression.

import { SluiceError } from '../../errors.ts'
import type { StartPosition } from '../../transport.ts'
import type { RebalanceListener } from './group-options.ts'
import type { Subscription } from './member-state.ts'

export interface SubscribeOptions extends RebalanceListener {
  /** Where each partition begins. Only without a group. Default: as `autoOffsetReset` says. */
  readonly start?: StartPosition
}

/** All topics whose whole name matches. */
export interface TopicPattern {
  /** A regular expression of RE2's syntax, as in `clicks-.*`. */
  readonly pattern: string
}

/** What to read. */
export type Topics = string | readonly string[] | RegExp | TopicPattern

const CALLBACKS = ['onAssigned', 'onRevoked', 'onLost'] as const

/** @throws SluiceError INVALID_OPTION for what makes no sense with a group, or without one */
export function checkSubscription(
  topics: Topics,
  options: SubscribeOptions,
  hasGroup: boolean,
): void {
  if (hasGroup) {
    if (options.start === undefined) return
    const message =
      'start is for consumers without a group; autoOffsetReset says where the group begins'
    throw new SluiceError('INVALID_OPTION', { option: 'start' }, { message })
  }
  const option = patternOf(topics) !== null ? 'topics' : CALLBACKS.find((name) => options[name])
  if (option === undefined) return
  const what = option === 'topics' ? 'A regular expression' : option
  const message = `${what} is for consumers of a group: give the consumer a groupId`
  throw new SluiceError('INVALID_OPTION', { option }, { message })
}

/** @throws SluiceError INVALID_OPTION for no topics at all */
export function subscriptionTo(topics: Topics): Subscription {
  const pattern = patternOf(topics) ?? ''
  const names = namesOf(topics)
  if (pattern !== '' || names.length > 0) return { topics: names, pattern }
  const message = 'There is no topic to subscribe to'
  throw new SluiceError('INVALID_OPTION', { option: 'topics' }, { message })
}

/** Topics by name; none of a pattern. */
export function namesOf(topics: Topics): readonly string[] {
  if (typeof topics === 'string') return [topics]
  return Array.isArray(topics) ? [...topics] : []
}

/** Coordinators match whole names; a RegExp matches anywhere in a name unless it says otherwise. */
function patternOf(topics: Topics): string | null {
  if (topics instanceof RegExp) return `${topics.ignoreCase ? '(?i)' : ''}.*(?:${topics.source}).*`
  return typeof topics === 'object' && 'pattern' in topics ? topics.pattern : null
}
