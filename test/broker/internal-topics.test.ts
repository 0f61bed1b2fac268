// The topics of the coordinators: how they are made, and mended; loads of logs that are compacted, or were
// cut at the front by an older broker.

import { expect, test } from 'vitest'
import type { LogEntry } from '../../src/coordination/runtime/coordinator-log.ts'
import { decodeRecord } from '../../src/coordination/group/records/group-record.ts'
import {
  isInternalTopic,
  OFFSETS_TOPIC,
  TRANSACTIONS_TOPIC,
} from '../../src/metadata/internal-topics.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { BrokerOfOne, CALLER, type BrokerParts } from './broker-of-one.ts'
import { coordinatorLogOf } from './coordinator-history.ts'

const OPTIONS = {
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'offsets.topic.segment.bytes': '2000000',
  'transaction.state.log.segment.bytes': '3000000',
}

const SMALL: BrokerParts = {
  configOf: (topic, config) => {
    if (!isInternalTopic(topic)) return config
    return { ...config, segmentBytes: 1_000, minCleanableDirtyRatio: 0, deleteRetentionMs: 1_000 }
  },
}

function start(files = new MemoryFileSystem(), nowMs?: number): Promise<BrokerOfOne> {
  return BrokerOfOne.start(files, nowMs, OPTIONS, SMALL)
}

async function startAgain({ files, clock }: BrokerOfOne): Promise<BrokerOfOne> {
  files.crash(null)
  const again = await start(files, clock.now() + 1_000)
  await again.clock.settle()
  return again
}

async function commit(broker: BrokerOfOne, ...partitions: [number, number][]): Promise<void> {
  const offsets = partitions.map(([partition, offset]) => {
    return { topic: 't', partition, offset, leaderEpoch: -1, metadata: 'm'.repeat(80) }
  })
  const by = { memberId: '', instanceId: null, generationOrEpoch: -1, retentionMs: -1 }
  await broker.settled(broker.groups.commitOffsets(CALLER, { groupId: 'g', ...by, offsets }))
}

async function committed(broker: BrokerOfOne): Promise<Record<number, number>> {
  const request = { groupId: 'g', memberId: null, memberEpoch: -1, partitions: null }
  const asked = { ...request, requireStable: false }
  const { partitions } = await broker.settled(broker.groups.fetchOffsets(CALLER, asked))
  return Object.fromEntries(partitions.map((row) => [row.partition, row.committed!.offset]))
}

/** What counts at the end of a load, by partition of the topic. */
function offsetsIn(entries: readonly LogEntry[]): Record<number, number> {
  const offsets = new Map<number, number>()
  for (const entry of entries) {
    if (entry.kind !== 'record') continue
    const record = decodeRecord(entry.record.key, entry.record.value)!
    if (record.type !== 'Offset') continue
    if (record.value === null) offsets.delete(record.partition)
    else offsets.set(record.partition, record.value.offset)
  }
  return Object.fromEntries(offsets)
}

test('both topics are made as in Kafka', async () => {
  const broker = await start()
  await broker.settled(broker.groups.ready(CALLER))
  await broker.settled(broker.transactions.ready(CALLER))
  const configsOf = (name: string) => {
    return Object.fromEntries(broker.cluster.store.image.configs({ type: 'topic', name }))
  }
  expect(configsOf(OFFSETS_TOPIC)).toEqual({
    ...{ 'cleanup.policy': 'compact', 'compression.type': 'producer' },
    'segment.bytes': '2000000',
  })
  expect(configsOf(TRANSACTIONS_TOPIC)).toEqual({
    ...{ 'cleanup.policy': 'compact', 'compression.type': 'uncompressed' },
    'segment.bytes': '3000000',
  })
})

