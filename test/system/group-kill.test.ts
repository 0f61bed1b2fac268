// A real broker that is killed again and again under group traffic: commits from outside, and a group
// whose members join, sync, heartbeat and commit. What was acknowledged is there after every start,
// nothing goes back, no generation gives a partition to two, and an old generation commits nothing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS, errorCodeOf } from '../../src/base/errors.ts'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { HEARTBEAT } from '../../src/protocol/kafka/gen/heartbeat.ts'
import { JOIN_GROUP } from '../../src/protocol/kafka/gen/join-group.ts'
import type { JoinGroupResponse } from '../../src/protocol/kafka/gen/join-group.ts'
import { OFFSET_COMMIT } from '../../src/protocol/kafka/gen/offset-commit.ts'
import { OFFSET_FETCH } from '../../src/protocol/kafka/gen/offset-fetch.ts'
import { SYNC_GROUP } from '../../src/protocol/kafka/gen/sync-group.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'

const KILLS = 4
const COMMITS_A_LIFE = 200
const OUTSIDERS = 3
const MEMBERS = 3
const PARTITIONS = 7
const GROUP = 'members'

const FLAGS = [
  ...['--set', 'offsets.topic.num.partitions=4'],
  ...['--set', 'group.initial.rebalance.delay.ms=0'],
]

/** The offset that one client commits for one partition again and again, always a higher one. */
interface Ledger {
  readonly groupId: string
  readonly partition: number
  /** The highest that was acknowledged, or read. */
  known: number
  sent: number
}

class Traffic {
  readonly #ledgers: Ledger[] = []
  readonly #owners = new Map<string, string>()
  acknowledged = 0
  staleRefused = 0
  generations = new Set<number>()

  newLedger(groupId: string, partition: number): Ledger {
    const ledger = { groupId, partition, known: -1, sent: -1 }
    this.#ledgers.push(ledger)
    return ledger
  }

  owns(generation: number, memberId: string, partitions: readonly number[]): void {
    this.generations.add(generation)
    for (const partition of partitions) {
      const key = `${generation} ${partition}`
      const owner = this.#owners.get(key) ?? memberId
      expect(owner, `owner of ${partition} in generation ${generation}`).toBe(memberId)
      this.#owners.set(key, memberId)
    }
  }

  /** Commits the next offset. @returns the error of the answer */
  async commit(
    client: KafkaClient,
    ledger: Ledger,
    memberId = '',
    generation = -1,
  ): Promise<number> {
    const { groupId, partition: partitionIndex } = ledger
    const offset = ++ledger.sent
    const partitions = [{ partitionIndex, committedOffset: offset, committedMetadata: null }]
    const topics = [{ name: 't', partitions }]
    const request = { groupId, memberId, generationIdOrMemberEpoch: generation, topics }
    const answer = await client.call(OFFSET_COMMIT, 8, request)
    const { errorCode } = answer.topics[0]!.partitions[0]!
    if (errorCode !== 0) return errorCode
    ledger.known = Math.max(ledger.known, offset)
    this.acknowledged += 1
    return 0
  }

  /** Reads what is committed: never less than what was known before, nor what was never sent. */
  async check(client: KafkaClient): Promise<void> {
    for (const ledger of this.#ledgers) {
      const { groupId, known } = ledger
      const offset = await this.#read(client, ledger)
      expect(offset, groupId).toBeGreaterThanOrEqual(known)
      expect(offset, groupId).toBeLessThanOrEqual(ledger.sent)
      ledger.known = Math.max(ledger.known, offset)
    }
  }

  async #read(client: KafkaClient, { groupId, partition }: Ledger): Promise<number> {
    const topics = [{ name: 't', partitionIndexes: [partition] }]
    for (;;) {
      const answer = await client.call(OFFSET_FETCH, 7, { groupId, topics })
      if (answer.errorCode === 0) return answer.topics[0]!.partitions[0]!.committedOffset
      expect(errorCodeOf(answer.errorCode)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
    }
  }
}

/** One member: what it knows outlives the broker. */
class Member {
  readonly #traffic: Traffic
  readonly #ledger: Ledger
  #memberId = ''
  #joined: JoinGroupResponse | null = null
  #isSynced = false
  #acts = 0

  constructor(traffic: Traffic, partition: number) {
    this.#traffic = traffic
    this.#ledger = traffic.newLedger(GROUP, partition)
  }

