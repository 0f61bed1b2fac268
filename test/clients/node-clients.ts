// Clients for Node, from npm.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE } from '../support/broker-process.ts'
import { ROOT } from '../support/commands.ts'
import { runProgram, scenarioWithout, type Client, type ScenarioStep } from './client.ts'

export const NODE_CLIENTS: readonly Client[] = [
  // It reads in groups alone, and is older than the newer group protocol.
  nodeClient('kafkajs', 'kafkajs.ts', ['consume by assignment', 'newer group protocol']),
  nodeClient('@platformatic/kafka', 'platformatic.ts', []),
]

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
