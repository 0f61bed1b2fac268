// What holds for a topic: which of several values wins, and how that is told.

import { describe, expect, expectTypeOf, test } from 'vitest'
import { loadBrokerConfig } from '../../src/config/broker-config.ts'
import { checkConfigs, checkTogether, nameProblem } from '../../src/config/check-configs.ts'
import { CLEANER_OPTIONS } from '../../src/config/cleaner-options.ts'
import {
  describeBrokerConfigs,
  describeClusterConfigs,
  describeTopicConfigs,
} from '../../src/config/describe-configs.ts'
import {
  effectiveValues,
  resolveTopicConfig,
  type ConfigLayers,
} from '../../src/config/topic-config.ts'
import type { TopicConfig } from '../../src/config/topic-options.ts'
import type { PartitionOptions } from '../../src/replication/partition-options.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'

type Texts = Record<string, string>

function layers(
  topic: Texts,
  broker: Texts = {},
  cluster: Texts = {},
  flags: Texts = {},
  file = '',
) {
  const map = (texts: Texts) => new Map(Object.entries(texts))
  const config = loadBrokerConfig({ flags: map(flags), file: { path: 'x.properties', text: file } })
  return { topic: map(topic), broker: map(broker), cluster: map(cluster), given: config.given }
}

function retentionMs(from: ConfigLayers): number {
  return resolveTopicConfig(from).retentionMs
}

test('a topic’s configuration has all that storage and replication take', () => {
  expectTypeOf<TopicConfig>().toExtend<LogConfig>()
  expectTypeOf<TopicConfig>().toExtend<PartitionOptions>()
  expect(resolveTopicConfig(layers({}))).toMatchObject({
    segmentBytes: 2 ** 30,
    retentionMs: 604_800_000,
    retentionBytes: -1,
    cleanupPolicy: ['delete'],
    flushPolicy: 'disk',
    messageTimestampType: 'CreateTime',
    maxMessageBytes: 1_048_588,
  })
})

test('the topic wins over the broker, what was altered over what was given, that over the default', () => {
  const flag = { 'log.retention.ms': '4' }
  expect(retentionMs(layers({ 'retention.ms': '1' }, { 'log.retention.ms': '2' }, {}, flag))).toBe(
    1,
  )
  expect(
    retentionMs(layers({}, { 'log.retention.ms': '2' }, { 'log.retention.ms': '3' }, flag)),
  ).toBe(2)
  expect(retentionMs(layers({}, {}, { 'log.retention.ms': '3' }, flag))).toBe(3)
  expect(retentionMs(layers({}, {}, {}, flag))).toBe(4)
  expect(retentionMs(layers({}))).toBe(604_800_000)
})

test('milliseconds win over minutes over hours, and flags over files whatever their unit', () => {
  const file = 'log.retention.hours=1\nlog.retention.minutes=2\n'
  expect(retentionMs(layers({}, {}, {}, {}, file))).toBe(120_000)
  expect(retentionMs(layers({}, {}, {}, {}, `${file}log.retention.ms=3\n`))).toBe(3)
  expect(retentionMs(layers({}, {}, {}, { 'log.retention.hours': '5' }, file))).toBe(18_000_000)
  expect(retentionMs(layers({}, {}, {}, { 'log.retention.hours': '-1' }))).toBe(-1)
})

test('a stored value that is not allowed any more is passed over', () => {
  expect(retentionMs(layers({ 'retention.ms': 'soon' }, { 'log.retention.ms': '2' }))).toBe(2)
})

