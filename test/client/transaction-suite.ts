// What transactions do against a broker, whatever the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin, Consumer, Producer, SluiceError, stringSerde } from '../../src/client/index.ts'
import type { ConsumerOptions, Isolation, Transaction } from '../../src/client/index.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import type { ClientBroker } from './client-suite.ts'

/** A JVM may take long to start. */
const START_WITHIN_MS = 120_000

const EARLIEST = { kind: 'earliest' } as const

type Text = Transaction<string, string>

/** Transactions, and readers of what they commit, against one broker. */
export function testTransactions(start: () => Promise<ClientBroker>): void {
  let broker: ClientBroker
  let admin: Admin
  const producers = new Set<Producer<string, string>>()

  beforeAll(async () => {
    broker = await start()
    admin = new Admin({ bootstrap: broker.bootstrap })
  }, START_WITHIN_MS)

  afterAll(async () => {
    for (const producer of producers) await producer.close({ timeoutMs: 0 })
    await admin.close()
    await broker.remove()
  })

  function producer(transactionalId: string, options = {}): Producer<string, string> {
    const { bootstrap } = broker
    const made = new Producer<string, string>({
      ...{ bootstrap, transactionalId, keySerializer: stringSerde, valueSerializer: stringSerde },
      ...options,
    })
    producers.add(made)
    return made
  }

  function consumer(options: ConsumerOptions<string, string> = {}): Consumer<string, string> {
    const { bootstrap } = broker
    const serdes = { keyDeserializer: stringSerde, valueDeserializer: stringSerde }
    return new Consumer({ bootstrap, ...serdes, ...options })
  }

  /** Every value of a topic up to its end, by partition. */
  async function read(topic: string, isolation: Isolation = 'read_committed'): Promise<string[][]> {
    const { partitions } = await admin.describeTopic(topic)
    const values: string[][] = Array.from({ length: partitions }, () => [])
    const reader = consumer({ isolation })
    await reader.subscribe(topic, { start: EARLIEST })
    for await (const { partition, value } of reader.records({ untilEnd: true })) {
      values[partition]!.push(value!)
    }
    await reader.close()
    return values
  }

  describe('a transaction', () => {
    test('shows all of its records when it is committed, and none before', async () => {
      const topic = 'all-or-nothing'
      await admin.createTopic({ name: topic, partitions: 2 })
      const writer = producer('all-or-nothing')
      const given = await writer.transaction(async (tx) => {
        const first = await tx.send({ topic, partition: 0, value: 'a' })
        await tx.send({ topic, partition: 1, value: 'b' })
        expect(await read(topic, 'read_uncommitted')).toEqual([['a'], ['b']])
        expect(await read(topic)).toEqual([[], []])
        return first
      })
      expect(given).toMatchObject({ topic, partition: 0, offset: 0 })
      await expect.poll(() => read(topic)).toEqual([['a'], ['b']])
      await writer.close()
    })

    test('leaves nothing when its work fails, which is told as it was thrown', async () => {
      const topic = 'thrown'
      await admin.createTopic({ name: topic })
      const writer = producer('thrown')
      const why = new Error('changed my mind')
      let unsent: Promise<unknown> | null = null
      const failing = writer.transaction(async (tx) => {
        await tx.send({ topic, value: 'in vain' })
        unsent = tx.send({ topic, value: 'later' })
        throw why
      })
      await expect(failing).rejects.toBe(why)
      await expect(unsent).rejects.toMatchObject({
        code: 'TRANSACTION_ABORTED',
        recovery: 'abort',
      })
      await writer.transaction((tx) => void tx.send({ topic, value: 'kept' }))
      await expect.poll(() => read(topic)).toEqual([['kept']])
      expect(await read(topic, 'read_uncommitted')).toEqual([['in vain', 'kept']])
      await writer.close()
    })

    test('is aborted when a record is refused, though nobody looked', async () => {
      const topic = 'refused'
      await admin.createTopic({ name: topic, configs: { 'max.message.bytes': '2000' } })
      const writer = producer('refused', { lingerMs: 0 })
      const refused = writer.transaction(async (tx) => {
        await tx.send({ topic, value: 'small' })
        void tx.send({ topic, value: 'x'.repeat(10_000) })
      })
      await expect(refused).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
      expect(writer.failure).toBeNull()
      await writer.transaction((tx) => void tx.send({ topic, value: 'next' }))
      await expect.poll(() => read(topic)).toEqual([['next']])
      await writer.close()
    })

    test('with nothing in it is no matter', async () => {
      const writer = producer('empty')
      expect(await writer.transaction(() => 'done')).toBe('done')
      await expect(writer.transaction(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
      expect(await writer.transaction(() => 'again')).toBe('again')
      await writer.close()
    })

    test('fences the producer that had its id before, and aborts what that has open', async () => {
      const topic = 'fenced'
      await admin.createTopic({ name: topic, partitions: 2 })
      const [old, next] = [producer('same'), producer('same')]
      const lost = old.transaction(async (tx) => {
        await tx.send({ topic, partition: 0, value: 'old' })
        await next.transaction((its) => void its.send({ topic, partition: 1, value: 'next' }))
      })
      await expect(lost).rejects.toMatchObject({ code: 'PRODUCER_FENCED', recovery: 'restart' })
      expect(old.failure).toMatchObject({ code: 'PRODUCER_FENCED' })
      await expect(old.transaction(() => {})).rejects.toBe(old.failure)
      expect(next.failure).toBeNull()
      await expect.poll(() => read(topic)).toEqual([[], ['next']])
      await next.transaction((tx) => void tx.send({ topic, partition: 0, value: 'last' }))
      await expect.poll(() => read(topic)).toEqual([['last'], ['next']])
      await old.close()
      await next.close()
    })

    test('that was open for too long is aborted', async () => {
      const topic = 'slow'
      await admin.createTopic({ name: topic })
      const writer = producer('too-slow', { transactionTimeoutMs: 1_000 })
      const end = async (): Promise<number> => {
        const [found] = await admin.listOffsets([
          { topic, partition: 0, position: { kind: 'latest' } },
        ])
        return found!.offset
      }
      const slow = writer.transaction(async (tx) => {
        await tx.send({ topic, value: 'slow' })
        // Until the marker is there.
        await expect.poll(end, { timeout: 20_000 }).toBe(2)
      })
      const refused = await slow.catch(SluiceError.from)
      // The first protocol takes the id from who was too slow.
      expect(['abort', 'restart']).toContain((refused as SluiceError).recovery)
      const next = writer.failure === null ? writer : producer('too-slow')
      await next.transaction((tx) => void tx.send({ topic, value: 'quick' }))
      await expect.poll(() => read(topic)).toEqual([['quick']])
      await writer.close()
      await next.close()
    }, 60_000)

    test('that may take longer than the brokers allow is refused', async () => {
      const writer = producer('patient', { transactionTimeoutMs: 3_600_000 })
      const refused = writer.transaction(() => {})
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_TRANSACTION_TIMEOUT' })
      await writer.close()
    })
  })

  describe('a reader of committed records', () => {
    test('stops where the first open transaction began, and knows that end', async () => {
      const topic = 'stable'
      await admin.createTopic({ name: topic })
      const [slow, quick] = [producer('slow'), producer('quick')]
      await quick.transaction((tx) => void tx.send({ topic, value: '0' }))
      const [asks, all] = [consumer({ isolation: 'read_committed' }), consumer()]
      const ref = { topic, partition: 0 }
      const end = async (reader: Consumer<string, string>): Promise<number> => {
        return (await reader.offsets([ref], { kind: 'latest' }))[0]!.offset
      }
      await expect.poll(() => end(asks)).toBe(2)
      await slow.transaction(async (tx) => {
        await tx.send({ topic, value: 'held' })
        await quick.transaction((its) => void its.send({ topic, value: 'behind' }))
        await expect.poll(() => end(all)).toBe(5)
        expect(await end(asks)).toBe(2)
        expect(await read(topic)).toEqual([['0']])
        expect(await read(topic, 'read_uncommitted')).toEqual([['0', 'held', 'behind']])
        await asks.assign([{ ...ref, start: { kind: 'latest' } }])
        expect(asks.position(ref)).toBe(2)
      })
      const found: string[] = []
      for await (const { value } of asks) if (found.push(value!) === 2) break
      expect(found).toEqual(['held', 'behind'])
      await expect.poll(() => end(asks)).toBe(6)
      for (const each of [asks, all, slow, quick]) await each.close()
    })

    test('sees what was committed, in its order, and nothing else', async () => {
      const topic = 'mixed'
      const seed = 11
      const random = new SeededRandom(seed)
      await admin.createTopic({ name: topic, partitions: 3 })
      const plain = new Producer<string, string>({ bootstrap: broker.bootstrap })
      const writers = [producer('mixed-0'), producer('mixed-1')]
      const committed: string[][] = [[], [], []]
      for (let round = 0; round < 30; round++) {
        const writer = random.pick(writers)
        const isKept = random.chance(0.6)
        const records = Array.from({ length: random.below(20) }, (_, n) => {
          return { topic, partition: random.below(3), value: `${round}.${n}` }
        })
        const work = async (tx: Text): Promise<void> => {
          for (const record of records) void tx.send(record)
          if (random.chance(0.5)) await plain.flush()
          if (!isKept) {
            await tx.send({ topic, partition: random.below(3), value: `${round} in vain` })
            throw new SluiceError('INVALID_STATE')
          }
        }
        const ran = writer.transaction(work).then(
          () => true,
          () => false,
        )
        expect(await ran, `seed ${seed}, round ${round}`).toBe(isKept)
        if (isKept) for (const { partition, value } of records) committed[partition]!.push(value)
        const partition = random.below(3)
        await plain.send({ topic, partition, value: `plain ${round}` })
        committed[partition]!.push(`plain ${round}`)
      }
      await expect.poll(() => read(topic), { timeout: 10_000 }).toEqual(committed)
      for (const each of [plain, ...writers]) await each.close()
    })
  })

  describe('offsets in a transaction', () => {
    test('count once it is committed, and not when it is aborted', async () => {
      const groupId = 'by-hand'
      const topic = 'offsets'
      await admin.createTopic({ name: topic })
      const writer = producer('offsets')
      const offsets = (offset: number) => [{ topic, partition: 0, offset, metadata: `m${offset}` }]
      const committed = async (): Promise<unknown> => {
        const group = await admin.describeGroup(groupId).catch(() => null)
        return group?.partitions.map(({ committedOffset, metadata }) => [committedOffset, metadata])
      }
      await writer.transaction((tx) => tx.sendOffsets({ groupId }, offsets(3)))
      await expect.poll(committed).toEqual([[3, 'm3']])
      const aborted = writer.transaction(async (tx) => {
        await tx.sendOffsets({ groupId }, offsets(7))
        throw new Error('no')
      })
      await expect(aborted).rejects.toThrow('no')
      await expect.poll(committed).toEqual([[3, 'm3']])
      await writer.transaction(async (tx) => {
        void tx.sendOffsets({ groupId }, offsets(4))
        await tx.sendOffsets({ groupId }, offsets(5))
      })
      await expect.poll(committed).toEqual([[5, 'm5']])
      await writer.close()
    })

    test('of what was read make a copy exact, though half of the transactions are aborted', async () => {
      const [input, output] = ['copy-in', 'copy-out']
      const random = new SeededRandom(7)
      for (const name of [input, output]) await admin.createTopic({ name, partitions: 2 })
      const source = new Producer<string, string>({
        bootstrap: broker.bootstrap,
        batchBytes: 1_024,
      })
      const sent = Array.from({ length: 400 }, (_, n) => ({ partition: n % 2, value: `${n}` }))
      for (const record of sent) void source.send({ topic: input, ...record })
      await source.close()
      const inOrder = [0, 1].map((partition) => {
        return sent.filter((each) => each.partition === partition).map(({ value }) => value)
      })

      for (let life = 0; life < 3; life++) {
        const writer = producer('copier')
        const reader = consumer({
          ...{ groupId: 'copiers', enableAutoCommit: false, autoOffsetReset: 'earliest' },
          isolation: 'read_committed',
        })
        await reader.subscribe(input)
        let left = 15
        for await (const batch of reader.batches({ untilEnd: true })) {
          const isKept = random.chance(0.5)
          const copied = writer.transaction(async (tx) => {
            for (const { partition, value } of batch)
              void tx.send({ topic: output, partition, value })
            await tx.sendOffsets(reader)
            if (!isKept) throw new SluiceError('INVALID_STATE')
          })
          await copied.catch(async (error: unknown) => {
            if (isKept) throw error
            await reader.seekToCommitted()
          })
          // The first two stop in the middle.
          if (life < 2 && --left === 0) break
        }
        await reader.close()
        await writer.close()
      }
      await expect.poll(() => read(output), { timeout: 10_000 }).toEqual(inOrder)
      const { partitions } = await admin.describeGroup('copiers')
      expect(partitions.map(({ lag }) => lag)).toEqual([0, 0])
    })

    test('are the reader’s own to commit: one that commits by itself has no part in it', async () => {
      const topic = 'own'
      await admin.createTopic({ name: topic })
      const [writer, reader] = [producer('own'), consumer({ groupId: 'own' })]
      await reader.subscribe(topic)
      const refused = writer.transaction((tx) => tx.sendOffsets(reader))
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_STATE' })
      await reader.close()
      await writer.close()
    })
  })
}
