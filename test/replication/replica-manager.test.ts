// The broker below its fronts, whole, over a disk in memory.

import { beforeEach, describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { Appended } from '../../src/broker/produce/pending-produce.ts'
import { splitBatches } from '../../src/record/batch-reader.ts'
import type { Acks } from '../../src/replication/leader.ts'
import { BrokerOfOne, CALLER } from '../broker/broker-of-one.ts'
import { batchOf } from '../support/batches.ts'
import { SeededRandom } from '../support/seeded-random.ts'

let broker: BrokerOfOne

beforeEach(async () => {
  broker = await BrokerOfOne.start()
})

function send(
  topic: string,
  { partition = 0, records = 1, bytes = 20, acks = -1 as Acks } = {},
): Promise<readonly Appended[]> {
  const batch = batchOf(records, bytes, { timestamp: broker.clock.now() })
  const batches = [{ topic, partition, batch }]
  return broker.produce.produce(CALLER, { acks, timeoutMs: 60_000, batches }).done
}

/** What a produce is answered with: the offset, or the error. */
async function sent(...request: Parameters<typeof send>): Promise<number | string> {
  const [result] = await broker.settled(send(...request))
  return result!.error?.code ?? result!.baseOffset
}

/** The base offsets of all batches that can be read, or the error. */
async function stored(topic: string, partition = 0, fetchOffset = 0): Promise<number[] | string> {
  const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 50_000_000 }
  const wanted = { topic, partition, fetchOffset, maxBytes: 50_000_000 }
  const fetched = broker.fetch.fetch(CALLER, { ...limits, partitions: [wanted] })
  const [result] = await broker.settled(fetched)
  if (result!.error !== null) return result!.error.code
  const { batches } = splitBatches(result!.batches ?? Buffer.alloc(0))
  return batches.map(({ header }) => header.baseOffset)
}

describe('a topic', () => {
  test('can be produced to and read once it is made', async () => {
    await broker.createTopic('clicks', 2)
    expect(await sent('clicks', { records: 3 })).toBe(0)
    expect(await sent('clicks')).toBe(3)
    expect(await sent('clicks', { partition: 1 })).toBe(0)
    expect(await sent('clicks', { partition: 2 })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await stored('clicks')).toEqual([0, 3])
    expect(broker.replicas.partition('clicks', 0).sizeBytes).toBeGreaterThan(200)
  })

  test('is made by producing to it', async () => {
    expect(await sent('new')).toBe(0)
    expect(await sent('../x')).toBe('INVALID_TOPIC_EXCEPTION')
    expect(await stored('new')).toEqual([0])
  })

  test('that is deleted tells all who wait, and another of its name starts anew', async () => {
    await broker.createTopic('clicks')
    await sent('clicks')
    const waiting = broker.fetch.fetch(CALLER, {
      maxWaitMs: 60_000,
      minBytes: 1,
      maxBytes: 1000,
      partitions: [{ topic: 'clicks', partition: 0, fetchOffset: 1, maxBytes: 1000 }],
    })
    const release = broker.files.holdSyncs()
    const unacknowledged = send('clicks')
    await broker.clock.settle()
    const deleted = broker.topics.delete(CALLER, 'clicks')
    await broker.clock.settle()
    release()
    await broker.settled(deleted)
    const answers = [...(await waiting), ...(await unacknowledged)]
    expect(answers.map(({ error }) => error?.code)).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    expect(await stored('clicks')).toBe('UNKNOWN_TOPIC_OR_PARTITION')

    await broker.createTopic('clicks')
    expect(await stored('clicks')).toEqual([])
    expect(await sent('clicks')).toBe(0)
  })

  test('gets more partitions', async () => {
    await broker.createTopic('clicks', 1)
    const more = broker.topics.createPartitions(CALLER, 'clicks', 3, { validateOnly: false })
    await broker.settled(more)
    expect(await sent('clicks', { partition: 2 })).toBe(0)
    expect([...broker.replicas.partitions()]).toHaveLength(3)
  })

  test('follows its configuration', async () => {
    await broker.createTopic('clicks')
    const change = async (name: string, value: string): Promise<void> => {
      const resource = { type: 'topic', name: 'clicks' } as const
      const altered = { resource, set: new Map([[name, value]]), unset: [] }
      const options = { validateOnly: false }
      await broker.settled(broker.cluster.controller.alterConfigs(altered, options))
    }
    await change('max.message.bytes', '100')
    expect(await sent('clicks', { bytes: 500 })).toBe('MESSAGE_TOO_LARGE')
    expect(broker.replicas.logs.get({ topic: 'clicks', partition: 0 })!.config).toMatchObject({
      maxMessageBytes: 100,
    })

    await change('flush.policy', 'os')
    const release = broker.files.holdSyncs()
    expect(await sent('clicks')).toBe(0)
    release()
  })
})

