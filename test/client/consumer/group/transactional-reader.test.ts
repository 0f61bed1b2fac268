// Consumers whose offsets go into transactions, over a cluster in memory: what was read of a partition that
// others have by now is never committed, nor is anything made of it.

import { describe, expect, test } from 'vitest'
import { SluiceError } from '../../../../src/client/errors.ts'
import { Producer } from '../../../../src/client/producer/producer.ts'
import { stringSerde } from '../../../../src/client/serializers.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { Bench, partitionsOf } from './group-bench.ts'
import type { TextConsumer } from './group-bench.ts'

const OPTIONS = { enableAutoCommit: false, isolation: 'read_committed' } as const

type TextProducer = Producer<string, string>

function producerOf({ transport, clock }: Bench, transactionalId = 't'): TextProducer {
  const random = new SeededRandom(99)
  const serdes = { keySerializer: stringSerde, valueSerializer: stringSerde }
  return new Producer({ transport, clock, random, transactionalId, lingerMs: 0, ...serdes })
}

/** Reads so many records. */
async function read(bench: Bench, consumer: TextConsumer, count: number): Promise<string[]> {
  const values: string[] = []
  const loop = async (): Promise<void> => {
    for await (const { value } of consumer) if (values.push(value!) === count) break
  }
  await bench.drive(loop())
  return values
}

/** Commits what was read, and a record for it. @returns why not */
async function commit(
  bench: Bench,
  producer: TextProducer,
  consumer: TextConsumer,
  value = 'made of it',
): Promise<string | null> {
  const ran = producer.transaction(async (tx) => {
    void tx.send({ topic: 'made', value })
    await tx.sendOffsets(consumer)
  })
  let code: string | null | undefined
  ran.then(
    () => void (code = null),
    (error: unknown) => void (code = SluiceError.from(error).code),
  )
  for (let turn = 0; code === undefined && turn < 1_000; turn++) {
    await bench.settle()
    if (code === undefined) bench.clock.advance(50)
  }
  return code!
}

function made({ transport }: Bench): string[] {
  return transport.log('made', 0)!.committedValues()
}

function benchOf(partitions: number): Bench {
  const bench = new Bench(partitions)
  bench.transport.createTopicNow('made')
  return bench
}

describe('a transaction', () => {
  test('commits the places that the reader has come to, and those alone', async () => {
    const bench = benchOf(3)
    const consumer = bench.consumer(OPTIONS)
    await bench.join(consumer)
    bench.store(0, 'a', 'b', 'c')
    bench.store(2, 'x')
    const producer = producerOf(bench)
    expect(await read(bench, consumer, 3)).toEqual(['a', 'b', 'c'])
    expect(await commit(bench, producer, consumer)).toBeNull()
    expect(await bench.committed()).toEqual({ 0: 3 })
    expect(await read(bench, consumer, 1)).toEqual(['x'])
    expect(await commit(bench, producer, consumer)).toBeNull()
    expect(await bench.committed()).toEqual({ 0: 3, 2: 1 })
    await bench.drive(consumer.close())
  })

  test('that is aborted leaves the places to be committed by the next try', async () => {
    const bench = benchOf(1)
    const consumer = bench.consumer(OPTIONS)
    await bench.join(consumer)
    bench.store(0, 'a', 'b')
    const producer = producerOf(bench)
    await read(bench, consumer, 2)
    bench.transport.fault = () => ({ kind: 'refuse', code: 'TRANSACTION_ABORTABLE' })
    expect(await commit(bench, producer, consumer)).toBe('TRANSACTION_ABORTABLE')
    expect(await bench.committed()).toEqual({})
    bench.transport.fault = () => null
    expect(await commit(bench, producer, consumer, 'again')).toBeNull()
    expect([await bench.committed(), made(bench)]).toEqual([{ 0: 2 }, ['again']])
    await bench.drive(consumer.close())
  })

  test('waits for the epoch that the coordinator knows and the member does not yet', async () => {
    const bench = benchOf(1)
    const consumer = bench.consumer(OPTIONS)
    await bench.join(consumer)
    bench.store(0, 'a')
    await read(bench, consumer, 1)
    let left = 3
    bench.transport.transactions.fault = (call) => {
      if (call !== 'addOffsetsToTransaction' || left-- <= 0) return null
      return { error: new SluiceError('ILLEGAL_GENERATION'), after: false }
    }
    expect(await commit(bench, producerOf(bench), consumer)).toBeNull()
    expect(left).toBeLessThan(1)
    expect(await bench.committed()).toEqual({ 0: 1 })
    await bench.drive(consumer.close())
  })

  test('is void when a partition was lost, also when it is tried again', async () => {
    const bench = benchOf(2)
    const first = bench.consumer(OPTIONS)
    await bench.join(first, 'a')
    bench.store(0, 'a', 'b')
    bench.store(1, 'c')
    const producer = producerOf(bench)
    await read(bench, first, 3)
    // The coordinator hears nothing of it for too long, and gives the partitions to somebody else.
    const { groups } = bench.transport
    const before = groups.heartbeatGroup.bind(groups)
    const id = groups.heartbeats[0]!.memberId
    groups.heartbeatGroup = async (heartbeat) => {
      if (heartbeat.memberId === id) throw new SluiceError('NETWORK_EXCEPTION')
      return await before(heartbeat)
    }
    const second = bench.consumer(OPTIONS)
    await bench.join(second, 'b')
    await bench.pass(60_000)
    expect(partitionsOf(second)).toEqual([0, 1])
    // It does not know yet.
    expect(await commit(bench, producer, first)).toMatch(/ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID/)
    groups.heartbeatGroup = before
    await bench.pass(20_000)
    expect(bench.events).toContain('a lost 0,1')
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await commit(bench, producer, first)).toBe('INVALID_STATE')
    }
    expect([await bench.committed(), made(bench)]).toEqual([{}, []])
    await bench.drive(first.seekToCommitted())
    expect(await commit(bench, producer, first, 'of nothing')).toBeNull()
    expect([await bench.committed(), made(bench)]).toEqual([{}, ['of nothing']])
    await bench.drive(first.close())
    await bench.drive(second.close())
  })

  test('is void when a partition went to another consumer with something unsettled', async () => {
    const bench = benchOf(2)
    const first = bench.consumer(OPTIONS)
    await bench.join(first, 'a')
    bench.store(0, 'a')
    bench.store(1, 'b')
    const producer = producerOf(bench)
    await read(bench, first, 2)
    const second = bench.consumer(OPTIONS)
    await bench.join(second, 'b')
    await bench.pass(12_000)
    const [taken] = partitionsOf(second)
    expect(await commit(bench, producer, first)).toBe('INVALID_STATE')
    // Who has it now reads it again; who has lost it goes back in what is left.
    const [again] = await read(bench, second, 1)
    expect(again).toBe(['a', 'b'][taken!])
    await bench.drive(first.seekToCommitted())
    const [rest] = await read(bench, first, 1)
    expect(new Set([again, rest])).toEqual(new Set(['a', 'b']))
    expect(await commit(bench, producer, first, 'one')).toBeNull()
    expect(await commit(bench, producerOf(bench, 'u'), second, 'two')).toBeNull()
    expect([await bench.committed(), made(bench)]).toEqual([{ 0: 1, 1: 1 }, ['one', 'two']])
    await bench.drive(first.close())
    await bench.drive(second.close())
  })

  test('that is committed frees the partition: what comes after is not its concern', async () => {
    const bench = benchOf(2)
    const first = bench.consumer(OPTIONS)
    await bench.join(first, 'a')
    bench.store(0, 'a')
    bench.store(1, 'b')
    const producer = producerOf(bench)
    await read(bench, first, 2)
    expect(await commit(bench, producer, first)).toBeNull()
    const second = bench.consumer(OPTIONS)
    await bench.join(second, 'b')
    await bench.pass(12_000)
    expect(partitionsOf(second)).toHaveLength(1)
    expect(await commit(bench, producer, first, 'more')).toBeNull()
    expect(made(bench)).toEqual(['made of it', 'more'])
    await bench.drive(first.close())
    await bench.drive(second.close())
  })
})

