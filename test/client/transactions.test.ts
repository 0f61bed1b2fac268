// Transactions of the client against a real broker, over both wires.

import { describe } from 'vitest'
import { TestBroker } from '../support/test-broker.ts'
import type { ClientBroker } from './client-suite.ts'
import { testTransactions } from './transaction-suite.ts'

/** Transactions that are open for too long are found soon. */
const QUICK = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' }

async function overGrpc(): Promise<ClientBroker> {
  return await TestBroker.start(QUICK)
}

async function overKafka(): Promise<ClientBroker> {
  const broker = await TestBroker.start(QUICK)
  return { bootstrap: broker.kafkaBootstrap, remove: () => broker.remove() }
}

describe.each([
  ['gRPC', overGrpc],
  ['Kafka', overKafka],
])('over %s', (_, start) => {
  testTransactions(start)
})
