// Groups over real partition logs on a disk that forgets: members join, commit, pause and stay away,
// syncs hang, and the power is cut at any moment. Whatever was acknowledged has to be there after it.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { Joined } from '../../src/coordination/group/classic/messages.ts'
import type { GroupService } from '../../src/broker/group-service.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'

const WALKS = 12
const STEPS = 300
const PARTITIONS = 5
const GROUPS = ['a', 'b', 'c']
const MEMBERS = 3

const OPTIONS = { 'offsets.topic.num.partitions': '2', 'group.initial.rebalance.delay.ms': '0' }

/** What is known of the one offset that a group commits again and again, always a higher one. */
interface Ledger {
  /** The highest that was acknowledged, or read. */
  known: number
  /** The highest that was sent. */
  sent: number
}

class Member {
  readonly groupId: string
  readonly #walk: Walk
  memberId = ''
  #joined: Joined | null = null
  #owned: readonly number[] | null = null
  /** Raised by a cut of the power: answers of an earlier life are not for this one. */
  #life = 0
  #busy = false

  constructor(groupId: string, walk: Walk) {
    this.groupId = groupId
    this.#walk = walk
  }

  get isSettled(): boolean {
    return this.#owned !== null
  }

  /** The broker is gone, and does not answer any more. The member asks the next one. */
  brokerGone(): void {
    this.#life += 1
    this.#busy = false
  }

