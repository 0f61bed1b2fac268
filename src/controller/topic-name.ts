// What a topic may be called. Source: Topic.java in apache/kafka.

import { BrokerError } from '../base/errors.ts'
import { MAX_TOPIC_NAME_LENGTH } from '../base/limits.ts'

/** @throws BrokerError INVALID_TOPIC_EXCEPTION that says which rule the name breaks */
export function checkTopicName(name: string): void {
  const problem = problemOf(name)
  if (problem === null) return
  const message =
    `The topic name ${printable(name)} ${problem}. A name has 1 to ${MAX_TOPIC_NAME_LENGTH} of the ` +
    'characters a-z, A-Z, 0-9, ".", "_" and "-", and is not "." or ".."'
  throw new BrokerError('INVALID_TOPIC_EXCEPTION', { message })
}

/** Whether a topic may have this name. */
export function isTopicName(name: string): boolean {
  return problemOf(name) === null
}

/** What a name is compared by: metrics turn `.` into `_`, so two names must not differ in these alone. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

function problemOf(name: string): string | null {
  if (name === '') return 'is empty'
  if (name === '.' || name === '..') return 'means a directory'
  if (name.length > MAX_TOPIC_NAME_LENGTH) return `has ${name.length} characters`
  return /^[a-zA-Z0-9._-]+$/.test(name) ? null : 'has characters that are not allowed'
}

function printable(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}
