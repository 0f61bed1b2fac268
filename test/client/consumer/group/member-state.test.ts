// The member of a group as a state machine: by example, and as a crowd against the broker's own.

import { describe, expect, test } from 'vitest'
import { MemberState } from '../../../../src/client/consumer/group/member-state.ts'
import { PartitionSet } from '../../../../src/client/consumer/group/partition-set.ts'
import { SluiceError } from '../../../../src/client/errors.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { MemoryGroups } from '../../../support/memory-groups.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

const CLICKS = { topics: ['clicks'], pattern: '' }

function newMember(memberId = 'a', instanceId: string | null = null): MemberState {
  return new MemberState({
    ...{ groupId: 'g', memberId, instanceId, rackId: null, serverAssignor: null },
    rebalanceTimeoutMs: 60_000,
  })
}

function clicks(...partitions: number[]): PartitionSet {
  return new PartitionSet(partitions.map((partition) => ({ topic: 'clicks', partition })))
}

/** A member that reads partitions 0 and 1, and has said so. */
function settledMember(instanceId: string | null = null): MemberState {
  const member = newMember('a', instanceId)
  member.subscribe(CLICKS)
  answer(member, 5, clicks(0, 1))
  expect(member.took(member.life, clicks(0, 1))).toBe(true)
  answer(member, 5, null)
  expect(member.isSettled).toBe(true)
  return member
}

function answer(member: MemberState, memberEpoch: number, assignment: PartitionSet | null): void {
  const told = { memberEpoch, heartbeatIntervalMs: 5_000 }
  member.answered(member.heartbeat()!, { ...told, assignment: assignment?.toArray() ?? null })
}

describe('a heartbeat', () => {
  test('to join says everything, and that nothing is owned', () => {
    const member = newMember()
    expect(member.heartbeat()).toBeNull()
    member.subscribe(CLICKS)
    expect(member.heartbeat()!.heartbeat).toMatchObject({
      ...{ groupId: 'g', memberId: 'a', memberEpoch: 0, rebalanceTimeoutMs: 60_000 },
      ...{ subscribedTopics: ['clicks'], subscribedPattern: '', ownedPartitions: [] },
    })
  })

  test('says later only what is new', () => {
    const member = settledMember()
    expect(member.hasNews).toBe(false)
    expect(member.heartbeat()!.heartbeat).toMatchObject({
      ...{ memberEpoch: 5, rebalanceTimeoutMs: null, ownedPartitions: null },
      ...{ subscribedTopics: null, subscribedPattern: null },
    })
    member.subscribe({ topics: [], pattern: '.*s' })
    expect(member.hasNews).toBe(true)
    expect(member.heartbeat()!.heartbeat).toMatchObject({
      ...{ subscribedTopics: [], subscribedPattern: '.*s', ownedPartitions: null },
    })
  })

  test('says everything when the one before may have been lost', () => {
    const member = settledMember()
    const sent = member.heartbeat()!
    expect(member.refused(sent, new SluiceError('NETWORK_EXCEPTION'))).toBe('later')
    expect(member.heartbeat()!.heartbeat).toMatchObject({
      ...{ memberEpoch: 5, rebalanceTimeoutMs: 60_000, subscribedTopics: ['clicks'] },
      ownedPartitions: clicks(0, 1).toArray(),
    })
  })
})

describe('what is assigned', () => {
  test('is given up before anything new is taken', () => {
    const member = settledMember()
    answer(member, 5, clicks(1, 2))
    expect(member.change()).toEqual({ kind: 'revoke', partitions: clicks(0) })
    member.released(clicks(0))
    expect(member.heartbeat()!.heartbeat.ownedPartitions).toEqual(clicks(1).toArray())
    expect(member.change()).toEqual({ kind: 'add', partitions: clicks(2) })
    expect(member.took(member.life, clicks(2))).toBe(true)
    expect(member.change()).toBeNull()
    expect(member.owned.toArray()).toEqual(clicks(1, 2).toArray())
  })

  test('is not taken when it was taken back meanwhile', () => {
    const member = settledMember()
    answer(member, 5, clicks(0, 1, 2))
    const { life } = member
    answer(member, 6, clicks(0, 1))
    expect(member.took(life, clicks(2))).toBe(false)
    expect(member.isSettled).toBe(true)
  })
})

