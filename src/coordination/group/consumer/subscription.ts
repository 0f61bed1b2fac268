// What the members of a group read: topics by regular expression, and whether the topics changed.

import { isInternalTopic } from '../../../metadata/internal-topics.ts'
import type { TopicCatalog } from '../topic-catalog.ts'
import type { Env } from '../env.ts'
import { compilePattern } from '../regex/topic-pattern.ts'
import type { ConsumerGroup } from './consumer-group.ts'

/**
 * The topics whose whole names match.
 *
 * @throws BrokerError INVALID_REGULAR_EXPRESSION when the pattern is not one, or is too costly
 */
export function matchingTopics(catalog: TopicCatalog, pattern: string): string[] {
  const matcher = compilePattern(pattern)
  const names = catalog.topics().map(({ name }) => name)
  return names.filter((name) => !isInternalTopic(name) && matcher.matches(name))
}

/**
 * Brings a group's regular expressions up to the topics of now, and forgets those that nobody uses.
 *
 * @param fresh results that were just computed, by pattern
 */
export function refreshRegexes(
  env: Env,
  group: ConsumerGroup,
  fresh: ReadonlyMap<string, readonly string[]>,
): void {
  const used = new Set<string>()
  for (const { metadata } of group.members.values()) {
    // Kafka writes an empty expression where there is none.
    const { topicRegex } = metadata
    if (topicRegex !== null && topicRegex !== '') used.add(topicRegex)
  }
  const { groupId } = group
  for (const pattern of [...group.regexes.keys()]) {
    if (!used.has(pattern)) env.step.emit({ type: 'Regex', groupId, pattern, value: null })
  }
  for (const pattern of used) {
    const before = group.regexes.get(pattern)
    const isStale = before === undefined || group.checkedVersion !== env.catalog.version
    const topics = fresh.get(pattern) ?? (isStale ? topicsNow(env, pattern) : null)
    if (topics === null || (before !== undefined && sameNames(before.topics, topics))) continue
    const value = { topics, version: env.catalog.version, timestampMs: env.now.wallMs }
    env.step.emit({ type: 'Regex', groupId, pattern, value })
  }
}

/** Null, for no change, when a pattern that was cheap once has become too costly. */
function topicsNow(env: Env, pattern: string): readonly string[] | null {
  try {
    return matchingTopics(env.catalog, pattern)
  } catch {
    // The pattern was accepted when its member came, so only the number of topics can be against it.
    // What it stood for then still holds.
    return null
  }
}

/**
 * A number that changes when the topics a group reads come, go or grow. 0 when there are none.
 *
 * FNV-1a with two primes, 32 bits each: only ever compared with what this function gave before. A
 * group that comes from Kafka has another hash, which costs it one rebalance.
 */
export function subscriptionHash(catalog: TopicCatalog, topics: Iterable<string>): bigint {
  const lines: string[] = []
  for (const name of topics) {
    const topic = catalog.topic(name)
    if (topic !== null) lines.push(`${name} ${topic.topicId} ${topic.partitions.length}`)
  }
  if (lines.length === 0) return 0n
  let [high, low] = [0x811c9dc5, 0x01234567]
  for (const line of lines.sort()) {
    for (let at = 0; at <= line.length; at++) {
      const code = at === line.length ? 10 : line.charCodeAt(at)
      high = Math.imul(high ^ code, 0x01000193)
      low = Math.imul(low ^ code, 0x0100_01b3)
    }
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt((low | 1) >>> 0))
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index])
}
