// Sessions that open, end, get stuck, are fenced and lose their broker at random, over topics that grow:
// no record is lost, no committed offset goes back, and no partition has two owners.

import { expect, test } from 'vitest'
import type { BrokerError } from '../../src/base/errors.ts'
import { partitionName, type TopicPartition } from '../../src/base/topic-partition.ts'
import type {
  AssignedPosition,
  SentRecords,
} from '../../src/broker/group-session/session-request.ts'
import { testBatch } from '../support/batches.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'
import { SessionClient } from './session-client.ts'

const OPTIONS = { 'offsets.topic.num.partitions': '1' }
const STEPS = 70
const SEEDS = [1, 2, 3, 4, 5, 6]

/** What is true of the group, whoever its members are. */
class Truth {
  /** Who has each partition. Members that were fenced have nothing, whatever they believe. */
  readonly owners = new Map<string, StormClient>()
  /** Where records that nobody is done with begin. */
  readonly doneUpTo = new Map<string, number>()
  readonly published = new Map<string, number>()
  readonly committed = new Map<string, number>()

  release(owner: StormClient, name: string): void {
    if (this.owners.get(name) === owner) this.owners.delete(name)
  }
}

class StormClient extends SessionClient {
  readonly truth: Truth
  readonly isEager: boolean
  readonly releasesByItself: boolean
  isFenced = false
  /** Was told to give these up, and has not. */
  #toRelease: TopicPartition[] = []
  #unread: { sequence: number; name: string; endOffset: number }[] = []

  constructor(broker: BrokerOfOne, truth: Truth, random: SeededRandom) {
    const releasesByItself = random.chance(0.7)
    super(broker, {
      ...{ subscription: { topics: [], topicRegex: 'clicks.*' }, releasesByItself },
      commitIntervalMs: random.pick([500, 5_000]),
      creditBytes: random.pick([60, 500, 1024 * 1024]),
      maxRecords: random.pick([1, 3, 1_000]),
      maxPollIntervalMs: 30_000,
    })
    this.acknowledges = false
    this.truth = truth
    this.isEager = random.chance(0.5)
    this.releasesByItself = releasesByItself
  }

  get isOver(): boolean {
    return this.end !== undefined
  }

  override records(message: SentRecords): boolean {
    const { record, ...partition } = message.records.at(-1)!
    const name = partitionName(partition)
    if (!this.isFenced) expect(this.truth.owners.get(name), `owner of ${name}`).toBe(this)
    const more = super.records(message)
    this.#unread.push({ sequence: message.sequence, name, endOffset: record.offset + 1 })
    if (this.isEager) queueMicrotask(() => this.done(Infinity))
    return more
  }

  override assigned(positions: readonly AssignedPosition[]): void {
    for (const position of positions) {
      const name = partitionName(position)
      const { truth } = this
      if (!this.isFenced) {
        expect(truth.owners.get(name) ?? this, `${name} has one owner`).toBe(this)
        truth.owners.set(name, this)
      }
      const doneUpTo = truth.doneUpTo.get(name) ?? 0
      expect(position.nextOffset, `nothing of ${name} is left out`).toBeLessThanOrEqual(doneUpTo)
    }
    super.assigned(positions)
  }

  override revoked(partitions: readonly TopicPartition[]): void {
    super.revoked(partitions)
    const mine = partitions.map(({ topic, partition }) => ({ topic, partition }))
    if (!this.releasesByItself) this.#toRelease.push(...mine)
    for (const partition of mine) this.truth.release(this, partitionName(partition))
  }

  override lost(partitions: readonly TopicPartition[], error: BrokerError): void {
    super.lost(partitions, error)
    for (const partition of partitions) this.truth.release(this, partitionName(partition))
    this.#toRelease = []
    this.#unread = []
  }

  override joined(memberId: string): void {
    super.joined(memberId)
    this.isFenced = false
  }

  override ended(error: BrokerError | null): void {
    super.ended(error)
    this.forget()
  }

  /** It has nothing any more, and may not know. */
  forget(): void {
    for (const name of this.truth.owners.keys()) this.truth.release(this, name)
  }

  /** Is done with so many messages, and acknowledges them. */
  done(count: number): void {
    if (this.isOver) return
    for (const { sequence, name, endOffset } of this.#unread.splice(0, count)) {
      const before = this.truth.doneUpTo.get(name) ?? 0
      this.truth.doneUpTo.set(name, Math.max(before, endOffset))
      this.session.acknowledge(sequence)
    }
  }

  /** Gives up what it is to give up. */
  release(): void {
    this.session.release(this.#toRelease.splice(0))
  }
}

class Storm {
  readonly random: SeededRandom
  readonly truth = new Truth()
  broker!: BrokerOfOne
  clients: StormClient[] = []
  #hasGrown = false
  /** The twin of the cluster makes the same ids again after a cut, so no topic is made after one. */
  #wasCut = false

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  async start(): Promise<void> {
    this.broker = await BrokerOfOne.start(undefined, undefined, OPTIONS)
    await this.broker.createTopic('clicks', 3)
  }

