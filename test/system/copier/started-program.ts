// A program of a run: what it says on standard error is kept in a file.

import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { once } from 'node:events'

export interface StartedProgram {
  readonly child: ChildProcess
  /** Rejects when it does not end with 0. */
  readonly ended: Promise<void>
}

export function startProgram(command: readonly string[], log: string): StartedProgram {
  const [program, ...words] = command
  const child = spawn(program!, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  // One that is killed reads no more.
  child.stdin.on('error', () => {})
  child.stderr.on('data', (text: Buffer) => appendFileSync(log, text))
  const ended = closed(child, command)
  ended.catch(() => {})
  return { child, ended }
}

async function closed(child: ChildProcess, command: readonly string[]): Promise<void> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (code !== 0) throw new Error(`it ended with ${code ?? signal}: ${command.join(' ')}`)
}
