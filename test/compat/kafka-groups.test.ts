// Kafka's own tools over what we keep of groups: its formatters and its dump tool read the records of
// __consumer_offsets, and its command for groups describes, resets and deletes. Needs Java and Maven, and
// is left out, with a line that says so, where they are missing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONSUMER_GROUP_HEARTBEAT } from '../../src/protocol/kafka/gen/consumer-group-heartbeat.ts'
import { CREATE_TOPICS } from '../../src/protocol/kafka/gen/create-topics.ts'
import { FIND_COORDINATOR } from '../../src/protocol/kafka/gen/find-coordinator.ts'
import { JOIN_GROUP } from '../../src/protocol/kafka/gen/join-group.ts'
import { OFFSET_COMMIT } from '../../src/protocol/kafka/gen/offset-commit.ts'
import { SYNC_GROUP } from '../../src/protocol/kafka/gen/sync-group.ts'
import { fetchKafka, runKafkaClass } from '../../tools/kafka/fetch.mjs'
import { BrokerProcess } from '../support/broker-process.ts'
import { KafkaClient } from '../support/kafka-client.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-groups.test.ts is left out: ${missing}\n`)
}

const TOOL_MS = 120_000
const CONSUMER = 'org.apache.kafka.tools.consumer'

/** One partition, which the tools can read without a group of their own. */
const FLAGS = [
  ...['--set', 'offsets.topic.num.partitions=1'],
  ...['--set', 'group.initial.rebalance.delay.ms=0'],
  ...['--set', 'group.consumer.session.timeout.ms=1000000'],
]

let broker: BrokerProcess
let client: KafkaClient
let directory: string

/** Runs a tool against the broker. @returns what it printed */
function tool(mainClass: string, ...args: readonly string[]): string {
  const server = ['--bootstrap-server', broker.addresses.kafka]
  const { stdout, stderr, status } = runKafkaClass(
    classpath!,
    mainClass,
    [...server, ...args],
    TOOL_MS,
  )
  expect(status, stderr).toBe(0)
  return stdout
}

interface Formatted {
  readonly key: { readonly type: number; readonly data: Readonly<Record<string, unknown>> }
  readonly value: { readonly version: number; readonly data: Readonly<Record<string, unknown>> }
}

/** Every record that one of Kafka's formatters knows. */
function formatted(formatter: string): Formatted[] {
  const from = ['--topic', '__consumer_offsets', '--partition', '0', '--offset', 'earliest']
  const output = tool(
    `${CONSUMER}.ConsoleConsumer`,
    ...from,
    ...['--formatter', `${CONSUMER}.${formatter}`, '--timeout-ms', '10000'],
  )
  // The formatters write one value behind the other.
  const objects = output.trim().replaceAll('}{', '}\n{').split('\n')
  return objects.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Formatted)
}

async function commit(groupId: string, partition: number, offset: number): Promise<void> {
  const partitions = [
    {
      ...{ partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 2 },
      committedMetadata: 'note',
    },
  ]
  const topics = [{ name: 'clicks', partitions }]
  const request = { groupId, memberId: '', generationIdOrMemberEpoch: -1, topics }
  const answer = await client.call(OFFSET_COMMIT, 8, request)
  expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0)
}

/** One member of the classic protocol, with a subscription and an assignment that can be read. */
async function joinClassic(groupId: string): Promise<void> {
  const metadata = Buffer.from('0000000000010006636c69636b73ffffffff', 'hex')
  const joined = await client.call(JOIN_GROUP, 3, {
    ...{ groupId, sessionTimeoutMs: 1_000_000, memberId: '', protocolType: 'consumer' },
    protocols: [{ name: 'range', metadata }],
  })
  const assignment = Buffer.from(
    '0000000000010006636c69636b73000000020000000000000001ffffffff',
    'hex',
  )
  const { memberId, generationId } = joined
  const assignments = [{ memberId, assignment }]
  const request = { groupId, memberId, generationId, assignments }
  expect((await client.call(SYNC_GROUP, 3, request)).errorCode).toBe(0)
}

async function joinConsumer(groupId: string): Promise<void> {
  const answer = await client.call(CONSUMER_GROUP_HEARTBEAT, 1, {
    ...{ groupId, memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 60_000 },
    ...{ subscribedTopicNames: ['clicks'], topicPartitions: [] },
  })
  expect(answer.errorCode).toBe(0)
}

