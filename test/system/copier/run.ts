// A copy under kills, as large as one likes:
//
//   npx node test/system/copier/run.ts --records 1000000 --kills 200
//
//   --records N       records to be copied; default 20,000
//   --kills N         SIGKILLs of copiers and the broker; default 10
//   --pauses N        copiers that are stopped for longer than their session; default kills / 10
//   --seed N          default: one that is drawn, and printed
//   --copiers a,b     java, java-3.9, librdkafka, sluice-grpc, sluice-kafka;
//                     default java,librdkafka,java-3.9,java
//   --protocol P      classic (default) or consumer; those of sluice are always of the latter
//   --network N       direct (default), or late: requests of transactions arrive past the next one;
//                     late-records: those of them that add records and partitions
//   --against B       sluice (default) or kafka, a real Apache Kafka
//   --rule R          right (default), or a planted bug: offsets-outside, no-generation
//   --directory D     keeps histories, schedule and verdict; default build/copier/<seed>, emptied
//
// Prints the verdict. Ends with 1 when something is wrong.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../support/commands.ts'
import { runCopy } from './copy-run.ts'
import { BROKER_KINDS } from './killable-broker.ts'
import { NETWORKS } from './network.ts'
import { RULES } from './participants.ts'
import { COPIER_KINDS, preparePrograms, type CopierKind } from './programs.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    records: { ...text, default: '20000' },
    kills: { ...text, default: '10' },
    pauses: text,
    seed: { ...text, default: String(1 + (Date.now() % 1_000_000)) },
    copiers: { ...text, default: 'java,librdkafka,java-3.9,java' },
    protocol: { ...text, default: 'classic' },
    network: { ...text, default: 'direct' },
    against: { ...text, default: 'sluice' },
    rule: { ...text, default: 'right' },
    directory: text,
  },
})

const copiers: CopierKind[] = values.copiers.split(',').map((kind) => oneOf(COPIER_KINDS, kind))
const seed = Number(values.seed)
const kills = Number(values.kills)
const directory = values.directory ?? join(ROOT, 'build/copier', values.seed)

spawnSync('node', [join(ROOT, 'tools/setup.mjs')], { stdio: 'inherit' })
const missing = await preparePrograms(copiers)
if (missing !== null) throw new Error(missing)
rmSync(directory, { recursive: true, force: true })
process.stdout.write(`seed ${seed}, in ${directory}\n`)
const verdict = await runCopy({
  ...{ seed, kills, copiers, directory },
  against: oneOf(BROKER_KINDS, values.against),
  records: Number(values.records),
  pauses: Number(values.pauses ?? Math.floor(kills / 10)),
  protocol: oneOf(['classic', 'consumer'] as const, values.protocol),
  network: oneOf(NETWORKS, values.network),
  rule: oneOf(RULES, values.rule),
  reader: 'right',
  progress: (line) => process.stdout.write(`${line}\n`),
})
process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`)
process.exitCode = verdict.findings.length === 0 && verdict.stalled === null ? 0 : 1

function oneOf<T extends string>(values: readonly T[], value: string): T {
  const found = values.find((each) => each === value)
  if (found === undefined) throw new Error(`${value} is none of ${values.join(', ')}`)
  return found
}
