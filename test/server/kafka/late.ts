// Requests of transactions that come late or twice, in schedules out of a seed, for as long as one likes.
//
//   node test/server/kafka/late.ts [--schedules 10000] [--seed 1] [--plant BUG] [promise...]
//   node test/server/kafka/late.ts --seed 1 --schedule 17 newer        the same schedule again
//
// `--schedules` is for each promise of late/promises.ts; names choose some. BUG is one of late/planted.ts.
// Ends with status 1 when a promise was broken: the schedule is named.

import { parseArgs } from 'node:util'
import { PLANTED, PLANTED_NAMES, type Planted } from './late/planted.ts'
import { PROMISE_NAMES, runSchedules, Totals, type PromiseName } from './late/promises.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    schedule: { type: 'string' },
    plant: { type: 'string' },
  },
})

/** A promise is left alone after so many. */
const MAX_FAULTS = 3
const TELL_EVERY = 1_000

const seed = Number(values.seed)
const from = Number(values.schedule ?? 0)
const to = values.schedule === undefined ? Number(values.schedules) : from + 1
const bug = plantedBug()
const names = positionals.length === 0 ? PROMISE_NAMES : positionals.map(asPromise)
bug?.plant()
// Refusals are the rule here: their stacks would cost more than all the rest.
Error.stackTraceLimit = 0
for (const name of names) await run(name)

async function run(name: PromiseName): Promise<void> {
  const totals = new Totals()
  let faults = 0
  for await (const fault of runSchedules(
    name,
    { seed, from, to, options: bug?.options ?? {} },
    totals,
  )) {
    if (fault !== null) {
      process.exitCode = 1
      process.stdout.write(`FAULT in schedule ${fault.number} of ${name}: ${fault.text}\n`)
      faults += 1
    }
    if (totals.schedules % TELL_EVERY === 0) tell(name, totals, faults)
    if (faults === MAX_FAULTS) break
  }
  if (totals.schedules % TELL_EVERY > 0) tell(name, totals, faults)
  for (const [api, { kept, arrived, answers }] of totals.late) {
    const sorted = [...answers].toSorted((a, b) => b[1] - a[1])
    const told = sorted.map(([code, count]) => `${code} ${count}`).join(', ')
    process.stdout.write(`  ${api}: ${kept} kept, ${arrived} came late: ${told}\n`)
  }
  if (totals.shown.size > 0) {
    const shown = [...totals.shown].map(([anomaly, count]) => `${anomaly} ${count}`).join(', ')
    process.stdout.write(`  schedules that showed ${shown}\n`)
  }
}

function tell(name: PromiseName, totals: Totals, faults: number): void {
  const { schedules, commits, lives, cuts, transactions } = totals
  const clock = new Date().toISOString().slice(11, 19)
  const { committed, aborted } = transactions
  process.stdout.write(
    `${clock} ${name}, seed ${seed}: ${schedules} schedules, ${commits} commits, ${lives} lives, ` +
      `${cuts} power cuts, in partitions ${committed} committed and ${aborted} aborted, ` +
      `${faults} faults\n`,
  )
}

function plantedBug(): Planted | null {
  if (values.plant === undefined) return null
  const found = PLANTED_NAMES.find((each) => each === values.plant)
  if (found === undefined) throw new Error(`no bug: ${values.plant}`)
  return PLANTED[found]
}

function asPromise(name: string): PromiseName {
  const found = PROMISE_NAMES.find((each) => each === name)
  if (found === undefined) throw new Error(`no promise: ${name}`)
  return found
}
