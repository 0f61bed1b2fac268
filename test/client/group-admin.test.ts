// Groups as administrators see them, over a cluster in memory with the broker's own coordinator.

import { describe, expect, test } from 'vitest'
import { Admin, Consumer } from '../../src/client/index.ts'
import type { OffsetReset, ResetTarget } from '../../src/client/index.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { sharedCore } from '../../src/record/shared-core.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const T0 = 1_700_000_000_000
const OUTSIDE = { memberId: '', memberEpoch: -1, instanceId: null }

/** clicks has 2 partitions: 0 holds offsets [3, 10), 1 holds [0, 4); a record a second from T0 on. */
async function setUp() {
  const clock = new ManualClock(T0 + 20_000)
  const transport = new MemoryTransport(clock)
  transport.createTopicNow('clicks', 2)
  transport.createTopicNow('orders', 1)
  for (const [partition, count] of [10, 4].entries()) {
    const log = transport.log('clicks', partition)!
    for (let n = 0; n < count; n++) {
      const builder = new BatchBuilder(sharedCore(), 1024)
      builder.append(null, `${n}`, T0 + n * 1_000)
      log.append(builder.build())
    }
  }
  transport.log('clicks', 0)!.deleteBefore(3)
  const admin = new Admin({ transport, clock, random: new SeededRandom(2) })
  const commit = async (partition: number, offset: number, groupId = 'g'): Promise<void> => {
    const offsets = [{ topic: 'clicks', partition, offset }]
    await transport.commitOffsets({ ...OUTSIDE, groupId }, offsets)
  }
  return { admin, transport, clock, commit }
}

function summary(resets: readonly OffsetReset[]): string[] {
  return resets.map(({ topic, partition, before, after, error }) => {
    return `${topic}-${partition} ${before} ${error?.code ?? after}`
  })
}

describe('a reset', () => {
  test.each<[string, ResetTarget, [number, number]]>([
    ['to the earliest record', { kind: 'earliest' }, [3, 0]],
    ['to the latest', { kind: 'latest' }, [10, 4]],
    ['to an offset', { kind: 'offset', offset: 3 }, [3, 3]],
    [
      'to an offset that one has not yet, and one not any more',
      { kind: 'offset', offset: 7 },
      [7, 4],
    ],
    ['to a time', { kind: 'timestamp', timestampMs: T0 + 2_500 }, [3, 3]],
    ['to a time after all records', { kind: 'timestamp', timestampMs: T0 + 60_000 }, [10, 4]],
    ['by a duration', { kind: 'duration', durationMs: 15_000 }, [5, 4]],
    ['on by a number', { kind: 'shift', by: 1 }, [6, 3]],
    ['back by a number', { kind: 'shift', by: -100 }, [3, 0]],
  ])('%s', async (_, to, [first, second]) => {
    const { admin, commit } = await setUp()
    await commit(0, 5)
    await commit(1, 2)
    const expected = [`clicks-0 5 ${first}`, `clicks-1 2 ${second}`]
    expect(summary(await admin.resetGroupOffsets('g', { to, validateOnly: true }))).toEqual(
      expected,
    )
    const offsets = async (): Promise<number[]> => {
      const { partitions } = await admin.describeGroup('g')
      return partitions.map(({ committedOffset }) => committedOffset)
    }
    expect(await offsets()).toEqual([5, 2])
    expect(summary(await admin.resetGroupOffsets('g', { to }))).toEqual(expected)
    expect(await offsets()).toEqual([first, second])
  })

  test('touches only what is asked for, and may begin a group', async () => {
    const { admin, commit } = await setUp()
    const to = { kind: 'earliest' } as const
    await commit(1, 2)
    const only = [{ topic: 'clicks', partition: 0 }]
    expect(summary(await admin.resetGroupOffsets('g', { to, only }))).toEqual(['clicks-0 -1 3'])
    const topics = ['orders', 'clicks']
    expect(summary(await admin.resetGroupOffsets('new', { to, only: topics }))).toEqual([
      'clicks-0 -1 3',
      'clicks-1 -1 0',
      'orders-0 -1 0',
    ])
    await expect(admin.resetGroupOffsets('unknown', { to })).rejects.toMatchObject({
      code: 'GROUP_ID_NOT_FOUND',
    })
    await expect(admin.resetGroupOffsets('g', { to, only: ['nope'] })).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })

  test('tells of each partition that it can do nothing for, and does the others', async () => {
    const { admin, commit } = await setUp()
    await commit(0, 5)
    const shifted = await admin.resetGroupOffsets('g', {
      to: { kind: 'shift', by: -1 },
      only: ['clicks', { topic: 'clicks', partition: 9 }],
    })
    expect(summary(shifted)).toEqual([
      'clicks-0 5 4',
      'clicks-1 -1 NO_COMMITTED_OFFSET',
      'clicks-9 -1 UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  test('of a group that is read is refused', async () => {
    const { admin, transport, clock } = await setUp()
    const consumer = new Consumer({ groupId: 'g', transport, clock })
    await consumer.subscribe('clicks')
    const reset = admin.resetGroupOffsets('g', { to: { kind: 'earliest' } })
    await expect(reset).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP', facts: { groupId: 'g' } })
    await consumer.close()
  })
})

test('groups are listed, described and deleted', async () => {
  const { admin, transport, clock, commit } = await setUp()
  await commit(0, 5, 'offsets')
  const consumer = new Consumer({
    groupId: 'members',
    transport,
    clock,
    random: new SeededRandom(1),
  })
  await consumer.subscribe('clicks')
  await clock.settle()
  expect(await admin.listGroups()).toMatchObject([
    { groupId: 'members', type: 'consumer', protocolType: 'consumer' },
    { groupId: 'offsets', type: 'classic', protocolType: '', state: 'Empty' },
  ])
  expect(await admin.listGroups({ states: ['Empty'] })).toMatchObject([{ groupId: 'offsets' }])
  const { members, partitions } = await admin.describeGroup('members')
  expect(members).toMatchObject([{ subscribedTopics: ['clicks'], assignment: [{}, {}] }])
  expect(partitions.map(({ memberId }) => memberId)).toEqual([
    members[0]!.memberId,
    members[0]!.memberId,
  ])
  expect((await admin.describeGroup('offsets')).partitions).toMatchObject([
    { committedOffset: 5, highWatermark: 10, lag: 5, memberId: null },
  ])

  expect(await admin.deleteGroups(['members', 'offsets', 'nobody'])).toMatchObject([
    { groupId: 'members', error: { code: 'NON_EMPTY_GROUP' } },
    { groupId: 'offsets', error: null },
    { groupId: 'nobody', error: { code: 'GROUP_ID_NOT_FOUND' } },
  ])
  await expect(admin.deleteGroup('members')).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' })
  await expect(admin.describeGroup('offsets')).rejects.toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  await consumer.close()
})

test('offsets of a topic are forgotten, unless a member reads it', async () => {
  const { admin, transport, clock, commit } = await setUp()
  await commit(0, 5)
  const refs = [{ topic: 'clicks', partition: 0 }]
  const consumer = new Consumer({ groupId: 'g', transport, clock })
  await consumer.subscribe('clicks')
  expect(await admin.deleteGroupOffsets('g', refs)).toMatchObject([
    { error: { code: 'GROUP_SUBSCRIBED_TO_TOPIC' } },
  ])
  await consumer.close()
  expect(await admin.deleteGroupOffsets('g', refs)).toMatchObject([{ error: null }])
  expect(
    (await admin.describeGroup('g')).partitions.map(({ partition }) => partition),
  ).not.toContain(0)
})
