// The admin client over a cluster in memory: pages, and when a call is made again.

import { expect, test } from 'vitest'
import { Admin } from '../../src/client/index.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { SeededRandom } from '../support/seeded-random.ts'

function setUp(retries = 5): { admin: Admin; transport: MemoryTransport; clock: ManualClock } {
  const transport = new MemoryTransport()
  const clock = new ManualClock()
  const admin = new Admin({ transport, clock, random: new SeededRandom(2), retries })
  return { admin, transport, clock }
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await clock.settle()
    clock.advance(100)
  }
  await clock.settle()
}

test('topics come page by page, in the order of their names', async () => {
  const { admin, transport } = setUp()
  for (const name of ['c', 'a', 'e', 'b', 'd']) transport.createTopicNow(name)
  const names: string[] = []
  for await (const { name } of admin.topics({ pageSize: 2 })) names.push(name)
  expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(transport.calls).toEqual(['listTopics', 'listTopics', 'listTopics'])
})

test('a call that only reads is made again while no broker answers', async () => {
  const { admin, transport, clock } = setUp()
  transport.down = true
  const described = admin.describeCluster()
  await pass(clock, 400)
  transport.down = false
  await pass(clock, 2_000)
  expect((await described).clusterId).toBe('memory')
})

test('and not more often than allowed', async () => {
  const { admin, transport, clock } = setUp(2)
  transport.down = true
  const described = admin.describeCluster()
  described.catch(() => {})
  await pass(clock, 5_000)
  await expect(described).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' })
  expect(transport.calls).toHaveLength(3)
})

test('a call that changes something is made once', async () => {
  const { admin, transport } = setUp()
  transport.down = true
  await expect(admin.createTopic({ name: 'x' })).rejects.toMatchObject({
    code: 'NETWORK_EXCEPTION',
  })
  expect(transport.calls).toEqual(['createTopic'])
})

test('a topic that is missing is an answer, not a failure that passes', async () => {
  const { admin, transport } = setUp()
  await expect(admin.describeTopic('x')).rejects.toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
  })
  expect(transport.calls).toEqual(['describeTopic'])
})
