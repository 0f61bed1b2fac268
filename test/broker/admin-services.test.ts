// Topics, configurations and the cluster, as the fronts ask for them.

import { beforeEach, describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { ZERO_UUID } from '../../src/base/uuid.ts'
import type { Caller } from '../../src/broker/caller.ts'
import { ClusterService } from '../../src/broker/cluster-service.ts'
import { ConfigService } from '../../src/broker/config-service.ts'
import { topicConfigOf } from '../../src/broker/log-config.ts'
import {
  TopicService,
  type AdminPartition,
  type AdminPartitions,
} from '../../src/broker/topic-service.ts'
import type { MetadataStore } from '../../src/metadata/metadata-store.ts'
import { clusterOfOne, type ClusterOfOne } from '../controller/cluster-of-one.ts'

const CALLER: Caller = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const GO = { validateOnly: false }

/** Partitions that come to be some time after the image has them, as logs do. */
class LatePartitions implements AdminPartitions {
  readonly #store: MetadataStore
  readonly #open = new Map<string, AdminPartition>()
  readonly offline = new Map<string, BrokerError>()

  constructor(store: MetadataStore) {
    this.#store = store
  }

  partition(topic: string, partition: number): AdminPartition {
    const found = this.#open.get(`${topic}-${partition}`)
    if (found !== undefined) return found
    throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }

  async settled(): Promise<void> {
    await Promise.resolve()
    for (const { name, partitions } of this.#store.image.topics()) {
      for (const { partition } of partitions) this.#make(`${name}-${partition}`)
    }
  }

  #make(key: string): void {
    if (this.#open.has(key)) return
    let logStartOffset = 0
    const offline = () => this.offline.get(key) ?? null
    this.#open.set(key, {
      get logStartOffset() {
        return logStartOffset
      },
      highWatermark: 100,
      logEndOffset: 120,
      sizeBytes: 5_000,
      get offline() {
        return offline()
      },
      deleteRecords: async (beforeOffset) => {
        const error = offline()
        if (error !== null) throw error
        await Promise.resolve()
        logStartOffset = beforeOffset === -1 ? 100 : beforeOffset
        return logStartOffset
      },
    })
  }
}

let cluster: ClusterOfOne
let partitions: LatePartitions
let topics: TopicService
let configs: ConfigService

beforeEach(async () => {
  cluster = await clusterOfOne({ 'log.retention.hours': '5' })
  partitions = new LatePartitions(cluster.store)
  const { controller: control, store, config } = cluster
  topics = new TopicService({ control, store, partitions })
  configs = new ConfigService({ control, store, config })
})

function create(name: string, count: number | null = null, own: Record<string, string> = {}) {
  const topic = { name, partitions: count, replicationFactor: null }
  return topics.create(CALLER, { ...topic, configs: new Map(Object.entries(own)) }, GO)
}

