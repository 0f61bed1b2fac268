// Random walks over groups of the classic protocol: members join, pause, die, leave and start again,
// and the coordinator is killed and loaded, in any order. After every step what must always hold is
// checked; in the end everybody is left alone, and everybody must have a share.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type {
  JoinResponse,
  Joined,
  SyncResponse,
} from '../../src/coordination/group/classic/messages.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { ShardFixture, contentOf } from './shard-fixture.ts'
import type { Caller } from './shard-fixture.ts'

const PARTITIONS = 7
const MEMBERS = 6
const STEPS = 250
const WALKS = 60

/** What one client knows, and what it waits for. */
interface Client {
  readonly name: string
  readonly instanceId: string | null
  isAlive: boolean
  isPaused: boolean
  memberId: string
  joining: Caller<JoinResponse> | null
  syncing: Caller<SyncResponse> | null
  joined: Joined | null
  /** Partitions it was given in `joined.generation`; null while it has none. */
  owned: readonly number[] | null
}

class Walk {
  readonly random: SeededRandom
  readonly fixture = new ShardFixture({ maxSize: MEMBERS + 4 })
  readonly clients: Client[]
  /** Who was given a partition, by generation and partition. */
  readonly #owners = new Map<string, string>()
  #accepted: number | null = null
  #nextOffset = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.clients = Array.from({ length: MEMBERS }, (_, index) => {
      const instanceId = index % 3 === 0 ? `static${index}` : null
      return { ...newLife(), name: `c${index}`, instanceId, isAlive: index < 2, isPaused: false }
    })
  }

  step(): void {
    const client = this.random.pick(this.clients)
    const dice = this.random.below(100)
    if (dice < 50) this.act(client)
    else if (dice < 65) this.fixture.advance(this.random.below(4_000))
    else if (dice < 70) client.isPaused = !client.isPaused
    else if (dice < 75) Object.assign(client, newLife(), { isAlive: !client.isAlive })
    else if (dice < 79) this.leave(client)
    else if (dice < 83) this.reload()
    else if (dice < 85) this.fixture.advance(this.random.below(15_000))
    else if (dice < 90) Object.assign(client, newLife())
    else this.commit(client)
    this.check()
  }

  /** Does what a client does next. */
  act(client: Client): void {
    if (!client.isAlive || client.isPaused) return
    if (client.joining !== null) return this.#onJoined(client, client.joining)
    if (client.syncing !== null) return this.#onSynced(client, client.syncing)
    if (client.joined === null) {
      const { memberId, instanceId } = client
      const requireMemberId = instanceId === null && this.random.chance(0.7)
      client.joining = this.fixture.join({ memberId, instanceId, requireMemberId })
    } else if (client.owned === null) client.syncing = this.#sync(client, client.joined)
    else {
      const { memberId, instanceId, joined } = client
      this.#onCode(client, this.fixture.heartbeat(memberId, joined.generation, instanceId).answer)
    }
  }

  commit(client: Client): void {
    if (client.joined === null) return
    const offset = this.#nextOffset++
    const by = { memberId: client.memberId, epoch: client.joined.generation }
    const caller = this.fixture.commit(offset, by)
    if (caller.answer instanceof BrokerError) return
    const group = this.fixture.shard.classicGroups.get('g')!
    expect(by.epoch).toBe(group.generation)
    expect(group.members.has(by.memberId)).toBe(true)
    this.#accepted = offset
  }

  leave(client: Client): void {
    if (client.memberId === '') return
    this.fixture.leave({ memberId: client.memberId })
    Object.assign(client, newLife(), { isAlive: false })
  }

  /** A kill: whoever waits hears nothing any more, and asks again. */
  reload(): void {
    for (const client of this.clients) {
      if (client.joining !== null) Object.assign(client, { joining: null, joined: null })
      client.syncing = null
    }
    const { fixture } = this
    fixture.reload(this.random.chance(0.5) ? fixture.log : fixture.compacted())
  }

  check(): void {
    const { fixture } = this
    expect(contentOf(fixture.shard.state.records())).toEqual(contentOf(fixture.log))
    expect(fixture.committed()).toBe(this.#accepted)
    const group = fixture.shard.classicGroups.get('g')
    if (group === undefined) return
    const isAtRest =
      group.state === 'Stable' || (group.state === 'Empty' && group.members.size === 0)
    if (!isAtRest) return
    const stored = { ...fixture.shard.state.classic.get('g')!, stateTimestampMs: 0 }
    expect({ ...group.toValue(), stateTimestampMs: 0 }).toEqual(stored)
  }

  #sync(client: Client, joined: Joined): Caller<SyncResponse> {
    const assignments = joined.members.map(({ memberId }, index) => {
      const shares = Array.from({ length: PARTITIONS }, (_, partition) => partition)
      const share = shares.filter((partition) => partition % joined.members.length === index)
      return { memberId, assignment: Buffer.from(share) }
    })
    const { memberId, instanceId } = client
    const by = { groupId: 'g', memberId, instanceId, generation: joined.generation }
    const request = { ...by, protocolType: null, protocol: null, assignments }
    return this.fixture.run((shard, call, now) => {
      return shard.sync(
        { ...request, assignments: joined.skipAssignment ? [] : assignments },
        call,
        now,
      )
    })
  }

  #onJoined(client: Client, caller: Caller<JoinResponse>): void {
    if (caller.isWaiting) return
    client.joining = null
    client.owned = null
    if (caller.answer instanceof BrokerError) return this.#onCode(client, caller.answer)
    const { value } = caller
    client.memberId = value.memberId
    if (value.outcome === 'joined') client.joined = value
  }

  #onSynced(client: Client, caller: Caller<SyncResponse>): void {
    if (caller.isWaiting) return
    client.syncing = null
    if (caller.answer instanceof BrokerError) return this.#onCode(client, caller.answer)
    client.owned = [...caller.value.assignment]
    for (const partition of client.owned) {
      const key = `${client.joined!.generation} ${partition}`
      // A static member keeps its share under a new id.
      const owner = client.instanceId ?? client.memberId
      expect([key, this.#owners.get(key) ?? owner]).toEqual([key, owner])
      this.#owners.set(key, owner)
    }
  }

  #onCode(client: Client, answer: BrokerError | null | undefined): void {
    if (!(answer instanceof BrokerError)) return
    client.joined = null
    client.owned = null
    if (answer.code === 'REBALANCE_IN_PROGRESS' || answer.code === 'ILLEGAL_GENERATION') return
    expect(['UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']).toContain(answer.code)
    client.memberId = ''
  }
}

function newLife() {
  return { memberId: '', joining: null, syncing: null, joined: null, owned: null }
}

/** All is quiet: members heartbeat, the dead are noticed, and the living share everything. */
function settle(walk: Walk): void {
  for (const client of walk.clients) client.isPaused = false
  for (let round = 0; round < 200; round++) {
    walk.fixture.advance(1_000)
    for (const client of walk.clients) walk.act(client)
    walk.check()
  }
  const alive = walk.clients.filter(({ isAlive }) => isAlive)
  for (const client of alive) expect(client.owned, client.name).not.toBe(null)
  const generations = new Set(alive.map(({ joined }) => joined!.generation))
  expect(generations.size).toBeLessThanOrEqual(1)
  const owned = alive.flatMap((client) => client.owned!).sort((a, b) => a - b)
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  expect(owned).toEqual(alive.length === 0 ? [] : all)
}

test('whatever happens, a generation has one owner for each partition, and rest brings peace', () => {
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
