// A real client of the classic protocol in a group that changes over to the newer one and back while it
// reads: kcat, which is librdkafka, with each kind of rebalance. Left out, with a line that says so,
// where kcat is missing.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONSUMER_GROUP_DESCRIBE } from '../../src/protocol/kafka/gen/consumer-group-describe.ts'
import { CONSUMER_GROUP_HEARTBEAT } from '../../src/protocol/kafka/gen/consumer-group-heartbeat.ts'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { DESCRIBE_GROUPS } from '../../src/protocol/kafka/gen/describe-groups.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'

const MISSING = spawnSync('kcat', ['-V']).error === undefined ? null : 'kcat is missing'
if (MISSING !== null) {
  if (process.env['CI'] !== undefined) throw new Error(MISSING)
  process.stderr.write(`test/compat/group-migration.test.ts is left out: ${MISSING}\n`)
}

const PARTITIONS = 4
const FLAGS = ['--set', 'group.initial.rebalance.delay.ms=0']

let broker: BrokerProcess
let client: KafkaClient
let directory: string

/** A member of the newer protocol, which does what it is told. */
class Member {
  readonly #groupId: string
  readonly #topic: string
  #epoch = 0
  owned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] = []

  constructor(groupId: string, topic: string) {
    this.#groupId = groupId
    this.#topic = topic
  }

  get partitionCount(): number {
    return this.owned.reduce((sum, { partitions }) => sum + partitions.length, 0)
  }

  async beat(): Promise<void> {
    const isJoin = this.#epoch === 0
    const first = { rebalanceTimeoutMs: 30_000, subscribedTopicNames: [this.#topic] }
    const answer = await client.call(CONSUMER_GROUP_HEARTBEAT, 1, {
      ...{ groupId: this.#groupId, memberId: 'm', memberEpoch: this.#epoch },
      ...(isJoin ? first : {}),
      topicPartitions: isJoin ? [] : this.owned,
    })
    expect(answer.errorCode).toBe(0)
    this.#epoch = answer.memberEpoch
    if (answer.assignment !== null) this.owned = answer.assignment.topicPartitions
  }

  async leave(): Promise<void> {
    const by = { groupId: this.#groupId, memberId: 'm', memberEpoch: -1 }
    expect((await client.call(CONSUMER_GROUP_HEARTBEAT, 1, by)).errorCode).toBe(0)
  }
}

/** A reader of everything: the partition and the value of each record, a line each, which it writes in pieces. */
class Kcat {
  readonly lines: string[] = []
  readonly #child: ChildProcess

  constructor(groupId: string, topic: string, strategy: string) {
    const settings = [`partition.assignment.strategy=${strategy}`, 'auto.offset.reset=earliest']
    const flags = settings.flatMap((setting) => ['-X', setting])
    const args = ['-b', broker.addresses.kafka, ...flags, '-f', '%p %s\\n', '-u']
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    this.#child = spawn('kcat', [...args, '-G', groupId, topic], { stdio: [...stdio] })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.lines.push(line))
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

function produce(topic: string, partition: number, value: string): void {
  const args = ['-b', broker.addresses.kafka, '-t', topic, '-p', String(partition), '-P']
  expect(spawnSync('kcat', args, { input: value }).status).toBe(0)
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return
    await delay(100)
  }
  throw new Error(`${what} did not come about`)
}

async function classicState(groupId: string): Promise<string> {
  const { groups } = await client.call(DESCRIBE_GROUPS, 4, { groups: [groupId] })
  return `${groups[0]!.groupState} ${groups[0]!.members.length}`
}

/** State of the group, and how many partitions each kind of member has. */
async function mixedState(groupId: string): Promise<string> {
  const request = { groupIds: [groupId], includeAuthorizedOperations: false }
  const { groups } = await client.call(CONSUMER_GROUP_DESCRIBE, 1, request)
  const { groupState, members } = groups[0]!
  const shares = members.map(({ memberType, assignment }) => {
    const partitions = assignment.topicPartitions.flatMap((topic) => topic.partitions)
    return `${memberType === 0 ? 'classic' : 'consumer'} ${partitions.length}`
  })
  return [groupState, ...shares.sort((a, b) => (a < b ? -1 : 1))].join(', ')
}

describe.skipIf(MISSING !== null)('a classic client among members of the newer protocol', () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-migration-'))
    broker = await BrokerProcess.start(directory, FLAGS)
    client = await KafkaClient.connect(broker.addresses.kafka)
  }, 60_000)

  afterAll(async () => {
    client?.close()
    await broker?.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  test.each(['range', 'cooperative-sticky'])('%s', { timeout: 120_000 }, async (strategy) => {
    const [groupId, topic] = [`group-${strategy}`, `topic-${strategy}`]
    const created = { name: topic, numPartitions: PARTITIONS, replicationFactor: 1 }
    const topics = [{ ...created, assignments: [], configs: [] }]
    await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 10_000, validateOnly: false })
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    const kcat = new Kcat(groupId, topic, strategy)
    try {
      await until('a classic group', async () => (await classicState(groupId)) === 'Stable 1')
      for (const partition of all) produce(topic, partition, 'one')
      await until('the first records', () => kcat.lines.length === PARTITIONS)

      const member = new Member(groupId, topic)
      await until('an equal share for both', async () => {
        await member.beat()
        return (await mixedState(groupId)) === 'Stable, classic 2, consumer 2'
      })
      await member.beat()
      expect(member.partitionCount).toBe(2)
      const others = new Set(member.owned.flatMap(({ partitions }) => partitions))
      for (const partition of all) produce(topic, partition, 'two')
      await until('its share of the records', () => {
        return kcat.lines.filter((line) => line.endsWith('two')).length >= 2
      })
      const read = kcat.lines.filter((line) => line.endsWith('two'))
      expect(read.map((line) => Number(line.split(' ')[0])).some((p) => others.has(p))).toBe(false)

      await member.leave()
      await until('a classic group again', async () => (await classicState(groupId)) === 'Stable 1')
      for (const partition of all) produce(topic, partition, 'three')
      await until('all records', () => {
        return kcat.lines.filter((line) => line.endsWith('three')).length === PARTITIONS
      })
      // What the member had and did not commit is read by who comes after it, once.
      expect(kcat.lines.filter((line) => line.endsWith('two'))).toHaveLength(PARTITIONS)
    } finally {
      kcat.stop()
    }
  })
})
