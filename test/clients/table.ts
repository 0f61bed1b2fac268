// What came out, as a table for people and as a file for programs.

import { SCENARIO, type Client, type ScenarioStep, type StepResult } from './client.ts'

export interface Outcome {
  readonly client: string
  readonly version: string
  readonly steps: readonly StepResult[]
  /** What this machine lacks; null when it ran. */
  readonly missing: string | null
  readonly seconds: number
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

/** Names what a client has no call for, where it ran the rest of the scenario. */
function whatWasRun(steps: readonly string[]): string {
  if (!steps.some((step) => SCENARIO.includes(step as ScenarioStep))) return steps.join(', ')
  const lacking = SCENARIO.filter((step) => !steps.includes(step))
  if (lacking.length === 0) return 'the scenario'
  return `the scenario, without ${lacking.join(', ')}`
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
