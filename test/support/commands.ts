// Running programs of other languages, and leaving tests out where a machine has none of them.

import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/**
 * Runs a program to its end.
 *
 * @returns what it printed on its standard output
 * @throws Error with all that it printed, when it fails
 */
export function runCommand(
  command: string,
  words: readonly string[],
  { cwd = ROOT, env = {}, input = '' }: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env: { ...process.env, ...env } })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ${words.join(' ')}: ${code ?? signal}\n${output}${errors}`))
    })
    // A program that ends early reads no more; that it failed says enough.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

export function isInstalled(command: string, ...words: string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0
}

/**
 * Prepares what a test needs of the machine.
 *
 * @returns null when all is there; otherwise why the tests are left out, which was also printed
 * @throws Error under CI, where nothing is left out
 */
export async function prepared(
  what: string,
  prepare: () => Promise<string | null>,
): Promise<string | null> {
  let missing: string | null
  try {
    missing = await prepare()
  } catch (error) {
    missing = error instanceof Error ? error.message : String(error)
  }
  if (missing === null) return null
  if (process.env['CI'] !== undefined) throw new Error(`${what}: ${missing}`)
  process.stderr.write(`left out: ${what}: ${missing}\n`)
  return missing
}
