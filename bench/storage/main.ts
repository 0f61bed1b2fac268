// The storage layer alone: latency of durability, throughput, and recovery.
//
//   node bench/storage/main.ts [--gb 0.5] [--seconds 2] [--dir PARENT] [--json FILE] [--record]
//
// --gb is what is stored for the recovery rows (5 shows that it does not matter); --dir says on which
// disk. --json writes the figures; --record writes bench/results/storage.md and storage.svg. Takes
// about a minute, and leaves nothing behind.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineFacts } from '../support/machine.ts'
import { durableAppend, type DurableAppend } from './durable-append.ts'
import { firehose, type Firehose } from './firehose.ts'
import { recovery, type Recovery } from './recovery.ts'
import { markdownReport, svgReport } from './report.ts'

const { values: options } = parseArgs({
  options: {
    gb: { type: 'string', default: '0.5' },
    seconds: { type: 'string', default: '2' },
    dir: { type: 'string' },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds)
const storedBytes = Number(options.gb) * 1e9

const appends: DurableAppend[] = []
for (const load of ['all at once', 'paced'] as const) {
  for (const partitions of [1, 10, 100, 1_000]) {
    for (const journal of [true, false]) {
      appends.push(await durableAppend(partitions, journal, load, seconds, options.dir))
    }
  }
}

const firehoses: Firehose[] = []
for (const flushPolicy of ['os', 'disk'] as const) {
  firehoses.push(await firehose(flushPolicy, 1_000, options.dir))
}

const recoveries: Recovery[] = [
  await recovery(0, 50e6, false, options.dir),
  await recovery(storedBytes, 50e6, false, options.dir),
  await recovery(storedBytes, 50e6, true, options.dir),
]

const machine = machineFacts()
const results = { appends, firehoses, recoveries }
const report = markdownReport(results, machine)
console.log(report)
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ machine, ...results }, null, 2)}\n`)
}
if (options.record) {
  const directory = join(import.meta.dirname, '../results')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'storage.md'), report)
  writeFileSync(join(directory, 'storage.svg'), svgReport(results))
}
