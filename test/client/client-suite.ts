// What a client does against a broker, whatever the wire: each file beside this one brings another
// broker, or another way to it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Admin,
  Consumer,
  Producer,
  SluiceError,
  jsonSerde,
  stringSerde,
} from '../../src/client/index.ts'
import type { ConfigEntry, Topic } from '../../src/client/index.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** A broker, as clients find it. */
export interface ClientBroker {
  readonly bootstrap: string
  /** Stops it and deletes its data. */
  remove(): Promise<void>
}

/** One that can be stopped, and started again with what it has stored. */
export interface RestartableBroker extends ClientBroker {
  stop(): Promise<void>
  startAgain(): Promise<void>
}

/** A JVM may take long to start. */
const START_WITHIN_MS = 120_000

const EARLIEST = { kind: 'earliest' } as const

/** Records, consumers and administration against one broker. */
export function testClient(start: () => Promise<ClientBroker>): void {
  let broker: ClientBroker
  let admin: Admin

  beforeAll(async () => {
    broker = await start()
    admin = new Admin({ bootstrap: broker.bootstrap })
  }, START_WITHIN_MS)

  afterAll(async () => {
    await admin.close()
    await broker.remove()
  })

  /** Every value of a topic, by partition. */
  async function readAll(topic: string, partitions: number): Promise<string[][]> {
    const values: string[][] = Array.from({ length: partitions }, () => [])
    const consumer = new Consumer({ bootstrap: broker.bootstrap, valueDeserializer: stringSerde })
    await consumer.subscribe(topic, { start: EARLIEST })
    for await (const record of consumer.records({ untilEnd: true })) {
      values[record.partition]!.push(record.value!)
    }
    await consumer.close()
    return values
  }

  describe('records', () => {
    test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
      'go in and come out as they were, compression %s',
      async (compression) => {
        const topic = `roundtrip-${compression}`
        await admin.createTopic({ name: topic, partitions: 3 })
        const random = new SeededRandom(5)
        const producer = new Producer({
          bootstrap: broker.bootstrap,
          compression,
          batchBytes: 8_192,
        })
        const consumer = new Consumer({ bootstrap: broker.bootstrap })
        await consumer.subscribe(topic, { start: EARLIEST })

        const sent = Array.from({ length: 500 }, (_, n) => ({
          topic,
          key: random.pick([null, '', `key ${n % 7}`]),
          value: random.pick([null, Buffer.alloc(0), random.bytes(random.below(400))]),
          headers: random.chance(0.3)
            ? [
                { key: 'h', value: 'ü' },
                { key: 'h', value: null },
              ]
            : [],
          timestamp: 1_700_000_000_000 + n,
        }))
        const stored = await Promise.all(sent.map((record) => producer.send(record)))
        const found = new Map<string, unknown>()
        for await (const record of consumer) {
          const { key, value, headers, timestamp } = record
          found.set(`${record.partition}@${record.offset}`, {
            key: key === null ? null : key.toString(),
            value: value === null ? null : value.toString('hex'),
            headers: headers.map((h) => [
              h.key,
              h.value === null ? null : Buffer.from(h.value).toString(),
            ]),
            timestamp,
          })
          if (found.size === sent.length) break
        }
        for (const [index, { partition, offset, timestamp }] of stored.entries()) {
          const { key, value, headers } = sent[index]!
          expect(found.get(`${partition}@${offset}`)).toEqual({
            key,
            value: value === null ? null : value.toString('hex'),
            headers: headers.map((h) => [h.key, h.value]),
            timestamp,
          })
        }
        await producer.close()
        await consumer.close()
      },
    )

    test('of one key lie in one partition, in the order of their sending', async () => {
      await admin.createTopic({ name: 'keyed', partitions: 5 })
      const producer = new Producer({ bootstrap: broker.bootstrap })
      const keys = Array.from({ length: 20 }, (_, n) => `user-${n}`)
      const sends = Array.from({ length: 2_000 }, (_, n) => {
        const key = keys[n % keys.length]!
        return producer.send({ topic: 'keyed', key, value: `${key} ${n}` })
      })
      await Promise.all(sends)
      await producer.close()
      const partitions = await readAll('keyed', 5)
      for (const key of keys) {
        const own = partitions.map((values) =>
          values.filter((value) => value.startsWith(`${key} `)),
        )
        const used = own.filter(({ length }) => length > 0)
        expect(used).toHaveLength(1)
        const numbers = used[0]!.map((value) => Number(value.split(' ')[1]))
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
        expect(numbers).toHaveLength(100)
      }
    })

    test('make their topic, with the broker’s defaults', async () => {
      const producer = new Producer({ bootstrap: broker.bootstrap })
      const { partition, offset } = await producer.send({ topic: 'made-by-a-send', value: 'x' })
      expect([partition, offset]).toEqual([0, 0])
      await producer.close()
      expect((await admin.describeTopic('made-by-a-send')).partitions).toBe(1)
    })

    test('that are too large are refused, and harm no others', async () => {
      await admin.createTopic({ name: 'small', configs: { 'max.message.bytes': '2000' } })
      const producer = new Producer({ bootstrap: broker.bootstrap, lingerMs: 0, batchBytes: 1_024 })
      const large = producer.send({ topic: 'small', value: 'x'.repeat(3_000) })
      const small = producer.send({ topic: 'small', value: 'y' })
      await expect(large).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', retriable: false })
      expect((await small).offset).toBe(0)
      await producer.close()
    })

    test.each([
      [1, 0],
      [0, -1],
    ] as const)('with acks %i', async (acks, offset) => {
      const topic = `acks-${acks}`
      await admin.createTopic({ name: topic })
      const producer = new Producer({ bootstrap: broker.bootstrap, acks })
      expect((await producer.send({ topic, value: 'x' })).offset).toBe(offset)
      await producer.close()
      // It is acknowledged before it may be read, so the reader waits for it.
      const consumer = new Consumer({ bootstrap: broker.bootstrap, valueDeserializer: stringSerde })
      await consumer.subscribe(topic, { start: EARLIEST })
      for await (const record of consumer) {
        expect(record).toMatchObject({ offset: 0, value: 'x' })
        break
      }
      await consumer.close()
    })

    test('carry the broker’s time where the topic says so', async () => {
      const configs = { 'message.timestamp.type': 'LogAppendTime' }
      await admin.createTopic({ name: 'log-append-time', configs })
      const producer = new Producer({ bootstrap: broker.bootstrap })
      const { timestamp } = await producer.send({
        topic: 'log-append-time',
        value: 'x',
        timestamp: 5,
      })
      expect(timestamp).toBeGreaterThan(1_600_000_000_000)
      const consumer = new Consumer({ bootstrap: broker.bootstrap })
      await consumer.subscribe('log-append-time', { start: EARLIEST })
      for await (const record of consumer.records({ untilEnd: true })) {
        expect(record.timestamp).toBe(timestamp)
      }
      await consumer.close()
      await producer.close()
    })
  })

  describe('a consumer', () => {
    const topic = 'numbers'

    beforeAll(async () => {
      // Its records are of 1970, and no retention is to take them.
      await admin.createTopic({ name: topic, configs: { 'retention.ms': '-1' } })
      const producer = new Producer({ bootstrap: broker.bootstrap, batchBytes: 1_024 })
      for (let n = 0; n < 1_000; n++) {
        void producer.send({ topic, value: String(n), timestamp: 1_000 + n })
      }
      await producer.close()
    })

    async function open(): Promise<Consumer<Buffer, string>> {
      const consumer = new Consumer({ bootstrap: broker.bootstrap, valueDeserializer: stringSerde })
      await consumer.subscribe(topic, { start: EARLIEST })
      return consumer
    }

    async function take(consumer: Consumer<Buffer, string>, count: number): Promise<number[]> {
      const numbers: number[] = []
      for await (const { value } of consumer) {
        numbers.push(Number(value))
        if (numbers.length === count) break
      }
      return numbers
    }

    test.each([
      ['earliest', { kind: 'earliest' }, 0],
      ['an offset', { kind: 'offset', offset: 777 }, 777],
      ['a time', { kind: 'timestamp', timestampMs: 1_500 }, 500],
    ] as const)('begins at %s', async (_, start, first) => {
      const consumer = await open()
      await consumer.seek({ topic, partition: 0 }, start)
      expect(consumer.position({ topic, partition: 0 })).toBe(first)
      expect(await take(consumer, 3)).toEqual([first, first + 1, first + 2])
      await consumer.close()
    })

    test('goes on where a loop was left, pauses, resumes and seeks', async () => {
      const consumer = await open()
      expect(await take(consumer, 5)).toEqual([0, 1, 2, 3, 4])
      expect(await take(consumer, 2)).toEqual([5, 6])
      consumer.pause()
      consumer.resume()
      expect(await take(consumer, 2)).toEqual([7, 8])
      await consumer.seek({ topic, partition: 0 }, { kind: 'offset', offset: 995 })
      expect(await take(consumer, 5)).toEqual([995, 996, 997, 998, 999])
      await consumer.close()
    })

    test('is told when its offset is outside the log', async () => {
      const consumer = new Consumer({ bootstrap: broker.bootstrap, autoOffsetReset: 'error' })
      const start = { kind: 'offset', offset: 5_000 } as const
      await expect(consumer.assign([{ topic, partition: 0, start }])).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        facts: { topic, partition: 0 },
      })
      await consumer.close()
    })

    test('with little prefetch gets everything', async () => {
      const consumer = new Consumer({ bootstrap: broker.bootstrap, prefetchBytes: 65_536 })
      await consumer.subscribe(topic, { start: EARLIEST })
      let next = 0
      for await (const batch of consumer.batches({ untilEnd: true })) {
        for (const { value } of batch) expect(Number(value)).toBe(next++)
      }
      expect(next).toBe(1_000)
      await consumer.close()
    })

    test('of a topic that does not exist is told', async () => {
      const consumer = new Consumer({ bootstrap: broker.bootstrap })
      await expect(consumer.subscribe('missing')).rejects.toMatchObject({
        code: 'UNKNOWN_TOPIC_OR_PARTITION',
      })
      await consumer.close()
    })
  })

  describe('admin', () => {
    test('makes, shows, alters and deletes topics', async () => {
      const configs = { 'retention.ms': '60000' }
      const made = await admin.createTopic({ name: 'managed', partitions: 2, configs })
      expect(made).toMatchObject({ name: 'managed', partitions: 2, configs, internal: false })
      await expect(admin.createTopic({ name: 'managed' })).rejects.toMatchObject({
        code: 'TOPIC_ALREADY_EXISTS',
      })
      expect((await admin.createPartitions('managed', 4)).partitions).toBe(4)
      await expect(admin.createPartitions('managed', 3)).rejects.toMatchObject({
        code: 'INVALID_PARTITIONS',
      })
      const resource = { type: 'topic', name: 'managed' } as const
      await admin.alterConfigs(resource, {
        set: { 'segment.bytes': '1048576' },
        unset: ['retention.ms'],
      })
      const described = async (): Promise<Map<string, ConfigEntry>> => {
        const entries = await admin.describeConfigs(resource)
        return new Map(entries.map((entry) => [entry.name, entry]))
      }
      // Kafka's brokers hear of it in their own time.
      const segmentBytes = async (): Promise<unknown> => (await described()).get('segment.bytes')
      const altered = { value: '1048576', source: 'topic' }
      await expect.poll(segmentBytes, { timeout: 10_000 }).toMatchObject(altered)
      const byName = await described()
      expect(byName.get('retention.ms')).toMatchObject({ value: '604800000', source: 'default' })
      expect(byName.get('retention.ms')!.documentation).not.toBe('')

      const producer = new Producer({ bootstrap: broker.bootstrap })
      for (let n = 0; n < 10; n++)
        await producer.send({ topic: 'managed', value: 'x', partition: 1 })
      await producer.close()
      const deleted = await admin.deleteRecords('managed', [
        { partition: 1, beforeOffset: 4 },
        { partition: 0, beforeOffset: 'high-watermark' },
        { partition: 9, beforeOffset: 0 },
      ])
      expect(deleted.map(({ logStartOffset, error }) => error?.code ?? logStartOffset)).toEqual([
        4,
        0,
        'UNKNOWN_TOPIC_OR_PARTITION',
      ])
      const { partitionDescriptions } = await admin.describeTopic('managed')
      expect(partitionDescriptions).toHaveLength(4)
      expect(partitionDescriptions[1]).toMatchObject({
        partition: 1,
        logStartOffset: 4,
        highWatermark: 10,
        error: null,
      })

      await admin.deleteTopic('managed')
      await expect(admin.describeTopic('managed')).rejects.toMatchObject({
        code: 'UNKNOWN_TOPIC_OR_PARTITION',
      })
    })

    test('checks without doing', async () => {
      const checked = await admin.createTopic({
        name: 'not-made',
        partitions: 7,
        validateOnly: true,
      })
      expect(checked.partitions).toBe(7)
      await expect(admin.describeTopic('not-made')).rejects.toBeInstanceOf(SluiceError)
      const bad = admin.createTopic({
        name: 'x',
        configs: { 'retention.ms': 'soon' },
        validateOnly: true,
      })
      await expect(bad).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
    })

    test('reads topics page by page', async () => {
      const names = Array.from({ length: 7 }, (_, n) => `page-${n}`)
      for (const name of names) await admin.createTopic({ name })
      const found: Topic[] = []
      for await (const topic of admin.topics({ pageSize: 3 })) found.push(topic)
      const foundNames = found.map(({ name }) => name)
      expect(foundNames).toEqual(foundNames.toSorted())
      expect(foundNames).toEqual(expect.arrayContaining(names))
    })

    test('shows the cluster, and looks up offsets', async () => {
      const { clusterId, brokers } = await admin.describeCluster()
      expect(clusterId).not.toBe('')
      expect(brokers).toHaveLength(1)
      expect(brokers[0]!.address).toBe(broker.bootstrap.replace('kafka://', ''))
      const offsets = await admin.listOffsets([
        { topic: 'numbers', partition: 0, position: { kind: 'latest' } },
        { topic: 'numbers', partition: 0, position: { kind: 'timestamp', timestampMs: 1_200 } },
        { topic: 'numbers', partition: 0, position: { kind: 'timestamp', timestampMs: 9_999 } },
        { topic: 'numbers', partition: 3, position: { kind: 'latest' } },
      ])
      expect(offsets.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
        [1_000, -1],
        [200, 1_200],
        [-1, -1],
        [-1, -1],
      ])
      expect(offsets[3]!.error).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
    })

    test('is refused with a name, facts and whether to try again', async () => {
      const failure = await admin.createTopic({ name: '../x' }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(SluiceError)
      expect(failure).toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION', retriable: false })
    })
  })
}

