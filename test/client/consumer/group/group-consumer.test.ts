// Consumers of a group over a cluster in memory with the broker's own coordinator, and a clock that
// the test moves.

import { describe, expect, test } from 'vitest'
import { Consumer } from '../../../../src/client/consumer/consumer.ts'
import { SluiceError } from '../../../../src/client/errors.ts'
import type { PartitionRef } from '../../../../src/client/transport.ts'

import { Bench, gate, partitionsOf, Reader } from './group-bench.ts'

describe('one consumer', () => {
  test('gets all partitions, and goes on where it has committed', async () => {
    const bench = new Bench()
    bench.store(0, 'a', 'b')
    bench.store(1, 'c')
    const first = bench.consumer()
    await bench.join(first)
    expect(partitionsOf(first)).toEqual([0, 1])
    const reader = new Reader(first)
    await bench.settle()
    expect(reader.values.toSorted()).toEqual(['a', 'b', 'c'])
    await bench.drive(first.close())
    expect(bench.events).toEqual(['a + 0,1', 'a - 0,1'])
    expect(await bench.committed()).toEqual({ 0: 2, 1: 1 })
    expect(await bench.members()).toBe(0)

    bench.store(0, 'd')
    const second = bench.consumer()
    await bench.join(second)
    const again = new Reader(second)
    await bench.settle()
    expect(again.values).toEqual(['d'])
    expect(second.position({ topic: 'clicks', partition: 1 })).toBe(1)
    await bench.drive(second.close())
  })

  test('commits at intervals only what was processed', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b', 'c')
    const consumer = bench.consumer({ autoCommitIntervalMs: 1_000 })
    await bench.join(consumer)
    const { opened, open } = gate()
    const reader = new Reader(consumer, (value) => (value === 'b' ? opened : undefined))
    await bench.settle()
    expect(reader.values).toEqual(['a', 'b'])
    await bench.pass(1_000)
    expect(await bench.committed()).toEqual({ 0: 1 })
    expect(consumer.position({ topic: 'clicks', partition: 0 })).toBe(2)
    open()
    await bench.pass(1_000)
    expect(await bench.committed()).toEqual({ 0: 3 })
    await bench.drive(consumer.close())
  })

  test('a batch counts as processed when the next one is asked for', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b')
    bench.store(0, 'c')
    const consumer = bench.consumer({ autoCommitIntervalMs: 1_000 })
    await bench.join(consumer)
    const batches = consumer.batches()
    await bench.drive(batches.next())
    await bench.pass(1_000)
    expect(await bench.committed()).toEqual({ 0: 0 })
    await bench.drive(batches.next())
    await bench.pass(1_000)
    expect(await bench.committed()).toEqual({ 0: 2 })
    await bench.drive(consumer.close())
  })

  test('who leaves a loop gets the last record again, unless it is committed', async () => {
    for (const commits of [false, true]) {
      const bench = new Bench(1)
      bench.store(0, 'a', 'b')
      const consumer = bench.consumer()
      await bench.join(consumer)
      const leave = async (): Promise<void> => {
        for await (const { value } of consumer) if (value === 'b') break
      }
      await bench.drive(leave())
      if (commits) await bench.drive(consumer.commit())
      await bench.drive(consumer.close())
      expect(await bench.committed()).toEqual({ 0: commits ? 2 : 1 })
    }
  })

  test('a record of a batch is in hand again after the one before was committed', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b', 'c', 'd')
    const consumer = bench.consumer()
    await bench.join(consumer)
    const records = consumer.records()
    await bench.drive(records.next())
    // Done with 'a', and with nothing of 'b', which comes out of the same batch without a wait.
    await bench.drive(consumer.commit())
    await bench.drive(records.next())
    await bench.pass(6_000)
    expect(await bench.committed()).toEqual({ 0: 1 })
    await bench.drive(records.next())
    await bench.pass(6_000)
    expect(await bench.committed()).toEqual({ 0: 2 })
    await bench.drive(consumer.commit([{ topic: 'clicks', partition: 0, offset: 3 }]))
    await bench.drive(consumer.close())
    expect(await bench.committed()).toEqual({ 0: 3 })
  })

  test('commits by hand alone when it is told so', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b', 'c')
    const consumer = bench.consumer({ enableAutoCommit: false })
    await bench.join(consumer)
    const reader = new Reader(consumer)
    await bench.pass(10_000)
    expect(reader.values).toEqual(['a', 'b', 'c'])
    expect(await bench.committed()).toEqual({})
    const ref = { topic: 'clicks', partition: 0 }
    await bench.drive(consumer.commit([{ ...ref, offset: 2, metadata: 'half' }]))
    const [committed] = await bench.drive(consumer.committed())
    expect(committed).toMatchObject({ ...ref, offset: 2, metadata: 'half', error: null })
    await bench.drive(consumer.commit())
    expect(await bench.committed()).toEqual({ 0: 3 })
    await expect(consumer.commit([{ ...ref, offset: -1 }])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
    await expect(consumer.commit([{ ...ref, partition: 7, offset: 1 }])).rejects.toMatchObject({
      code: 'INVALID_STATE',
    })
    await bench.drive(consumer.close())
    expect(await bench.committed()).toEqual({ 0: 3 })
  })

  test('keeps its place at the end of a partition in which it has read nothing', async () => {
    const bench = new Bench(1)
    bench.store(0, 'old')
    const first = bench.consumer({ autoOffsetReset: 'latest' })
    await bench.join(first)
    await bench.drive(first.close())
    bench.store(0, 'meanwhile')
    const second = bench.consumer({ autoOffsetReset: 'latest' })
    await bench.join(second)
    const reader = new Reader(second)
    await bench.settle()
    expect(reader.values).toEqual(['meanwhile'])
    await bench.drive(second.close())
  })

  test('with none, says what has no offset, and reads when it is sought', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b')
    const consumer = bench.consumer({ autoOffsetReset: 'none' })
    await bench.join(consumer)
    for (let loop = 0; loop < 2; loop++) {
      const reader = new Reader(consumer)
      await bench.drive(reader.done)
      expect(reader.error).toMatchObject({
        code: 'NO_COMMITTED_OFFSET',
        facts: { topic: 'clicks', partition: 0, groupId: 'g' },
      })
    }
    await bench.pass(5_000)
    expect(await bench.committed()).toEqual({})
    const place = { kind: 'offset', offset: 1 } as const
    await bench.drive(consumer.seek({ topic: 'clicks', partition: 0 }, place))
    const reader = new Reader(consumer)
    await bench.settle()
    expect([reader.values, reader.error]).toEqual([['b'], null])
    await bench.drive(consumer.close())
  })

  test('reads to the end of what it was given', async () => {
    const bench = new Bench(2)
    bench.store(0, 'a')
    bench.store(1, 'b')
    const consumer = bench.consumer()
    const values: string[] = []
    await bench.drive(consumer.subscribe('clicks'))
    const read = async (): Promise<void> => {
      for await (const { value } of consumer.records({ untilEnd: true })) values.push(value!)
    }
    await bench.drive(read())
    expect(values.toSorted()).toEqual(['a', 'b'])
    await bench.drive(consumer.close())
    expect(await bench.committed()).toEqual({ 0: 1, 1: 1 })
  })

  test('reads topics that match a pattern, and those that come later', async () => {
    const bench = new Bench(1)
    const consumer = bench.consumer()
    await bench.drive(consumer.subscribe(/^c.*s$/))
    await bench.settle()
    expect(partitionsOf(consumer)).toEqual([0])
    bench.transport.createTopicNow('cats', 2)
    bench.transport.createTopicNow('dogs', 1)
    await bench.pass(10_000)
    const topics = consumer.assignment().map(({ topic, partition }) => `${topic}-${partition}`)
    expect(topics.toSorted()).toEqual(['cats-0', 'cats-1', 'clicks-0'])
    await bench.drive(consumer.close())
  })
})

