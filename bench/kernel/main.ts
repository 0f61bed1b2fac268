// Speed of the storage core's kernels beside the best alternatives on npm.
//
//   node bench/kernel/main.ts [--json FILE] [--record]
//
// --json writes the figures; --record writes bench/results/kernel.md and kernel.svg. Takes about
// half a minute. Ends with status 1 when a floor is not held.

import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineFacts } from '../support/machine.ts'
import { allMatches } from './contests.ts'
import { timeContest } from './measure.ts'
import type { Match } from './contests.ts'
import { floorsHold, markdownReport, svgReport } from './report.ts'
import type { Outcome } from './report.ts'

const EFFORT = { rounds: 15, atLeastMs: 10 }
/** A floor is a promise: where one hangs on a row, it is measured for longer. */
const FLOOR_EFFORT = { rounds: 41, atLeastMs: 10 }

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, record: { type: 'boolean', default: false } },
})

const machine = machineFacts()
const outcomes = allMatches().map(run)
const report = markdownReport(outcomes, machine)
console.log(report)
// One of the runners is this bench.
if (loadavg()[0]! > machine.cores) {
  console.log(
    'Others used this machine meanwhile, so the figures and floors say little. Run again.',
  )
}

if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine, outcomes }, null, 2)}\n`)
}
if (options.record) {
  const results = join(import.meta.dirname, '../results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'kernel.md'), report)
  writeFileSync(join(results, 'kernel.svg'), svgReport(outcomes))
}
process.exitCode = floorsHold(outcomes) ? 0 : 1

function run(match: Match): Outcome {
  const seconds = timeContest(match.contest, match.floor === undefined ? EFFORT : FLOOR_EFFORT)
  const [ours, other] = [...seconds.values()]
  return {
    kernel: match.kernel,
    input: match.input,
    unit: match.unit,
    rates: Object.fromEntries([...seconds].map(([name, each]) => [name, match.amount / each])),
    ratio: other! / ours!,
    floor: match.floor ?? null,
  }
}
