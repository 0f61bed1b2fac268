// A client that we did not write, as the runner sees it: what it needs, what it does, what came out.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The steps of the scenario. What each one does stands in README.md. */
export const SCENARIO = [
  'create topics',
  'produce',
  'consume by assignment',
  'seek by time',
  'group with a rebalance',
  'newer group protocol',
  'commit and resume',
  'describe groups',
  'delete records',
  'alter configs',
  'idempotent producer',
  'delete topics',
] as const

export type ScenarioStep = (typeof SCENARIO)[number]

/** The steps of the scenario of transactions. What each one does stands in README.md. */
export const TRANSACTIONS = [
  'transaction commit',
  'transaction abort',
  'offsets in a transaction',
  'fencing',
  'transaction timeout',
  'interleaved transactions',
  'copy with a rebalance',
  'list and describe transactions',
  'fence and abort by admin',
] as const

export type TransactionStep = (typeof TRANSACTIONS)[number]

export interface StepResult {
  readonly step: string
  readonly result: 'passed' | 'failed'
  /** When it failed, what was found and what was expected. */
  readonly detail: string
}

/** Where a client runs. */
export interface Place {
  /** "127.0.0.1:port" of a broker that speaks Kafka's protocol. */
  readonly bootstrap: string
  /** Names of topics and groups begin with it. */
  readonly prefix: string
  /** Empty, and the client's own. */
  readonly directory: string
}

export interface Client {
  readonly name: string
  readonly version: () => string
  /** What has to be reported, and passed. */
  readonly steps: readonly string[]
  /** True when it takes seconds: then it runs in every test run. */
  readonly isQuick: boolean
  /** Fetches what it is made of. @returns null, or what this machine lacks */
  readonly prepare: () => Promise<string | null>
  readonly run: (place: Place, report: (result: StepResult) => void) => Promise<void>
}

/** All steps of the scenario but those for which a client has no call. */
export function scenarioWithout(...lacking: readonly ScenarioStep[]): readonly ScenarioStep[] {
  return SCENARIO.filter((step) => !lacking.includes(step))
}

/** The same of the scenario of transactions. */
export function transactionsWithout(
  ...lacking: readonly TransactionStep[]
): readonly TransactionStep[] {
  return TRANSACTIONS.filter((step) => !lacking.includes(step))
}

/** Runs a client. @returns a result for each of its steps, and for whatever else went wrong */
export async function runClient(client: Client, place: Place): Promise<StepResult[]> {
  const results: StepResult[] = []
  try {
    await client.run(place, (result) => results.push(result))
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    results.push({ step: 'the program', result: 'failed', detail })
  }
  for (const step of client.steps) {
    if (results.some((result) => result.step === step)) continue
    results.push({ step, result: 'failed', detail: 'it was not reported' })
  }
  return results
}

const PROGRAM_TIMEOUT_MS = 400_000

/**
 * Runs a program that prints a line of JSON for each step.
 *
 * @throws Error with the end of what it printed besides, when it does not end well or in time
 */
export async function runProgram(
  command: string,
  words: readonly string[],
  report: (result: StepResult) => void,
): Promise<void> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), PROGRAM_TIMEOUT_MS)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-2_000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) report(JSON.parse(line) as StepResult)
    else errors = `${errors}${line}\n`.slice(-2_000)
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...how) => resolve(how))
    },
  )
  clearTimeout(timer)
  if (code !== 0) throw new Error(`it ended with ${code ?? signal}: ${errors}`)
}

/** Does one step of a client that the runner itself drives. */
export async function runStep(
  step: string,
  report: (result: StepResult) => void,
  action: () => Promise<string | void>,
): Promise<void> {
  try {
    report({ step, result: 'passed', detail: (await action()) ?? '' })
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    report({ step, result: 'failed', detail })
  }
}