describe('two consumers', () => {
  test('share the partitions, and nothing is read twice or left out', async () => {
    const bench = new Bench(4)
    const first = bench.consumer()
    await bench.join(first, 'a')
    const reading = new Reader(first)
    for (let n = 0; n < 4; n++) bench.store(n, `${n}:0`, `${n}:1`)
    await bench.settle()
    const second = bench.consumer()
    await bench.join(second, 'b')
    await bench.pass(11_000)
    const [own, other] = [partitionsOf(first), partitionsOf(second)]
    expect([own.length, other.length]).toEqual([2, 2])
    expect([...own, ...other].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
    expect(bench.events).toEqual(['a + 0,1,2,3', `a - ${other.join()}`, `b + ${other.join()}`])

    const more = new Reader(second)
    for (let n = 0; n < 4; n++) bench.store(n, `${n}:2`)
    await bench.settle()
    expect(more.values.toSorted()).toEqual(other.map((n) => `${n}:2`))
    const all = [...reading.values, ...more.values].toSorted()
    expect(all).toEqual([0, 1, 2, 3].flatMap((n) => [`${n}:0`, `${n}:1`, `${n}:2`]))

    await bench.drive(second.close())
    await bench.pass(11_000)
    expect(partitionsOf(first)).toEqual([0, 1, 2, 3])
    bench.store(other[0]!, 'later')
    await bench.settle()
    expect(reading.values.at(-1)).toBe('later')
    await bench.drive(first.close())
  })

  test('a partition waits for the record that is being processed, and is given on behind it', async () => {
    const bench = new Bench(2)
    const first = bench.consumer()
    await bench.join(first, 'a')
    const { opened, open } = gate()
    const reading = new Reader(first, () => opened)
    bench.store(0, 'x0', 'x1')
    bench.store(1, 'x0', 'x1')
    await bench.settle()
    expect(reading.values).toEqual(['x0'])
    const second = bench.consumer()
    await bench.join(second, 'b')
    await bench.pass(30_000)
    const inHand = bench.events.includes('a - 0') || bench.events.includes('a - 1')
    // Which of the two goes is the coordinator's choice: only the one in hand has to wait.
    const given = partitionsOf(second)
    expect(inHand).toBe(given.length > 0)
    open()
    await bench.pass(10_000)
    expect(partitionsOf(second)).toHaveLength(1)
    const rest = new Reader(second)
    await bench.settle()
    const [partition] = partitionsOf(second)
    const byFirst = reading.values.length
    expect(byFirst + rest.values.length).toBe(4)
    expect((await bench.committed())[partition!]).toBeDefined()
    await bench.drive(first.close())
    await bench.drive(second.close())
  })

  test('a batch in hand holds its partition until the reader asks again', async () => {
    const bench = new Bench(1)
    const first = bench.consumer({ groupInstanceId: 'z' })
    await bench.join(first, 'a')
    bench.store(0, 'x', 'y')
    bench.store(0, 'z')
    const batches = first.batches()
    await bench.drive(batches.next())
    bench.transport.createTopicNow('orders', 1)
    // It reads something else from now on: the partition of clicks is to be given up.
    await bench.drive(
      first.subscribe('orders', { onRevoked: () => void bench.events.push('gone') }),
    )
    await bench.pass(6_000)
    expect(bench.events).toEqual(['a + 0'])
    void batches.next()
    await bench.pass(6_000)
    expect(bench.events).toEqual(['a + 0', 'gone'])
    expect(await bench.committed()).toEqual({ 0: 2 })
    await bench.drive(first.close())
  })

  test('when one dies the other takes over behind what it had committed', async () => {
    const bench = new Bench(2)
    const first = bench.consumer({ autoCommitIntervalMs: 1_000 })
    await bench.join(first, 'a')
    const reading = new Reader(first)
    bench.store(0, 'a', 'b')
    await bench.pass(2_000)
    expect(reading.values).toEqual(['a', 'b'])
    // It is cut off: nothing it says arrives any more.
    const id = bench.transport.groups.heartbeats[0]!.memberId
    const { groups } = bench.transport
    const before = groups.heartbeatGroup.bind(groups)
    groups.heartbeatGroup = async (heartbeat) => {
      if (heartbeat.memberId === id) throw new SluiceError('NETWORK_EXCEPTION')
      return await before(heartbeat)
    }
    bench.store(0, 'c')
    const second = bench.consumer()
    await bench.join(second, 'b')
    expect(partitionsOf(second)).toEqual([])
    await bench.pass(60_000)
    expect(partitionsOf(second)).toEqual([0, 1])
    expect(bench.events).toEqual(['a + 0,1', 'b + 0,1'])
    const more = new Reader(second)
    bench.store(0, 'd')
    await bench.settle()
    expect(more.values.at(-1)).toBe('d')

    // It is heard again, is told that it was fenced, and joins anew.
    groups.heartbeatGroup = before
    await bench.pass(20_000)
    expect(bench.events).toContain('a lost 0,1')
    expect(partitionsOf(first)).toHaveLength(1)
    expect(partitionsOf(second)).toHaveLength(1)
    await bench.drive(first.close())
    await bench.drive(second.close())
  })
})

describe('a member', () => {
  test('that does not ask for more leaves the group, and comes back when it does', async () => {
    const bench = new Bench(1)
    const slow = bench.consumer({ maxPollIntervalMs: 20_000 })
    await bench.join(slow, 'a')
    bench.store(0, 'a', 'b')
    const { opened, open } = gate()
    const reader = new Reader(slow, () => opened)
    await bench.settle()
    await bench.pass(15_000)
    expect(await bench.members()).toBe(1)
    await bench.pass(15_000)
    expect(await bench.members()).toBe(0)
    expect([bench.events, partitionsOf(slow)]).toEqual([['a + 0', 'a lost 0'], []])
    open()
    await bench.pass(6_000)
    expect(await bench.members()).toBe(1)
    // What it was given and had not committed comes again.
    expect(reader.values).toEqual(['a', 'a', 'b'])
    await bench.drive(slow.close())
    expect(await bench.committed()).toEqual({ 0: 2 })
  })

  test('that takes its time for each record of a long batch stays', async () => {
    const bench = new Bench(1)
    const slow = bench.consumer({ maxPollIntervalMs: 20_000 })
    await bench.join(slow, 'a')
    bench.store(0, 'a', 'b', 'c', 'd', 'e')
    const records = slow.records()
    for (const value of ['a', 'b', 'c', 'd', 'e']) {
      const next = await bench.drive(records.next())
      expect(next.value?.value).toBe(value)
      await bench.pass(14_000)
      expect(await bench.members()).toBe(1)
    }
    await bench.drive(slow.close())
    expect(bench.events).toEqual(['a + 0', 'a - 0'])
  })

  test('that is static finds its partitions again after a restart', async () => {
    const bench = new Bench(2)
    const first = bench.consumer({ groupInstanceId: 'one' })
    const other = bench.consumer({ groupInstanceId: 'two' })
    await bench.join(first, 'a')
    await bench.join(other, 'b')
    await bench.pass(11_000)
    const own = partitionsOf(first)
    expect(own).toHaveLength(1)
    await bench.drive(first.close())
    await bench.pass(11_000)
    expect(partitionsOf(other)).toHaveLength(1)
    const again = bench.consumer({ groupInstanceId: 'one' })
    await bench.join(again, 'c')
    expect(partitionsOf(again)).toEqual(own)
    await bench.drive(again.close())
    await bench.drive(other.close())
  })

  test('keeps what is paused paused over a rebalance', async () => {
    const bench = new Bench(2)
    const first = bench.consumer()
    await bench.join(first, 'a')
    first.pause()
    const second = bench.consumer()
    await bench.join(second, 'b')
    await bench.pass(11_000)
    expect(first.paused()).toEqual(first.assignment())
    expect(first.paused()).toHaveLength(1)
    expect(second.paused()).toEqual([])
    await bench.drive(second.close())
    await bench.drive(first.close())
  })

  test('is told of a refusal for good, and so is every loop', async () => {
    const bench = new Bench(1)
    const consumer = bench.consumer()
    const refused = bench.drive(consumer.subscribe(/a(?=b)/))
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' })
    for (let loop = 0; loop < 2; loop++) {
      const reader = new Reader(consumer)
      await bench.drive(reader.done)
      expect(reader.error).toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' })
    }
    await bench.drive(consumer.close())
  })

  test('reads on when a callback fails, and tells of it', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a')
    const consumer = bench.consumer()
    const onAssigned = (): never => {
      throw new Error('no disk')
    }
    await bench.drive(consumer.subscribe('clicks', { onAssigned }))
    await bench.settle()
    const reader = new Reader(consumer)
    await bench.drive(reader.done)
    expect(reader.error).toMatchObject({
      code: 'CALLBACK_FAILED',
      message: expect.stringContaining('onAssigned failed: no disk'),
    })
    const again = new Reader(consumer)
    await bench.settle()
    expect(again.values).toEqual(['a'])
    await bench.drive(consumer.close())
  })

  test('gives nothing out before onAssigned is done, which may seek', async () => {
    const bench = new Bench(1)
    bench.store(0, 'a', 'b', 'c')
    const consumer = bench.consumer()
    const { opened, open } = gate()
    const onAssigned = async (partitions: readonly PartitionRef[]): Promise<void> => {
      for (const ref of partitions) await consumer.seek(ref, { kind: 'offset', offset: 2 })
      await opened
    }
    await bench.drive(consumer.subscribe('clicks', { onAssigned }))
    const reader = new Reader(consumer)
    await bench.settle()
    expect(reader.values).toEqual([])
    open()
    await bench.settle()
    expect(reader.values).toEqual(['c'])
    await bench.drive(consumer.close())
  })

  test('waits for a broker that is down, and commits when it is back', async () => {
    const bench = new Bench(1)
    const consumer = bench.consumer({ autoCommitIntervalMs: 1_000 })
    await bench.join(consumer)
    const reader = new Reader(consumer)
    bench.store(0, 'a')
    await bench.settle()
    bench.transport.down = true
    bench.transport.disconnect()
    await bench.pass(8_000)
    expect(await bench.committed()).toEqual({})
    bench.transport.down = false
    bench.store(0, 'b')
    await bench.pass(8_000)
    expect(reader.values).toEqual(['a', 'b'])
    expect(await bench.committed()).toEqual({ 0: 2 })
    expect(bench.events).toEqual(['a + 0'])
    await bench.drive(consumer.close())
  })

  test('commits with the epoch it is told of when its own is out of date', async () => {
    const bench = new Bench(1)
    const consumer = bench.consumer({ enableAutoCommit: false })
    await bench.join(consumer)
    bench.store(0, 'a')
    const reader = new Reader(consumer)
    await bench.settle()
    expect(reader.values).toEqual(['a'])
    let stale = 2
    const { groups } = bench.transport
    groups.fault = (call) => {
      if (call !== 'commitOffsets' || stale-- <= 0) return null
      return { error: new SluiceError('STALE_MEMBER_EPOCH'), after: false }
    }
    const beats = groups.heartbeats.length
    const committing = consumer.commit()
    await bench.pass(2_000)
    await committing
    expect(await bench.committed()).toEqual({ 0: 1 })
    expect(groups.heartbeats.length).toBeGreaterThan(beats)
    await bench.drive(consumer.close())
  })
})

