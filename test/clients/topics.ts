// Topics beside a client that can't make or read them itself, by kafkajs, which has passed by then.

import kafkajs from 'kafkajs'
import { registerCodecs } from './node/codecs.ts'
import { text, until } from './node/scenario.ts'

const { Kafka, logLevel } = kafkajs
registerCodecs()

export interface TextRecord {
  readonly key: string | null
  readonly value: string | null
}

function kafkaAt(bootstrap: string): InstanceType<typeof Kafka> {
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
}

/** Makes topics, by name with how many partitions, does something, and deletes them. */
export async function withTopics(
  bootstrap: string,
  topics: Readonly<Record<string, number>>,
  action: () => Promise<void>,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = kafkaAt(bootstrap).admin()
  await admin.connect()
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const wanted = Object.entries(topics).map(([topic, numPartitions]) => {
    return { topic, numPartitions, configEntries }
  })
  await admin.createTopics({ topics: wanted })
  try {
    await action()
    await admin.deleteTopics({ topics: Object.keys(topics) })
  } finally {
    await admin.disconnect()
  }
}

/** The first `count` records of a topic of one partition. */
export async function readTopic(
  bootstrap: string,
  topic: string,
  count: number,
): Promise<TextRecord[]> {
  const consumer = kafkaAt(bootstrap).consumer({ groupId: `reader-of-${topic}` })
  const records: TextRecord[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      records.push({ key: text(message.key), value: text(message.value) })
    },
  })
  try {
    await until(`${count} records of ${topic}`, () => records.length >= count)
  } catch (error) {
    throw new Error(`${records.length} records were there`, { cause: error })
  } finally {
    await consumer.disconnect()
  }
  return records
}
