// One place in the group of copiers: a process with a transactional id, and after it was killed or has
// ended, another with the same.

import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from './programs.ts'

/** How a process ends after which another is to take over: by itself, or hung in a call of its client. */
const LIFE_IS_OVER = 3
const HUNG = 'SIGALRM'

export interface LifeOptions {
  readonly name: string
  readonly command: Command
  /** Words of the next life. */
  readonly words: () => readonly string[]
  /** Where what it says is kept. */
  readonly log: string
  /** Longest pause between two lives. */
  readonly pauseMs: () => number
}

export class CopierSlot {
  readonly name: string
  readonly #options: LifeOptions
  readonly #ended: Promise<void>
  #child: ChildProcess | null = null
  #isStopping = false
  /** Processes that there were. */
  lives = 0
  /** Lives that ended themselves so that another takes over. */
  handedOver = 0

  constructor(options: LifeOptions) {
    this.name = options.name
    this.#options = options
    this.#ended = this.#run()
    this.#ended.catch(() => {})
  }

  /** Null between two lives. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Sends a signal, if there is a life to get it. @returns whether there was */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false
  }

  /** Resolves when the last life has ended in order. @throws Error when one ended in a way of its own */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#child?.stdin?.end('stop\n')
    await this.#ended
  }

  /** Ends it, now. */
  async kill(): Promise<void> {
    this.#isStopping = true
    this.#child?.kill('SIGKILL')
    await this.#ended.catch(() => {})
  }

  /** Rejects when a life ends in a way that it should not. */
  get failed(): Promise<void> {
    return this.#ended
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const [program, ...words] = [...this.#options.command, ...this.#options.words()]
      const child = spawn(program!, words, { stdio: ['pipe', 'ignore', 'pipe'] })
      this.#child = child
      this.lives += 1
      child.stdin.on('error', () => {})
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-4_000)
        appendFileSync(this.#options.log, text)
      })
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
      this.#child = null
      if (code === LIFE_IS_OVER || signal === HUNG) this.handedOver += 1
      else if (code !== 0 && signal !== 'SIGKILL') {
        throw new Error(`${this.name} ended with ${code ?? signal}:\n${said}`)
      }
      if (!this.#isStopping) await delay(this.#options.pauseMs())
    }
  }
}
