// Served in parts of two names or whole, read and written in steps or at once: the answers are the same.

import { expect, test } from 'vitest'
import { servedVersions } from '../../../../src/protocol/kafka/api-table.ts'
import { FrameWriter } from '../../../../src/protocol/kafka/frame-writer.ts'
import { API_KEYS, type ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { API_VERSIONS } from '../../../../src/protocol/kafka/gen/api-versions.ts'
import { writeRequestHeader } from '../../../../src/protocol/kafka/header.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { encode } from '../../../protocol/kafka/codec-bytes.ts'
import { type Fields, subjects, type Value } from '../../../protocol/kafka/message-arbitraries.ts'
import { servedApis } from '../fuzz/chunk.ts'
import { furnish } from '../fuzz/fuzzed-broker.ts'
import { plausible } from '../fuzz/plausible.ts'
import type { MemoryClient } from '../memory-client.ts'
import { MemoryFront } from '../memory-front.ts'

const SEED = 57
const REQUESTS = 40
const MAX_TURNS = 300

/** Answers with ids that the broker draws, in an order that depends on who asks when. */
const DRAWN: readonly ApiName[] = ['CreateTopics', 'JoinGroup', 'ConsumerGroupHeartbeat']

const APIS = servedApis().filter((api) => !DRAWN.includes(api))

test.each(APIS)('%s', async (api) => {
  const [whole, parts] = await Promise.all([openFront(false), openFront(true)])
  const random = new SeededRandom(SEED)
  const subject = subjects().find(({ name }) => name === `${api}Request`)!
  const [min, max] = servedVersions(API_KEYS[api])!.served
  const versions = await whole.front.ask(API_VERSIONS, 0, {})
  const handled = new Set(versions.apiKeys.map(({ apiKey }) => apiKey))
  let answers = 0
  for (let request = 0; request < REQUESTS; request++) {
    const version = random.between(min, max)
    const { topicIds } = whole
    const message = once(plausible(subject.message.root, version, { topicIds }, random))
    const head = new FrameWriter().collect((writer) => {
      const header = { apiKey: API_KEYS[api], apiVersion: version, correlationId: 1, clientId: 'x' }
      writeRequestHeader(writer, header)
    })
    const frame = Buffer.concat([head, encode(subject.codec, message, version)])
    const [one, other] = [await ask(whole.front, frame), await ask(parts.front, frame)]
    expect(other, `${version}: ${JSON.stringify(message)}`).toEqual(one)
    answers += one.length
  }
  expect(answers > 0).toBe(handled.has(API_KEYS[api]))
  await Promise.all([whole.front.close(), parts.front.close()])
})

async function openFront(crowded: boolean) {
  const front = await MemoryFront.open({
    random: new SeededRandom(SEED),
    options: {
      'auto.create.topics.enable': 'false',
      'offsets.topic.num.partitions': '1',
      'group.initial.rebalance.delay.ms': '0',
    },
    crowd: crowded ? { partSize: 2 } : {},
    dispatch: crowded ? { maxReadAtOnce: 1, maxWrittenAtOnce: 3 } : {},
  })
  return { front, topicIds: await furnish(front) }
}

async function ask(front: MemoryFront, frame: Buffer): Promise<readonly Buffer[]> {
  const client: MemoryClient = front.connect()
  client.send(frame)
  for (let turn = 0; turn < MAX_TURNS && client.fate === 'waiting'; turn++) await front.endTurn()
  if (client.fate === 'waiting') front.clock.advance(60_000)
  for (let turn = 0; turn < MAX_TURNS && client.fate === 'waiting'; turn++) await front.endTurn()
  const answers = [...client.answers]
  client.close()
  await front.endTurn()
  return answers
}

/** Nothing is named twice: in a crowd that is noticed within a part, and no farther. */
function once(value: Value): Value {
  if (Array.isArray(value)) {
    const seen = new Set<string>()
    const items = value as readonly Value[]
    return items.map(once).filter((item) => seen.size < seen.add(nameOf(item)).size)
  }
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, once(one)]))
}

function nameOf(item: Value): string {
  if (item === null || typeof item !== 'object') return String(item)
  const names = Object.entries(item as Fields).filter(([field]) => {
    return /name|topic|user|group|partition|index|member|entity|type$/i.test(field)
  })
  const plain = names.filter(([, value]) => typeof value !== 'object')
  return JSON.stringify(plain)
}
