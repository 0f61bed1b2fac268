// Clients for Node, from npm.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE } from '../support/broker-process.ts'
import { ROOT } from '../support/commands.ts'
import { runProgram, scenarioWithout, transactionsWithout } from './client.ts'
import type { Client, ScenarioStep, TransactionStep } from './client.ts'

export const NODE_CLIENTS: readonly Client[] = [
  // It reads in groups alone, and is older than the newer group protocol.
  nodeClient('kafkajs', 'kafkajs.ts', ['consume by assignment', 'newer group protocol']),
  nodeClient('@platformatic/kafka', 'platformatic.ts', []),
]

/** They have no call for what an administrator does. */
const NO_ADMIN = ['list and describe transactions', 'fence and abort by admin'] as const

export const NODE_TRANSACTIONS: readonly Client[] = [
  transactionsOf('kafkajs', 'transactions-kafkajs.ts', NO_ADMIN),
  transactionsOf('@platformatic/kafka', 'transactions-platformatic.ts', [
    ...NO_ADMIN,
    // It hands out what it fetched before a rebalance as if it had fetched it after.
    'copy with a rebalance',
  ]),
]

function transactionsOf(name: string, script: string, lacking: readonly TransactionStep[]): Client {
  const steps = transactionsWithout(...lacking)
  return { ...nodeClient(name, script, []), name: `${name}, transactions`, steps, isQuick: false }
}

function nodeClient(name: string, script: string, lacking: readonly ScenarioStep[]): Client {
  return {
    name,
    version: () => {
      const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')
      return (JSON.parse(text) as { version: string }).version
    },
    steps: scenarioWithout(...lacking),
    isQuick: true,
    prepare: async () => null,
    run: ({ bootstrap, prefix }, report) => {
      const path = join(ROOT, 'test/clients/node', script)
      return runProgram(NODE, ['--no-warnings', path, bootstrap, prefix], report)
    },
  }
}
