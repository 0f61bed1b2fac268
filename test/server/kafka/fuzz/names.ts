// What there is on a broker that gets broken requests, so that some of them mean something that exists.

import type { Uuid } from '../../../../src/base/uuid.ts'

/** Topics of the broker, and how many partitions each has. */
export const TOPICS = { orders: 3, clicks: 1, table: 2 } as const

/** A group that has a committed offset. */
export const GROUP = 'group-a'

export const USER = 'alice'
export const PASSWORD = 'secret'

/** Ids are the broker's own: it tells them when it makes the topics. */
export interface KnownNames {
  readonly topicIds: readonly Uuid[]
}

/** Texts by the names of fields that they fit. The first that matches counts. */
const TEXTS: readonly (readonly [field: RegExp, texts: readonly string[]])[] = [
  [/mechanism/i, ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']],
  [/member|leader/i, ['', 'member-1', 'member-2', 'member-3']],
  [/instance/i, ['instance-1', 'instance-2']],
  [/state/i, ['Stable', 'Empty', 'PreparingRebalance']],
  [/protocolType/i, ['consumer', 'connect', 'classic']],
  [/assignor|protocol/i, ['uniform', 'range', 'consumer']],
  [/regex/i, ['orders|clicks', '(o|c).*', '', '(']],
  [/entityType/i, ['user', 'client-id', 'ip']],
  [/entityName|match/i, [USER, 'fuzz', '127.0.0.1']],
  [/user/i, [USER, 'bob']],
  [/transactional/i, ['tx-1', 'tx-2']],
  [/group|keys?$/i, [GROUP, 'group-b', 'group-c', '', 'producer_byte_rate']],
  [/config|value/i, ['retention.ms', 'cleanup.policy', 'compact', '1000', '-1', 'true', 'lz4']],
  [/software/i, ['apache-kafka-java', '4.3.1']],
  [/name|topic|resource/i, [...Object.keys(TOPICS), '__consumer_offsets', 'absent', '1']],
]

const ANY = TEXTS.flatMap(([, texts]) => texts)

/** @param field name of the field, or of the array that the text is an element of */
export function textsFor(field: string): readonly string[] {
  return TEXTS.find(([pattern]) => pattern.test(field))?.[1] ?? ANY
}

/** What clients send as bytes: subscriptions, assignments, tokens. */
export const TOKENS = [
  Buffer.from(`\u0000${USER}\u0000${PASSWORD}`),
  Buffer.from(`\u0000${USER}\u0000wrong`),
  Buffer.from(`n,,n=${USER},r=fyko+d2lbbFgONRv9qkxdawL`),
  Buffer.from('n,,\u0001auth=Bearer a.b.c\u0001\u0001'),
  // A subscription to `orders`, and an assignment of two of its partitions.
  Buffer.from('00000000000100066f7264657273ffffffff', 'hex'),
  Buffer.from('00000000000100066f7264657273000000020000000000000001ffffffff', 'hex'),
  Buffer.alloc(0),
] as const
