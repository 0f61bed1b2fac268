// Topics that belong to the broker: groups and transactions keep their state in them.

/** Where groups and their offsets are kept. */
export const OFFSETS_TOPIC = '__consumer_offsets'

/** Where transactions are kept. */
export const TRANSACTIONS_TOPIC = '__transaction_state'

/** Names that no client may give to a topic. Source: Topic.java in apache/kafka. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([OFFSETS_TOPIC, TRANSACTIONS_TOPIC])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}