  /** Takes one step. @throws Error when the broker is gone */
  async act(client: KafkaClient): Promise<void> {
    if (this.#joined === null) return this.#join(client)
    if (!this.#isSynced) return this.#sync(client, this.#joined)
    const { generationId: generation } = this.#joined
    const memberId = this.#memberId
    const commit = (as: number) => this.#traffic.commit(client, this.#ledger, memberId, as)
    this.#acts += 1
    if (this.#acts % 10 === 0) {
      expect(await commit(generation - 1), 'an old generation').not.toBe(0)
      this.#traffic.staleRefused += 1
    } else if (this.#acts % 4 === 0) {
      const request = { groupId: GROUP, memberId, generationId: generation }
      this.#take((await client.call(HEARTBEAT, 3, request)).errorCode)
    } else this.#take(await commit(generation))
  }

  async #join(client: KafkaClient): Promise<void> {
    const answer = await client.call(JOIN_GROUP, 3, {
      ...{ groupId: GROUP, memberId: this.#memberId, protocolType: 'test' },
      ...{ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 10_000 },
      protocols: [{ name: 'p', metadata: Buffer.alloc(0) }],
    })
    this.#take(answer.errorCode)
    if (answer.errorCode !== 0) return
    this.#memberId = answer.memberId
    this.#joined = answer
    this.#isSynced = false
  }

  async #sync(client: KafkaClient, joined: JoinGroupResponse): Promise<void> {
    const { generationId, memberId, members } = joined
    const assignments = members.map((member, at) => {
      const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
      const share = all.filter((partition) => partition % members.length === at)
      return { memberId: member.memberId, assignment: Buffer.from(share) }
    })
    const request = { groupId: GROUP, generationId, memberId, assignments }
    const answer = await client.call(SYNC_GROUP, 3, request)
    this.#take(answer.errorCode)
    if (answer.errorCode !== 0) return
    this.#traffic.owns(generationId, memberId, [...answer.assignment])
    this.#isSynced = true
  }

  #take(errorCode: number): void {
    const code = errorCode === 0 ? null : errorCodeOf(errorCode)
    if (code === null || code === 'COORDINATOR_LOAD_IN_PROGRESS') return
    expect(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']).toContain(code)
    this.#joined = null
    if (code === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
  }
}

/** Acts on a connection of its own until the broker is gone. */
async function until(
  broker: BrokerProcess,
  act: (client: KafkaClient) => Promise<unknown>,
): Promise<void> {
  const client = await KafkaClient.connect(broker.addresses.kafka)
  try {
    while (broker.isRunning) {
      await act(client)
    }
  } catch (error) {
    // A connection that broke because of the kill is what was to be; anything else is not.
    if (broker.isRunning) await broker.stop('SIGKILL')
    if ((error as Error).name === 'AssertionError') throw error
  } finally {
    client.close()
  }
}

async function outsiderCommits(traffic: Traffic, client: KafkaClient, ledger: Ledger) {
  const errorCode = await traffic.commit(client, ledger)
  if (errorCode !== 0) expect(errorCode).toBe(ERRORS.COORDINATOR_LOAD_IN_PROGRESS.id)
}

test(
  'committed offsets and generations survive SIGKILL under traffic',
  { timeout: 300_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-group-kill-'))
    const traffic = new Traffic()
    const members = Array.from({ length: MEMBERS }, (_, n) => new Member(traffic, n))
    const outsiders = Array.from({ length: OUTSIDERS }, (_, n) => {
      return traffic.newLedger(`outsider-${n}`, 0)
    })
    try {
      for (let life = 0; life <= KILLS; life++) {
        const broker = await BrokerProcess.start(directory, FLAGS)
        const client = await KafkaClient.connect(broker.addresses.kafka)
        if (life === 0) {
          const topic = { name: 't', numPartitions: MEMBERS, replicationFactor: 1 }
          const topics = [{ ...topic, assignments: [], configs: [] }]
          await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 30_000, validateOnly: false })
          const found = await client.call(FIND_COORDINATOR, 3, { key: GROUP })
          expect(found.errorCode).toBe(0)
        }
        await traffic.check(client)
        const before = traffic.acknowledged
        const running = [
          ...members.map((member) => until(broker, (own) => member.act(own))),
          ...outsiders.map((ledger) => {
            return until(broker, (own) => outsiderCommits(traffic, own, ledger))
          }),
          until(broker, async (own) => {
            await traffic.check(own)
            if (traffic.acknowledged - before >= COMMITS_A_LIFE) await broker.stop('SIGKILL')
          }),
        ]
        await Promise.all(running)
        client.close()
        expect(traffic.acknowledged - before).toBeGreaterThanOrEqual(COMMITS_A_LIFE)
      }
      expect(traffic.staleRefused).toBeGreaterThan(0)
      expect(traffic.generations.size).toBeGreaterThan(0)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
)