describe('a consumer that goes back', () => {
  test('reads again from where the group has committed', async () => {
    const bench = benchOf(1)
    const consumer = bench.consumer(OPTIONS)
    await bench.join(consumer)
    bench.store(0, 'a', 'b', 'c')
    await read(bench, consumer, 1)
    expect(await commit(bench, producerOf(bench), consumer)).toBeNull()
    await read(bench, consumer, 2)
    await bench.drive(consumer.seekToCommitted())
    expect(await read(bench, consumer, 2)).toEqual(['b', 'c'])
    await bench.drive(consumer.close())
  })

  test('begins as it is told to where the group has committed nothing', async () => {
    const bench = benchOf(1)
    const consumer = bench.consumer(OPTIONS)
    await bench.join(consumer)
    bench.store(0, 'a', 'b')
    await read(bench, consumer, 2)
    await bench.drive(consumer.seekToCommitted())
    expect(await read(bench, consumer, 2)).toEqual(['a', 'b'])
    await bench.drive(consumer.close())

    const strict = bench.consumer({ ...OPTIONS, autoOffsetReset: 'error', groupId: 'strict' })
    await bench.drive(strict.assign([{ topic: 'clicks', partition: 0 }]))
    const back = bench.drive(strict.seekToCommitted())
    await expect(back).rejects.toMatchObject({ code: 'NO_COMMITTED_OFFSET' })
    await bench.drive(strict.close())
  })
})

test('offsets by hand are checked as well', async () => {
  const bench = benchOf(1)
  const consumer = bench.consumer(OPTIONS)
  await bench.join(consumer)
  bench.store(0, 'a', 'b')
  await read(bench, consumer, 2)
  const producer = producerOf(bench)
  const commitAt = async (partition: number, offset: number): Promise<unknown> => {
    const ran = producer.transaction((tx) => {
      return tx.sendOffsets(consumer, [{ topic: 'clicks', partition, offset }])
    })
    return await bench.drive(
      ran.then(
        () => null,
        (error: SluiceError) => error.code,
      ),
    )
  }
  expect(await commitAt(5, 1)).toBe('INVALID_STATE')
  expect(await commitAt(0, 1)).toBeNull()
  expect(await bench.committed()).toEqual({ 0: 1 })
  await bench.drive(consumer.close())
})
