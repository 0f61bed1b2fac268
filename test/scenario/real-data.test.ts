// The main job on real input: a file of more than 100,000 lines goes in by `sluice produce`, survives a
// SIGKILL of the broker, and comes out by `sluice consume`, identical.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BrokerProcess, NODE, SLUICE } from '../support/broker-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LINES = 120_000

/** Text that people wrote: type declarations and documentation of the packages that are installed. */
function realLines(): Buffer {
  const paths = globSync('node_modules/**/*.{md,d.ts}', { cwd: ROOT }).sort()
  const lines: string[] = []
  for (const path of paths) {
    lines.push(...readFileSync(join(ROOT, path), 'utf8').split('\n'))
    if (lines.length >= LINES) break
  }
  return Buffer.from(`${lines.slice(0, LINES).join('\n')}\n`)
}

/** Runs the command to its end. @returns what it printed */
async function sluice(
  ...words: string[]
): Promise<{ code: number | null; output: Buffer; errors: string }> {
  const child = spawn(NODE, [SLUICE, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output: Buffer.concat(output), errors }
}

test.each(['none', 'zstd'])('real lines survive a kill, compression %s', async (compression) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-real-'))
  const file = join(directory, 'lines.txt')
  const input = realLines()
  writeFileSync(file, input)
  expect(input.toString().split('\n').length - 1).toBe(LINES)
  try {
    const data = join(directory, 'data')
    let broker = await BrokerProcess.start(data)
    const bootstrap = ['--bootstrap', broker.addresses.grpc]
    const produced = await sluice(
      ...['produce', 'lines', '--file', file, '--compression', compression, '--json', ...bootstrap],
    )
    expect(produced.errors).toContain('produced 120,000 records')
    expect(JSON.parse(produced.output.toString())).toMatchObject({ records: LINES })

    await broker.stop('SIGKILL')
    broker = await BrokerProcess.start(data)
    const consumed = await sluice(
      ...['consume', 'lines', '--from-beginning', '--no-follow', '--bootstrap'],
      broker.addresses.grpc,
    )
    await broker.stop()
    expect(consumed.errors).toBe('')
    expect(sha256(consumed.output)).toBe(sha256(input))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
