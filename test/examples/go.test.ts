// examples/go against a real broker: stubs from proto/ alone, records in, records out.

import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepared, ROOT, runCommand } from '../support/commands.ts'
import { GO_ENV, goMissing } from '../support/go.ts'
import { TestBroker } from '../support/test-broker.ts'
import { INPUT, LINES } from './sample.ts'

const BUILD = join(ROOT, 'build/examples/go')
const BUF = join(ROOT, 'node_modules/.bin/buf')
const PREPARE_MS = 900_000

const missing = await prepared('the Go example', async () => {
  const reason = goMissing()
  if (reason !== null) return reason
  // A copy, so that generated code stays out of the checkout.
  mkdirSync(BUILD, { recursive: true })
  cpSync(join(ROOT, 'examples/go'), BUILD, {
    recursive: true,
    filter: (path) => !path.endsWith('/gen'),
  })
  const options = { cwd: BUILD, env: GO_ENV }
  await runCommand('go', ['mod', 'download'], options)
  // Compiled beforehand: buf would wait for both to compile the same at once.
  await runCommand('go', ['build', 'tool'], options)
  const template = join(BUILD, 'buf.gen.yaml')
  await runCommand(BUF, ['generate', '--template', template, join(ROOT, 'proto')], options)
  await runCommand('go', ['build', '-o', 'bin/', './produce', './consume', './group'], options)
  return null
})

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
}, PREPARE_MS)

afterAll(async () => {
  await broker.remove()
})

function go(program: string, words: readonly string[], input = ''): Promise<string> {
  const all = ['-bootstrap', broker.bootstrap, ...words]
  return runCommand(join(BUILD, 'bin', program), all, { input })
}

test.skipIf(missing !== null)('lines go in and come out as they were', async () => {
  const said = await go('produce', ['from-go'], INPUT)
  expect(said).toBe(`${LINES.length} records are stored in from-go\n`)
  expect(await go('consume', ['from-go'])).toBe(INPUT)
})

test.skipIf(missing !== null)('a group goes on where it left off, record by record', async () => {
  await go('produce', ['grouped-go'], INPUT)
  const half = await go('group', ['-count', '500', 'readers', 'grouped-go'])
  const read = half.split('\n').length - 1
  expect(read).toBeGreaterThanOrEqual(500)
  const rest = await go('group', ['-count', `${LINES.length - read}`, 'readers', 'grouped-go'])
  expect(half + rest).toBe(INPUT)
})

test.skipIf(missing !== null)('a refusal is told', async () => {
  await expect(go('consume', ['missing'])).rejects.toThrow('NotFound')
})
