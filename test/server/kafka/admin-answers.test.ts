// Administration over the Kafka protocol, answer by answer as Apache Kafka answers: the same requests
// in the same order, good and bad, to our handlers and, earlier, to a real broker.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BROKER_OPTION_BY_NAME } from '../../../src/config/broker-options.ts'
import { TOPIC_OPTION_BY_NAME } from '../../../src/config/topic-options.ts'
import { adminHandlers } from '../../../src/server/kafka/handlers/admin.ts'
import { KafkaHandlerClient } from '../../support/kafka-handler-client.ts'
import { ADMIN_STEPS } from './admin-requests.ts'

const FILE = new URL('../../golden/kafka-admin-answers.json', import.meta.url)
const KAFKA = JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, unknown>>

/** Fields that differ from run to run, or are words for people. */
const NOT_COMPARED = new Set([
  'errorMessage',
  'documentation',
  'logDir',
  'topicId',
  'totalBytes',
  'usableBytes',
  'isCordoned',
])

/** The compared part of an answer: without fields that may differ, lists without an order. */
function pictureOf(answer: unknown): unknown {
  if (Array.isArray(answer)) {
    const items = answer.filter((item) => !isForeignConfig(item)).map((item) => pictureOf(item))
    return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (typeof answer !== 'object' || answer === null) return answer
  const entries = Object.entries(answer).filter(([name]) => !NOT_COMPARED.has(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, pictureOf(value)]))
}

/** A configuration that Kafka has and we do not, or the other way round. */
function isForeignConfig(item: unknown): boolean {
  if (typeof item !== 'object' || item === null || !('configSource' in item)) return false
  const { name } = item as unknown as { readonly name: string }
  // Kafka 4 sets min.insync.replicas for all brokers when it makes a cluster.
  if (name === 'flush.policy' || name === 'min.insync.replicas') return true
  return !TOPIC_OPTION_BY_NAME.has(name) && !BROKER_OPTION_BY_NAME.has(name)
}

/** Where we answer otherwise, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  [
    'with synonyms (DescribeConfigs 1)',
    'the default is among the synonyms here, also a topic’s own',
  ],
  ['of a broker (DescribeConfigs 3)', 'node.id has a default here'],
  ['unknown operation (IncrementalAlterConfigs 1)', 'Kafka calls it an unexpected server error'],
  ['dynamic ones of a broker (DescribeConfigs 4)', 'Kafka names log.retention.hours as a synonym'],
  [
    'of a broker, read only (IncrementalAlterConfigs 1)',
    'INVALID_CONFIG here as for other options',
  ],
  ['loggers (ListConfigResources 1)', 'there are no loggers to configure here'],
  ['one type twice (AlterClientQuotas 1)', 'Kafka takes the last name that is given'],
  ['what is left (DescribeClientQuotas 1)', 'what follows from the line above'],
])

test('every request of an administrator is answered as Kafka answers it', async () => {
  const client = await KafkaHandlerClient.open(adminHandlers)
  const different: string[] = []
  for (const { title, ask } of ADMIN_STEPS) {
    const [ours, theirs] = [pictureOf(await ask(client)), pictureOf(KAFKA[title])]
    if (DIFFERENCES.has(title)) {
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) different.push(title)
    } else expect(ours, title).toEqual(theirs)
  }
  await client.close()
  expect(different, 'the table of differences says what is').toEqual([...DIFFERENCES.keys()])
})
