// Many members at once: a storm of joins and departures, and a zombie in the middle of it.

import { expect, test } from 'vitest'
import { partitionCountOf } from '../../src/coordination/group/consumer/assignment.ts'
import { ShardFixture, catalogOf, contentOf, joined } from './shard-fixture.ts'

const MEMBERS = 50

test('50 classic members that come at once are one generation, and so are 49 after a zombie', () => {
  const fixture = new ShardFixture()
  const callers = Array.from({ length: MEMBERS }, () => fixture.join())
  fixture.advance(6_000)
  const members = callers.map(joined)
  expect(new Set(members.map(({ generation }) => generation))).toEqual(new Set([1]))
  const leader = members.find(({ memberId }) => memberId === members[0]!.leader)!
  expect(leader.members).toHaveLength(MEMBERS)
  const syncs = [...members.filter((member) => member !== leader), leader].map((member) => {
    return fixture.sync(member)
  })
  for (const sync of syncs) expect(sync.isWaiting).toBe(false)

  const zombie = members.at(-1)!
  expect(fixture.commit(10, { memberId: zombie.memberId, epoch: 1 }).value.partitions).toHaveLength(
    1,
  )
  const living = members.slice(0, -1)
  for (let beat = 0; beat < 3; beat++) {
    fixture.advance(4_000)
    for (const { memberId } of living) fixture.heartbeat(memberId, 1)
  }
  const rejoins = living.map(({ memberId }) => fixture.join({ memberId }))
  for (const rejoin of rejoins) expect(joined(rejoin).generation).toBe(2)
  // It wakes up, and commits what it did while nobody heard of it.
  expect(fixture.commit(3, { memberId: zombie.memberId, epoch: 1 }).code).toBe('UNKNOWN_MEMBER_ID')
  const late = { memberId: living[0]!.memberId, epoch: 1 }
  expect(fixture.commit(3, late).code).toBe('ILLEGAL_GENERATION')
  expect(fixture.committed()).toBe(10)
})

test('50 members of the newer protocol share 120 partitions, whoever comes and goes', () => {
  const fixture = new ShardFixture({}, catalogOf({ clicks: 120 }))
  const clients = Array.from({ length: MEMBERS }, (_, index) => {
    return { memberId: `m${index}`, memberEpoch: 0, owned: [] as readonly object[] }
  })
  const beatAll = (from: number) => {
    for (const client of clients.slice(from)) {
      const { value } = fixture.consume(client as Parameters<typeof fixture.consume>[0])
      client.memberEpoch = value.memberEpoch
      client.owned = value.assignment ?? client.owned
    }
  }
  const loads = () => {
    const members = [...fixture.shard.state.consumer.get('g')!.members.values()]
    return members.map(({ assigned }) => partitionCountOf(assigned))
  }
  for (let round = 0; round < 6; round++) beatAll(0)
  expect(fixture.shard.state.consumer.get('g')!.state).toBe('Stable')
  expect([Math.min(...loads()), Math.max(...loads())]).toEqual([2, 3])
  for (const { memberId } of clients.slice(0, 20)) fixture.consume({ memberId, memberEpoch: -1 })
  for (let round = 0; round < 6; round++) beatAll(20)
  expect(new Set(loads())).toEqual(new Set([4]))
  expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
})
