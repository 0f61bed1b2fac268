// examples/typescript against a real broker, with the package as it is built.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepared, ROOT, runCommand } from '../support/commands.ts'
import { TestBroker } from '../support/test-broker.ts'
import { INPUT, LINES } from './sample.ts'

const missing = await prepared('the TypeScript example', async () => {
  const built = join(ROOT, 'build/dist/client/index.js')
  return existsSync(built) ? null : 'the package is not built: npm run build'
})

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
})

afterAll(async () => {
  await broker.remove()
})

function example(program: string, words: readonly string[], input = ''): Promise<string> {
  const path = join(ROOT, 'examples/typescript', program)
  return runCommand(process.execPath, [path, ...words, broker.bootstrap], { input })
}

test.skipIf(missing !== null)('lines go in and come out as they were', async () => {
  const said = await example('produce.ts', ['from-typescript'], INPUT)
  expect(said).toBe(`${LINES.length} records are stored in from-typescript\n`)
  expect(await example('consume.ts', ['from-typescript'])).toBe(INPUT)
})

test.skipIf(missing !== null)('a refusal is told', async () => {
  await expect(example('consume.ts', ['missing'])).rejects.toThrow('UNKNOWN_TOPIC_OR_PARTITION')
})
