// Compaction beside Apache Kafka's LogCleaner over the same files, which needs a JDK. And what it does to
// producers meanwhile. `--scale 0.1` makes logs and windows smaller; `--rounds N` is how often each is measured, of
// which the median counts; `--only "100 B"` runs the shapes whose name has it, `--only produce` the
// producers alone; `--record` writes bench/results/compaction.md and .svg.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fetchKafka, KAFKA_VERSION } from '../../tools/kafka/fetch.mjs'
import { machineFacts } from '../support/machine.ts'
import { cleaningCells } from './cleaning.ts'
import { produceCells } from './produce.ts'
import { plot, report } from './report.ts'

const { values: flags } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

const { classpath, missing } = fetchKafka()
if (classpath === null) throw new Error(missing)
const options = {
  ...{ classpath, only: flags.only },
  ...{ rounds: Number(flags.rounds), scale: Number(flags.scale) },
}
const findings = {
  kafka: `Apache Kafka ${KAFKA_VERSION}`,
  cleaning: await cleaningCells(options),
  produce: 'produce'.includes(flags.only) ? await produceCells(options) : null,
}
const text = report(findings, machineFacts())
process.stdout.write(`\n${text}`)
if (flags.record) {
  const folder = new URL('../results/', import.meta.url)
  writeFileSync(new URL('compaction.md', folder), text)
  writeFileSync(new URL('compaction.svg', folder), plot(findings))
}