describe('describing', () => {
  test('a topic tells the winner, its source, and everything behind it', () => {
    const from = layers({}, {}, { 'log.retention.ms': '3' }, { 'log.retention.hours': '5' })
    const retention = describeTopicConfigs(from).find(({ name }) => name === 'retention.ms')
    expect(retention).toMatchObject({
      value: '3',
      source: 'dynamic-default-broker',
      readOnly: false,
      sensitive: false,
      type: 'long',
      defaultValue: '604800000',
      allowed: '-1 or more',
      synonyms: [
        { name: 'log.retention.ms', value: '3', source: 'dynamic-default-broker' },
        { name: 'log.retention.hours', value: '5', source: 'static-broker' },
        { name: 'retention.ms', value: '604800000', source: 'default' },
      ],
    })
    const hours = layers({}, {}, {}, { 'log.retention.hours': '5' })
    const described = describeTopicConfigs(hours).find(({ name }) => name === 'retention.ms')
    expect(described).toMatchObject({ value: '18000000', source: 'static-broker' })
  })

  test('a broker tells all options by name, and what can only be set at the start', () => {
    const all = describeBrokerConfigs(
      layers({}, { 'log.retention.ms': '2' }, {}, { 'node.id': '9' }),
    )
    const names = all.map(({ name }) => name)
    expect(names).toEqual([...names].sort())
    const find = (name: string) => all.find((config) => config.name === name)
    expect(find('node.id')).toMatchObject({ value: '9', source: 'static-broker', readOnly: true })
    expect(find('log.retention.ms')).toMatchObject({
      value: '2',
      source: 'dynamic-broker',
      readOnly: false,
      defaultValue: null,
    })
    expect(find('log.retention.minutes')).toMatchObject({ value: null, source: 'default' })
    expect(find('num.partitions')).toMatchObject({ value: '1', source: 'default' })
  })

  test('all brokers tell what was altered for all, no more', () => {
    const all = describeClusterConfigs(new Map([['log.retention.ms', '3']]))
    expect(all).toHaveLength(1)
    expect(all[0]).toMatchObject({ value: '3', source: 'dynamic-default-broker' })
  })
})

describe('checking', () => {
  test('names unknown options with the nearest, and bad values with what is allowed', () => {
    const set = [
      ['retention.mss', '1'],
      ['segment.bytes', '1'],
      ['flush.policy', 'disk'],
      ['log.retention.ms', '1'],
      ['__proto__', '1'],
    ] as const
    expect(checkConfigs('topic', set).map(({ name, text }) => [name, text])).toEqual([
      ['retention.mss', 'There is no such option of a topic. Did you mean retention.ms?'],
      ['segment.bytes', 'Allowed is 1048576 or more.'],
      ['log.retention.ms', 'There is no such option of a topic. Did you mean retention.ms?'],
      ['__proto__', 'There is no such option of a topic.'],
    ])
  })

  test('refuses broker options that are read at the start', () => {
    expect(nameProblem('broker', 'node.id')?.text).toContain('when the broker starts')
    expect(nameProblem('broker', 'log.retention.ms')).toBeNull()
    expect(nameProblem('broker', 'log.retention.hours')).not.toBeNull()
    expect(nameProblem('broker', 'retention.ms')?.text).toContain('log.retention.ms')
  })

  test('values that do not go together are told', () => {
    const config = resolveTopicConfig(
      layers({
        'min.compaction.lag.ms': '5',
        'max.compaction.lag.ms': '4',
        'min.insync.replicas': '2',
      }),
    )
    const names = checkTogether(config, 1).map(({ name }) => name)
    expect(names).toEqual(['min.compaction.lag.ms', 'min.insync.replicas'])
    expect(checkTogether(config, 2).map(({ name }) => name)).toEqual(['min.compaction.lag.ms'])
  })
})

describe('options of the broker', () => {
  function threads(broker: string | null, cluster: string | null, flag: string | null): number {
    const one = (text: string | null): Texts => {
      return text === null ? {} : { 'log.cleaner.threads': text }
    }
    const all = layers({}, one(broker), one(cluster), one(flag))
    return effectiveValues(CLEANER_OPTIONS, all).logCleanerThreads
  }

  test('altered for the broker, for all, given at the start, by default: the first wins', () => {
    expect(threads('5', '4', '3')).toBe(5)
    expect(threads(null, '4', '3')).toBe(4)
    expect(threads(null, null, '3')).toBe(3)
    expect(threads(null, null, null)).toBe(1)
  })

  test('a stored value that is not allowed any more is passed over', () => {
    expect(threads('0', '4', '3')).toBe(4)
    expect(threads('0', '99', '3')).toBe(3)
  })
})
