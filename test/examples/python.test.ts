// examples/python against a real broker: stubs from proto/ alone, records in, records out.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Admin } from '../../src/client/index.ts'
import { isInstalled, prepared, ROOT, runCommand } from '../support/commands.ts'
import { TestBroker } from '../support/test-broker.ts'
import { INPUT, LINES } from './sample.ts'

const EXAMPLE = join(ROOT, 'examples/python')
const BUILD = join(ROOT, 'build/examples/python')
const PYTHON = join(BUILD, 'venv/bin/python')
const PREPARE_MS = 600_000

const missing = await prepared('the Python example', async () => {
  if (!isInstalled('python3', '-c', 'import venv, ensurepip'))
    return 'there is no python3 with venv'
  const requirements = readFileSync(join(EXAMPLE, 'requirements.txt'), 'utf8')
  const stamp = join(BUILD, 'venv/requirements.txt')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === requirements) return null
  mkdirSync(BUILD, { recursive: true })
  await runCommand('python3', ['-m', 'venv', join(BUILD, 'venv')])
  await runCommand(PYTHON, ['-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'], {
    cwd: EXAMPLE,
  })
  writeFileSync(stamp, requirements)
  return null
})

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
}, PREPARE_MS)

afterAll(async () => {
  await broker.remove()
})

function python(program: string, words: readonly string[], input = ''): Promise<string> {
  const all = [program, ...words, '--bootstrap', broker.bootstrap]
  return runCommand(PYTHON, all, { cwd: EXAMPLE, input, env: { PYTHONDONTWRITEBYTECODE: '1' } })
}

test.skipIf(missing !== null)('lines go in and come out as they were', async () => {
  const said = await python('produce.py', ['from-python'], INPUT)
  expect(said).toBe(`${LINES.length} records are stored in from-python\n`)
  expect(await python('consume.py', ['from-python'])).toBe(INPUT)
})

test.skipIf(missing !== null)('keys choose partitions', async () => {
  const admin = new Admin({ bootstrap: broker.bootstrap })
  await admin.createTopic({ name: 'keyed-python', partitions: 3 })
  await admin.close()
  const lines = Array.from({ length: 60 }, (_, n) => `user-${n % 6}:click ${n}\n`).join('')
  await python('produce.py', ['keyed-python', '--key-separator', ':'], lines)
  const values = (await python('consume.py', ['keyed-python'])).trimEnd().split('\n')
  const byUser = values.filter((value) => Number(value.split(' ')[1]) % 6 === 2)
  expect(byUser).toEqual(Array.from({ length: 10 }, (_, n) => `click ${n * 6 + 2}`))
})

test.skipIf(missing !== null)('a group goes on where it left off, record by record', async () => {
  await python('produce.py', ['grouped-python'], INPUT)
  const half = await python('group.py', ['readers', 'grouped-python', '--count', '500'])
  const read = half.split('\n').length - 1
  expect(read).toBeGreaterThanOrEqual(500)
  const left = String(LINES.length - read)
  const rest = await python('group.py', ['readers', 'grouped-python', '--count', left])
  expect(half + rest).toBe(INPUT)
})

test.skipIf(missing !== null)('a copy in transactions has each record once', async () => {
  await python('produce.py', ['originals'], INPUT)
  const copy = (...words: string[]) =>
    python('copy_once.py', ['copier', 'originals', 'COPIES', ...words])
  await expect(copy('--leave-after', '1000')).rejects.toThrow('left in the middle')
  expect(await copy()).toBe(`${LINES.length - 1_000} records are copied to COPIES\n`)
  expect(await copy()).toBe('0 records are copied to COPIES\n')
  expect(await python('consume.py', ['COPIES'])).toBe(capitals(LINES))
  // Read without regard to transactions, what it left in the middle shows: records 1,000 to 1,499.
  const all = [...LINES.slice(0, 1_500), ...LINES.slice(1_000)]
  expect(await python('consume.py', ['COPIES', '--uncommitted'])).toBe(capitals(all))
})

function capitals(lines: readonly string[]): string {
  return lines.map((line) => `${line.toUpperCase()}\n`).join('')
}

test.skipIf(missing !== null)('a refusal is told', async () => {
  await expect(python('consume.py', ['missing'])).rejects.toThrow('NOT_FOUND')
})