describe('topics', () => {
  test('can be produced to when their creation resolves', async () => {
    const created = await create('clicks', 2, { 'flush.policy': 'os' })
    expect(created).toMatchObject({
      name: 'clicks',
      partitionCount: 2,
      replicationFactor: 1,
      internal: false,
      configs: new Map([['flush.policy', 'os']]),
    })
    expect(partitions.partition('clicks', 1).highWatermark).toBe(100)
    await topics.createPartitions(CALLER, 'clicks', 3, GO)
    expect(partitions.partition('clicks', 2).highWatermark).toBe(100)
  })

  test('that are only validated are not there', async () => {
    const topic = { name: 'a', partitions: 3, replicationFactor: 1, configs: new Map() }
    const validated = await topics.create(CALLER, topic, { validateOnly: true })
    expect(validated.partitionCount).toBe(3)
    expect(
      topics.list(CALLER, { pageSize: 0, pageToken: null, includeInternal: true }).topics,
    ).toEqual([])
  })

  test('that are missing are made once, whoever asks', async () => {
    await Promise.all([1, 2, 3].map(() => topics.createMissing('clicks')))
    expect(partitions.partition('clicks', 0).logStartOffset).toBe(0)
    await expect(topics.createMissing('../x')).rejects.toMatchObject({
      code: 'INVALID_TOPIC_EXCEPTION',
    })
  })

  test('are listed by name, in pages that stay right while topics come and go', async () => {
    for (const name of ['d', 'b', 'a', 'c']) await create(name)
    const internal = { name: '__consumer_offsets', partitions: 1, replicationFactor: 1 }
    await cluster.controller.createTopic({ ...internal, configs: new Map(), internal: true }, GO)
    const page = (pageSize: number, pageToken: string | null, includeInternal = false) => {
      const { topics: found, nextPageToken } = topics.list(CALLER, {
        pageSize,
        pageToken,
        includeInternal,
      })
      return { names: found.map(({ name }) => name), nextPageToken }
    }
    expect(page(0, null)).toEqual({ names: ['a', 'b', 'c', 'd'], nextPageToken: null })
    expect(page(4, null).nextPageToken).toBeNull()
    expect(page(0, null, true).names).toContain('__consumer_offsets')

    const first = page(2, null)
    expect(first.names).toEqual(['a', 'b'])
    await topics.delete(CALLER, 'b')
    await create('bb')
    expect(page(2, first.nextPageToken)).toEqual({
      names: ['bb', 'c'],
      nextPageToken: expect.any(String) as string,
    })
    expect(() => page(2, '%%%')).toThrow('INVALID_REQUEST')
    expect(() => page(2, '')).toThrow('INVALID_REQUEST')
  })

  test('are described partition by partition, also those that are offline or not there yet', async () => {
    await create('clicks', 2)
    partitions.offline.set('clicks-1', new BrokerError('KAFKA_STORAGE_ERROR'))
    await cluster.controller.createPartitions('clicks', 3, GO)
    const described = topics.describe(CALLER, 'clicks')
    expect(described.partitions).toMatchObject([
      {
        partition: 0,
        leader: 1,
        highWatermark: 100,
        logEndOffset: 120,
        sizeBytes: 5_000,
        error: null,
      },
      { partition: 1, logEndOffset: 120, error: { code: 'KAFKA_STORAGE_ERROR' } },
      { partition: 2, logEndOffset: -1, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    expect(() => topics.describe(CALLER, '__proto__')).toThrow('UNKNOWN_TOPIC_OR_PARTITION')
  })

  test('of the broker itself can not be deleted by clients', async () => {
    await expect(topics.delete(CALLER, '__transaction_state')).rejects.toMatchObject({
      code: 'INVALID_TOPIC_EXCEPTION',
    })
    await expect(topics.delete(CALLER, 'nothing')).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  test('lose records below an offset, each partition for itself', async () => {
    await create('clicks', 12)
    partitions.offline.set('clicks-1', new BrokerError('KAFKA_STORAGE_ERROR'))
    const deletions = Array.from({ length: 13 }, (_, partition) => ({
      partition,
      beforeOffset: 40,
    }))
    const results = await topics.deleteRecords(CALLER, 'clicks', deletions)
    expect(results.map(({ partition }) => partition)).toEqual(deletions.map((d) => d.partition))
    expect(results[0]).toEqual({ partition: 0, error: null, logStartOffset: 40 })
    expect(results[1]).toMatchObject({ error: { code: 'KAFKA_STORAGE_ERROR' }, logStartOffset: -1 })
    expect(results[11]!.error).toBeNull()
    expect(results[12]).toMatchObject({ error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } })

    const twice = [deletions[0]!, deletions[0]!]
    await expect(topics.deleteRecords(CALLER, 'clicks', twice)).rejects.toThrow('INVALID_REQUEST')
    await expect(topics.deleteRecords(CALLER, 'none', [])).rejects.toThrow('UNKNOWN_TOPIC')
  })
})

describe('configurations', () => {
  const TOPIC = { type: 'topic', name: 'clicks' } as const
  const value = (resource: { type: 'topic' | 'broker'; name: string }, name: string) => {
    const [found] = configs.describe(CALLER, resource, [name])
    return found === undefined ? null : [found.value, found.source]
  }

  test('of a topic come from it, from what was altered, from the start, or from the default', async () => {
    await create('clicks', 1, { 'segment.ms': '7' })
    expect(value(TOPIC, 'segment.ms')).toEqual(['7', 'topic'])
    expect(value(TOPIC, 'retention.ms')).toEqual(['18000000', 'static-broker'])
    expect(value(TOPIC, 'retention.bytes')).toEqual(['-1', 'default'])
    const change = (
      resource: { type: 'topic' | 'broker'; name: string },
      name: string,
      text: string,
    ) => {
      return configs.alter(CALLER, { resource, set: new Map([[name, text]]), unset: [] }, GO)
    }
    await change({ type: 'broker', name: '' }, 'log.retention.ms', '3')
    expect(value(TOPIC, 'retention.ms')).toEqual(['3', 'dynamic-default-broker'])
    await change({ type: 'broker', name: '1' }, 'log.retention.ms', '2')
    expect(value(TOPIC, 'retention.ms')).toEqual(['2', 'dynamic-broker'])
    await change(TOPIC, 'retention.ms', '1')
    expect(value(TOPIC, 'retention.ms')).toEqual(['1', 'topic'])
    expect(topicConfigOf(cluster.store.image, cluster.config, 'clicks')).toMatchObject({
      retentionMs: 1,
      segmentMs: 7,
    })
    expect(topicConfigOf(cluster.store.image, cluster.config, 'another').retentionMs).toBe(2)
    expect(value({ type: 'broker', name: '1' }, 'log.retention.ms')).toEqual([
      '2',
      'dynamic-broker',
    ])
    expect(value({ type: 'broker', name: '' }, 'log.retention.ms')).toEqual([
      '3',
      'dynamic-default-broker',
    ])
    expect(value({ type: 'broker', name: '' }, 'log.segment.bytes')).toBeNull()
  })

  test('all of them are described when none is named', async () => {
    await create('clicks')
    expect(configs.describe(CALLER, TOPIC, []).length).toBe(29)
    expect(configs.describe(CALLER, TOPIC, ['nothing'])).toEqual([])
  })

  test('of what is not there are refused', () => {
    const describeIt = (type: 'topic' | 'broker', name: string) => () => {
      return configs.describe(CALLER, { type, name }, [])
    }
    expect(describeIt('topic', 'constructor')).toThrow('UNKNOWN_TOPIC_OR_PARTITION')
    expect(describeIt('broker', '2')).toThrow('INVALID_REQUEST')
  })
})

test('the cluster is one broker, which decides', () => {
  const service = new ClusterService({ store: cluster.store, clusterId: ZERO_UUID, nodeId: 1 })
  expect(service.describe(CALLER)).toEqual({
    clusterId: ZERO_UUID,
    controllerId: 1,
    brokers: [
      {
        brokerId: 1,
        grpcAddress: '127.0.0.1:9094',
        kafkaAddress: '',
        rack: '',
        version: '0.1.0',
      },
    ],
  })
})
