// Consumers of a group against a broker, whatever the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin, Consumer, Producer, stringSerde } from '../../src/client/index.ts'
import type { ConsumerOptions, PartitionRef, RebalanceListener } from '../../src/client/index.ts'
import { openTransport } from '../../src/client/open-transport.ts'
import type { ClientBroker, RestartableBroker } from './client-suite.ts'

const WITHIN_MS = 120_000

type TextConsumer = Consumer<string, string>

function open(bootstrap: string, options: ConsumerOptions<string, string>): TextConsumer {
  return new Consumer<string, string>({
    bootstrap,
    autoOffsetReset: 'earliest',
    keyDeserializer: stringSerde,
    valueDeserializer: stringSerde,
    ...options,
  })
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => String(from + n))
}

/** Reads in the background until it is told to stop. */
class Reader {
  readonly consumer: TextConsumer
  readonly values: string[] = []
  readonly events: string[] = []
  readonly #done: Promise<unknown>
  #changed: () => void = () => {}

  private constructor(consumer: TextConsumer) {
    this.consumer = consumer
    this.#done = this.#read().catch((error: unknown) => error)
  }

  static async start(consumer: TextConsumer, topic: string): Promise<Reader> {
    const reader = new Reader(consumer)
    await consumer.subscribe(topic, reader.listener)
    return reader
  }

  get listener(): RebalanceListener {
    const note = (what: string) => (partitions: readonly PartitionRef[]) => {
      for (const { partition } of partitions) this.events.push(`${what}${partition}`)
      this.#changed()
    }
    return { onAssigned: note('+'), onRevoked: note('-'), onLost: note('!') }
  }

  get partitions(): number[] {
    return this.consumer.assignment().map(({ partition }) => partition)
  }

  /** Resolves when it holds; looked at whenever something happens here or at the others. */
  async until(holds: () => boolean, others: readonly Reader[] = []): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (holds()) resolve()
      }
      for (const reader of [this, ...others]) reader.#changed = look
      look()
    })
  }

  /** @returns what its loop ended with, when that was an error */
  async stop(): Promise<unknown> {
    await this.consumer.close()
    return await this.#done
  }

  async #read(): Promise<void> {
    for await (const { value } of this.consumer) {
      this.values.push(value!)
      this.#changed()
    }
  }
}

/** Membership, commits and rebalances against one broker. */
export function testConsumerGroups(start: () => Promise<ClientBroker>): void {
  let broker: ClientBroker
  let admin: Admin
  let producer: Producer

  beforeAll(async () => {
    broker = await start()
    admin = new Admin({ bootstrap: broker.bootstrap })
    producer = new Producer({ bootstrap: broker.bootstrap, lingerMs: 0 })
  }, WITHIN_MS)

  afterAll(async () => {
    await producer.close()
    await admin.close()
    await broker.remove()
  })

  async function send(topic: string, values: readonly string[]): Promise<void> {
    await Promise.all(values.map((value) => producer.send({ topic, key: value, value })))
  }

  describe('consumers of a group', () => {
    test(
      'share the work, hand it over while they read, and read everything once',
      async () => {
        const topic = 'shared'
        await admin.createTopic({ name: topic, partitions: 4 })
        await send(topic, numbers(0, 500))
        const first = await Reader.start(open(broker.bootstrap, { groupId: topic }), topic)
        await first.until(() => first.values.length >= 100)
        const second = await Reader.start(open(broker.bootstrap, { groupId: topic }), topic)
        await send(topic, numbers(500, 1_000))
        const both = [first, second]
        await first.until(() => both.every(({ partitions }) => partitions.length === 2), [second])
        await send(topic, numbers(1_000, 1_500))
        const all = (): string[] => [...first.values, ...second.values]
        await first.until(() => all().length >= 1_500, [second])
        // Each handed over what it had committed, so nothing came twice.
        expect(all().toSorted()).toEqual(numbers(0, 1_500).toSorted())
        expect(second.values.length).toBeGreaterThan(0)
        expect(first.events.filter((event) => event.startsWith('-'))).toHaveLength(2)

        expect(await second.stop()).toBeUndefined()
        await first.until(() => first.partitions.length === 4)
        await send(topic, numbers(1_500, 1_600))
        await first.until(() => all().length >= 1_600)
        expect(await first.stop()).toBeUndefined()
        expect(all().toSorted()).toEqual(numbers(0, 1_600).toSorted())
        expect([...first.events, ...second.events].join()).not.toContain('!')
        const { partitions, state, members } = await admin.describeGroup(topic)
        expect([state, members.length]).toEqual(['Empty', 0])
        expect(partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0)).toBe(
          1_600,
        )
        expect(partitions.map(({ lag }) => lag)).toEqual([0, 0, 0, 0])
      },
      WITHIN_MS,
    )

    test(
      'commit by hand, go on there, and go where an administrator sends them',
      async () => {
        const topic = 'by-hand'
        await admin.createTopic({ name: topic })
        await send(topic, numbers(0, 10))
        const read = async (count: number): Promise<string[]> => {
          const options = { groupId: topic, enableAutoCommit: false }
          const consumer = open(broker.bootstrap, options)
          await consumer.subscribe(topic)
          const values: string[] = []
          for await (const { value, partition, offset } of consumer) {
            values.push(value!)
            if (values.length < count) continue
            await consumer.commit([{ topic, partition, offset: offset + 1, metadata: 'by hand' }])
            break
          }
          const [committed] = await consumer.committed()
          expect(committed).toMatchObject({ topic, metadata: 'by hand', error: null })
          const group = await admin.describeGroup(topic)
          expect(group).toMatchObject({ type: 'consumer', members: [{}] })
          expect(group.partitions[0]!.lag).toBe(10 - committed!.offset)
          const reset = admin.resetGroupOffsets(topic, { to: { kind: 'earliest' } })
          await expect(reset).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' })
          await consumer.close()
          return values
        }
        const first = await read(3)
        expect(await read(4)).toEqual(first.length === 3 ? await valuesFrom(topic, 3, 7) : [])
        const to = { kind: 'shift', by: -5 } as const
        const planned = await admin.resetGroupOffsets(topic, { to, validateOnly: true })
        expect(planned).toMatchObject([{ topic, partition: 0, before: 7, after: 2, error: null }])
        expect((await admin.describeGroup(topic)).partitions[0]!.committedOffset).toBe(7)
        await admin.resetGroupOffsets(topic, { to })
        expect(await read(1)).toEqual(await valuesFrom(topic, 2, 3))
        await admin.deleteGroup(topic)
        await expect(admin.describeGroup(topic)).rejects.toMatchObject({
          code: 'GROUP_ID_NOT_FOUND',
        })
      },
      WITHIN_MS,
    )

    test(
      'read topics by a pattern, those as well that are made later',
      async () => {
        await admin.createTopic({ name: 'pattern-a' })
        await admin.createTopic({ name: 'other-pattern' })
        const metadataMaxAgeMs = 1_000
        const consumer = open(broker.bootstrap, { groupId: 'pattern', metadataMaxAgeMs })
        const reader = await Reader.start(consumer, 'pattern-a')
        await consumer.subscribe(/^pattern-./, reader.listener)
        await send('pattern-a', ['a'])
        await reader.until(() => reader.values.includes('a'))
        await admin.createTopic({ name: 'pattern-b' })
        await send('pattern-b', ['b'])
        await reader.until(() => reader.values.includes('b'))
        const topics = consumer.assignment().map(({ topic }) => topic)
        expect(topics.toSorted()).toEqual(['pattern-a', 'pattern-b'])
        expect(await reader.stop()).toBeUndefined()
        const refused = open(broker.bootstrap, { groupId: 'pattern-refused' })
        await expect(refused.subscribe(/(a)\1/)).rejects.toMatchObject({
          code: 'INVALID_REGULAR_EXPRESSION',
        })
        await refused.close()
      },
      WITHIN_MS,
    )
  })

  /** Values of a topic of one partition at these offsets. */
  async function valuesFrom(topic: string, from: number, to: number): Promise<string[]> {
    const consumer = open(broker.bootstrap, {})
    const start = { kind: 'offset', offset: from } as const
    await consumer.assign([{ topic, partition: 0, start }])
    const values: string[] = []
    for await (const { value, offset } of consumer) {
      values.push(value!)
      if (offset === to - 1) break
    }
    await consumer.close()
    return values
  }
}

