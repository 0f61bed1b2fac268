// Topics that belong to the broker: groups and transactions keep their state in them.

/** Names that no client may give to a topic. Source: Topic.java in apache/kafka. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state'])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}