  async step(): Promise<void> {
    const kind = this.random.below(12)
    const client = this.clients.length === 0 ? null : this.random.pick(this.clients)
    if (kind <= 1 && this.clients.length < 6) this.open()
    else if (kind <= 5) await this.publish()
    else if (kind <= 7) client?.done(this.random.between(1, 4))
    else if (kind === 8) client?.release()
    else if (kind === 9) void client?.session.end(null)
    else if (kind === 10 && client !== null) await this.fence(client)
    else await this.rare()
    await this.pass(this.random.pick([50, 100, 500, 3_000, 9_000]))
    await this.check()
  }

  async rare(): Promise<void> {
    const kind = this.random.below(4)
    if (kind === 0) await this.cutPower()
    else if (kind === 1 && !this.#hasGrown && !this.#wasCut) {
      this.#hasGrown = true
      await this.broker.createTopic('clicks-more', 2)
    } else await this.pass(20_000)
  }

  open(): void {
    this.clients.push(new StormClient(this.broker, this.truth, this.random.split()))
  }

  async publish(): Promise<void> {
    const topics = ['clicks', 'clicks-more'].flatMap((name) => {
      const image = this.broker.cluster.store.image.topic(name)
      return image === null ? [] : [image]
    })
    const topic = this.random.pick(topics)
    const partition = this.random.below(topic.partitions.length)
    const count = this.random.between(1, 5)
    const records = Array.from({ length: count }, () => ({ value: 'value' }))
    const batches = [{ topic: topic.name, partition, batch: testBatch({ records }) }]
    const { done } = this.broker.produce.produce(CALLER, { acks: -1, timeoutMs: 1000, batches })
    expect((await this.broker.settled(done))[0]!.error).toBeNull()
    const name = partitionName({ topic: topic.name, partition })
    this.truth.published.set(name, (this.truth.published.get(name) ?? 0) + count)
  }

  /** Takes a member out behind its back, as the coordinator does with one that it does not hear. */
  async fence(client: StormClient): Promise<void> {
    if (client.memberId === '' || client.isOver) return
    client.isFenced = true
    client.forget()
    const leaving = this.broker.groups.consumerHeartbeat(CALLER, {
      ...{ groupId: 'g', memberId: client.memberId, memberEpoch: -1, instanceId: null },
      ...{ rackId: null, rebalanceTimeoutMs: -1, topicNames: null, topicRegex: null },
      ...{ serverAssignor: null, owned: null, clientId: '', clientHost: '' },
    })
    await this.broker.settled(leaving.catch(() => (client.isFenced = false)))
  }

  async cutPower(): Promise<void> {
    const { files, clock } = this.broker
    files.crash(null)
    for (const client of this.clients) client.forget()
    this.clients = []
    this.#wasCut = true
    this.broker = await BrokerOfOne.start(files, clock.now() + 1_000, OPTIONS)
  }

  async pass(forMs: number): Promise<void> {
    for (let passed = 0; passed < forMs; passed += 50) {
      await this.broker.clock.settle()
      this.broker.clock.advance(50)
    }
    await this.broker.clock.settle()
    for (const { end } of this.clients) {
      // Only those that are stuck are ended by the broker. What a client finds wrong ends it, too.
      const reason = end?.code === 'UNKNOWN_MEMBER_ID' ? null : (end ?? null)
      if (reason !== null) throw new Error('A session has failed', { cause: reason })
    }
    this.clients = this.clients.filter(({ isOver }) => !isOver)
  }

  /** Committed offsets never go back, and never pass what somebody was done with. */
  async check(): Promise<void> {
    for (const [name, offset] of await this.committed()) {
      expect(offset, name).toBeGreaterThanOrEqual(this.truth.committed.get(name) ?? 0)
      expect(offset, name).toBeLessThanOrEqual(this.truth.doneUpTo.get(name) ?? 0)
      this.truth.committed.set(name, offset)
    }
  }

  async committed(): Promise<Map<string, number>> {
    const everything = { groupId: 'g', memberId: null, memberEpoch: -1, partitions: null }
    for (;;) {
      const fetching = this.broker.groups
        .fetchOffsets(CALLER, { ...everything, requireStable: false })
        .catch(() => null)
      const fetched = await this.broker.settled(fetching)
      if (fetched !== null) {
        return new Map(
          fetched.partitions.map((row) => [partitionName(row), row.committed!.offset] as const),
        )
      }
      await this.pass(200)
    }
  }

  /** Everybody gets on with it. */
  async calm(): Promise<void> {
    this.open()
    for (let round = 0; round < 60; round++) {
      for (const client of this.clients) {
        client.done(Infinity)
        client.release()
      }
      await this.pass(500)
      await this.check()
    }
    await this.pass(40_000)
  }
}

test.each(SEEDS)(
  'seed %i: nothing is lost, nothing goes back, nothing has two owners',
  async (seed) => {
    const storm = new Storm(seed)
    await storm.start()
    for (let step = 0; step < STEPS; step++) await storm.step()
    await storm.calm()
    const { published, doneUpTo, owners } = storm.truth
    expect(Object.fromEntries(doneUpTo)).toEqual(Object.fromEntries(published))
    const committed = await storm.committed()
    for (const [name, count] of published) {
      expect(committed.get(name), name).toBe(count)
      expect(owners.has(name), `${name} has an owner`).toBe(true)
    }
  },
)