describe('a member that is fenced', () => {
  test('loses all it has, and joins again with the same id', () => {
    const member = settledMember()
    const { life } = member
    const late = member.heartbeat()!
    const fenced = new SluiceError('FENCED_MEMBER_EPOCH')
    expect(member.refused(member.heartbeat()!, fenced)).toBe('rejoin')
    expect(member.phase).toBe('lost')
    expect(member.heartbeat()).toBeNull()
    expect(member.change()).toEqual({ kind: 'lost', partitions: clicks(0, 1) })
    member.answered(late, { memberEpoch: 6, heartbeatIntervalMs: 1, assignment: [] })
    expect(member.phase).toBe('lost')
    member.gaveUp()
    expect(member.heartbeat()!.heartbeat).toMatchObject({
      ...{ memberId: 'a', memberEpoch: 0, ownedPartitions: [], subscribedTopics: ['clicks'] },
    })
    expect(member.took(life, clicks(0))).toBe(false)
  })

  test('that had given up everything just then joins at once', () => {
    const member = settledMember()
    member.refused(member.heartbeat()!, new SluiceError('UNKNOWN_MEMBER_ID'))
    member.released(clicks(0, 1))
    expect(member.phase).toBe('joining')
  })
})

test.each(['GROUP_MAX_SIZE_REACHED', 'INVALID_REGULAR_EXPRESSION', 'FENCED_INSTANCE_ID'] as const)(
  'after %s it stays out for good',
  (code) => {
    const member = settledMember()
    expect(member.refused(member.heartbeat()!, new SluiceError(code))).toBe('failed')
    expect(member.change()).toMatchObject({ kind: 'lost' })
    member.gaveUp()
    expect([member.phase, member.heartbeat(), member.change()]).toEqual(['failed', null, null])
  },
)

test('a static member waits for the name that its forerunner still has', () => {
  const member = newMember('b', 'one')
  member.subscribe(CLICKS)
  const taken = new SluiceError('UNRELEASED_INSTANCE_ID')
  expect(member.refused(member.heartbeat()!, taken)).toBe('later')
  expect(member.phase).toBe('joining')
})

test.each([
  ['for good', null, -1],
  ['a static one for a while', 'one', -2],
])('a member leaves: %s', (_, instanceId, epoch) => {
  const member = settledMember(instanceId)
  expect(member.leave()!.heartbeat).toMatchObject({ memberEpoch: epoch, ownedPartitions: null })
  expect([member.phase, member.owned.size, member.leave()]).toEqual(['out', 0, null])
})

test('a member that went away by itself comes back when it is told', () => {
  const member = settledMember()
  expect(member.goAway()!.heartbeat.memberEpoch).toBe(-1)
  expect(member.change()).toMatchObject({ kind: 'lost' })
  member.gaveUp()
  expect([member.phase, member.heartbeat()]).toEqual(['away', null])
  member.comeBack()
  expect(member.heartbeat()!.heartbeat.memberEpoch).toBe(0)
})

const MEMBERS = 5
const STEPS = 300

/** Members that take their steps in any order, with answers that get lost, and kills. */
class Crowd {
  readonly random: SeededRandom
  readonly clock = new ManualClock()
  readonly counts = new Map([
    ['clicks', 7],
    ['orders', 3],
  ])
  readonly groups: MemoryGroups
  readonly members: MemberState[] = []
  #born = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.groups = new MemoryGroups({ topics: () => this.counts, ends: () => null }, this.clock)
    for (let n = 0; n < MEMBERS; n++) this.members.push(this.#newMember())
  }

