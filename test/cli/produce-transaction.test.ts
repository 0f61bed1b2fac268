// All lines or none: what is produced in a transaction from the command line, and who sees it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin, Producer } from '../../src/client/index.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { sluice, SluiceCommand, type CommandResult } from '../support/sluice-command.ts'

const WITHIN_MS = 120_000
const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-produce-'))
let broker: BrokerProcess

beforeAll(async () => {
  broker = await BrokerProcess.start(join(directory, 'data'))
}, WITHIN_MS)

afterAll(async () => {
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

describe.each(['grpc', 'kafka'] as const)('over %s', (wire) => {
  function bootstrap(): string {
    return `${wire}://${broker.addresses[wire]}`
  }

  function run(words: readonly string[], input = ''): Promise<CommandResult> {
    return sluice(words, { input, env: { SLUICE_BOOTSTRAP: bootstrap() } })
  }

  async function read(topic: string, isolation: string): Promise<string> {
    const flags = ['-b', '--no-follow', '--isolation', isolation]
    const { code, stdout, stderr } = await run(['consume', topic, ...flags])
    expect(code, stderr).toBe(0)
    return stdout
  }

  test('all lines are there when the last one is, and none before', async () => {
    const topic = `lines-${wire}`
    const flags = ['--transactional-id', `import-${wire}`, '--linger', '0']
    const { code, stderr, stdout } = await run(['produce', topic, ...flags, '--json'], 'a\nb\nc\n')
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ topic, records: 3, bytes: 6 })
    await expect.poll(() => read(topic, 'read_committed')).toBe('a\nb\nc\n')
  })

  test('none is when one is not understood', async () => {
    const topic = `half-${wire}`
    const lines = '{"value":"good"}\n{"value":"better"}\nbad\n'
    const flags = ['--format', 'json', '-t', `half-${wire}`]
    const { code, stderr } = await run(['produce', topic, ...flags], lines)
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 3: it is no JSON: .*; nothing was produced\n$/)
    expect(await read(topic, 'read_committed')).toBe('')
    expect(await read(topic, 'read_uncommitted')).toBe('good\nbetter\n')
  })

  test('none is when it is interrupted', async () => {
    const topic = `interrupted-${wire}`
    const flags = ['-t', `interrupted-${wire}`, '--linger', '0', '-q', '--bootstrap', bootstrap()]
    const typed = new SluiceCommand(['produce', topic, ...flags], null, {})
    typed.write('one\n')
    const admin = new Admin({ bootstrap: bootstrap() })
    const end = async (): Promise<number> => {
      const position = { kind: 'latest' } as const
      const [found] = await admin.listOffsets([{ topic, partition: 0, position }])
      return found!.offset
    }
    await expect.poll(end, { timeout: 20_000 }).toBe(1)
    typed.signal('SIGINT')
    const { code, stderr } = await typed.ended
    expect([code, stderr]).toEqual([130, 'sluice: interrupted: the transaction was aborted\n'])
    await expect.poll(end, { timeout: 20_000 }).toBe(2)
    expect(await read(topic, 'read_committed')).toBe('')
    await admin.close()
  })

  test('a reader of committed records waits for what is open', async () => {
    const topic = `open-${wire}`
    const producer = new Producer({ bootstrap: bootstrap(), transactionalId: `open-${wire}` })
    await producer.transaction(async (tx) => {
      await tx.send({ topic, value: 'open' })
      expect(await read(topic, 'read_committed')).toBe('')
      expect(await read(topic, 'read_uncommitted')).toBe('open\n')
    })
    await expect.poll(() => read(topic, 'read_committed')).toBe('open\n')
    await producer.close()
  })
})

test.each([
  [['--transaction-timeout', '1m'], /--transaction-timeout is for --transactional-id/],
  [['-t', ''], /--transactional-id is empty/],
  [['-t', 'x', '--acks', '1'], /--transactional-id needs --acks all/],
])('%o is refused', async (flags, message) => {
  const { code, stderr } = await sluice(['produce', 'never', ...flags], { input: '', env: {} })
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})