/** What needs a broker that can be stopped, and that fences soon. */
export function testConsumerGroupFailures(start: () => Promise<RestartableBroker>): void {
  let broker: RestartableBroker

  beforeAll(async () => {
    broker = await start()
  }, WITHIN_MS)

  afterAll(async () => {
    await broker.remove()
  })

  test(
    'a group goes on behind what it has committed when its broker comes back',
    async () => {
      const { bootstrap } = broker
      const topic = 'restarts'
      const admin = new Admin({ bootstrap })
      await admin.createTopic({ name: topic, partitions: 2 })
      const producer = new Producer({ bootstrap })
      const send = async (values: readonly string[]): Promise<void> => {
        await Promise.all(values.map((value) => producer.send({ topic, key: value, value })))
      }
      await send(numbers(0, 100))
      const options = { groupId: topic, autoCommitIntervalMs: 50 }
      const first = await Reader.start(open(bootstrap, options), topic)
      const second = await Reader.start(open(bootstrap, options), topic)
      const both = [first, second]
      await first.until(() => both.every(({ partitions }) => partitions.length === 1), [second])
      const all = (): string[] => [...first.values, ...second.values]
      await first.until(() => all().length >= 100, [second])
      await broker.stop()
      await broker.startAgain()
      await send(numbers(100, 200))
      await first.until(() => new Set(all()).size >= 200, [second])
      expect([...new Set(all())].toSorted()).toEqual(numbers(0, 200).toSorted())
      expect(await first.stop()).toBeUndefined()
      expect(await second.stop()).toBeUndefined()
      const { partitions } = await admin.describeGroup(topic)
      expect(partitions.map(({ lag }) => lag)).toEqual([0, 0])
      await producer.close()
      await admin.close()
    },
    WITHIN_MS,
  )

  test(
    'when a consumer dies without a word another one takes over',
    async () => {
      const { bootstrap } = broker
      const topic = 'dies'
      const admin = new Admin({ bootstrap })
      await admin.createTopic({ name: topic, partitions: 2 })
      const producer = new Producer({ bootstrap })
      const transport = openTransport({ bootstrap })
      const options = { groupId: topic, autoCommitIntervalMs: 50 }
      const dead = await Reader.start(open(bootstrap, { ...options, transport }), topic)
      await producer.send({ topic, partition: 0, value: 'before' })
      await dead.until(() => dead.values.length === 1)
      transport.close()
      await producer.send({ topic, partition: 0, value: 'after' })
      const living = await Reader.start(open(bootstrap, options), topic)
      await living.until(() => living.values.includes('after'))
      expect(living.partitions).toHaveLength(2)
      expect(await living.stop()).toBeUndefined()
      expect(await dead.stop()).toMatchObject({ code: 'CLOSED' })
      await producer.close()
      await admin.close()
    },
    WITHIN_MS,
  )
}