  async step(): Promise<void> {
    const index = this.random.below(MEMBERS)
    const member = this.members[index]!
    const dice = this.random.below(100)
    if (dice < 45) await this.beat(member, this.random.chance(0.15))
    else if (dice < 85) this.move(member)
    else if (dice < 92) this.clock.advance(this.random.below(8_000))
    else if (dice < 94) member.subscribe(this.#subscription())
    else if (dice < 95) this.counts.set('orders', this.counts.get('orders')! + 1)
    else if (dice < 97) this.members[index] = this.#newMember()
    else if (dice < 98) await this.leave(index)
    else if (dice < 99) await this.idle(member)
    else member.comeBack()
    await this.check()
  }

  async beat(member: MemberState, loses: boolean): Promise<void> {
    const sent = member.heartbeat()
    if (sent === null) return
    try {
      const answer = await this.groups.heartbeatGroup(sent.heartbeat)
      if (loses) member.refused(sent, new SluiceError('NETWORK_EXCEPTION'))
      else member.answered(sent, answer)
    } catch (error) {
      if (loses) member.refused(sent, new SluiceError('NETWORK_EXCEPTION'))
      else expect(member.refused(sent, SluiceError.from(error))).toBe('rejoin')
    }
  }

  move(member: MemberState): void {
    const change = member.change()
    if (change === null) return
    if (change.kind === 'lost') member.gaveUp()
    else if (change.kind === 'revoke') member.released(change.partitions)
    else expect(member.took(member.life, change.partitions)).toBe(true)
  }

  /** Gone without a word, or with one; somebody new comes. */
  async leave(index: number): Promise<void> {
    const farewell = this.members[index]!.leave()
    if (farewell !== null) await this.groups.heartbeatGroup(farewell.heartbeat).catch(() => {})
    this.members[index] = this.#newMember()
  }

  async idle(member: MemberState): Promise<void> {
    const farewell = member.goAway()
    if (farewell !== null) await this.groups.heartbeatGroup(farewell.heartbeat).catch(() => {})
  }

  /** No partition is read by two, among those that the coordinator knows. */
  async check(): Promise<void> {
    const group = await this.groups.describeGroup('g').catch(() => null)
    const known = new Set(group?.members.map(({ memberId }) => memberId))
    const owners = new Map<string, string>()
    for (const { memberId, phase, owned } of this.members) {
      if (phase !== 'member' || !known.has(memberId)) continue
      for (const { topic, partition } of owned) {
        const name = `${topic}-${partition}`
        expect([this.random.seed, name, owners.get(name)]).toEqual([
          this.random.seed,
          name,
          undefined,
        ])
        owners.set(name, memberId)
      }
    }
  }

  /** Lets everybody do what there is to do, until nobody has anything left. */
  async calm(): Promise<void> {
    for (let round = 0; round < 40; round++) {
      for (const member of this.members) {
        member.comeBack()
        await this.beat(member, false)
        while (member.change() !== null) this.move(member)
      }
      this.clock.advance(1_000)
    }
  }

  #newMember(): MemberState {
    const member = newMember(`member-${this.#born++}`)
    member.subscribe(this.#subscription())
    return member
  }

  #subscription(): { topics: string[]; pattern: string } {
    return this.random.pick([
      { topics: ['clicks', 'orders'], pattern: '' },
      { topics: ['clicks'], pattern: 'or.*' },
      { topics: [], pattern: '.*' },
    ])
  }
}

test('a crowd comes to rest with each partition read by one, whatever got lost before', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const crowd = new Crowd(seed)
    for (let step = 0; step < STEPS; step++) await crowd.step()
    // Sessions of those who were killed are over then.
    for (let n = 0; n < 10; n++) {
      crowd.clock.advance(5_000)
      for (const member of crowd.members) await crowd.beat(member, false)
    }
    await crowd.calm()
    const owned = crowd.members.flatMap(({ owned }) => owned.toArray())
    const names = owned.map(({ topic, partition }) => `${topic}-${partition}`)
    const orders = crowd.counts.get('orders')!
    expect([seed, names.length]).toEqual([seed, 7 + orders])
    expect([seed, new Set(names).size]).toEqual([seed, 7 + orders])
    for (const member of crowd.members) expect([seed, member.isSettled]).toEqual([seed, true])
  }
})
