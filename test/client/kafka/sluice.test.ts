// The client against our own broker, over Kafka's protocol.

import { TestBroker } from '../../support/test-broker.ts'
import { testClient, testRestarts } from '../client-suite.ts'
import type { RestartableBroker } from '../client-suite.ts'
import { testGroupCalls, testGroupConsumers } from '../group-suite.ts'

async function start(): Promise<RestartableBroker> {
  const broker = await TestBroker.start()
  return {
    bootstrap: broker.kafkaBootstrap,
    stop: () => broker.stop(),
    startAgain: () => broker.startAgain(),
    remove: () => broker.remove(),
  }
}

testClient(start)
testRestarts(start)
testGroupCalls(start)
testGroupConsumers(start)
