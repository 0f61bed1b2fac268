// Decisions over topics and configurations: what is refused, with which error and which facts.

import { describe, expect, test } from 'vitest'
import { MAX_PARTITIONS_PER_TOPIC } from '../../src/base/limits.ts'
import type { NewTopic } from '../../src/metadata/cluster-control.ts'
import { clusterOfOne } from './cluster-of-one.ts'

const GO = { validateOnly: false }
const CHECK = { validateOnly: true }

function topic(name: string, more: Partial<NewTopic> = {}): NewTopic {
  return { name, partitions: null, replicationFactor: null, configs: new Map(), ...more }
}

function configs(texts: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(texts))
}

describe('createTopic', () => {
  test('makes a topic with the broker’s defaults, led by the broker, durable when it resolves', async () => {
    const { files, store, controller } = await clusterOfOne({ 'num.partitions': '3' })
    const created = await controller.createTopic(topic('clicks'), GO)
    expect(store.image.topic('clicks')).toBe(created)
    expect(created.partitions).toEqual(
      [0, 1, 2].map((partition) => {
        return { partition, replicas: [1], isr: [1], leader: 1, leaderEpoch: 0 }
      }),
    )
    files.crash()
    const again = await clusterOfOne({}, files)
    expect(again.store.image.topic('clicks')?.topicId).toBe(created.topicId)
  })

  test('places partitions where somebody wants them, if that can be', async () => {
    const { store, controller } = await clusterOfOne()
    const byHand = (...assignments: number[][]) => topic('hand', { assignments })
    const refused: [string, NewTopic][] = [
      ['INVALID_REPLICA_ASSIGNMENT', byHand([1], [])],
      ['INVALID_REPLICA_ASSIGNMENT', byHand([2])],
      ['INVALID_REPLICA_ASSIGNMENT', byHand([1, 1])],
      ['INVALID_REQUEST', { ...byHand([1]), partitions: 1 }],
      ['INVALID_REQUEST', { ...byHand([1]), replicationFactor: 1 }],
      ['INVALID_PARTITIONS', byHand()],
    ]
    for (const [code, wrong] of refused) {
      await expect(controller.createTopic(wrong, GO)).rejects.toMatchObject({ code })
    }
    await controller.createTopic(byHand([1], [1]), GO)
    await controller.createPartitions('hand', 3, { ...GO, assignments: [[1]] })
    const more = controller.createPartitions('hand', 5, { ...GO, assignments: [[1]] })
    await expect(more).rejects.toMatchObject({ code: 'INVALID_REPLICA_ASSIGNMENT' })
    expect(store.image.topic('hand')!.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1])
  })

  test('deletes a topic by its id only as long as it has its name', async () => {
    const { store, controller } = await clusterOfOne()
    const first = await controller.createTopic(topic('a'), GO)
    await controller.deleteTopic('a')
    await controller.createTopic(topic('a'), GO)
    const late = controller.deleteTopic('a', first.topicId)
    await expect(late).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_ID' })
    expect(store.image.topic('a')).not.toBeNull()
  })

  test('gives each topic an id of its own, also to one that was made before', async () => {
    const { controller } = await clusterOfOne()
    const first = await controller.createTopic(topic('clicks'), GO)
    await controller.deleteTopic('clicks')
    const second = await controller.createTopic(topic('clicks'), GO)
    expect(second.topicId).not.toBe(first.topicId)
  })

  test('checks all and makes nothing when it is only to validate', async () => {
    const { store, controller } = await clusterOfOne()
    const { version } = store.image
    const created = await controller.createTopic(topic('clicks', { partitions: 2 }), CHECK)
    expect(created.partitions).toHaveLength(2)
    expect(store.image.version).toBe(version)
    const bad = controller.createTopic(topic('a/b'), CHECK)
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION' })
  })

  test.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\0b',
    'a b',
    'ä',
    'ｃｌｉｃｋｓ',
    'a\n',
    'x'.repeat(250),
    '__consumer_offsets',
    '__transaction_state',
  ])('refuses the name %j', async (name) => {
    const { store, controller } = await clusterOfOne()
    const creation = controller.createTopic(topic(name), GO)
    await expect(creation).rejects.toMatchObject({
      code: 'INVALID_TOPIC_EXCEPTION',
      facts: { message: expect.stringMatching(/name/) as string },
    })
    expect(store.image.topicCount).toBe(0)
  })

  test.each(['a', 'x'.repeat(249), '...', 'A-Z_0.9', '__proto__', 'constructor', '-', '__x'])(
    'takes the name %s',
    async (name) => {
      const { store, controller } = await clusterOfOne()
      await controller.createTopic(topic(name, { configs: configs({ 'retention.ms': '5' }) }), GO)
      expect(store.image.topic(name)?.name).toBe(name)
      expect(store.image.configs({ type: 'topic', name }).get('retention.ms')).toBe('5')
    },
  )

  test('lets the broker itself make its internal topics', async () => {
    const { store, controller } = await clusterOfOne()
    await controller.createTopic(topic('__consumer_offsets', { internal: true }), GO)
    expect(store.image.topicCount).toBe(1)
  })

  test('refuses a name that is there, or differs only in "." and "_"', async () => {
    const { controller } = await clusterOfOne()
    await controller.createTopic(topic('a.b_c'), GO)
    const refusal = (name: string) =>
      controller.createTopic(topic(name), GO).catch((e: unknown) => e)
    expect(await refusal('a.b_c')).toMatchObject({ code: 'TOPIC_ALREADY_EXISTS' })
    expect(await refusal('a_b.c')).toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION' })
    expect(await refusal('a-b-c')).toMatchObject({ name: 'a-b-c' })
  })

  test.each([
    ['INVALID_PARTITIONS', { partitions: 0 }],
    ['INVALID_PARTITIONS', { partitions: -1 }],
    ['INVALID_PARTITIONS', { partitions: 1.5 }],
    ['INVALID_PARTITIONS', { partitions: Number.NaN }],
    ['INVALID_PARTITIONS', { partitions: MAX_PARTITIONS_PER_TOPIC + 1 }],
    ['INVALID_REPLICATION_FACTOR', { replicationFactor: 0 }],
    ['INVALID_REPLICATION_FACTOR', { replicationFactor: 3 }],
    ['INVALID_CONFIG', { configs: configs({ 'retention.mss': '1' }) }],
    ['INVALID_CONFIG', { configs: configs({ 'segment.bytes': '1' }) }],
    ['INVALID_CONFIG', { configs: configs({ 'min.insync.replicas': '2' }) }],
    ['INVALID_CONFIG', { configs: configs({ 'cleanup.policy': 'keep' }) }],
    ['INVALID_CONFIG', { configs: configs({ __proto__x: '1', constructor: '1' }) }],
  ] as const)('answers %s to %o', async (code, more) => {
    const { store, controller } = await clusterOfOne()
    const creation = controller.createTopic(topic('clicks', more), GO)
    await expect(creation).rejects.toMatchObject({
      code,
      facts: { message: expect.any(String) as string },
    })
    expect(store.image.topicCount).toBe(0)
  })

  test('tells of every bad configuration at once', async () => {
    const { controller } = await clusterOfOne()
    const bad = configs({ 'retention.mss': '1', 'segment.bytes': 'big' })
    const creation = controller.createTopic(topic('clicks', { configs: bad }), GO)
    await expect(creation).rejects.toThrow(/retention\.ms\?.*segment\.bytes = big/)
  })

  test('refuses more partitions than a broker can hold', async () => {
    const { controller } = await clusterOfOne()
    for (const name of ['a', 'b', 'c']) {
      await controller.createTopic(topic(name, { partitions: 10_000 }), GO)
    }
    await controller.createTopic(topic('d', { partitions: 9_999 }), GO)
    await controller.createTopic(topic('e', { partitions: 1 }), GO)
    const creation = controller.createTopic(topic('f', { partitions: 1 }), GO)
    await expect(creation).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' })
  })

  test('is decided one after the other: of many who ask at once, one makes the topic', async () => {
    const { controller } = await clusterOfOne()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => controller.createTopic(topic('clicks'), GO)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results.slice(1)) {
      expect(result).toMatchObject({ reason: { code: 'TOPIC_ALREADY_EXISTS' } })
    }
  })

  test('has changed nothing when the disk refuses', async () => {
    const { files, store, controller } = await clusterOfOne()
    files.faults.add({ operation: 'write', path: /\.log$/, code: 'ENOSPC' })
    const creation = controller.createTopic(topic('clicks'), GO)
    await expect(creation).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    expect(store.image.topicCount).toBe(0)
    await controller.createTopic(topic('clicks'), GO)
    expect(store.image.topicCount).toBe(1)
  })
})

