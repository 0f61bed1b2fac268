// The scenario of ../README.md with kafkajs.
//
//   node kafkajs.ts <bootstrap> <prefix of names>

import kafkajs, { type Consumer, type EachMessagePayload } from 'kafkajs'
import { registerCodecs } from './codecs.ts'
import { PER_CODEC, records, refusal, same, sameRecords, sameValues } from './scenario.ts'
import { step, text, timestampOf, until, type PlainRecord } from './scenario.ts'

// The package is CommonJS, and its enums are values of that.
const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs
registerCodecs()

const [bootstrap, prefix] = process.argv.slice(2) as [string, string]
const DATA = `${prefix}-data`
const GROUP = `${prefix}-group`
const IDEMPOTENT = `${prefix}-idempotent`
const CODECS = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const
const TOTAL = CODECS.length * PER_CODEC

const kafka = new Kafka({
  clientId: prefix,
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { retries: 5, initialRetryTime: 100 },
})
/** One consumer of the group. */
class Member {
  readonly values: string[] = []
  readonly #consumer: Consumer
  #owned = 0

  private constructor(consumer: Consumer) {
    this.#consumer = consumer
  }

  static async join(): Promise<Member> {
    const consumer = newConsumer(`${prefix}-members`)
    const member = new Member(consumer)
    consumer.on('consumer.group_join', ({ payload }) => {
      member.#owned = payload.memberAssignment[GROUP]?.length ?? 0
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [GROUP], fromBeginning: true })
    await consumer.run({
      autoCommitInterval: 100,
      eachMessage: async ({ message }) => {
        member.values.push(text(message.value)!)
      },
    })
    return member
  }

  owns(): number {
    return this.#owned
  }

  async leave(): Promise<void> {
    await this.#consumer.disconnect()
  }
}

const admin = kafka.admin()
await admin.connect()
const producer = kafka.producer()
await producer.connect()

await step('create topics', async () => {
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  const topics = [
    { topic: DATA, numPartitions: 1, configEntries },
    { topic: GROUP, numPartitions: 4 },
    { topic: IDEMPOTENT, numPartitions: 1 },
  ]
  await admin.createTopics({ topics, waitForLeaders: true })
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [DATA, GROUP] })
  const counts = Object.fromEntries(found.map(({ name, partitions }) => [name, partitions.length]))
  same('partitions', counts, { [DATA]: 1, [GROUP]: 4 })
  same('created a second time', await admin.createTopics({ topics: topics.slice(0, 1) }), false)
})

await step('produce', async () => {
  for (const [at, codec] of CODECS.entries()) {
    const messages = records(at * PER_CODEC, (at + 1) * PER_CODEC).map(asMessage)
    const [result] = await producer.send({
      topic: DATA,
      acks: -1,
      compression: CompressionTypes[codec],
      messages,
    })
    same(`base offset of ${codec}`, Number(result?.baseOffset), at * PER_CODEC)
  }
  return CODECS.join(' ').toLowerCase()
})

await step('seek by time', async () => {
  const asked = timestampOf(30) - 500
  const [found] = await admin.fetchTopicOffsetsByTimestamp(DATA, asked)
  same('offset at the time', Number(found?.offset), 30)
  const read = await readGroup(`${prefix}-time`, DATA, TOTAL - 30, (consumer) => {
    consumer.seek({ topic: DATA, partition: 0, offset: found!.offset })
  })
  sameRecords('from the time', read.sort(byOffset).slice(-(TOTAL - 30)), records(30, TOTAL))
})

await step('group with a rebalance', async () => {
  const first = await Member.join()
  await until('the first member has all partitions', () => first.owns() === 4)
  await sendToGroup(0)
  await until('the first round is read', () => first.values.length === 40)
  const second = await Member.join()
  await until('both members have two', () => first.owns() === 2 && second.owns() === 2)
  await sendToGroup(1)
  const count = () => new Set([...first.values, ...second.values]).size
  await until('the second round is read', () => count() === 80)
  same(
    'the second member read',
    second.values.filter((value) => value.startsWith('round 1 ')).length,
    20,
  )
  await second.leave()
  await until('the first member has all again', () => first.owns() === 4)
  await sendToGroup(2)
  await until('the third round is read', () => count() === 120)
  await describeGroups()
  await first.leave()
  const sent = [0, 1, 2].flatMap((round) => roundOfGroup(round).map(({ value }) => value))
  return sameValues([...first.values, ...second.values], sent)
})

