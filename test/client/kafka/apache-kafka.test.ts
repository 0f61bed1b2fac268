// The client against Apache Kafka: what it does has to work with any broker.

import { afterAll, beforeAll, describe } from 'vitest'
import { ApacheKafka, hasApacheKafka } from '../../support/apache-kafka.ts'
import { testClient } from '../client-suite.ts'
import type { ClientBroker } from '../client-suite.ts'
import { testGroupCalls, testGroupConsumers } from '../group-suite.ts'

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

  testClient(shared)
  testGroupCalls(shared)
  testGroupConsumers(shared)
})
