// The client against Apache Kafka: what it does has to work with any broker.

import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin, Consumer, Producer, SluiceError, stringSerde } from '../../../src/client/index.ts'
import type { ConnectionOptions } from '../../../src/client/index.ts'
import { BrokerConnection } from '../../../src/client/kafka/broker-connection.ts'
import { realClock } from '../../../src/io/real-clock.ts'
import { connectFrames } from '../../../src/network/client-connection.ts'
import { ALTER_USER_SCRAM_CREDENTIALS } from '../../../src/protocol/kafka/gen/alter-user-scram-credentials.ts'
import { ApacheKafka, hasApacheKafka } from '../../support/apache-kafka.ts'
import { testClient } from '../client-suite.ts'
import type { ClientBroker } from '../client-suite.ts'
import { testConsumerGroups } from '../group-consumer-suite.ts'
import { testGroupCalls, testGroupConsumers } from '../group-suite.ts'
import { testTransactions } from '../transaction-suite.ts'

describe.runIf(hasApacheKafka('test/client/kafka/apache-kafka.test.ts'))('Apache Kafka', () => {
  let kafka: ApacheKafka

  beforeAll(async () => {
    kafka = await ApacheKafka.start()
  })

  afterAll(async () => {
    await kafka.remove()
  })

  /** One broker for all: a JVM takes its time. */
  const shared = async (): Promise<ClientBroker> => {
    return { bootstrap: kafka.bootstrap, remove: () => Promise.resolve() }
  }

  describe('who has to say who it is', () => {
    const ITERATIONS = 4_096
    const MECHANISMS = {
      'scram-sha-256': [1, 'sha256', 32],
      'scram-sha-512': [2, 'sha512', 64],
    } as const

    beforeAll(async () => {
      const port = Number(kafka.bootstrap.split(':').at(-1))
      const parts = { connect: connectFrames, clock: realClock, clientId: 'test' }
      const connection = new BrokerConnection(
        { host: '127.0.0.1', port },
        { ...parts, connectTimeoutMs: 10_000, authenticate: null },
      )
      const salt = Buffer.from('the salt of ann')
      // Kafka takes one credential of a user at a time.
      for (const [mechanism, hash, keyBytes] of Object.values(MECHANISMS)) {
        const saltedPassword = pbkdf2Sync('pass,word=', salt, ITERATIONS, keyBytes, hash)
        const credential = { name: 'scram=ann', mechanism, iterations: ITERATIONS }
        const request = { deletions: [], upsertions: [{ ...credential, salt, saltedPassword }] }
        const { results } = await connection.call(ALTER_USER_SCRAM_CREDENTIALS, request, 30_000)
        expect(results.map(({ errorCode }) => errorCode)).toEqual([0])
      }
      connection.close(new SluiceError('CLOSED'))
    })

    test.each([
      ['plain', 'ann', 'ann-secret'],
      ['scram-sha-256', 'scram=ann', 'pass,word='],
      ['scram-sha-512', 'scram=ann', 'pass,word='],
    ] as const)('is let in with %s', async (mechanism, username, password) => {
      const sasl = { mechanism, username, password }
      const connection: ConnectionOptions = { bootstrap: kafka.saslBootstrap, sasl }
      const topic = `behind-${mechanism}`
      const producer = new Producer(connection)
      expect((await producer.send({ topic, value: 'x' })).offset).toBe(0)
      await producer.close()
      const consumer = new Consumer({ ...connection, valueDeserializer: stringSerde })
      await consumer.subscribe(topic, { start: { kind: 'earliest' } })
      for await (const { value } of consumer.records({ untilEnd: true })) expect(value).toBe('x')
      await consumer.close()
    })

    test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
      'is kept out with a wrong password, %s',
      async (mechanism) => {
        const sasl = { mechanism, username: 'ann', password: 'guessed' }
        const admin = new Admin({ bootstrap: kafka.saslBootstrap, sasl, retries: 0 })
        await expect(admin.describeCluster()).rejects.toMatchObject({
          code: 'SASL_AUTHENTICATION_FAILED',
          retriable: false,
        })
        await admin.close()
      },
    )

    test('is kept out without a word', async () => {
      const admin = new Admin({ bootstrap: kafka.saslBootstrap, retries: 0 })
      await expect(admin.describeCluster()).rejects.toMatchObject({ code: 'NETWORK_EXCEPTION' })
      await admin.close()
    })
  })

  testClient(shared)
  testGroupCalls(shared)
  testGroupConsumers(shared)
  testConsumerGroups(shared)
  testTransactions(shared)

  // As brokers have it that are older than Kafka 4, or were not told to go over to the second.
  describe('with the first protocol of transactions', () => {
    testTransactions(async () => {
      const older = await ApacheKafka.start({ 'transaction.version': 1 })
      return { bootstrap: older.bootstrap, remove: () => older.remove() }
    })
  })
})
