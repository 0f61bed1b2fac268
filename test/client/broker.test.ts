// The client against a real broker, over gRPC.

import { TestBroker } from '../support/test-broker.ts'
import { testClient, testRestarts } from './client-suite.ts'

testClient(() => TestBroker.start())
testRestarts(() => TestBroker.start())