describe('acknowledgements', () => {
  test('wait for the disk, and readers do, too', async () => {
    await broker.createTopic('clicks')
    const release = broker.files.holdSyncs()
    let answered = false
    const all = send('clicks').finally(() => (answered = true))
    expect(await sent('clicks', { acks: 1 })).toBe(1)
    expect(answered).toBe(false)
    expect(await stored('clicks')).toEqual([])
    release()
    await broker.settled(all)
    expect(await stored('clicks')).toEqual([0, 1])
  })

  test('of much in one turn come as well, where the log writes before it ends', async () => {
    await broker.createTopic('clicks')
    const requests = Array.from({ length: 12 }, (_, n) => {
      return send('clicks', { records: 5, bytes: 190_000, acks: n % 2 === 0 ? 1 : -1 })
    })
    const results = await broker.settled(Promise.all(requests))
    expect(results.map(([result]) => result!.baseOffset)).toEqual(requests.map((_, n) => n * 5))
  })
})

describe('a failed disk', () => {
  test('is told to its producers alone, and is over by itself', async () => {
    await broker.createTopic('a')
    await broker.createTopic('b')
    await sent('a')
    broker.files.faults.add({ operation: 'sync', path: /\/a-0\//, code: 'EIO' })
    expect(await sent('a')).toBe('KAFKA_STORAGE_ERROR')
    expect(await sent('a')).toBe('KAFKA_STORAGE_ERROR')
    expect([await sent('b'), await stored('a'), await stored('b')]).toEqual([0, [0], [0]])
    expect(broker.replicas.partition('a', 0).offline?.code).toBe('KAFKA_STORAGE_ERROR')

    broker.clock.advance(10_000)
    await broker.clock.settle()
    expect(broker.replicas.partition('a', 0).offline).toBeNull()
    expect(await sent('a')).toBe(1)
    // The log goes on in another segment, and a read gives no more than one.
    expect([await stored('a'), await stored('a', 0, 1)]).toEqual([[0], [1]])
  })

  test('that is full when a topic is made keeps trying', async () => {
    const fault = broker.files.faults.add({
      path: /\/data\/late-1/,
      code: 'ENOSPC',
      times: Infinity,
    })
    await broker.createTopic('late', 2)
    expect(await sent('late')).toBe(0)
    expect(await sent('late', { partition: 1 })).toBe('KAFKA_STORAGE_ERROR')
    fault.cancel()
    broker.clock.advance(5_000)
    await broker.settled(broker.replicas.settled())
    expect(await sent('late', { partition: 1 })).toBe(0)
  })
})

describe('after a start', () => {
  test('that follows a clean stop all is there, and batches keep their epoch', async () => {
    await broker.createTopic('clicks', 2)
    for (let n = 0; n < 3; n++) await sent('clicks', { partition: 1 })
    await broker.stop()
    broker = await BrokerOfOne.start(broker.files, broker.clock.now())
    expect(await stored('clicks', 1)).toEqual([0, 1, 2])
    expect(await sent('clicks', { partition: 1 })).toBe(3)
  })

  test('a topic whose logs were never made gets them', async () => {
    await broker.cluster.controller.createTopic(
      { name: 'clicks', partitions: 2, replicationFactor: 1, configs: new Map() },
      { validateOnly: false },
    )
    broker = await broker.cutPower(null)
    expect(await sent('clicks', { partition: 1 })).toBe(0)
  })

  test('log start offsets that were moved stay', async () => {
    await broker.createTopic('clicks')
    for (let n = 0; n < 5; n++) await sent('clicks')
    const deletion = [{ partition: 0, beforeOffset: 3 }]
    await broker.settled(broker.topics.deleteRecords(CALLER, 'clicks', deletion))
    broker = await broker.cutPower(null)
    expect(await stored('clicks', 0, 3)).toEqual([3, 4])
    expect(await stored('clicks', 0, 2)).toBe('OFFSET_OUT_OF_RANGE')
  })
})

test('a stop answers all who wait', async () => {
  await broker.createTopic('clicks')
  const waiting = broker.fetch.fetch(CALLER, {
    maxWaitMs: 60_000,
    minBytes: 1,
    maxBytes: 1000,
    partitions: [{ topic: 'clicks', partition: 0, fetchOffset: 0, maxBytes: 1000 }],
  })
  await broker.stop()
  expect((await waiting)[0]!.error).toBeInstanceOf(BrokerError)
})

test('offsets are found by position and by time', async () => {
  await broker.createTopic('clicks')
  const times: number[] = []
  for (let n = 0; n < 4; n++) {
    times.push(broker.clock.now())
    await sent('clicks')
    broker.clock.advance(100)
  }
  const positions = [
    { kind: 'earliest' },
    { kind: 'latest' },
    { kind: 'offset', offset: 2 },
    { kind: 'offset', offset: 9 },
    { kind: 'timestamp', timestampMs: times[1]! + 1 },
    { kind: 'timestamp', timestampMs: times[3]! + 1 },
  ] as const
  const queries = positions.map((position) => ({ topic: 'clicks', partition: 0, position }))
  const nowhere = { topic: 'nope', partition: 0, position: { kind: 'latest' } as const }
  const found = await broker.settled(broker.offsets.listOffsets(CALLER, [...queries, nowhere]))
  expect(
    found.map(({ error, offset, timestampMs }) => error?.code ?? [offset, timestampMs]),
  ).toEqual([
    [0, -1],
    [4, -1],
    [2, -1],
    'OFFSET_OUT_OF_RANGE',
    [2, times[2]],
    [-1, -1],
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
})

// Producers, power cuts, failed syncs: what was acknowledged with acks=all is read back as it was
// sent, at its offset; and what a reader has seen stays.
test.each([1, 2, 3])('random histories with power cuts, seed %i', async (seed) => {
  const random = new SeededRandom(seed)
  await broker.createTopic('clicks', 3)
  const kept = new Map<string, Buffer>()
  for (let life = 0; life < 5; life++) {
    for (let step = 0; step < 60; step++) {
      const partition = random.below(3)
      const records = random.between(1, 4)
      const timestamp = broker.clock.now()
      const batch = batchOf(records, random.between(5, 300), { timestamp })
      const request = { acks: -1 as const, timeoutMs: 60_000 }
      const batches = [{ topic: 'clicks', partition, batch }]
      void broker.produce.produce(CALLER, { ...request, batches }).done.then(([result]) => {
        if (result!.error === null)
          kept.set(`${partition} ${result!.baseOffset}`, Buffer.from(batch))
      })
      if (random.chance(0.02)) broker.files.faults.add({ operation: 'sync', code: 'EIO' })
      if (random.chance(0.4)) broker.clock.endTurn()
      if (random.chance(0.3)) await broker.clock.settle()
      if (random.chance(0.1)) broker.clock.advance(700)
    }
    broker.files.faults.clear()
    broker = await broker.cutPower(random)
    for (const [key, sentBatch] of kept) {
      const [partition, offset] = key.split(' ').map(Number) as [number, number]
      const found = await broker.settled(
        Promise.resolve(
          broker.replicas
            .partition('clicks', partition)
            .read(offset, { maxBytes: 1, atLeastOneBatch: true }),
        ),
      )
      expect(found.batches.equals(sentBatch), `seed ${seed}, life ${life}, ${key}`).toBe(true)
    }
  }
  expect(kept.size).toBeGreaterThan(100)
})
