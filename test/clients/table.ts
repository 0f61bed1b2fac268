// What came out, as a table for people and as a file for programs.

import { SCENARIO, TRANSACTIONS, type Client, type StepResult } from './client.ts'

export interface Outcome {
  readonly client: string
  readonly version: string
  readonly steps: readonly StepResult[]
  /** What this machine lacks; null when it ran. */
  readonly missing: string | null
  readonly seconds: number
}

/** All clients against one broker. */
export interface Run {
  readonly broker: string
  readonly outcomes: readonly Outcome[]
}

export function outcomeOf(client: Client, steps: readonly StepResult[], seconds: number): Outcome {
  return { client: client.name, version: client.version(), steps, missing: null, seconds }
}

export function failuresOf({ steps }: Outcome): readonly StepResult[] {
  return steps.filter(({ result }) => result === 'failed')
}

/** client, version, what was run, result: a row for each. */
export function markdownTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const run = whatWasRun(outcome.steps.map(({ step }) => step))
    return `| ${outcome.client} | ${outcome.version} | ${run} | ${resultOf(outcome)} |\n`
  })
  return `| client | version | what was run | result |\n|---|---|---|---|\n${rows.join('')}`
}

/**
 * What steps of transactions told that is not the same against two brokers, a line for each: errors that a
 * client gave, states, epochs. The other scenario tells counts that vary.
 */
export function differences(theirs: Run, ours: Run): string[] {
  return ours.outcomes.flatMap(({ client, version, steps }) => {
    const other = theirs.outcomes.find((it) => it.client === client && it.version === version)
    return steps.flatMap(({ step, detail }) => {
      const told = other?.steps.find((it) => it.step === step)?.detail
      if (!isOf(TRANSACTIONS, step) || told === undefined || told === detail) return []
      const at = `${client} ${version}, ${step}`
      return [`${at}:\n  ${theirs.broker}: ${told}\n  ${ours.broker}: ${detail}\n`]
    })
  })
}

/** Names what a client has no call for, where it ran the rest of a scenario. */
function whatWasRun(steps: readonly string[]): string {
  for (const [name, scenario] of SCENARIOS) {
    if (!steps.some((step) => isOf(scenario, step))) continue
    const lacking = scenario.filter((step) => !steps.includes(step))
    if (lacking.length === 0) return name
    return `${name}, without ${lacking.join(', ')}`
  }
  return steps.join(', ')
}

const SCENARIOS: readonly (readonly [name: string, steps: readonly string[]])[] = [
  ['the scenario', SCENARIO],
  ['the scenario of transactions', TRANSACTIONS],
]

function isOf(scenario: readonly string[], step: string): boolean {
  return scenario.includes(step)
}

function resultOf(outcome: Outcome): string {
  if (outcome.missing !== null) return `left out: ${cell(outcome.missing)}`
  const failures = failuresOf(outcome)
  if (failures.length === 0) return `all ${outcome.steps.length} passed`
  const told = failures.map(({ step, detail }) => `**${step}** failed: ${cell(detail)}`)
  return `${outcome.steps.length - failures.length} passed; ${told.join('; ')}`
}

function cell(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '/').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