test.each([
  ['another policy', new Map([['cleanup.policy', 'delete']])],
  ['both policies', new Map([['cleanup.policy', 'compact,delete']])],
  ['none of its own', new Map<string, string>()],
])('a topic with %s is compacted after the next start', async (_, configs) => {
  const before = await start()
  const numbers = { partitions: 1, replicationFactor: null, internal: true }
  const options = { validateOnly: false }
  const topic = { name: OFFSETS_TOPIC, ...numbers, configs }
  await before.settled(before.cluster.controller.createTopic(topic, options))
  await before.settled(before.replicas.settled())
  const broker = await startAgain(before)
  const resource = { type: 'topic', name: OFFSETS_TOPIC } as const
  expect(broker.cluster.store.image.configs(resource).get('cleanup.policy')).toBe('compact')
  await broker.settled(broker.replicas.settled())
  const log = broker.logs.get({ topic: OFFSETS_TOPIC, partition: 0 })!
  expect(log.config.cleanupPolicy).toEqual(['compact'])
})

test('a log whose start an older broker has moved is loaded, and compacted', async () => {
  const before = await start()
  await before.createTopic('t', 9)
  await commit(before, [0, 1], [1, 1], [2, 1])
  await commit(before, [2, 2], [3, 2])
  const log = before.logs.get({ topic: OFFSETS_TOPIC, partition: 0 })!
  // Within a batch, as a sweep never did.
  await before.settled(before.logs.deleteRecordsBefore(log, 1))
  for (let n = 3; n < 20; n++) await commit(before, [4, n])
  const broker = await startAgain(before)
  const expected = { 1: 1, 2: 2, 3: 2, 4: 19 }
  expect(await committed(broker)).toEqual(expected)
  await broker.compact()
  expect(broker.logs.stats().compaction.recordsRemoved).toBeGreaterThan(5)
  expect(await committed(await startAgain(broker))).toEqual(expected)
})

test('compaction waits for who loads: what was deleted does not come back', async () => {
  const broker = await start()
  await broker.createTopic('t', 9)
  await commit(broker, [0, 7])
  for (let n = 0; n < 10; n++) await commit(broker, [1, n])
  const partitions = [{ topic: 't', partition: 0 }]
  await broker.settled(broker.groups.deleteOffsets(CALLER, { groupId: 'g', partitions }))
  for (let n = 0; n < 20; n++) await commit(broker, [1, n])
  // The first batch is read, then time goes by, and compaction would be over the log twice.
  const partition = broker.replicas.partition(OFFSETS_TOPIC, 0)
  const reads = Promise.withResolvers<void>()
  const entries: LogEntry[] = []
  const log = coordinatorLogOf(broker, partition, async (offset, limits) => {
    if (offset > 0) await reads.promise
    return partition.read(offset, { ...limits, maxBytes: 100 })
  })
  const loaded = log.load((entry) => void entries.push(entry))
  for (let turns = 0; turns < 20; turns++) await broker.clock.settle()
  expect(offsetsIn(entries)).toEqual({ 0: 7 })
  const passes = async (): Promise<void> => {
    for (let pass = 0; pass < 3; pass++) {
      await broker.compact()
      broker.clock.advance(5_000)
      for (let n = 0; n < 20; n++) await commit(broker, [2, n])
    }
  }
  await passes()
  reads.resolve()
  await broker.settled(loaded)
  expect(offsetsIn(entries)).toEqual({ 1: 19 })
  expect(broker.logs.stats().compaction.recordsRemoved).toBe(0)
  await passes()
  expect(broker.logs.stats().compaction.recordsRemoved).toBeGreaterThan(0)
  expect(await committed(broker)).toEqual({ 1: 19, 2: 19 })
})

test('a load ends where nothing is left to be read, below the end of the log', async () => {
  const broker = await start()
  await broker.createTopic('t', 9)
  for (let n = 0; n < 5; n++) await commit(broker, [n, n])
  const partition = broker.replicas.partition(OFFSETS_TOPIC, 0)
  let wasCut = false
  const log = coordinatorLogOf(broker, partition, (offset, limits) => {
    const nothing = { batches: Buffer.alloc(0), batchCount: 0, nextOffset: offset, aborted: [] }
    if (offset >= 3) return nothing
    // Bytes moved under the read: the next one finds them.
    if (offset === 1 && !wasCut) {
      wasCut = true
      return nothing
    }
    return partition.read(offset, { ...limits, maxBytes: 100 })
  })
  const entries: LogEntry[] = []
  await broker.settled(log.load((entry) => void entries.push(entry)))
  expect(offsetsIn(entries)).toEqual({ 0: 0, 1: 1, 2: 2 })
})