await step('commit and resume', async () => {
  const group = `${prefix}-resume`
  const firstRead = await readGroup(group, DATA, 25, undefined, '25')
  sameRecords('first', firstRead.slice(0, 25), records(0, 25))
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [DATA] })
  same('committed offset', offsets?.partitions[0]?.offset, '25')
  sameRecords('after it', await readGroup(group, DATA, TOTAL - 25), records(25, TOTAL))
})

await step('describe groups', async () => {
  const { groups } = await admin.listGroups()
  same('listed', groups.filter(({ groupId }) => groupId === `${prefix}-resume`).length, 1)
  const { groups: described } = await admin.describeGroups([`${prefix}-resume`])
  same('state', described[0]?.state, 'Empty')
  await admin.deleteGroups([`${prefix}-resume`])
  const { groups: left } = await admin.listGroups()
  same('left', left.filter(({ groupId }) => groupId === `${prefix}-resume`).length, 0)
})

await step('delete records', async () => {
  await admin.deleteTopicRecords({ topic: DATA, partitions: [{ partition: 0, offset: '10' }] })
  const [offsets] = await admin.fetchTopicOffsets(DATA)
  same('offsets', [offsets?.low, offsets?.high], ['10', String(TOTAL)])
  const read = await readGroup(`${prefix}-deleted`, DATA, TOTAL - 10)
  sameRecords('what is left', read, records(10, TOTAL))
})

await step('alter configs', async () => {
  const resource = { type: ConfigResourceTypes.TOPIC, name: GROUP }
  const configEntries = [{ name: 'max.message.bytes', value: '123456' }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  const asked = { ...resource, configNames: ['max.message.bytes'] }
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [asked] })
  same('max.message.bytes', resources[0]?.configEntries[0]?.configValue, '123456')
  await refusal(() => {
    const wrong = [{ name: 'max.message.bytes', value: 'many' }]
    return admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: wrong }],
    })
  })
})

await step('idempotent producer', async () => {
  const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 5 })
  await idempotent.connect()
  for (let n = 0; n < 30; n += 3) {
    const messages = records(n, n + 3).map(asMessage)
    await idempotent.send({ topic: IDEMPOTENT, acks: -1, messages })
  }
  await idempotent.disconnect()
  const read = await readGroup(`${prefix}-idempotent`, IDEMPOTENT, 30)
  sameRecords('idempotent', read, records(0, 30))
})

await step('delete topics', async () => {
  await admin.deleteTopics({ topics: [DATA, GROUP, IDEMPOTENT] })
  await until('the topics are gone', async () => {
    const names = await admin.listTopics()
    return ![DATA, GROUP, IDEMPOTENT].some((name) => names.includes(name))
  })
})

await producer.disconnect()
await admin.disconnect()
process.exit(0)

function asMessage({ timestamp, key, value, headers }: PlainRecord) {
  return { partition: 0, timestamp: String(timestamp), key, value, headers }
}

function asPlain({ message }: EachMessagePayload): PlainRecord {
  return {
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers: Object.fromEntries(
      Object.entries(message.headers ?? {}).map(([name, bytes]) => [name, text(bytes as Buffer)!]),
    ),
  }
}

function byOffset(a: PlainRecord, b: PlainRecord): number {
  return a.offset - b.offset
}

/** Reads a topic in a group until it has `count` records, and leaves. */
async function readGroup(
  groupId: string,
  topic: string,
  count: number,
  prepare?: (consumer: Consumer) => void,
  commit?: string,
): Promise<PlainRecord[]> {
  const consumer = newConsumer(groupId)
  const read: PlainRecord[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async (payload) => {
      read.push(asPlain(payload))
    },
  })
  prepare?.(consumer)
  await until(`${count} records of ${topic}`, () => read.length >= count)
  if (commit !== undefined) {
    await consumer.commitOffsets([{ topic, partition: 0, offset: commit }])
  }
  await consumer.disconnect()
  return read
}

function newConsumer(groupId: string): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 300,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 200,
  })
}

/** Ten records for each of the four partitions. */
function roundOfGroup(round: number) {
  return Array.from({ length: 40 }, (_, at) => {
    return { partition: at % 4, value: `round ${round} record ${String(at).padStart(2, '0')}` }
  })
}

async function sendToGroup(round: number): Promise<void> {
  await producer.send({ topic: GROUP, messages: roundOfGroup(round) })
}

async function describeGroups(): Promise<void> {
  const { groups } = await admin.describeGroups([`${prefix}-members`])
  same('members', [groups[0]?.state, groups[0]?.members.length], ['Stable', 1])
}
