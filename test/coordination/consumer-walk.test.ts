// Random walks over groups of the newer protocol: members join, change what they read, lose answers,
// pause, die, leave for a while or for good; topics grow; the coordinator is killed and loaded. After
// every step no partition may have two owners; in the end everybody must be at the target.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import {
  assignmentOf,
  isSubset,
  partitionCountOf,
  union,
} from '../../src/coordination/group/consumer/assignment.ts'
import type { ConsumerHeartbeatResponse } from '../../src/coordination/group/consumer/messages.ts'
import type { TopicPartitions } from '../../src/coordination/group/records/consumer-group.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { ShardFixture, contentOf } from './shard-fixture.ts'

const MEMBERS = 6
const STEPS = 250
const WALKS = 60
const SUBSCRIPTIONS = [
  { topicNames: ['clicks'], topicRegex: '' },
  { topicNames: ['clicks', 'orders'], topicRegex: '' },
  { topicNames: [], topicRegex: '.*s' },
  { topicNames: ['orders'], topicRegex: 'cl.+' },
]

interface Client {
  readonly memberId: string
  readonly instanceId: string | null
  isAlive: boolean
  isPaused: boolean
  epoch: number
  owned: readonly TopicPartitions[]
  /** What it reads, while that is not told yet. */
  unsent: { topicNames: string[]; topicRegex: string } | null
}

class Walk {
  readonly random: SeededRandom
  readonly fixture = new ShardFixture({ consumerMaxSize: MEMBERS + 4 })
  readonly clients: Client[] = []
  #lives = 0
  #accepted: number | null = null
  #nextOffset = 0
  #partitions = 6

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    for (let index = 0; index < MEMBERS; index++) this.clients.push(this.#newClient(index))
  }

  step(): void {
    const index = this.random.below(MEMBERS)
    const client = this.clients[index]!
    const dice = this.random.below(100)
    if (dice < 50) this.beat(client, this.random.chance(0.1))
    else if (dice < 60) this.fixture.advance(this.random.below(6_000))
    else if (dice < 65) client.isPaused = !client.isPaused
    else if (dice < 69) client.unsent = this.random.pick(SUBSCRIPTIONS)
    else if (dice < 73) this.clients[index] = this.#newClient(index)
    else if (dice < 77) this.leave(client)
    else if (dice < 81) this.#reload()
    else if (dice < 83) this.fixture.advance(this.random.below(50_000))
    else if (dice < 85) this.#grow()
    else this.commit(client)
    this.check()
  }

  /** @param isLost the answer does not arrive */
  beat(client: Client, isLost = false): void {
    if (!client.isAlive || client.isPaused) return
    const { memberId, epoch, instanceId, owned, unsent } = client
    const isJoin = epoch === 0
    const caller = this.fixture.consume({
      ...{ memberId, memberEpoch: epoch, instanceId },
      ...{ topicNames: null, topicRegex: null, rebalanceTimeoutMs: isJoin ? 30_000 : -1 },
      ...(unsent ?? (isJoin ? SUBSCRIPTIONS[0]! : {})),
      owned: isJoin ? [] : owned,
    })
    if (!isLost) this.#take(client, caller.answer)
  }

  leave(client: Client): void {
    if (!client.isAlive || client.epoch <= 0) return
    const { memberId, instanceId } = client
    const memberEpoch = instanceId !== null && this.random.chance(0.5) ? -2 : -1
    const caller = this.fixture.consume({ memberId, memberEpoch, instanceId })
    Object.assign(client, { isAlive: false, epoch: 0, owned: [] })
    if (caller.answer instanceof BrokerError) expectFencing(caller.answer)
  }

  commit(client: Client): void {
    if (client.epoch === 0) return
    const offset = this.#nextOffset++
    const { memberId, epoch } = client
    const caller = this.fixture.commit(offset, { memberId, epoch })
    const member = this.fixture.shard.state.consumer.get('g')?.members.get(memberId)
    expect(caller.answer instanceof BrokerError).toBe(member?.memberEpoch !== epoch)
    if (!(caller.answer instanceof BrokerError)) this.#accepted = offset
  }