  /** Does what comes next, unless an answer is due. */
  act(groups: GroupService): void {
    if (this.#busy) return
    this.#busy = true
    const life = this.#life
    void this.#next(groups, () => life === this.#life)
      .catch((error: unknown) => {
        if (!(error instanceof BrokerError)) return this.#walk.fail(error)
        if (life === this.#life) this.#refused(error)
      })
      .finally(() => {
        if (life === this.#life) this.#busy = false
      })
  }

  async #next(groups: GroupService, isMine: () => boolean): Promise<void> {
    if (this.#joined === null) return this.#join(groups, isMine)
    if (this.#owned === null) return this.#sync(groups, this.#joined, isMine)
    const { groupId, memberId } = this
    const { generation } = this.#joined
    if (this.#walk.random.chance(0.5)) {
      await groups.heartbeat(CALLER, { groupId, memberId, instanceId: null, generation })
      return
    }
    await this.#walk.commit(groups, { groupId, memberId, generation }, isMine)
  }

  async #join(groups: GroupService, isMine: () => boolean): Promise<void> {
    const answer = await groups.join(CALLER, {
      ...{ groupId: this.groupId, memberId: this.memberId, instanceId: null, clientId: 'c' },
      ...{ clientHost: '/127.0.0.1', sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 6_000 },
      ...{ protocolType: 'test', protocols: [{ name: 'p', metadata: new Uint8Array(0) }] },
      ...{ requireMemberId: true, canSkipAssignment: true },
    })
    if (!isMine()) return
    this.memberId = answer.memberId
    if (answer.outcome === 'joined') this.#joined = answer
  }

  async #sync(groups: GroupService, joined: Joined, isMine: () => boolean): Promise<void> {
    const { memberId, generation, members } = joined
    const assignments = members.map((member, at) => {
      const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
      const share = all.filter((partition) => partition % members.length === at)
      return { memberId: member.memberId, assignment: Buffer.from(share) }
    })
    const by = { groupId: this.groupId, memberId, instanceId: null, generation }
    const names = { protocolType: null, protocol: null }
    const { assignment } = await groups.sync(CALLER, { ...by, ...names, assignments })
    this.#walk.owns(this.groupId, generation, memberId, [...assignment])
    if (isMine()) this.#owned = [...assignment]
  }

  #refused({ code }: BrokerError): void {
    // The coordinator is there in a moment, and the member is still in its group.
    if (code === 'COORDINATOR_LOAD_IN_PROGRESS' || code === 'COORDINATOR_NOT_AVAILABLE') return
    this.#joined = null
    this.#owned = null
    if (code === 'UNKNOWN_MEMBER_ID') this.memberId = ''
    else expect(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION']).toContain(code)
  }
}

class Walk {
  readonly random: SeededRandom
  readonly members: Member[] = []
  broker!: BrokerOfOne
  cuts = 0
  readonly #ledgers = new Map<string, Ledger>()
  /** Who was given a partition, by group, generation and partition. */
  readonly #owners = new Map<string, string>()
  #release: (() => void) | null = null
  #failure: unknown = null

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    for (const groupId of GROUPS) {
      this.#ledgers.set(groupId, { known: -1, sent: -1 })
      for (let n = 0; n < MEMBERS; n++) this.members.push(new Member(groupId, this))
    }
  }

  async start(): Promise<void> {
    this.broker = await BrokerOfOne.start(new MemoryFileSystem(), undefined, OPTIONS)
    await this.broker.createTopic('t')
    await this.broker.settled(this.broker.groups.ready(CALLER))
  }

  fail(error: unknown): void {
    this.#failure ??= error
  }

  async step(): Promise<void> {
    const { random, broker } = this
    const dice = random.below(100)
    if (dice < 60) random.pick(this.members).act(broker.groups)
    else if (dice < 75) await broker.clock.settle()
    else if (dice < 85) broker.clock.advance(random.below(3_000))
    else if (dice < 88) broker.clock.advance(random.below(10_000))
    else if (dice < 92) this.#release ??= broker.files.holdSyncs()
    else if (dice < 96) this.#letSyncsGo()
    else if (dice < 98) await this.checkOffsets()
    else await this.cutPower()
    if (this.#failure !== null) throw this.#failure
  }

  async cutPower(): Promise<void> {
    const { broker } = this
    this.cuts += 1
    broker.files.crash(this.random.chance(0.5) ? this.random.split() : null)
    this.#letSyncsGo()
    for (const member of this.members) member.brokerGone()
    const nowMs = broker.clock.now() + 1_000
    this.broker = await BrokerOfOne.start(broker.files, nowMs, OPTIONS)
    await this.checkOffsets()
  }

  /** Commits the next offset of the group; now and then as a generation that is over. */
  async commit(
    groups: GroupService,
    by: { groupId: string; memberId: string; generation: number },
    isMine: () => boolean,
  ): Promise<void> {
    const { groupId, memberId, generation } = by
    const ledger = this.#ledgers.get(groupId)!
    ledger.sent += 1
    const offset = ledger.sent
    const request = {
      ...{ groupId, memberId, instanceId: null, retentionMs: -1 },
      offsets: [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }],
    }
    if (this.random.chance(0.1)) {
      const stale = { ...request, generationOrEpoch: generation - 1 }
      const outcome = await groups.commitOffsets(CALLER, stale).catch(BrokerError.from)
      expect(outcome, 'a commit of an old generation').toBeInstanceOf(BrokerError)
      return
    }
    const current = { ...request, generationOrEpoch: generation }
    const { partitions } = await groups.commitOffsets(CALLER, current)
    expect(partitions[0]!.error).toBe(null)
    if (isMine()) ledger.known = Math.max(ledger.known, offset)
  }

  /** Reads what is committed: it never goes back, and never ahead of what was sent. */
  async checkOffsets(): Promise<void> {
    this.#letSyncsGo()
    await this.broker.clock.settle()
    for (const [groupId, ledger] of this.#ledgers) {
      const request = { groupId, memberId: null, memberEpoch: -1, partitions: null }
      const asked = this.broker.groups.fetchOffsets(CALLER, { ...request, requireStable: false })
      const { partitions } = await this.broker.settled(asked)
      const offset = partitions[0]?.committed?.offset ?? -1
      expect(offset, groupId).toBeGreaterThanOrEqual(ledger.known)
      expect(offset, groupId).toBeLessThanOrEqual(ledger.sent)
      ledger.known = offset
    }
  }

  owns(groupId: string, generation: number, memberId: string, partitions: number[]): void {
    for (const partition of partitions) {
      const key = `${groupId} ${generation} ${partition}`
      const owner = this.#owners.get(key) ?? memberId
      if (owner !== memberId) this.fail(new Error(`${key} was given to ${owner} and ${memberId}`))
      this.#owners.set(key, memberId)
    }
  }

  /** All is quiet: everybody comes to rest with a share. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      for (const member of this.members) member.act(this.broker.groups)
      await this.broker.clock.settle()
      this.broker.clock.advance(500)
      if (this.#failure !== null) throw this.#failure
    }
    expect(this.members.every(({ isSettled }) => isSettled)).toBe(true)
  }

  #letSyncsGo(): void {
    this.#release?.()
    this.#release = null
  }
}

test('what groups were told survives any cut of the power, and no generation has two owners', async () => {
  let cuts = 0
  for (let seed = 1; seed <= WALKS; seed++) {
    const walk = new Walk(seed)
    try {
      await walk.start()
      for (let step = 0; step < STEPS; step++) await walk.step()
      await walk.checkOffsets()
      await walk.settle()
      await walk.cutPower()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    cuts += walk.cuts
  }
  expect(cuts).toBeGreaterThan(WALKS)
})
