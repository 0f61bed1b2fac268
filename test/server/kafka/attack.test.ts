// F46 in small: 200 bad clients of all kinds against a broker, and an honest one beside them. The same
// with 10,000 and with latencies: `npm run bench -- kafka --only attack`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kindsOf, LARGE_TOPIC, PASSWORD, USER } from '../../../bench/kafka/attack/kinds.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { SASL_AUTHENTICATE } from '../../../src/protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../src/protocol/kafka/gen/sasl-handshake.ts'
import { batchOf } from '../../support/batches.ts'
import { TestBroker } from '../../support/broker.ts'
import { eventually } from '../../support/grpc-client.ts'
import { KafkaClient } from '../../support/kafka-client.ts'
import { SkippingClock } from '../../support/skipping-clock.ts'

const MIB = 1024 * 1024
const KINDS = kindsOf('strangers and known clients')
const EACH = 25
const LIMIT = 4 * MIB
const NOW = Date.now()

const clock = new SkippingClock()
let directory: string
let broker: TestBroker

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-users-'))
  const users = join(directory, 'users.properties')
  writeFileSync(users, `${USER}=${PASSWORD}\n`)
  broker = await TestBroker.start({
    clock,
    options: {
      'sasl.enabled.mechanisms': 'PLAIN',
      'sasl.plain.users.file': users,
      'queued.max.response.bytes': String(LIMIT),
    },
  })
})

afterAll(async () => {
  await broker.remove()
  rmSync(directory, { recursive: true })
})

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${broker.url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

async function signedIn(): Promise<KafkaClient> {
  const client = await KafkaClient.connect(broker.kafkaPort)
  await client.call(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' })
  const authBytes = Buffer.from(`\0${USER}\0${PASSWORD}`)
  expect((await client.call(SASL_AUTHENTICATE, 1, { authBytes })).errorCode).toBe(0)
  return client
}

async function produce(client: KafkaClient, topic: string, sizeBytes: number): Promise<number> {
  const records = batchOf(1, sizeBytes, { timestamp: NOW })
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  const answer = await client.call(PRODUCE, 9, { acks: -1, timeoutMs: 30_000, topicData })
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  expect(errorCode).toBe(0)
  return baseOffset
}

/** Produces a record, and fetches it. */
async function roundTrip(client: KafkaClient): Promise<void> {
  const fetchOffset = await produce(client, 'honest', 1_000)
  const asked = { partition: 0, fetchOffset, partitionMaxBytes: 65_536 }
  let bytes = 0
  while (bytes === 0) {
    const { responses } = await client.call(FETCH, 11, {
      ...{ maxWaitMs: 500, minBytes: 1, maxBytes: 65_536, isolationLevel: 0 },
      topics: [{ topic: 'honest', partitions: [asked] }],
    } as never)
    bytes = responses[0]!.partitions[0]!.records?.byteLength ?? 0
  }
}

test('F46: 200 bad clients are closed, hold little, and others are served all the while', async () => {
  const honest = await signedIn()
  for (let at = 0; at < 6; at++) await produce(honest, LARGE_TOPIC, 900_000)
  const squads = KINDS.map((kind) => {
    const sockets = Array.from({ length: EACH }, (_, attempt) => {
      const socket = net.connect(broker.kafkaPort, '127.0.0.1')
      socket.on('error', () => {})
      socket.on('data', () => {})
      socket.on('connect', () => kind.begin(socket, attempt))
      return socket
    })
    return { kind, sockets }
  })
  const opened = 'sluice_connections_total{listener="kafka"}'
  await eventually(async () => (await metrics()).get(opened)! >= 1 + EACH * KINDS.length)

  const open = 'sluice_connections{listener="kafka"}'
  let [mostAnswers, mostRequests] = [0, 0]
  // Who reads nothing has a minute, everybody else ten seconds.
  for (let second = 0; second < 75; second++) {
    for (const { kind, sockets } of squads) {
      if (second < 12) for (const socket of sockets) kind.goOn?.(socket)
    }
    await roundTrip(honest)
    const now = await metrics()
    mostAnswers = Math.max(mostAnswers, now.get('sluice_response_bytes_held{listener="kafka"}')!)
    mostRequests = Math.max(mostRequests, now.get('sluice_request_bytes_held')!)
    if (second === 12) expect(now.get(open)).toBeLessThanOrEqual(1 + 2 * EACH)
    clock.skipSecond()
  }
  // Left is at most who asked and never read, as far as the system has all the answers already.
  await eventually(async () => (await metrics()).get(open)! <= 1 + EACH)
  // Twice the limit, and a batch that is given whole.
  expect(mostAnswers).toBeGreaterThan(LIMIT)
  expect(mostAnswers).toBeLessThan(2 * LIMIT + MIB)
  expect(mostRequests).toBeLessThan(2 * MIB)
  for (const { sockets } of squads) for (const socket of sockets) socket.destroy()
  await eventually(async () => (await metrics()).get(open) === 1)
  const after = await metrics()
  expect(after.get('sluice_response_bytes_held{listener="kafka"}')).toBe(0)
  expect(after.get('sluice_request_bytes_held')).toBe(0)
  const closed = (cause: string): number => {
    return after.get(`sluice_connections_refused_total{listener="kafka",cause="${cause}"}`)!
  }
  expect(closed('frame_size')).toBeGreaterThanOrEqual(EACH)
  expect(closed('bad_request')).toBeGreaterThanOrEqual(EACH)
  expect(closed('slow_frame')).toBeGreaterThanOrEqual(2 * EACH)
  expect(closed('unknown_client')).toBeGreaterThanOrEqual(EACH)
  expect(closed('send_memory') + closed('slow_reader')).toBeGreaterThanOrEqual(1)
  await roundTrip(honest)
  honest.close()
})
