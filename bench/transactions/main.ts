// Transactions beside Apache Kafka, under the same Java client, which needs a JDK. How many a second, what
// their commit takes, what they cost the broker, and what read_committed costs a reader.
// `--seconds N` is the length of each measurement, `--rounds N` how many there are of each cell, of which
// the median counts; `--scale 0.1` makes the topics that are read smaller; `--only "10 records"` runs the
// cells whose name has it; `--record` writes bench/results/transactions.md and .svg.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fetchKafka } from '../../tools/kafka/fetch.mjs'
import { machineFacts } from '../support/machine.ts'
import { bothBrokers } from './cells.ts'
import { plot, report } from './report.ts'

const { values: flags } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

const { classpath, missing } = fetchKafka()
if (classpath === null) throw new Error(missing)
const findings = await bothBrokers({
  classpath,
  rounds: Number(flags.rounds),
  seconds: Number(flags.seconds),
  scale: Number(flags.scale),
  only: flags.only,
})
const text = report(findings, machineFacts())
process.stdout.write(`\n${text}`)
if (flags.record) {
  const folder = new URL('../results/', import.meta.url)
  writeFileSync(new URL('transactions.md', folder), text)
  writeFileSync(new URL('transactions.svg', folder), plot(findings))
}
