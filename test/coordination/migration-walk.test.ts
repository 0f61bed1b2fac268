// Random walks over one group with members of both protocols: classic ones come and go, those of the
// newer protocol take the group over and leave it again, and the coordinator is killed and loaded, in
// any order. No partition may have two members who may commit for it; in the end all of it is shared.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { JoinResponse, Joined } from '../../src/coordination/group/classic/messages.ts'
import type { SyncResponse } from '../../src/coordination/group/classic/messages.ts'
import {
  readAssignment,
  readSubscription,
  writeAssignment,
} from '../../src/coordination/group/classic/subscription.ts'
import { assignmentOf } from '../../src/coordination/group/consumer/assignment.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { ShardFixture, contentOf, topicIdOf } from './shard-fixture.ts'
import type { Caller } from './shard-fixture.ts'

const PARTITIONS = 6
const MEMBERS = 5
const STEPS = 250
const WALKS = 40

abstract class Client {
  readonly walk: Walk
  isAlive = true
  isPaused = false
  memberId = ''
  /** Generation or member epoch; null outside of the group. */
  epoch: number | null = null
  owned: readonly number[] = []

  constructor(walk: Walk) {
    this.walk = walk
  }

  abstract readonly isClassic: boolean
  abstract act(): void
  abstract leave(): void
  /** The coordinator was killed: whoever waits hears nothing any more. */
  coordinatorGone(): void {}
}

class ClassicClient extends Client {
  readonly isClassic = true
  /** Keeps what it has while it joins again. */
  readonly #cooperates: boolean
  #joining: Caller<JoinResponse> | null = null
  #syncing: Caller<SyncResponse> | null = null
  #joined: Joined | null = null
  #isSynced = false

  constructor(walk: Walk, cooperates: boolean) {
    super(walk)
    this.#cooperates = cooperates
  }

  act(): void {
    if (this.#joining !== null) return this.#onJoined(this.#joining)
    if (this.#syncing !== null) return this.#onSynced(this.#syncing)
    if (this.#joined === null) return this.#join()
    if (!this.#isSynced) return this.#sync(this.#joined)
    const { answer } = this.walk.fixture.heartbeat(this.memberId, this.#joined.generation)
    if (answer instanceof BrokerError) this.#refused(answer)
  }

  leave(): void {
    if (this.memberId !== '') this.walk.fixture.leave({ memberId: this.memberId })
    this.isAlive = false
    this.#lose()
  }

  override coordinatorGone(): void {
    if (this.#joining !== null) this.#joined = null
    this.#joining = null
    this.#syncing = null
  }

  #join(): void {
    if (!this.#cooperates) this.owned = []
    const metadata = subscription(this.owned)
    const { random } = this.walk
    this.#joining = this.walk.fixture.join({
      memberId: this.memberId,
      requireMemberId: random.chance(0.5),
      protocols: [{ name: 'p', metadata }],
    })
  }

  #onJoined(caller: Caller<JoinResponse>): void {
    if (caller.isWaiting) return
    this.#joining = null
    if (caller.answer instanceof BrokerError) return this.#refused(caller.answer)
    const { value } = caller
    this.memberId = value.memberId
    if (value.outcome !== 'joined') return
    this.#joined = value
    this.#isSynced = false
    this.epoch = value.generation
  }

  #sync({ generation, leader, members }: Joined): void {
    const assignments = leader === this.memberId ? this.#assign(members) : []
    const by = { groupId: 'g', memberId: this.memberId, instanceId: null, generation }
    const request = { ...by, protocolType: null, protocol: null, assignments }
    this.#syncing = this.walk.fixture.run((shard, call, now) => shard.sync(request, call, now))
  }

  /** As a leader: an equal share each; a partition that another still has waits for the next time. */
  #assign(members: Joined['members']): { memberId: string; assignment: Buffer }[] {
    const owners = new Map<number, string>()
    for (const { memberId, metadata } of members) {
      for (const { partition } of readSubscription(metadata)!.owned) owners.set(partition, memberId)
    }
    return members.map(({ memberId }, at) => {
      const share = Array.from({ length: PARTITIONS }, (_, partition) => partition)
        .filter((partition) => partition % members.length === at)
        .filter((partition) => (owners.get(partition) ?? memberId) === memberId)
      const partitions = share.map((partition) => ({ topic: 'clicks', partition }))
      return { memberId, assignment: writeAssignment(partitions, 1) }
    })
  }

  #onSynced(caller: Caller<SyncResponse>): void {
    if (caller.isWaiting) return
    this.#syncing = null
    if (caller.answer instanceof BrokerError) return this.#refused(caller.answer)
    const { partitions } = readAssignment(caller.value.assignment)!
    const assigned = partitions.map(({ partition }) => partition)
    const revoked = this.owned.filter((partition) => !assigned.includes(partition))
    this.owned = assigned
    this.#isSynced = true
    if (revoked.length > 0) this.#joined = null
  }

