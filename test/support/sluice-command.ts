// The sluice command as a user runs it: a process, with words, standard input, and an exit code.

import { spawn, type ChildProcess } from 'node:child_process'
import { NODE, SLUICE } from './broker-process.ts'

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandInput {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** A command that runs. */
export class SluiceCommand {
  readonly ended: Promise<CommandResult>
  readonly #child: ChildProcess
  readonly #output: Buffer[] = []
  readonly #errors: Buffer[] = []
  #changed: () => void = () => {}

  /** @param input null: standard input stays open, for `write` */
  constructor(words: readonly string[], input: string | Uint8Array | null, env: NodeJS.ProcessEnv) {
    const child = spawn(NODE, [SLUICE, ...words], { env: { ...process.env, ...env } })
    this.#child = child
    child.stdout.on('data', (bytes: Buffer) => {
      this.#output.push(bytes)
      this.#changed()
    })
    child.stderr.on('data', (bytes: Buffer) => {
      this.#errors.push(bytes)
      this.#changed()
    })
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve({ code, stdout: this.stdout, stderr: Buffer.concat(this.#errors).toString() })
      })
    })
    // A command that ends early reads no more; its exit code says enough.
    child.stdin.on('error', () => {})
    if (input !== null) child.stdin.end(input)
  }

  /** What it has printed so far. */
  get stdout(): string {
    return Buffer.concat(this.#output).toString()
  }

  get stderr(): string {
    return Buffer.concat(this.#errors).toString()
  }

  /** Resolves when it has printed what is looked for; rejects when it ends before. */
  async until(isSeen: (command: SluiceCommand) => boolean): Promise<void> {
    const ended = this.ended.then(({ code, stdout, stderr }) => {
      if (!isSeen(this)) throw new Error(`it ended with ${code}:\n${stdout}${stderr}`)
    })
    const seen = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (isSeen(this)) resolve()
      }
      this.#changed()
    })
    await Promise.race([seen, ended])
  }

  write(input: string): void {
    this.#child.stdin!.write(input)
  }

  /** Closes the pipe that it writes to. */
  stopReading(): void {
    this.#child.stdout!.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** Runs the command to its end. */
export function sluice(
  words: readonly string[],
  { input = '', env = {} }: CommandInput = {},
): Promise<CommandResult> {
  return new SluiceCommand(words, input, env).ended
}
