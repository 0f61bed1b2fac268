// The scenario of ../README.md with @platformatic/kafka.
//
//   node platformatic.ts <bootstrap> <prefix of names>

import { Admin, Consumer, ConfigResourceTypes, Producer } from '@platformatic/kafka'
import { IncrementalAlterConfigOperationTypes, type Message } from '@platformatic/kafka'
import type { ConsumeOptions, MessagesStream } from '@platformatic/kafka'
import { PER_CODEC, pause, records, refusal, same, sameRecords, sameValues } from './scenario.ts'
import { step, text, timestampOf, until, type PlainRecord } from './scenario.ts'

const [bootstrap, prefix] = process.argv.slice(2) as [string, string]
const DATA = `${prefix}-data`
const GROUP = `${prefix}-group`
const NEWER = `${prefix}-newer`
const IDEMPOTENT = `${prefix}-idempotent`
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const TOTAL = CODECS.length * PER_CODEC

const options = { clientId: prefix, bootstrapBrokers: [bootstrap], retries: 5, retryDelay: 200 }
const GROUP_PROTOCOLS = {
  classic: {
    groupProtocol: 'classic',
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 300,
  },
  consumer: { groupProtocol: 'consumer', rebalanceTimeout: 60_000 },
} as const
/** A member still hands out what a fetch of before the rebalance brings. */
const STALE_FETCH_MS = 500

type GroupProtocol = keyof typeof GROUP_PROTOCOLS

/** One consumer of a group that shares a topic. */
class Member {
  readonly values: string[] = []
  readonly #consumer: Consumer
  readonly #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>

  private constructor(consumer: Consumer, stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>) {
    this.#consumer = consumer
    this.#stream = stream
    stream.on('data', ({ value }) => this.values.push(text(value)!))
    stream.on('error', () => {})
  }

  static async join(topic: string, protocol: GroupProtocol): Promise<Member> {
    const consumer = newConsumer(`${topic}-members`, protocol)
    const topics = [topic]
    const place = { mode: 'committed', fallbackMode: 'earliest' } as const
    const stream = await consumer.consume({ topics, ...place, autocommit: 100, maxWaitTime: 200 })
    return new Member(consumer, stream)
  }

  owns(): number {
    const assignments = this.#consumer.assignments ?? []
    return assignments.reduce((sum, { partitions }) => sum + partitions.length, 0)
  }

  async leave(): Promise<void> {
    await this.#stream.close()
    await this.#consumer.close()
  }
}

const admin = new Admin(options)
const producer = new Producer(options)

await step('create topics', async () => {
  const configs = [{ name: 'retention.ms', value: '-1' }]
  await admin.createTopics({ topics: [DATA, IDEMPOTENT], partitions: 1, replicas: 1, configs })
  await admin.createTopics({ topics: [GROUP, NEWER], partitions: 4, replicas: 1 })
  const { topics } = await admin.metadata({ topics: [DATA, GROUP], forceUpdate: true })
  const counts = [DATA, GROUP].map((name) => topics.get(name)?.partitionsCount)
  same('partitions', counts, [1, 4])
  await refusal(() => admin.createTopics({ topics: [DATA], partitions: 1, replicas: 1 }))
})

await step('produce', async () => {
  for (const [at, compression] of CODECS.entries()) {
    const messages = records(at * PER_CODEC, (at + 1) * PER_CODEC).map(asMessage(DATA))
    const { offsets } = await producer.send({ messages, acks: -1, compression })
    same(`base offset of ${compression}`, Number(offsets?.[0]?.offset), at * PER_CODEC)
  }
  return CODECS.join(' ')
})

await step('consume by assignment', async () => {
  const offsets = [{ topic: DATA, partition: 0, offset: 40n }]
  const read = await readTopic(`${prefix}-manual`, DATA, TOTAL - 40, { mode: 'manual', offsets })
  sameRecords('from offset 40', read, records(40, TOTAL))
  sameRecords('all', await readTopic(`${prefix}-all`, DATA, TOTAL), records(0, TOTAL))
})

await step('seek by time', async () => {
  const consumer = newConsumer(`${prefix}-time`)
  const timestamp = BigInt(timestampOf(30) - 500)
  const found = await consumer.listOffsetsWithTimestamps({ topics: [DATA], timestamp })
  await consumer.close()
  const { offset = -1n, timestamp: at = -1n } = found.get(DATA)?.get(0) ?? {}
  same('offset at the time', [Number(offset), Number(at)], [30, timestampOf(30)])
  const offsets = [{ topic: DATA, partition: 0, offset }]
  const read = await readTopic(`${prefix}-time`, DATA, TOTAL - 30, { mode: 'manual', offsets })
  sameRecords('from the time', read, records(30, TOTAL))
})

await step('group with a rebalance', () => rebalance(GROUP, 'classic'))

await step('newer group protocol', () => rebalance(NEWER, 'consumer'))

await step('commit and resume', async () => {
  const group = `${prefix}-resume`
  const consumer = newConsumer(group)
  const stream = await consumer.consume({ topics: [DATA], mode: 'earliest', autocommit: false })
  const first: PlainRecord[] = []
  for await (const message of stream) {
    first.push(asPlain(message))
    if (first.length < 25) continue
    const { leaderEpoch } = message
    await consumer.commit({ offsets: [{ topic: DATA, partition: 0, offset: 25n, leaderEpoch }] })
    break
  }
  sameRecords('first', first, records(0, 25))
  const committed = await consumer.listCommittedOffsets({
    topics: [{ topic: DATA, partitions: [0] }],
  })
  same('committed offset', Number(committed.get(DATA)?.[0]), 25)
  await stream.close()
  await consumer.close()
  const rest = await readTopic(group, DATA, TOTAL - 25, { mode: 'committed' })
  sameRecords('after it', rest, records(25, TOTAL))
})

