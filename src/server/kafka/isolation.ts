// What a request of the Kafka protocol says of transactions.

import type { Isolation } from '../../broker/position.ts'

const READ_COMMITTED = 1

/** @param level 0 read_uncommitted, 1 read_committed; others are taken for 0, as Kafka does */
export function isolationOf(level: number): Isolation {
  return level === READ_COMMITTED ? 'committed' : 'uncommitted'
}
