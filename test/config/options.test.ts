// The tables of options: Kafka's names, types, defaults and ranges.

import { describe, expect, test } from 'vitest'
import { MAX_BATCH_BYTES } from '../../src/base/limits.ts'
import { BROKER_OPTION_BY_NAME, BROKER_OPTIONS } from '../../src/config/broker-options.ts'
import { RENAMED, WITHOUT_EFFECT } from '../../src/config/kafka-options.ts'
import type { AnyOption } from '../../src/config/option.ts'
import { multiplied, TOPIC_DEFAULTS } from '../../src/config/topic-defaults.ts'
import { TOPIC_OPTION_BY_NAME, TOPIC_OPTIONS } from '../../src/config/topic-options.ts'

const LONG_MAX = '9223372036854775807'

// Source: the documentation of Kafka 4, "Topic Configs".
test.each([
  ['cleanup.policy', 'list', 'delete'],
  ['compression.type', 'string', 'producer'],
  ['compression.gzip.level', 'int', '-1'],
  ['compression.lz4.level', 'int', '9'],
  ['compression.zstd.level', 'int', '3'],
  ['follower.replication.throttled.replicas', 'list', ''],
  ['leader.replication.throttled.replicas', 'list', ''],
  ['delete.retention.ms', 'long', '86400000'],
  ['file.delete.delay.ms', 'long', '60000'],
  ['flush.messages', 'long', LONG_MAX],
  ['flush.ms', 'long', LONG_MAX],
  ['index.interval.bytes', 'int', '4096'],
  ['max.compaction.lag.ms', 'long', LONG_MAX],
  ['max.message.bytes', 'int', '1048588'],
  ['message.timestamp.after.max.ms', 'long', '3600000'],
  ['message.timestamp.before.max.ms', 'long', LONG_MAX],
  ['message.timestamp.type', 'string', 'CreateTime'],
  ['min.cleanable.dirty.ratio', 'double', '0.5'],
  ['min.compaction.lag.ms', 'long', '0'],
  ['min.insync.replicas', 'int', '1'],
  ['preallocate', 'boolean', 'false'],
  ['retention.bytes', 'long', '-1'],
  ['retention.ms', 'long', '604800000'],
  ['segment.bytes', 'int', '1073741824'],
  ['segment.index.bytes', 'int', '10485760'],
  ['segment.jitter.ms', 'long', '0'],
  ['segment.ms', 'long', '604800000'],
  ['unclean.leader.election.enable', 'boolean', 'false'],
])('%s is a %s, %s when nobody says otherwise', (name, type, defaultText) => {
  expect(TOPIC_OPTION_BY_NAME.get(name)).toMatchObject({ type, defaultText })
})

test('every default is allowed by its own rule, and every option is explained', () => {
  for (const option of [...TOPIC_OPTION_BY_NAME.values(), ...BROKER_OPTION_BY_NAME.values()]) {
    const { name, defaultText, doc, allowed } = option as AnyOption
    if (defaultText !== null) expect(option.parse(defaultText), name).not.toBeNull()
    expect(doc, name).toMatch(/^[^]{20,}\.$/)
    expect(allowed, name).not.toBe('')
  }
})

test('the keys of the tables are the names in camel case', () => {
  const camel = (name: string) =>
    name.replace(/\.(.)/g, (_, letter: string) => letter.toUpperCase())
  for (const [key, { name }] of Object.entries({ ...TOPIC_OPTIONS, ...BROKER_OPTIONS })) {
    expect(key).toBe(camel(name))
  }
})

test('no name is in two tables of the broker', () => {
  const names = [
    ...Object.values(BROKER_OPTIONS).map(({ name }) => name),
    ...TOPIC_DEFAULTS.keys(),
    ...RENAMED.keys(),
    ...WITHOUT_EFFECT.keys(),
  ]
  expect(new Set(names).size).toBe(names.length)
})

describe('values', () => {
  test.each([
    ['retention.ms', '-1', -1],
    ['retention.ms', '-2', null],
    ['retention.ms', '+5', 5],
    ['retention.ms', '1.5', null],
    ['retention.ms', '1e3', null],
    ['retention.ms', '', null],
    ['retention.ms', ' 5', null],
    ['retention.ms', '0x10', null],
    ['retention.ms', LONG_MAX, Number.MAX_SAFE_INTEGER],
    ['retention.ms', '9223372036854775808', null],
    ['retention.ms', '9'.repeat(5_000), null],
    ['segment.bytes', '1048575', null],
    ['segment.bytes', '1048576', 1_048_576],
    ['segment.bytes', '2147483647', 2 ** 31 - 1],
    ['segment.bytes', '2147483648', null],
    ['max.message.bytes', String(MAX_BATCH_BYTES + 1), null],
    ['max.message.bytes', String(MAX_BATCH_BYTES), MAX_BATCH_BYTES],
    ['preallocate', 'TRUE', true],
    ['preallocate', 'yes', null],
    ['min.cleanable.dirty.ratio', '.25', 0.25],
    ['min.cleanable.dirty.ratio', '1.01', null],
    ['min.cleanable.dirty.ratio', 'NaN', null],
    ['min.cleanable.dirty.ratio', 'Infinity', null],
    ['cleanup.policy', 'compact , delete', ['compact', 'delete']],
    ['cleanup.policy', 'delete,delete', null],
    ['cleanup.policy', 'delete,', null],
    ['cleanup.policy', '', null],
    ['message.timestamp.type', 'createtime', null],
    ['compression.type', 'zstd', 'zstd'],
    ['compression.type', 'none', null],
    ['flush.policy', 'os', 'os'],
    ['flush.policy', '__proto__', null],
  ])('%s = %s', (name, text, value) => {
    expect(TOPIC_OPTION_BY_NAME.get(name)!.parse(text)).toEqual(value)
  })

  test('hours are turned into milliseconds, and no limit stays none', () => {
    expect(multiplied('2', 3_600_000)).toBe('7200000')
    expect(multiplied('+2', 3_600_000)).toBe('7200000')
    expect(multiplied('-1', 3_600_000)).toBe('-1')
    const { option } = TOPIC_DEFAULTS.get('log.retention.hours')!
    expect(option.parse('168')).toBe(604_800_000)
    expect(option.parse('9'.repeat(17))).toBeNull()
    expect(option.defaultText).toBe('168')
  })
})
