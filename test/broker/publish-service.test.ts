// Publish: partitions, batches, and that one record harms no other.

import { beforeEach, describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { ProduceService } from '../../src/broker/produce-service.ts'
import type { PublishRecord } from '../../src/broker/produce/publish-batches.ts'
import { PublishService, type Published } from '../../src/broker/publish-service.ts'
import { TopicCreation } from '../../src/broker/topic-creation.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import type { StoredRecord } from '../../src/record/record.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { Acks } from '../../src/replication/leader.ts'
import type { PartitionOptions } from '../../src/replication/partition-options.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import type { MemoryLeaderLog } from '../support/memory-leader-log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { TestPartitions } from '../support/partitions.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const core = StorageCore.load()

let clock: ManualClock
let partitions: TestPartitions
let service: PublishService

beforeEach(() => {
  clock = new ManualClock()
  partitions = new TestPartitions()
  service = serviceWith(null)
})

function serviceWith(create: ((topic: string) => Promise<void>) | null): PublishService {
  const topicCreation = create === null ? null : new TopicCreation(create)
  const produce = new ProduceService({
    clock,
    partitions,
    logger: silentLogger,
    validate: (bytes, rules) => validateProduced(core, bytes, rules),
    topicCreation,
  })
  return new PublishService({
    clock,
    partitions,
    produce,
    topicCreation,
    random: new SeededRandom(1),
    newBuilder: (limitBytes) => new BatchBuilder(core, limitBytes),
  })
}

function record(fields: Partial<PublishRecord> & { text?: string } = {}): PublishRecord {
  const { text = 'value', ...others } = fields
  return {
    key: null,
    value: Buffer.from(text),
    headers: [],
    timestampMs: null,
    partition: null,
    ...others,
  }
}

/** Publishes to "a", and lets every log write. */
async function publish(
  records: readonly PublishRecord[],
  { acks = 1, topic = 'a' }: { acks?: Acks; topic?: string } = {},
): Promise<readonly Published[]> {
  const { done } = service.publish(CALLER, { topic, acks, timeoutMs: 1000, records })
  for (const { log } of partitions.all()) log.write()
  return await done
}

function add(count = 1, options: Partial<PartitionOptions> = {}): MemoryLeaderLog[] {
  return partitions.add('a', count, options).map(({ log }) => log)
}

function stored(log: MemoryLeaderLog): StoredRecord[] {
  const { batches } = splitBatches(Buffer.concat(log.batches))
  return batches.flatMap((batch) => decodeBatch(core, batch))
}

describe('a published record', () => {
  test('is stored as it was given: null and empty, headers, time', async () => {
    const [log] = add()
    const headers = [
      { key: 'h', value: Buffer.from('1') },
      { key: 'h', value: null },
    ]
    const results = await publish([
      record({ key: Buffer.alloc(0), value: null, headers, timestampMs: 1_234 }),
      record({ text: '' }),
    ])
    expect(results).toEqual([
      { partition: 0, offset: 0, timestampMs: 1_234, error: null },
      { partition: 0, offset: 1, timestampMs: clock.now(), error: null },
    ])
    const [first, second] = stored(log!)
    expect(first).toMatchObject({ offset: 0, timestamp: 1_234, value: null, headers })
    expect([first!.key?.byteLength, second!.key, second!.value?.byteLength]).toEqual([0, null, 0])
  })

  test('goes to the partition of its key, as Kafka chooses it', async () => {
    add(10)
    // Known answers: BuiltInPartitioner with Utils.murmur2 of apache/kafka for 10 partitions:
    // murmur2("21") = -973932308, murmur2("foobar") = -790332482 (UtilsTest.java).
    const keys = ['21', 'foobar'].map((text) => record({ key: Buffer.from(text) }))
    const results = await publish(keys)
    const positive = (hash: number) => (hash & 0x7fffffff) % 10
    expect(results.map(({ partition }) => partition)).toEqual([
      positive(-973932308),
      positive(-790332482),
    ])
  })

  test('without a key goes where the others of its request go, and the next request elsewhere', async () => {
    add(3)
    const chosen: number[] = []
    for (let request = 0; request < 4; request++) {
      const results = await publish([record(), record(), record()])
      const distinct = new Set(results.map(({ partition }) => partition))
      expect(distinct.size).toBe(1)
      chosen.push(...distinct)
    }
    expect(new Set(chosen.slice(0, 3)).size).toBe(3)
    expect(chosen[3]).toBe(chosen[0])
  })

  test('goes where it is told to, and nowhere when that is not there', async () => {
    const logs = add(2)
    const results = await publish([
      record({ partition: 1, key: Buffer.from('k') }),
      record({ partition: 7 }),
      record({ partition: -1 }),
      record({ partition: 1 }),
    ])
    expect(results.map(({ error, offset }) => error?.code ?? offset)).toEqual([
      0,
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      1,
    ])
    expect(logs.map(({ logEndOffset }) => logEndOffset)).toEqual([0, 2])
  })

  test('carries the time of the log where the topic says so', async () => {
    const [log] = add(1, { messageTimestampType: 'LogAppendTime' })
    const [result] = await publish([record({ timestampMs: 5 })])
    expect([result!.timestampMs, stored(log!)[0]!.timestamp]).toEqual([clock.now(), clock.now()])
  })
})

describe('batches', () => {
  test('are cut where the topic allows no larger ones, and keep the order', async () => {
    const [log] = add(1, { maxMessageBytes: 500 })
    const texts = Array.from({ length: 40 }, (_, n) => `${n}`.padEnd(50, '.'))
    const results = await publish(texts.map((text) => record({ text })))
    expect(results.map(({ offset }) => offset)).toEqual(texts.map((_, n) => n))
    expect(log!.batches.length).toBeGreaterThan(3)
    for (const { byteLength } of log!.batches) expect(byteLength).toBeLessThanOrEqual(500)
    expect(stored(log!).map(({ value }) => `${Buffer.from(value!)}`)).toEqual(texts)
  })

  test('are not harmed by those that follow them in the same memory', async () => {
    const [first, second] = add(2)
    await publish([
      record({ text: 'one', partition: 0 }),
      record({ text: 'two', partition: 1 }),
      record({ text: 'three', partition: 0 }),
    ])
    const values = [first!, second!].map((log) =>
      stored(log).map(({ value }) => `${Buffer.from(value!)}`),
    )
    expect(values).toEqual([['one', 'three'], ['two']])
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('are compressed with %s', async (codec) => {
    const [log] = add(1, { compressionType: codec })
    const texts = Array.from({ length: 100 }, () => 'the same again and again')
    await publish(texts.map((text) => record({ text })))
    expect(log!.sizeBytes).toBeLessThan(1500)
    expect(stored(log!)).toHaveLength(100)
  })
})

describe('what is wrong with one record harms no other', () => {
  test('a key that is missing, a time that is off, a size that is too large', async () => {
    add(1, { cleanupPolicy: ['compact'], maxMessageBytes: 300, messageTimestampBeforeMaxMs: 1000 })
    const key = Buffer.from('k')
    const results = await publish([
      record({ key }),
      record(),
      record({ key, timestampMs: clock.now() + 10_000_000 }),
      record({ key, timestampMs: clock.now() - 1_001 }),
      record({ key, text: 'x'.repeat(400) }),
      record({ key }),
    ])
    expect(results.map(({ error, offset }) => error?.code ?? offset)).toEqual([
      0,
      'INVALID_RECORD',
      'INVALID_TIMESTAMP',
      'INVALID_TIMESTAMP',
      'MESSAGE_TOO_LARGE',
      1,
    ])
  })
})

describe('a topic that is not there', () => {
  test('is the answer for every record', async () => {
    const results = await publish([record(), record({ partition: 3 })])
    expect(results.map(({ error, partition }) => [error?.code, partition])).toEqual([
      ['UNKNOWN_TOPIC_OR_PARTITION', -1],
      ['UNKNOWN_TOPIC_OR_PARTITION', 3],
    ])
  })

  test('is made, where that is wanted; the request is appended before `appended` resolves', async () => {
    service = serviceWith(async (topic) => void partitions.add(topic))
    const request = { topic: 'new', acks: 1 as const, timeoutMs: 1000, records: [record()] }
    const { appended, done } = service.publish(CALLER, request)
    await appended
    expect(partitions.made('new').log.logEndOffset).toBe(1)
    partitions.made('new').log.write()
    expect(await done).toMatchObject([{ offset: 0, error: null }])
  })

  test('and may not be made gives the reason', async () => {
    service = serviceWith(() => Promise.reject(new BrokerError('INVALID_TOPIC_EXCEPTION')))
    const results = await publish([record()], { topic: '../x' })
    expect(results[0]!.error?.code).toBe('INVALID_TOPIC_EXCEPTION')
  })
})

test('with acks=0 the answer knows no offsets', async () => {
  const [log] = add()
  expect(await publish([record()], { acks: 0 })).toMatchObject([{ offset: -1, error: null }])
  expect(log!.logEndOffset).toBe(1)
})

test('a request without records is answered', async () => {
  add()
  expect(await publish([])).toEqual([])
})

describe('a request with a producer', () => {
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }

  async function publishAs(
    records: readonly PublishRecord[],
    fields: Partial<typeof producer> = {},
  ): Promise<readonly Published[]> {
    const request = { topic: 'a', acks: 1, timeoutMs: 1000, records } as const
    const { done } = service.publish(CALLER, { ...request, producer: { ...producer, ...fields } })
    for (const { log } of partitions.all()) log.write()
    return await done
  }

  function shown(results: readonly Published[]): (number | string)[] {
    return results.map(({ offset, error }) => error?.code ?? offset)
  }

  test('is stored once, however often it is sent, and answered with the same offsets', async () => {
    const [log] = add(2)
    const records = [record({ partition: 0 }), record({ partition: 0, timestampMs: 1_234 })]
    const first = await publishAs(records)
    expect(shown(first)).toEqual([0, 1])
    expect(await publish([record({ partition: 0 })])).toMatchObject([{ offset: 2 }])
    clock.advance(1_000)
    const again = await publishAs(records)
    expect(shown(again)).toEqual([0, 1])
    // When the first of them was stored is not known any more.
    expect(again.map(({ timestampMs }) => timestampMs)).toEqual([-1, 1_234])
    expect(shown(await publishAs([record({ partition: 0 })], { baseSequence: 2 }))).toEqual([3])
    expect(stored(log!)).toHaveLength(4)
  })

  test('that leaves a gap, or is of an older epoch, is refused with all its records', async () => {
    const [log] = add()
    const two = [record({ partition: 0 }), record({ partition: 0 })]
    await publishAs(two, { producerEpoch: 2 })
    const gap = 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    const gone = await publishAs(two, { producerEpoch: 2, baseSequence: 3 })
    expect(shown(gone)).toEqual([gap, gap])
    const old = 'INVALID_PRODUCER_EPOCH'
    expect(shown(await publishAs(two, { producerEpoch: 1 }))).toEqual([old, old])
    expect(stored(log!)).toHaveLength(2)
  })

  test('is stored as a whole or not at all', async () => {
    const [log] = add(1, { cleanupPolicy: ['compact'], maxMessageBytes: 10_000 })
    const good = record({ partition: 0, key: Buffer.from('k') })
    const invalid = 'INVALID_RECORD'
    expect(shown(await publishAs([good, record({ partition: 0 })]))).toEqual([invalid, invalid])
    const large = record({ partition: 0, key: Buffer.from('k'), text: 'x'.repeat(6_000) })
    const tooLarge = 'MESSAGE_TOO_LARGE'
    expect(shown(await publishAs([large, large]))).toEqual([tooLarge, tooLarge])
    expect(stored(log!)).toEqual([])
    expect(shown(await publishAs([good]))).toEqual([0])
  })

  test('has to name one partition, and an id that makes sense', () => {
    add(2)
    const wrong = (records: readonly PublishRecord[], fields: Partial<typeof producer> = {}) => {
      const request = { topic: 'a', acks: 1, timeoutMs: 1000, records } as const
      return () => service.publish(CALLER, { ...request, producer: { ...producer, ...fields } })
    }
    expect(wrong([])).toThrow(/INVALID_REQUEST/)
    expect(wrong([record()])).toThrow(/INVALID_REQUEST/)
    expect(wrong([record({ partition: 0 }), record({ partition: 1 })])).toThrow(/INVALID_REQUEST/)
    expect(wrong([record({ partition: 0 })], { producerId: -1 })).toThrow(/INVALID_REQUEST/)
    expect(wrong([record({ partition: 0 })], { baseSequence: -1 })).toThrow(/INVALID_REQUEST/)
  })
})
