// Requests of very many names: whatever they ask, others are served meanwhile, in their order, with
// memory that is bounded. Time is counted in looks at the clock: nothing depends on the machine.

import { afterEach, expect, test } from 'vitest'
import { apiOf, servedVersions } from '../../../../src/protocol/kafka/api-table.ts'
import { ALTER_USER_SCRAM_CREDENTIALS } from '../../../../src/protocol/kafka/gen/alter-user-scram-credentials.ts'
import { API_KEYS, type ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { API_VERSIONS } from '../../../../src/protocol/kafka/gen/api-versions.ts'
import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { DESCRIBE_USER_SCRAM_CREDENTIALS } from '../../../../src/protocol/kafka/gen/describe-user-scram-credentials.ts'
import { FETCH } from '../../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../../src/protocol/kafka/gen/metadata.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { testBatch } from '../../../support/batches.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { crowdsOf } from '../../../protocol/kafka/crowds.ts'
import { subjects } from '../../../protocol/kafka/message-arbitraries.ts'
import type { MemoryClient } from '../memory-client.ts'
import { MemoryFront, type MemoryFrontOptions, readAnswer, requestFrame } from '../memory-front.ts'

const NAMES = 8_000

/** By looks at the clock: a slice of 2 ms is over after eight of them. */
const LOOK_MS = 0.25

/** More turns than any request takes that waits for nobody. */
const MAX_TURNS = 5_000

class LookedAtClock extends ManualClock {
  #looks = 0

  override monotonicMs(): number {
    this.#looks += 1
    return super.monotonicMs() + this.#looks * LOOK_MS
  }
}

let front: MemoryFront

afterEach(() => front.close())

async function open(options: Partial<MemoryFrontOptions> = {}): Promise<void> {
  front = await MemoryFront.open({
    random: new SeededRandom(57),
    options: { 'auto.create.topics.enable': 'false', 'offsets.topic.num.partitions': '1' },
    ...options,
  })
}

async function makeTopic(name: string, numPartitions: number): Promise<void> {
  const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
  const made = await front.ask(CREATE_TOPICS, 7, { topics: [topic], validateOnly: false })
  expect(made.topics[0]!.errorCode).toBe(0)
}

async function answered(client: MemoryClient): Promise<void> {
  for (let turn = 0; client.fate === 'waiting' && turn < MAX_TURNS; turn++) await front.endTurn()
  expect(client.fate).toBe('answered')
}

/** Asks for the versions every turn, on a connection of its own, until `client` has its answer. */
async function turnsWithPings(client: MemoryClient): Promise<number> {
  const other = front.connect()
  let turns = 0
  for (; client.fate === 'waiting' && turns < MAX_TURNS; turns++) {
    other.send(requestFrame(API_VERSIONS, 0, {}))
    await front.endTurn()
    expect(other.fate).toBe('answered')
  }
  other.close()
  return turns
}

const SERVED = (Object.keys(API_KEYS) as ApiName[]).flatMap((api) => {
  const versions = servedVersions(API_KEYS[api])
  const subject = subjects().find(({ name }) => name === `${api}Request`)!
  const version = versions?.served[1]
  if (version === undefined) return []
  const names = { count: NAMES, nameOf: (number: number) => `n${number}` }
  const crowds = crowdsOf(subject.message.root, version, names)
  return crowds.map(({ path, message }) => ({ api, version, path, message }))
})

test('F57: whatever is named 8,000 times, others are answered in every turn meanwhile', async () => {
  await open({ clock: new LookedAtClock() })
  await makeTopic('n0', 4)
  for (const { api, version, path, message } of SERVED) {
    const client = front.connect()
    client.send(requestFrame(apiOf(API_KEYS[api])! as never, version, message as never))
    const what = `${api} ${version}, ${path}`
    const turns = await turnsWithPings(client)
    // 125 looks while it is read, and a join that goes well waits for others.
    if (client.fate !== 'closed' && turns < MAX_TURNS) expect(turns, what).toBeGreaterThan(12)
    client.check()
    client.close()
  }
  expect(front.faults).toEqual([])
  expect(front.crowd.usedBytes).toBe(0)
}, 240_000)

test('a part at a time: 8,000 topics are read, looked up and told in many turns', async () => {
  await open({ clock: new LookedAtClock() })
  const client = front.connect()
  const topics = Array.from({ length: NAMES }, (_, number) => ({ name: `absent-${number}` }))
  client.send(requestFrame(METADATA, 12, { topics, allowAutoTopicCreation: false }))
  // Each of reading, asking and writing looks at the clock 125 times.
  expect(await turnsWithPings(client)).toBeGreaterThan(40)
  const answer = readAnswer(METADATA, 12, client.answers[0]!)
  expect(answer.topics.map(({ name }) => name)).toEqual(topics.map(({ name }) => name))
  expect(answer.topics.every(({ errorCode }) => errorCode === 3)).toBe(true)
  client.close()
})

test('2,000 passwords are hashed in many turns', async () => {
  await open({ clock: new LookedAtClock() })
  const upsertions = Array.from({ length: 2_000 }, (_, number) => ({
    ...{ name: `user-${number}`, mechanism: 1, iterations: 4_096 },
    ...{ salt: Buffer.alloc(16, 1), saltedPassword: Buffer.alloc(32, 2) },
  }))
  const client = front.connect()
  client.send(requestFrame(ALTER_USER_SCRAM_CREDENTIALS, 0, { deletions: [], upsertions }))
  // Each password is a look at the clock, beside those of reading and writing.
  expect(await turnsWithPings(client)).toBeGreaterThan(2_000 / 8)
  const [answer] = client.answers
  const { results } = readAnswer(ALTER_USER_SCRAM_CREDENTIALS, 0, answer!)
  expect(results.map(({ user, errorCode }) => [user, errorCode])).toEqual(
    upsertions.map(({ name }) => [name, 0]),
  )
  const described = await front.ask(DESCRIBE_USER_SCRAM_CREDENTIALS, 0, { users: null })
  expect(described.results).toHaveLength(2_000)
  client.close()
})

test.each([1_000, 3_000])(
  'what is named %i times is told once, where it may be large',
  async (count) => {
    await open()
    await makeTopic('n0', 4)
    const bytesOf = async (api: ApiName, named: number): Promise<number> => {
      const version = servedVersions(API_KEYS[api])!.served[1]
      const { root } = subjects().find(({ name }) => name === `${api}Request`)!.message
      const [crowd] = crowdsOf(root, version, { count: named, nameOf: () => 'n0' })
      const client = front.connect()
      client.send(requestFrame(apiOf(API_KEYS[api])! as never, version, crowd!.message as never))
      await answered(client)
      client.check()
      client.close()
      return client.answers[0]!.byteLength
    }
    const apis: ApiName[] = ['Metadata', 'OffsetFetch', 'DescribeGroups', 'ConsumerGroupDescribe']
    for (const api of [...apis, 'DescribeConfigs', 'DescribeProducers'] as const) {
      // Topics of DescribeProducers are told as often as they are named, but without their partitions.
      const extra = api === 'DescribeProducers' ? count * 5 : 0
      expect(await bytesOf(api, count), api).toBeLessThanOrEqual((await bytesOf(api, 1)) + extra)
    }
  },
)

test('what a client sends behind a crowd is appended behind it, and answered behind it', async () => {
  await open()
  await makeTopic('orders', 1)
  const batchFor = (name: string) => {
    const records = testBatch({ records: [{ value: name }] })
    return { name, partitionData: [{ index: 0, records }] }
  }
  const crowd = Array.from({ length: 3_000 }, (_, number) => batchFor(`absent-${number}`))
  const message = { acks: -1, timeoutMs: 1_000 }
  const client = front.connect()
  const topicData = [...crowd, batchFor('orders')]
  client.send(requestFrame(PRODUCE, 9, { ...message, topicData }))
  client.sendBehind(requestFrame(PRODUCE, 9, { ...message, topicData: [batchFor('orders')] }))
  while (client.answers.length < 2) await front.endTurn()
  const [first, second] = client.answers.map((answer) => readAnswer(PRODUCE, 9, answer).responses)
  expect(first!.map(({ name }) => name)).toEqual(topicData.map(({ name }) => name))
  expect(first!.at(-1)!.partitionResponses).toMatchObject([{ errorCode: 0, baseOffset: 0 }])
  expect(first![0]!.partitionResponses).toMatchObject([{ errorCode: 3, baseOffset: -1 }])
  expect(second).toMatchObject([{ partitionResponses: [{ errorCode: 0, baseOffset: 1 }] }])
  client.close()
})

/** A fetch of more partitions than are read at once, with nothing to read for a minute. */
const LONG_FETCH = requestFrame(FETCH, 11, {
  ...{ maxWaitMs: 60_000, minBytes: 1, isolationLevel: 0 },
  topics: [
    {
      topic: 'empty',
      partitions: Array.from({ length: 2_500 }, (_, partition) => {
        return { partition, fetchOffset: 0, partitionMaxBytes: 1_000 }
      }),
    },
  ],
})

test('crowds wait until there is memory for them, and those that only wait make room', async () => {
  await open({ crowd: { maxBytes: 1 } })
  await makeTopic('empty', 2_500)
  const [first, second] = [front.connect(), front.connect()]
  first.send(LONG_FETCH)
  for (let turn = 0; turn < 50; turn++) await front.endTurn()
  expect(first.fate).toBe('waiting')
  const usedBytes = front.crowd.usedBytes
  expect(usedBytes).toBeGreaterThan(100_000)
  second.send(LONG_FETCH)
  // No time goes by: the first one is answered early, for the second one to be read.
  await answered(first)
  const [topic] = readAnswer(FETCH, 11, first.answers[0]!).responses
  expect(topic!.partitions).toHaveLength(2_500)
  for (let turn = 0; turn < 50; turn++) await front.endTurn()
  expect(second.fate).toBe('waiting')
  expect(front.crowd.usedBytes).toBe(usedBytes)
  first.close()
  second.close()
  expect(front.crowd.usedBytes).toBe(0)
})

test('a client that is gone leaves nothing behind, however far its request has come', async () => {
  await open({ clock: new LookedAtClock() })
  const topics = Array.from({ length: NAMES }, (_, number) => ({ name: `absent-${number}` }))
  const frame = requestFrame(METADATA, 12, { topics, allowAutoTopicCreation: false })
  let turnsOfAll = 0
  for (let turns = 0; turns < 100; turns += 3) {
    const client = front.connect()
    client.send(frame)
    let turn = 0
    for (; turn < turns && client.fate === 'waiting'; turn++) await front.endTurn()
    turnsOfAll = Math.max(turnsOfAll, turn)
    client.close()
    await front.endTurn()
    expect(front.crowd.usedBytes).toBe(0)
  }
  expect(turnsOfAll).toBeGreaterThan(40)
  expect(front.faults).toEqual([])
})

test('a request of more than 400,000 elements is closed, and one behind it is not served', async () => {
  await open()
  const client = front.connect()
  const topics = Array.from({ length: 400_001 }, () => ({ name: '' }))
  client.send(requestFrame(METADATA, 1, { topics }))
  for (let turn = 0; turn < 10; turn++) await front.endTurn()
  expect(client.fate).toBe('closed')
  client.close()
  expect(front.crowd.usedBytes).toBe(0)
})
