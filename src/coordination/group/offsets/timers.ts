// When offsets are looked through: those that have expired, those whose topics are gone.

import { timerKeys } from '../env.ts'
import type { Env, TimerEvent } from '../env.ts'
import { expireOffsets } from './expire-offsets.ts'
import { forgetTopics } from './forget-topics.ts'

/** How soon a clean-up that was cut short goes on. */
const AGAIN_MS = 10

/** How soon offsets are looked at again that open transactions hold back. */
const HELD_BACK_AGAIN_MS = 10_000

/** Has expired offsets looked for, after the interval of the options. */
export function scheduleRetention(env: Env, delayMs = env.options.retentionCheckIntervalMs): void {
  env.timers.set(timerKeys.retention, env.now.monotonicMs + delayMs, { type: 'retention' })
}

export function onOffsetTimer(
  env: Env,
  event: TimerEvent & { readonly type: 'retention' | 'forget-topics' },
): void {
  if (event.type === 'retention') {
    const isCutShort = expireOffsets(env)
    scheduleRetention(env, isCutShort ? AGAIN_MS : env.options.retentionCheckIntervalMs)
    return
  }
  const outcome = forgetTopics(env)
  if (outcome === 'done') return
  const delayMs = outcome === 'cut-short' ? AGAIN_MS : HELD_BACK_AGAIN_MS
  env.timers.set(timerKeys.forgetTopics, env.now.monotonicMs + delayMs, event)
}
