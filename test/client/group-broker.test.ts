// Groups of the client against a real broker, over both wires.

import { describe } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import type { RestartableBroker } from './client-suite.ts'
import { testConsumerGroupFailures, testConsumerGroups } from './group-consumer-suite.ts'

/** Members are missed soon, so that nobody has to wait for long. */
const QUICK = {
  'group.consumer.session.timeout.ms': '2000',
  'group.consumer.heartbeat.interval.ms': '100',
}

async function overGrpc(): Promise<RestartableBroker> {
  return await TestBroker.start(QUICK)
}

async function overKafka(): Promise<RestartableBroker> {
  const broker = await TestBroker.start(QUICK)
  return {
    bootstrap: broker.kafkaBootstrap,
    stop: () => broker.stop(),
    startAgain: () => broker.startAgain(),
    remove: () => broker.remove(),
  }
}

describe.each([
  ['gRPC', overGrpc],
  ['Kafka', overKafka],
])('over %s', (_, start) => {
  testConsumerGroups(start)
  testConsumerGroupFailures(start)
})
