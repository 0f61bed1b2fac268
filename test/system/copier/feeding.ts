// The feeder as a process: fills the input, as far as it is allowed to.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startProgram, type StartedProgram } from './started-program.ts'

export class Feeding {
  readonly #program: StartedProgram
  #allowed = 0
  /** Records that are in the input for certain. */
  fed = 0

  constructor(command: readonly string[], log: string) {
    this.#program = startProgram(command, log)
    const lines = createInterface({ input: this.#program.child.stdout! })
    lines.on('line', (line) => (this.fed = Number(line)))
  }

  /** Lets it go on until so many are in the input. */
  allow(records: number): void {
    if (records <= this.#allowed) return
    this.#allowed = records
    this.#program.child.stdin!.write(`${records}\n`)
  }

  /** Lets it end. @throws Error when it does not end well */
  async end(): Promise<void> {
    this.#program.child.stdin!.end()
    await this.#program.ended
  }

  /** Rejects when it ends by itself. */
  async failed(): Promise<void> {
    if (this.#program.child.exitCode === null) await once(this.#program.child, 'close')
    await this.#program.ended
  }

  kill(): void {
    this.#program.child.kill('SIGKILL')
  }
}