  #refused({ code }: BrokerError): void {
    this.#joined = null
    if (code === 'REBALANCE_IN_PROGRESS') return
    expect(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']).toContain(code)
    const { memberId } = this
    this.#lose()
    if (code === 'ILLEGAL_GENERATION') this.memberId = memberId
  }

  #lose(): void {
    this.memberId = ''
    this.epoch = null
    this.owned = []
    this.#joined = null
    this.#joining = null
    this.#syncing = null
  }
}

class NewClient extends Client {
  readonly isClassic = false

  constructor(walk: Walk, memberId: string) {
    super(walk)
    this.memberId = memberId
  }

  act(): void {
    const isJoin = this.epoch === null
    const owned = [{ topicId: topicIdOf('clicks'), partitions: this.owned }]
    const { answer } = this.walk.fixture.consume({
      ...{ memberId: this.memberId, memberEpoch: this.epoch ?? 0 },
      ...(isJoin ? {} : { owned }),
    })
    if (answer instanceof BrokerError) {
      const fenced = ['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'GROUP_ID_NOT_FOUND']
      expect(fenced).toContain(answer.code)
      this.epoch = null
      this.owned = []
      return
    }
    this.epoch = answer!.memberEpoch
    if (answer!.assignment === null) return
    const assigned = assignmentOf(answer!.assignment)
    this.owned = assigned.get(topicIdOf('clicks')) ?? []
  }

  leave(): void {
    if (this.epoch !== null) {
      this.walk.fixture.consume({ memberId: this.memberId, memberEpoch: -1 })
    }
    this.isAlive = false
    this.epoch = null
    this.owned = []
  }
}

class Walk {
  readonly random: SeededRandom
  readonly fixture = new ShardFixture({ initialRebalanceDelayMs: 0 })
  clients: Client[] = []
  /** Times that the group was of the other protocol than before. */
  changes = 0
  readonly #cooperates: boolean
  #lives = 0
  #type: string | null = null
  #accepted: number | null = null
  #nextOffset = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.#cooperates = this.random.chance(0.5)
    this.clients.push(new ClassicClient(this, this.#cooperates))
  }

  get alive(): Client[] {
    return this.clients.filter(({ isAlive }) => isAlive)
  }

  step(): void {
    const { random } = this
    const dice = random.below(100)
    const client = this.alive.length === 0 ? null : random.pick(this.alive)
    if (client === null || (dice < 8 && this.alive.length < MEMBERS)) this.#add()
    else if (dice < 60) this.#act(client)
    else if (dice < 72) this.fixture.advance(random.below(4_000))
    else if (dice < 76) client.isPaused = !client.isPaused
    else if (dice < 80) client.leave()
    else if (dice < 82) client.isAlive = false
    else if (dice < 85) this.#reload()
    else if (dice < 87) this.fixture.advance(random.below(15_000))
    else this.#commit(client)
    this.check()
  }

  check(): void {
    const { fixture } = this
    const { state } = fixture.shard
    expect(contentOf(state.records())).toEqual(contentOf(fixture.log))
    expect(fixture.committed()).toBe(this.#accepted)
    expect(state.classic.has('g') && state.consumer.has('g'), 'of both protocols').toBe(false)
    const type = state.consumer.has('g') ? 'consumer' : state.classic.has('g') ? 'classic' : null
    if (type !== null && this.#type !== null && type !== this.#type) this.changes += 1
    this.#type = type ?? this.#type
    const owners = new Map<number, string>()
    for (const client of this.clients) {
      if (!this.#mayCommit(client)) continue
      for (const partition of client.owned) {
        const owner = owners.get(partition)
        expect([partition, owner], `and ${client.memberId}`).toEqual([partition, undefined])
        owners.set(partition, client.memberId)
      }
    }
  }

  /** All is quiet: the living share everything, in a group of the protocol that they need. */
  settle(): void {
    for (const client of this.clients) client.isPaused = false
    for (let round = 0; round < 150; round++) {
      this.fixture.advance(1_000)
      for (const client of this.alive) client.act()
      this.check()
    }
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    const owned = this.alive.flatMap((client) => client.owned).sort((a, b) => a - b)
    expect(owned).toEqual(this.alive.length === 0 ? [] : all)
    if (this.alive.length === 0) return
    const { state, classicGroups } = this.fixture.shard
    if (this.alive.every(({ isClassic }) => isClassic)) {
      expect(classicGroups.get('g')!.state).toBe('Stable')
    } else expect(state.consumer.get('g')!.state).toBe('Stable')
  }

  #add(): void {
    this.#lives += 1
    const isClassic = this.random.chance(0.6)
    if (isClassic) this.clients.push(new ClassicClient(this, this.#cooperates))
    else this.clients.push(new NewClient(this, `n${this.#lives}`))
  }

  #act(client: Client): void {
    if (!client.isPaused) client.act()
  }

  #reload(): void {
    for (const client of this.clients) client.coordinatorGone()
    const { fixture } = this
    fixture.reload(this.random.chance(0.5) ? fixture.log : fixture.compacted())
  }

  #commit({ memberId, epoch }: Client): void {
    if (epoch === null) return
    const offset = this.#nextOffset++
    const { answer } = this.fixture.commit(offset, { memberId, epoch })
    if (!(answer instanceof BrokerError)) this.#accepted = offset
  }

  /** True when the coordinator would take a commit of what the client knows. */
  #mayCommit({ memberId, epoch }: Client): boolean {
    const { state, classicGroups } = this.fixture.shard
    const classic = classicGroups.get('g')
    if (classic !== undefined) {
      const isOpen = classic.state === 'Stable' || classic.state === 'PreparingRebalance'
      return isOpen && classic.generation === epoch && classic.members.has(memberId)
    }
    const member = state.consumer.get('g')?.members.get(memberId)
    return member !== undefined && member.memberEpoch === epoch
  }
}

/** Metadata of version 1: topic, no user data, partitions that are held. */
function subscription(owned: readonly number[]): Buffer {
  const parts = [Buffer.from('00010000000100066c6c6c6c6c6cffffffff', 'hex')]
  parts[0]!.write('clicks', 8)
  const held = Buffer.alloc(4 + (owned.length > 0 ? 12 + 4 * owned.length : 0))
  held.writeInt32BE(owned.length > 0 ? 1 : 0, 0)
  if (owned.length > 0) {
    held.writeInt16BE(6, 4)
    held.write('clicks', 6)
    held.writeInt32BE(owned.length, 12)
    for (const [at, partition] of owned.entries()) held.writeInt32BE(partition, 16 + 4 * at)
  }
  return Buffer.concat([...parts, held])
}

test('whichever protocols meet, no partition has two owners, and rest shares everything', () => {
  let changes = 0
  for (let seed = 1; seed <= WALKS; seed++) {
    const walk = new Walk(seed)
    try {
      for (let step = 0; step < STEPS; step++) walk.step()
      walk.settle()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    changes += walk.changes
  }
  expect(changes).toBeGreaterThan(WALKS)
})
