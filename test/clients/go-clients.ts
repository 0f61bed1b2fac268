// Clients for Go, from the module proxy, compiled to build/clients/go.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, runCommand } from '../support/commands.ts'
import { GO_ENV, goMissing } from '../support/go.ts'
import { runProgram, scenarioWithout, transactionsWithout } from './client.ts'
import type { Client, ScenarioStep } from './client.ts'

const SOURCES = join(ROOT, 'test/clients/go')
const PROGRAMS = join(ROOT, 'build/clients/go')

export const GO_CLIENTS: readonly Client[] = [
  // It has no word of the newer group protocol.
  goClient('sarama', 'github.com/IBM/sarama', 'sarama', ['newer group protocol']),
  goClient('franz-go', 'github.com/twmb/franz-go', 'franz', []),
]

export const GO_TRANSACTIONS: readonly Client[] = [
  {
    ...goClient('franz-go', 'github.com/twmb/franz-go', 'franz-transactions', []),
    name: 'franz-go, transactions',
    // It writes markers, and has no call that fences.
    steps: transactionsWithout('fence and abort by admin'),
  },
]

function goClient(
  name: string,
  module: string,
  folder: string,
  lacking: readonly ScenarioStep[],
): Client {
  return {
    name,
    version: () => {
      const modules = readFileSync(join(SOURCES, 'go.mod'), 'utf8').split('\n')
      const line = modules.find((text) => text.trim().startsWith(`${module} v`))!
      return line.trim().split(' v')[1]!
    },
    steps: scenarioWithout(...lacking),
    isQuick: true,
    prepare: async () => {
      const missing = goMissing()
      if (missing !== null) return missing
      mkdirSync(PROGRAMS, { recursive: true })
      const program = join(PROGRAMS, folder)
      await runCommand('go', ['build', '-o', program, `./${folder}`], { cwd: SOURCES, env: GO_ENV })
      return null
    },
    run: ({ bootstrap, prefix }, report) => {
      return runProgram(join(PROGRAMS, folder), [bootstrap, prefix], report)
    },
  }
}
