// The client against a real broker, over gRPC.

import { TestBroker } from '../support/test-broker.ts'
import { testClient, testRestarts } from './client-suite.ts'
import { testGroupCalls, testGroupConsumers } from './group-suite.ts'

const start = (): Promise<TestBroker> => TestBroker.start()

testClient(start)
testRestarts(start)
testGroupCalls(start)
testGroupConsumers(start)