describe('deleteTopic', () => {
  test('removes the topic and what was configured for it', async () => {
    const { store, controller } = await clusterOfOne()
    await controller.createTopic(topic('a', { configs: configs({ 'retention.ms': '1' }) }), GO)
    await controller.deleteTopic('a')
    expect(store.image.topicCount).toBe(0)
    expect(store.image.configs({ type: 'topic', name: 'a' }).size).toBe(0)
    await expect(controller.deleteTopic('a')).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  test('is refused when the broker does not allow it', async () => {
    const { controller } = await clusterOfOne({ 'delete.topic.enable': 'false' })
    await controller.createTopic(topic('a'), GO)
    await expect(controller.deleteTopic('a')).rejects.toMatchObject({
      code: 'TOPIC_DELETION_DISABLED',
    })
  })
})

describe('createPartitions', () => {
  test('adds partitions behind those that are there', async () => {
    const { store, controller } = await clusterOfOne()
    await controller.createTopic(topic('a', { partitions: 2 }), GO)
    const validated = await controller.createPartitions('a', 3, CHECK)
    expect(validated.partitions).toHaveLength(3)
    expect(store.image.topic('a')?.partitions).toHaveLength(2)
    const grown = await controller.createPartitions('a', 4, GO)
    expect(grown.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3])
  })

  test.each([0, 1, 2, MAX_PARTITIONS_PER_TOPIC + 1, 2.5])('refuses %d in all', async (total) => {
    const { controller } = await clusterOfOne()
    await controller.createTopic(topic('a', { partitions: 2 }), GO)
    await expect(controller.createPartitions('a', total, GO)).rejects.toMatchObject({
      code: 'INVALID_PARTITIONS',
    })
  })

  test('needs a topic', async () => {
    const { controller } = await clusterOfOne()
    await expect(controller.createPartitions('a', 2, GO)).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })
})

describe('alterConfigs', () => {
  test('leaves internal topics compacted', async () => {
    const { store, controller } = await clusterOfOne()
    const name = '__consumer_offsets'
    const made = configs({ 'cleanup.policy': 'compact,delete' })
    await controller.createTopic(topic(name, { internal: true, configs: made }), GO)
    const resource = { type: 'topic', name } as const
    const change = (texts: Record<string, string>, ...unset: string[]) => {
      return controller.alterConfigs({ resource, set: configs(texts), unset }, GO)
    }
    const refused = { code: 'INVALID_CONFIG', facts: { name: 'cleanup.policy' } }
    await change({ 'segment.bytes': '2000000' })
    await change({ 'cleanup.policy': ' compact' })
    await expect(change({ 'cleanup.policy': 'delete' })).rejects.toMatchObject(refused)
    await expect(change({ 'cleanup.policy': 'compact,delete' })).rejects.toMatchObject(refused)
    await expect(change({}, 'cleanup.policy')).rejects.toMatchObject(refused)
    const all = { resource, set: configs({ 'segment.bytes': '3000000' }), unset: [], replace: true }
    await expect(controller.alterConfigs(all, GO)).rejects.toMatchObject(refused)
    expect(Object.fromEntries(store.image.configs(resource))).toEqual({
      ...{ 'cleanup.policy': 'compact', 'segment.bytes': '2000000' },
    })
  })

  const A = { type: 'topic', name: 'a' } as const
  const ALL = { type: 'broker', name: '' } as const

  test('sets and unsets single values, and leaves the others', async () => {
    const { store, controller } = await clusterOfOne()
    const own = { 'retention.ms': '1', 'segment.ms': '2' }
    await controller.createTopic(topic('a', { configs: configs(own) }), GO)
    const set = configs({ 'flush.policy': ' os ' })
    await controller.alterConfigs({ resource: A, set, unset: ['segment.ms', 'segment.bytes'] }, GO)
    const after = new Map([...configs({ 'retention.ms': '1', 'flush.policy': 'os' })])
    expect(store.image.configs(A)).toEqual(after)
    await controller.alterConfigs({ resource: A, set: new Map(), unset: ['retention.ms'] }, CHECK)
    expect(store.image.configs(A)).toEqual(after)
  })

  test('adds words to a list and takes them away, on what it has when its turn comes', async () => {
    const { store, controller } = await clusterOfOne()
    await controller.createTopic(topic('a'), GO)
    const change = { resource: A, set: new Map(), unset: [] }
    const policy = (text: string) => configs({ 'cleanup.policy': text })
    await Promise.all([
      controller.alterConfigs({ ...change, append: policy('compact') }, GO),
      controller.alterConfigs({ ...change, append: policy('compact, delete') }, GO),
    ])
    expect(store.image.configs(A)).toEqual(policy('delete,compact'))
    await controller.alterConfigs({ ...change, subtract: policy('delete') }, GO)
    expect(store.image.configs(A)).toEqual(policy('compact'))
    for (const subtract of [policy('compact'), configs({ 'retention.ms': '1' })]) {
      const refused = controller.alterConfigs({ ...change, subtract }, GO)
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    }
    const twice = { ...change, set: policy('delete'), append: policy('delete') }
    await expect(controller.alterConfigs(twice, GO)).rejects.toThrow('INVALID_REQUEST')
  })

  test('replaces all that a resource has', async () => {
    const { store, controller } = await clusterOfOne()
    const own = { 'retention.ms': '1', 'segment.ms': '2' }
    await controller.createTopic(topic('a', { configs: configs(own) }), GO)
    const set = configs({ 'segment.ms': '3', 'flush.policy': 'os' })
    await controller.alterConfigs({ resource: A, set, unset: [], replace: true }, GO)
    expect(store.image.configs(A)).toEqual(set)
  })

  test.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', { type: 'topic', name: 'b' }, {}, []],
    ['INVALID_REQUEST', { type: 'broker', name: '2' }, {}, []],
    ['INVALID_REQUEST', { type: 'broker', name: '01' }, {}, []],
    ['INVALID_REQUEST', A, { 'retention.ms': '1' }, ['retention.ms']],
    ['INVALID_CONFIG', A, { 'retention.ms': 'x' }, []],
    ['INVALID_CONFIG', A, {}, ['retention.mss']],
    ['INVALID_CONFIG', A, { 'min.insync.replicas': '2' }, []],
    ['INVALID_CONFIG', A, { 'min.compaction.lag.ms': '2', 'max.compaction.lag.ms': '1' }, []],
    ['INVALID_CONFIG', ALL, { 'node.id': '2' }, []],
    ['INVALID_CONFIG', ALL, { 'retention.ms': '2' }, []],
    ['INVALID_CONFIG', ALL, { 'min.insync.replicas': '2' }, []],
  ] as const)('answers %s to %o with %o', async (code, resource, set, unset) => {
    const { store, controller } = await clusterOfOne()
    await controller.createTopic(topic('a'), GO)
    const { version } = store.image
    const change = { resource, set: configs(set), unset }
    await expect(controller.alterConfigs(change, GO)).rejects.toMatchObject({ code })
    expect(store.image.version).toBe(version)
  })

  test('values that went together are refused when one alone would break them', async () => {
    const { controller } = await clusterOfOne()
    const own = { 'max.compaction.lag.ms': '10', 'min.compaction.lag.ms': '5' }
    await controller.createTopic(topic('a', { configs: configs(own) }), GO)
    const set = configs({ 'max.compaction.lag.ms': '4' })
    const change = controller.alterConfigs({ resource: A, set, unset: [] }, GO)
    await expect(change).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    await controller.alterConfigs({ resource: A, set, unset: ['min.compaction.lag.ms'] }, GO)
  })

  test('altered for a broker or for all, a default holds for topics from then on', async () => {
    const { store, controller } = await clusterOfOne()
    const own = { type: 'broker', name: '1' } as const
    const set = configs({ 'log.retention.ms': '9' })
    await controller.alterConfigs({ resource: own, set, unset: [] }, GO)
    await controller.alterConfigs({ resource: ALL, set, unset: [] }, GO)
    expect(store.image.configs(own)).toEqual(set)
    expect(store.image.configs(ALL)).toEqual(set)
  })
})
