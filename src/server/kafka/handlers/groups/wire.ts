// What the handlers of groups share: bytes, addresses and permissions as Kafka writes them.

import { ERRORS, type BrokerError, type ErrorCode } from '../../../../base/errors.ts'
import type { KafkaContext } from '../../handler.ts'

/** 0 for none. */
export function errorId(error: BrokerError | ErrorCode | null): number {
  if (error === null) return 0
  return ERRORS[typeof error === 'string' ? error : error.code].id
}

/** Bytes as the codecs want them, without a copy. */
export function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Who a member is, as it is shown to administrators. Kafka writes a slash before the address. */
export function memberClient({ caller }: KafkaContext): { clientId: string; clientHost: string } {
  return { clientId: caller.clientId, clientHost: `/${caller.host}` }
}

/** Bits of the operations that a group has: read 3, delete 6, describe 8. Nobody is refused any yet. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8)

/** Source: apache/kafka, AuthorizerUtils and the default of the field. */
const NOT_ASKED_FOR = -2_147_483_648

export function authorizedOperations(asked: boolean): number {
  return asked ? GROUP_OPERATIONS : NOT_ASKED_FOR
}

/** Groups things by topic, topics and things in the order in which they came. */
export function byTopic<T extends { readonly topic: string }>(
  rows: readonly T[],
): Map<string, T[]> {
  const topics = new Map<string, T[]>()
  for (const row of rows) {
    const found = topics.get(row.topic)
    if (found === undefined) topics.set(row.topic, [row])
    else found.push(row)
  }
  return topics
}