describe.skipIf(missing !== null)('Kafka’s tools and groups', { timeout: 4 * TOOL_MS }, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-compat-'))
    broker = await BrokerProcess.start(directory, FLAGS)
    client = await KafkaClient.connect(broker.addresses.kafka)
    const topic = { name: 'clicks', numPartitions: 2, replicationFactor: 1 }
    const topics = [{ ...topic, assignments: [], configs: [] }]
    await client.call(CREATE_TOPICS, 5, { topics, timeoutMs: 10_000, validateOnly: false })
    await client.call(FIND_COORDINATOR, 3, { key: 'simple' })
    await commit('simple', 0, 7)
    await commit('simple', 1, 8)
    await commit('simple', 0, 9)
    await joinClassic('classic')
    await joinConsumer('newer')
  }, TOOL_MS)

  afterAll(async () => {
    client?.close()
    await broker?.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  test('the formatter of offsets reads every commit', () => {
    const records = formatted('OffsetsMessageFormatter')
    const seen = records.map(({ key, value }) => {
      const { group, topic, partition } = key.data
      const { offset, leaderEpoch, metadata } = value.data
      return [group, topic, partition, offset, leaderEpoch, metadata]
    })
    expect(seen).toEqual([
      ['simple', 'clicks', 0, 7, 2, 'note'],
      ['simple', 'clicks', 1, 8, 2, 'note'],
      ['simple', 'clicks', 0, 9, 2, 'note'],
    ])
  })

  test('the formatter of groups reads their members', () => {
    const last = formatted('GroupMetadataMessageFormatter')
      .filter(({ key }) => key.data['group'] === 'classic')
      .at(-1)!
    expect(last.value.data).toMatchObject({
      ...{ protocolType: 'consumer', generation: 1, protocol: 'range' },
      members: [{ clientId: 'test', clientHost: '/127.0.0.1', sessionTimeout: 1_000_000 }],
    })
  })

  test('the command for groups lists, describes, resets and deletes', () => {
    const command = `${CONSUMER}.group.ConsumerGroupCommand`
    const columns = (text: string): string[][] => {
      return text.split('\n').map((line) => line.trim().split(/\s+/))
    }
    const list = columns(tool(command, '--list', '--state', '--type'))
    expect(list).toContainEqual(['simple', 'Classic', 'Empty'])
    expect(list).toContainEqual(['classic', 'Classic', 'Stable'])
    expect(list).toContainEqual(['newer', 'Consumer', 'Stable'])

    const described = columns(tool(command, '--describe', '--all-groups'))
    const simple = described.filter(([group]) => group === 'simple')
    expect(simple.map((row) => row.slice(0, 6))).toEqual([
      ['simple', 'clicks', '0', '9', '0', '-9'],
      ['simple', 'clicks', '1', '8', '0', '-8'],
    ])
    const newer = described.filter(([group]) => group === 'newer')
    expect(new Set(newer.map((row) => row[2]))).toEqual(new Set(['0', '1']))

    const to = ['--group', 'simple', '--topic', 'clicks', '--to-earliest', '--execute']
    const reset = columns(tool(command, '--reset-offsets', ...to))
    expect(reset).toContainEqual(['simple', 'clicks', '0', '0'])
    expect(tool(command, '--delete', '--group', 'simple')).toContain('successful')
  })

  test('the dump tool decodes every record of the offsets topic', async () => {
    await broker.stop()
    const log = `${directory}/__consumer_offsets-0/00000000000000000000.log`
    const args = ['--offsets-decoder', '--files', log]
    const tools = 'org.apache.kafka.tools.DumpLogSegments'
    const { stdout, stderr, status } = runKafkaClass(classpath!, tools, args, TOOL_MS)
    expect(status, stderr).toBe(0)
    const records = stdout.split('\n').filter((line) => line.startsWith('|'))
    expect(records.length).toBeGreaterThan(10)
    // Key types by number: offsets, classic groups, and everything of the newer protocol.
    const types = new Set(records.map((line) => /"type":"?(\d+)/.exec(line)?.[1]))
    for (const type of ['1', '2', '3', '5', '6', '7', '8']) expect(types).toContain(type)
    expect(stdout).not.toContain('Error')
  })
})