await step('describe groups', async () => {
  const group = `${prefix}-resume`
  same('listed', (await admin.listGroups()).has(group), true)
  const described = await admin.describeGroups({ groups: [group] })
  same('state', described.get(group)?.state, 'Empty')
  await admin.deleteGroups({ groups: [group] })
  same('left', (await admin.listGroups()).has(group), false)
})

await step('delete records', async () => {
  const partitions = [{ partition: 0, offset: 10n }]
  const [deleted] = await admin.deleteRecords({ topics: [{ name: DATA, partitions }] })
  same('low watermark', Number(deleted?.partitions[0]?.lowWatermark), 10)
  sameRecords('left', await readTopic(`${prefix}-left`, DATA, TOTAL - 10), records(10, TOTAL))
})

await step('alter configs', async () => {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: GROUP }
  const set = (name: string, value: string) => {
    const configOperation = IncrementalAlterConfigOperationTypes.SET
    const configs = [{ name, value, configOperation }]
    return admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
  }
  await set('max.message.bytes', '123456')
  const asked = { ...resource, configurationKeys: ['max.message.bytes'] }
  const [described] = await admin.describeConfigs({ resources: [asked] })
  same('max.message.bytes', described?.configs[0]?.value, '123456')
  await refusal(() => set('max.message.bytes', 'many'))
})

await step('idempotent producer', async () => {
  const idempotent = new Producer({ ...options, idempotent: true })
  for (let n = 0; n < 30; n += 3) {
    await idempotent.send({ messages: records(n, n + 3).map(asMessage(IDEMPOTENT)), acks: -1 })
  }
  await idempotent.close()
  sameRecords('all', await readTopic(`${prefix}-idempotent`, IDEMPOTENT, 30), records(0, 30))
})

await step('delete topics', async () => {
  const topics = [DATA, GROUP, NEWER, IDEMPOTENT]
  await admin.deleteTopics({ topics })
  await until('the topics are gone', async () => {
    const names = await admin.listTopics()
    return !topics.some((name) => names.includes(name))
  })
})

await producer.close()
await admin.close()
process.exit(0)

function newConsumer(groupId: string, protocol: GroupProtocol = 'classic'): Consumer {
  return new Consumer({ ...options, groupId, maxWaitTime: 200, ...GROUP_PROTOCOLS[protocol] })
}

/** Reads one topic until it has `count` records, and leaves. */
async function readTopic(
  groupId: string,
  topic: string,
  count: number,
  place: Partial<ConsumeOptions<Buffer, Buffer, Buffer, Buffer>> = { mode: 'earliest' },
): Promise<PlainRecord[]> {
  const consumer = newConsumer(groupId)
  const stream = await consumer.consume({ topics: [topic], autocommit: false, ...place })
  const read: PlainRecord[] = []
  stream.on('data', (message) => read.push(asPlain(message)))
  const failed = new Promise<never>((_, reject) => {
    stream.once('error', reject)
  })
  const enough = until(`${count} records of ${topic}`, () => read.length >= count)
  await Promise.race([enough, failed])
  await stream.close()
  await consumer.close()
  return read
}

/** Two members share four partitions for a while. */
async function rebalance(topic: string, protocol: GroupProtocol): Promise<string> {
  await sendToGroup(topic, 0)
  const first = await Member.join(topic, protocol)
  await until('the first member has all partitions', () => first.owns() === 4)
  await until('the first round is read', () => first.values.length === 40)
  const second = await Member.join(topic, protocol)
  await until('both members have two', () => first.owns() === 2 && second.owns() === 2)
  await pause(STALE_FETCH_MS)
  await sendToGroup(topic, 1)
  const count = () => new Set([...first.values, ...second.values]).size
  await until('the second round is read', () => count() === 80)
  const shared = second.values.filter((value) => value.startsWith('round 1 '))
  same('the second member read', shared.length, 20)
  await second.leave()
  await until('the first member has all again', () => first.owns() === 4)
  await sendToGroup(topic, 2)
  await until('the third round is read', () => count() === 120)
  await first.leave()
  const sent = [0, 1, 2].flatMap((round) => roundOfGroup(round).map(({ value }) => value))
  return sameValues([...first.values, ...second.values], sent)
}

/** Ten records for each of the four partitions. */
function roundOfGroup(round: number) {
  return Array.from({ length: 40 }, (_, at) => {
    return { partition: at % 4, value: `round ${round} record ${String(at).padStart(2, '0')}` }
  })
}

async function sendToGroup(topic: string, round: number): Promise<void> {
  const messages = roundOfGroup(round).map(({ partition, value }) => {
    return { topic, partition, value: Buffer.from(value) }
  })
  await producer.send({ messages, acks: -1 })
}

function asMessage(topic: string) {
  return ({ timestamp, key, value, headers }: PlainRecord) => {
    const bytes = (of: string | null) => (of === null ? {} : { of: Buffer.from(of) })
    const { of: keyBytes } = bytes(key) as { of: Buffer }
    const { of: valueBytes } = bytes(value) as { of: Buffer }
    const pairs = Object.entries(headers).map(([name, of]) => {
      return [Buffer.from(name), Buffer.from(of)] as const
    })
    const at = { topic, partition: 0, timestamp: BigInt(timestamp) }
    return { ...at, key: keyBytes, value: valueBytes, headers: new Map(pairs) }
  }
}

function asPlain({ offset, timestamp, key, value, headerEntries }: Message): PlainRecord {
  const headers = headerEntries.map(([name, of]) => [text(name)!, text(of)!])
  return {
    offset: Number(offset),
    timestamp: Number(timestamp),
    key: text(key),
    value: text(value),
    headers: Object.fromEntries(headers),
  }
}
