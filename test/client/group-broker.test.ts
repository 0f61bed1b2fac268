// Groups of the client against a real broker, over gRPC.

import { TestBroker } from '../support/test-broker.ts'
import { testGroupConsumers, testGroupFailures } from './group-consumer-suite.ts'
import { testGroupCalls } from './group-suite.ts'

/** Members are missed soon, so that nobody has to wait for long. */
const QUICK = {
  'group.consumer.session.timeout.ms': '2000',
  'group.consumer.heartbeat.interval.ms': '100',
}

testGroupCalls(() => TestBroker.start(QUICK))
testGroupConsumers(() => TestBroker.start(QUICK))
testGroupFailures(() => TestBroker.start(QUICK))
