// `npm run clients`: runs the clients that we did not write against a broker, one after another, and
// prints the table.
//
//   npm run clients                              all, against Sluice
//   npm run clients -- kcat sarama               those whose name has one of these words
//   npm run clients -- --against kafka           a real Apache Kafka: is the scenario right?
//   npm run clients -- --against 127.0.0.1:9092  a broker that runs already
//   npm run clients -- --against both            Kafka, then Sluice: what do steps tell that differs?
//
// The table and all that was found go to build/clients/. Ends with 1 when something failed or differed,
// and under CI when something was left out.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../support/commands.ts'
import { startKafka, startSluice, type RunningBroker } from './brokers.ts'
import { runClient, type Client } from './client.ts'
import { CLIENTS } from './list.ts'
import { differences, failuresOf, markdownTable, outcomeOf } from './table.ts'
import type { Outcome, Run } from './table.ts'

/** A line of the broker's log that is more than a note. */
const COMPLAINT = /"level":"(warn|error|fatal)"/

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { against: { type: 'string', default: 'sluice' } },
})

const chosen = CLIENTS.filter(({ name, version }) => {
  return words.length === 0 || words.some((word) => `${name} ${version()}`.includes(word))
})
const places = values.against === 'both' ? ['kafka', 'sluice'] : [values.against]
const runs: Run[] = []
for (const against of places) runs.push(await runAll(await startBroker(against)))
const tables = runs.map(({ broker, outcomes }) => {
  return `Against ${broker}, ${new Date().toISOString().slice(0, 10)}:\n\n${markdownTable(outcomes)}`
})
const outcomes = runs.flatMap((run) => run.outcomes)
mkdirSync(join(ROOT, 'build/clients'), { recursive: true })
writeFileSync(join(ROOT, 'build/clients/results.json'), `${JSON.stringify(runs, null, 2)}\n`)
writeFileSync(join(ROOT, 'build/clients/results.md'), tables.join('\n'))
process.stdout.write(`\n${tables.join('\n')}`)
const differing = runs.length === 2 ? differences(runs[0]!, runs[1]!) : []
if (runs.length === 2) process.stdout.write(`\n${differing.join('') || 'Nothing differs.\n'}`)
const failed = outcomes.filter((each) => failuresOf(each).length > 0).length
const leftOut = outcomes.filter(({ missing }) => missing !== null).length
const passed = outcomes.length - failed - leftOut
process.stdout.write(`\n${passed} clients passed, ${failed} failed, ${leftOut} left out\n`)
const isGood = failed === 0 && differing.length === 0
process.exitCode = !isGood || (leftOut > 0 && process.env['CI'] !== undefined) ? 1 : 0

async function runAll(broker: RunningBroker): Promise<Run> {
  const outcomes: Outcome[] = []
  try {
    for (const client of chosen) outcomes.push(await outcome(client, broker))
  } finally {
    await broker.stop()
  }
  return { broker: broker.name, outcomes }
}

async function startBroker(against: string): Promise<RunningBroker> {
  if (against === 'sluice') return await startSluice()
  if (against === 'kafka') return await startKafka()
  return { name: against, bootstrap: against, log: () => [], stop: async () => {} }
}

async function outcome(client: Client, { bootstrap, log }: RunningBroker): Promise<Outcome> {
  const missing = await client.prepare()
  const label = `${client.name} ${missing === null ? client.version() : ''}`
  if (missing !== null) {
    process.stdout.write(`${label} is left out: ${missing}\n`)
    return { client: client.name, version: '', steps: [], missing, seconds: 0 }
  }
  const directory = mkdtempSync(join(tmpdir(), 'sluice-client-'))
  const prefix = `${label.replaceAll(/\W+/g, '-')}-${process.pid}`
  const begun = performance.now()
  const steps = await runClient(client, { bootstrap, prefix, directory })
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  rmSync(directory, { recursive: true, force: true })
  const done = outcomeOf(client, steps, seconds)
  const failures = failuresOf(done)
  process.stdout.write(`${label}: ${failures.length} failed of ${steps.length}, ${seconds} s\n`)
  for (const { step, detail } of failures) {
    process.stdout.write(`  ${step}: ${detail.slice(0, 1_000)}\n`)
  }
  const complaints = failures.length === 0 ? [] : log().filter((line) => COMPLAINT.test(line))
  for (const line of complaints.slice(-5)) process.stdout.write(`  > ${line}\n`)
  return done
}
