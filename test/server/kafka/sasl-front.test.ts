// Authentication on real connections of a whole broker: what is served before it, and what closes.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { SASL_AUTHENTICATE } from '../../../src/protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../src/protocol/kafka/gen/sasl-handshake.ts'
import { TestBroker } from '../../support/broker.ts'
import { KafkaClient } from '../../support/kafka-client.ts'

const TOKEN = Buffer.from('\0ann\0ann-secret')
const EVERYTHING = { topics: null }

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
  await broker.stop()
  const users = join(broker.directory, 'users.properties')
  writeFileSync(users, 'ann=ann-secret\n')
  await broker.open({
    options: {
      'sasl.enabled.mechanisms': 'PLAIN',
      'sasl.plain.users.file': users,
      'connection.failed.authentication.delay.ms': '1',
    },
  })
})

afterAll(() => broker.remove())

function connect(): Promise<KafkaClient> {
  return KafkaClient.connect(broker.kafkaPort)
}

test('before authentication ApiVersions is served, and what is not of SASL closes', async () => {
  const client = await connect()
  const { errorCode } = await client.call(API_VERSIONS, 0, {})
  expect(errorCode).toBe(0)
  client.send(METADATA, 1, EVERYTHING)
  await client.closed
})

test('a client that is who it says it is gets everything', async () => {
  const client = await connect()
  await client.call(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' })
  // Both at once: the second begins when it is known whose it is.
  client.send(SASL_AUTHENTICATE, 2, { authBytes: TOKEN })
  client.send(METADATA, 1, EVERYTHING)
  await client.answer(SASL_AUTHENTICATE, 2)
  const { message } = await client.answer(METADATA, 1)
  expect(message.brokers).toHaveLength(1)
  client.close()
})

test('a wrong password is told, and the connection closes behind it', async () => {
  const client = await connect()
  await client.call(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' })
  const authBytes = Buffer.from('\0ann\0wrong')
  const { errorCode } = await client.call(SASL_AUTHENTICATE, 2, { authBytes })
  expect(errorCode).toBe(ERRORS.SASL_AUTHENTICATION_FAILED.id)
  await client.closed
})

test('a mechanism that is not offered is told, and the connection closes behind it', async () => {
  const client = await connect()
  const { errorCode, mechanisms } = await client.call(SASL_HANDSHAKE, 1, { mechanism: 'GSSAPI' })
  expect([errorCode, mechanisms]).toEqual([ERRORS.UNSUPPORTED_SASL_MECHANISM.id, ['PLAIN']])
  await client.closed
})

test('after SaslHandshake 0 a bare token is answered by one of no bytes, and requests follow', async () => {
  const client = await connect()
  await client.call(SASL_HANDSHAKE, 0, { mechanism: 'PLAIN' })
  client.sendBytes(Buffer.concat([sizeOf(TOKEN.byteLength), TOKEN]))
  expect(await client.receive()).toEqual(Buffer.alloc(0))
  const { brokers } = await client.call(METADATA, 0, { topics: [] })
  expect(brokers).toHaveLength(1)
  client.close()
})

test('after SaslHandshake 0 a wrong token closes without a word', async () => {
  const client = await connect()
  await client.call(SASL_HANDSHAKE, 0, { mechanism: 'PLAIN' })
  const wrong = Buffer.from('\0ann\0wrong')
  client.sendBytes(Buffer.concat([sizeOf(wrong.byteLength), wrong]))
  expect(await client.receive()).toBeNull()
})

test('a frame that only a known client may send closes (sasl.server.max.receive.size)', async () => {
  const client = await connect()
  client.sendBytes(sizeOf(524_289))
  await client.closed

  const known = await connect()
  await known.call(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' })
  await known.call(SASL_AUTHENTICATE, 2, { authBytes: TOKEN })
  const topics = Array.from({ length: 30_000 }, (_, n) => ({ name: `a-topic-of-some-length-${n}` }))
  const answer = await known.call(METADATA, 4, { topics, allowAutoTopicCreation: false })
  expect(answer.topics).toHaveLength(30_000)
  known.close()
})

function sizeOf(bytes: number): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes)
  return size
}