test('partitions that are assigned by hand begin where the group has committed', async () => {
  const bench = new Bench(2)
  bench.store(0, 'a', 'b', 'c')
  const outside = { groupId: 'g', memberId: '', memberEpoch: -1, instanceId: null }
  const ref = { topic: 'clicks', partition: 0 }
  await bench.transport.groups.commitOffsets(outside, [{ ...ref, offset: 1 }])
  const consumer = bench.consumer({ autoCommitIntervalMs: 1_000 })
  await bench.drive(consumer.assign([ref]))
  const reader = new Reader(consumer)
  await bench.pass(1_000)
  expect(reader.values).toEqual(['b', 'c'])
  expect(await bench.committed()).toEqual({ 0: 3 })
  expect(await bench.members()).toBe(0)
  await bench.drive(consumer.close())
})

describe('options that make no sense', () => {
  test.each([
    [{ enableAutoCommit: false }, 'enableAutoCommit'],
    [{ groupInstanceId: 'a' }, 'groupInstanceId'],
    [{ groupId: '' }, 'groupId'],
    [{ groupId: 'g', autoCommitIntervalMs: 1 }, 'autoCommitIntervalMs'],
    [{ groupId: 'g', maxPollIntervalMs: 10 }, 'maxPollIntervalMs'],
  ])('%j', (options, option) => {
    expect(() => new Consumer(options)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        facts: expect.objectContaining({ option }),
      }),
    )
  })

  test('what is for the other kind of consumer is refused', async () => {
    const bench = new Bench()
    const member = bench.consumer()
    const alone = new Consumer({ transport: bench.transport, clock: bench.clock })
    const start = { kind: 'earliest' } as const
    await expect(member.subscribe('clicks', { start })).rejects.toMatchObject({
      facts: { option: 'start' },
    })
    await expect(alone.subscribe(/clicks/)).rejects.toMatchObject({ facts: { option: 'topics' } })
    const listener = { onRevoked: () => {} }
    await expect(alone.subscribe('clicks', listener)).rejects.toMatchObject({
      facts: { option: 'onRevoked' },
    })
    await expect(alone.commit()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await bench.join(member)
    await expect(member.assign([])).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await bench.drive(member.close())
    await alone.close()
  })
})