  check(): void {
    const { fixture } = this
    const { state } = fixture.shard
    expect(contentOf(state.records())).toEqual(contentOf(fixture.log))
    expect(fixture.committed()).toBe(this.#accepted)
    const owners = new Map<string, string>()
    for (const member of state.consumer.get('g')?.members.values() ?? []) {
      for (const [topicId, partitions] of [...member.assigned, ...member.pendingRevocation]) {
        for (const partition of partitions) {
          const key = `${topicId} ${partition}`
          expect([key, owners.get(key)]).toEqual([key, undefined])
          owners.set(key, member.memberId)
        }
      }
    }
    // What a living member believes to own is its own in the coordinator's books.
    for (const client of this.clients) {
      const member = state.consumer.get('g')?.members.get(client.memberId)
      if (member === undefined || !client.isAlive) continue
      const booked = union(member.assigned, member.pendingRevocation)
      expect(isSubset(assignmentOf(client.owned), booked), client.memberId).toBe(true)
    }
  }

  #take(client: Client, answer: ConsumerHeartbeatResponse | BrokerError | undefined): void {
    if (answer instanceof BrokerError) {
      if (['UNRELEASED_INSTANCE_ID', 'GROUP_MAX_SIZE_REACHED'].includes(answer.code)) return
      expectFencing(answer)
      Object.assign(client, { epoch: 0, owned: [] })
      client.unsent ??= this.random.pick(SUBSCRIPTIONS)
      return
    }
    client.unsent = null
    client.epoch = answer!.memberEpoch
    client.owned = answer!.assignment ?? client.owned
  }

  #newClient(index: number): Client {
    return {
      memberId: `m${index}-${this.#lives++}`,
      instanceId: index % 3 === 0 ? `static${index}` : null,
      ...{ isAlive: true, isPaused: false, epoch: 0, owned: [] },
      unsent: this.random.pick(SUBSCRIPTIONS),
    }
  }

  #reload(): void {
    const { fixture } = this
    fixture.reload(this.random.chance(0.5) ? fixture.log : fixture.compacted())
  }

  #grow(): void {
    if (this.#partitions < 12) this.#partitions += this.random.between(1, 2)
    const extra: Record<string, number> = this.random.chance(0.5) ? { logs: 2 } : {}
    this.fixture.setTopics({ clicks: this.#partitions, orders: 3, ...extra })
  }
}

function expectFencing({ code }: BrokerError): void {
  const codes = ['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'FENCED_INSTANCE_ID']
  expect([...codes, 'GROUP_ID_NOT_FOUND']).toContain(code)
}

function settle(walk: Walk): void {
  for (const client of walk.clients) client.isPaused = false
  for (let round = 0; round < 60; round++) {
    walk.fixture.advance(3_000)
    for (const client of walk.clients) walk.beat(client)
    walk.check()
  }
  const alive = walk.clients.filter(({ isAlive }) => isAlive)
  const group = walk.fixture.shard.state.consumer.get('g')
  if (alive.length === 0) {
    expect(group?.members.size ?? 0).toBe(0)
    return
  }
  expect(group!.state).toBe('Stable')
  expect([...group!.members.keys()].sort()).toEqual(alive.map(({ memberId }) => memberId).sort())
  let owned = 0
  for (const { memberId, owned: own } of alive) {
    expect(assignmentOf(own)).toEqual(group!.target(memberId))
    owned += partitionCountOf(assignmentOf(own))
  }
  let wanted = 0
  for (const name of group!.subscribedTopics) {
    wanted += walk.fixture.topic(name)?.partitions.length ?? 0
  }
  expect(owned).toBe(wanted)
}

test('whatever happens, no partition has two owners, and rest brings everybody to the target', () => {
  for (let seed = 1; seed <= WALKS; seed++) {
    const walk = new Walk(seed)
    try {
      for (let step = 0; step < STEPS; step++) walk.step()
      settle(walk)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