/** Clients of a broker that goes away and comes back. */
export function testRestarts(start: () => Promise<RestartableBroker>): void {
  describe('a broker that goes away', () => {
    test('and comes back: producer and consumer go on, nothing acknowledged is lost', async () => {
      const own = await start()
      const connection = { bootstrap: own.bootstrap }
      const topic = 'restarted'
      const ownAdmin = new Admin(connection)
      await ownAdmin.createTopic({ name: topic })
      const producer = new Producer<string, number>({
        ...connection,
        keySerializer: stringSerde,
        valueSerializer: jsonSerde<number>(),
        retryBackoffMs: 10,
      })
      const consumer = new Consumer({
        ...connection,
        valueDeserializer: jsonSerde<number>(),
        retryBackoffMs: 10,
      })
      await consumer.assign([{ topic, partition: 0, start: EARLIEST }])

      const read: number[] = []
      const offsets: number[] = []
      const total = 3_000
      const reading = (async () => {
        for await (const { value, offset } of consumer) {
          read.push(value!)
          offsets.push(offset)
          if (value === total - 1) break
        }
      })()
      const sends: Promise<{ offset: number }>[] = []
      for (let n = 0; n < total; n++) {
        sends.push(producer.send({ topic, value: n }))
        if (n % 1_000 === 500) {
          // One batch is acknowledged and more are under way when the broker stops.
          await sends[n - 10]
          await own.stop()
          await own.startAgain()
        }
        if (n % 100 === 0) await producer.flush()
      }
      const stored = await Promise.all(sends)
      await reading

      expect(offsets).toEqual([...offsets.keys()])
      // A batch whose answer got lost is stored twice; the first time of each is in order.
      expect([...new Set(read)]).toEqual([...Array(total).keys()])
      for (const [value, { offset }] of stored.entries()) expect(read[offset]).toBe(value)
      await producer.close()
      await consumer.close()
      await ownAdmin.close()
      await own.remove()
    })

    test('while it is away calls fail as a connection fails', async () => {
      const own = await start()
      const away = new Admin({ bootstrap: own.bootstrap, retries: 0 })
      await own.remove()
      await expect(away.describeCluster()).rejects.toMatchObject({
        code: 'NETWORK_EXCEPTION',
        retriable: true,
      })
      await away.close()
    })

    test('another one of the list is asked', async () => {
      const gone = await start()
      await gone.remove()
      const other = await start()
      const bootstrap = [gone.bootstrap, other.bootstrap]
      const own = new Admin({ bootstrap })
      expect((await own.describeCluster()).brokers).toHaveLength(1)
      await own.close()
      const producer = new Producer({ bootstrap })
      expect((await producer.send({ topic: 'by-the-list', value: 'x' })).offset).toBe(0)
      await producer.close()
      await other.remove()
    })
  })
}
