// A broker as a process of its own, started as a user starts it, so that it can be killed.

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const NODE = `${ROOT}node_modules/.bin/node`
export const SLUICE = `${ROOT}build/dist/cli/main.js`

export interface BrokerAddresses {
  /** "127.0.0.1:port" of the gRPC front. */
  readonly grpc: string
  /** "127.0.0.1:port" of the HTTP front. */
  readonly http: string
  readonly kafka: string
}

export class BrokerProcess {
  readonly addresses: BrokerAddresses
  /** From the start of the process until it was ready, in milliseconds. */
  readonly startMs: number
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #log: string[]

  private constructor(
    child: ChildProcess,
    started: { addresses: BrokerAddresses; startMs: number; log: string[] },
  ) {
    this.#child = child
    this.#log = started.log
    this.addresses = started.addresses
    this.startMs = started.startMs
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code) => resolve(code))
    })
  }

  /**
   * Starts a broker and waits until it is ready.
   *
   * @param dataDir where it keeps its data
   * @param flags   of `sluice start`. Ports are free ones unless they are given.
   * @param nodeFlags of Node itself, as those of kill-at.ts
   * @throws Error with what it printed, when it ends before it is ready
   */
  static async start(
    dataDir: string,
    flags: readonly string[] = [],
    nodeFlags: readonly string[] = [],
  ): Promise<BrokerProcess> {
    const begun = performance.now()
    const free = '127.0.0.1:0'
    const kafka = flags.includes('--kafka') ? [] : ['--kafka', free]
    const ports = flags.includes('--grpc') ? kafka : ['--grpc', free, '--http', free, ...kafka]
    const child = spawn(
      NODE,
      [...nodeFlags, SLUICE, 'start', '--json', '--data-dir', dataDir, ...ports, ...flags],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const log: string[] = []
    createInterface({ input: child.stderr! }).on('line', (line) => {
      log.push(line)
      if (log.length > 1_000) log.shift()
    })
    const addresses = await new Promise<BrokerAddresses>((resolve, reject) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const event = JSON.parse(line) as { ready?: boolean } & BrokerAddresses
        if (event.ready === true)
          resolve({ grpc: event.grpc, http: event.http, kafka: event.kafka })
      })
      child.once('exit', (code, signal) => {
        reject(new Error(`the broker ended with ${code ?? signal}:\n${log.join('\n')}`))
      })
      child.once('error', reject)
    })
    return new BrokerProcess(child, { addresses, startMs: performance.now() - begun, log })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The last lines of its log. */
  get log(): readonly string[] {
    return this.#log
  }

  /** The value of a metric without labels; NaN when there is none of that name. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://${this.addresses.http}/metrics`)
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await response.text())?.[1])
  }

  /** Sends a signal, and resolves with the exit code (null after a signal) when the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return await this.#exited
  }

  /** Resolves when the process has ended, with the signal that ended it; null: it has exited. */
  async ended(): Promise<NodeJS.Signals | null> {
    await this.#exited
    return this.#child.signalCode
  }

  /** True until the process has ended. */
  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }
}
