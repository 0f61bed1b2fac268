// What the coordinator does by the clock: aborts transactions that take too long, forgets ids that nobody
// has used for long.

import type { Env } from './env.ts'
import { isEnding } from './env.ts'
import { fence } from './end.ts'

/** Changes in one step, so that requests come in between. */
const MAX_AT_ONCE = 100

/**
 * Aborts transactions that have been open for longer than their producers said.
 *
 * @param deadlines of open transactions by id, monotonic milliseconds
 * @returns true when it was cut short, and is to go on soon
 */
export function abortTimedOut(env: Env, deadlines: ReadonlyMap<string, number>): boolean {
  const due: string[] = []
  for (const [transactionalId, deadlineMs] of deadlines) {
    if (deadlineMs <= env.now.monotonicMs) due.push(transactionalId)
    if (due.length === MAX_AT_ONCE) break
  }
  for (const transactionalId of due)
    fence(env, transactionalId, env.transactions.get(transactionalId)!)
  return due.length === MAX_AT_ONCE
}

/**
 * Forgets ids without a transaction whose last change is too long ago.
 *
 * @returns true when it was cut short, and is to go on soon
 */
export function forgetExpired({ transactions, options, now, step }: Env): boolean {
  const before = now.wallMs - options.idExpirationMs
  let count = 0
  for (const [transactionalId, value] of transactions) {
    if (value.state === 'Ongoing' || isEnding(value) || value.lastUpdateMs > before) continue
    step.emit({ transactionalId, value: null })
    count += 1
    if (count === MAX_AT_ONCE) return true
  }
  return false
}
