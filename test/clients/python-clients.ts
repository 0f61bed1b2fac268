// Clients for Python, from PyPI, each in a virtual environment of its own below build/.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isInstalled, ROOT, runCommand } from '../support/commands.ts'
import { runProgram, scenarioWithout, transactionsWithout } from './client.ts'
import type { Client, ScenarioStep } from './client.ts'

/** kafka-python brings no codecs but gzip, and is slow without a native checksum. */
const CODECS = ['crc32c==2.9.post0', 'lz4==4.4.5', 'python-snappy==0.7.3', 'zstandard==0.25.0']

/** What came after kafka-python 2.0.2 was made. */
const SINCE_OLD = ['newer group protocol', 'delete records', 'idempotent producer'] as const

export const PYTHON_CLIENTS: readonly Client[] = [
  pythonClient('confluent-kafka', '2.16.1', 'run_confluent.py', [], []),
  pythonClient('kafka-python', '2.0.2', 'run_kafka_python.py', CODECS, SINCE_OLD),
  pythonClient('kafka-python', '3.0.12', 'run_kafka_python.py', CODECS, ['newer group protocol']),
]

/** It has no call for what an administrator does. */
const CONFLUENT_TRANSACTIONS = transactionsWithout(
  'list and describe transactions',
  'fence and abort by admin',
)

export const PYTHON_TRANSACTIONS: readonly Client[] = [
  {
    ...pythonClient('confluent-kafka', '2.16.1', 'transactions_confluent.py', [], []),
    name: 'confluent-kafka, transactions',
    steps: CONFLUENT_TRANSACTIONS,
  },
]

export const PYTHON_COMPACTED: readonly Client[] = [
  {
    ...pythonClient('confluent-kafka', '2.16.1', 'compacted_confluent.py', [], []),
    name: 'confluent-kafka, compacted topics',
    steps: [
      ...['table while it is compacted', 'compacted to its end', 'seek into a gap'],
      ...['position and commit in a gap', 'offsets by time'],
    ],
  },
]

function pythonClient(
  name: string,
  version: string,
  script: string,
  more: readonly string[],
  lacking: readonly ScenarioStep[],
): Client {
  const environment = join(ROOT, 'build/clients', `python-${name}-${version}`)
  const python = join(environment, 'bin/python')
  return {
    name,
    version: () => version,
    steps: scenarioWithout(...lacking),
    isQuick: true,
    prepare: () => installed(environment, python, [`${name}==${version}`, ...more]),
    run: ({ bootstrap, prefix }, report) => {
      const path = join(ROOT, 'test/clients/python', script)
      // -B: no compiled files beside the sources.
      return runProgram(python, ['-B', path, bootstrap, prefix], report)
    },
  }
}

async function installed(
  environment: string,
  python: string,
  packages: readonly string[],
): Promise<string | null> {
  if (!isInstalled('python3', '-c', 'import venv, ensurepip')) {
    return 'there is no python3 with venv'
  }
  // Written when all is there, so that an installation that was cut off starts anew.
  const stamp = join(environment, `installed-${packages.length}`)
  if (existsSync(stamp)) return null
  mkdirSync(environment, { recursive: true })
  await runCommand('python3', ['-m', 'venv', environment])
  const options = ['--quiet', '--only-binary', ':all:']
  const pip = ['-m', 'pip', 'install', ...options, ...packages]
  await runCommand(python, pip)
  writeFileSync(stamp, packages.join('\n'))
  return null
}
