// The Kafka listener under load, beside a bare prototype and beside Apache Kafka, in the same run.
// `--seconds N` is the length of each measurement, `--rounds N` how many there are of each cell, of which
// the median counts; `--only produce,fetch,idle,attack,versus` leaves out parts, of which `versus` (Apache
// Kafka under the same clients) needs Java and kcat and takes some 15 minutes, and `--scale 0.1` makes it
// shorter; `attack` (bad clients, twice) takes `--attack-seconds N`; `--record` writes bench/results/kafka.md and
// .svg.

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Admin } from '../../src/client/index.ts'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { fetchKafka } from '../../tools/kafka/fetch.mjs'
import { readyBatch } from '../broker/batches.ts'
import { residentMegabytes } from '../broker/measure.ts'
import { CellRuns } from '../broker/report.ts'
import { machineFacts } from '../support/machine.ts'
import { touchMemory } from '../support/touch-memory.ts'
import { attack, type AttackFindings } from './attack/attack.ts'
import { GROUPS } from './attack/kinds.ts'
import { idleConnections } from './idle.ts'
import { fetchLoad, produceLoad, type Load, type Target } from './load.ts'
import { report, type Findings } from './report.ts'
import { versusPlot } from './versus/report.ts'
import { versus, type VersusFindings } from './versus/versus.ts'

const { values: flags } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '10000' },
    'attack-seconds': { type: 'string', default: '60' },
    only: { type: 'string', default: 'produce,fetch,idle,attack,versus' },
    scale: { type: 'string', default: '1' },
  },
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)
const parts = flags.only.split(',')

/** Old segments go while new ones are written: see bench/broker/main.ts. */
const BOUNDED = {
  'segment.bytes': String(64 << 20),
  'retention.bytes': String(192 << 20),
  'file.delete.delay.ms': '0',
}

const RECORD_BYTES = 100
const SIZES = [16, 64, 256]
const CONNECTIONS = [1, 4]
const IN_FLIGHT = 5

// First, while nothing else runs.
const versusFindings = parts.includes('versus') ? await againstKafka() : null
const attacks: AttackFindings[] = []
for (const group of parts.includes('attack') ? GROUPS : []) {
  const connections = Number(flags.connections)
  attacks.push(await attack({ group, connections, seconds: Number(flags['attack-seconds']) }))
}
const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const broker = await BrokerProcess.start(join(directory, 'data'), [
  ...['--log-level', 'warn', '--set', 'log.retention.check.interval.ms=250'],
  ...['--set', 'max.connections=20000'],
])
const target: Target = { port: portOf(broker.addresses.kafka), pid: broker.pid }
const prototype = await startPrototype()
const admin = new Admin({ bootstrap: [broker.addresses.grpc] })
try {
  const idle = parts.includes('idle')
    ? await idleConnections(target, Number(flags.connections))
    : null
  const produce = parts.includes('produce') ? await produceCells() : []
  const fetch = parts.includes('fetch') ? await fetchCells() : []
  const memory = residentMegabytes(broker.pid)
  const machine = machineFacts()
  const findings: Findings = {
    ...{ idle, produce, fetch, memory, machine },
    ...{ versus: versusFindings, attacks },
  }
  const text = report(findings)
  process.stdout.write(`\n${text}`)
  if (flags.record) record(text)
} finally {
  await admin.close()
  prototype.child.kill()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function againstKafka(): Promise<VersusFindings> {
  const { classpath, missing } = fetchKafka()
  if (classpath === null) throw new Error(`${missing}; --only produce,fetch,idle does without it`)
  return await versus({ classpath, rounds, scale: Number(flags.scale) })
}

function record(text: string): void {
  const folder = new URL('../results/', import.meta.url)
  writeFileSync(new URL('kafka.md', folder), text)
  if (versusFindings !== null) {
    writeFileSync(new URL('kafka.svg', folder), versusPlot(versusFindings))
  }
}

/** Each size of batch, by one connection and by four: acks=1 and acks=all of the broker, the prototype. */
async function produceCells(): Promise<CellRuns[]> {
  const cells: CellRuns[] = []
  for (const kilobytes of SIZES) {
    for (const connections of CONNECTIONS) {
      const name = `${kilobytes} KB, ${connections} connection${connections > 1 ? 's' : ''}`
      const cell = new CellRuns(name)
      const batch = readyBatch(RECORD_BYTES, kilobytes * 1024)
      const load = { batch, connections, inFlight: IN_FLIGHT, seconds }
      for (let round = 0; round < rounds; round++) {
        touchMemory(directory)
        cell.add('prototype', await produceLoad({ ...load, topic: 'x', acks: 1 }, prototype, false))
        for (const policy of ['os', 'disk'] as const) {
          const topic = `p-${kilobytes}-${connections}-${policy}-${round}`
          await admin.createTopic({
            name: topic,
            partitions: connections,
            configs: { ...BOUNDED, 'flush.policy': policy },
          })
          touchMemory(directory)
          cell.add(policy, await produceLoad({ ...load, topic, acks: -1 }, target, true))
          await admin.deleteTopic(topic)
        }
      }
      cells.push(cell)
      tell(cell)
    }
  }
  return cells
}

/** A topic that was just written, from the page cache. It keeps all, or its start would go under its readers. */
async function fetchCells(): Promise<CellRuns[]> {
  const batch = readyBatch(RECORD_BYTES, 64 * 1024)
  const cells: CellRuns[] = []
  for (const connections of CONNECTIONS) {
    const topic = `f-${connections}`
    await admin.createTopic({
      name: topic,
      partitions: connections,
      configs: { 'segment.bytes': BOUNDED['segment.bytes'], 'flush.policy': 'os' },
    })
    const load: Load = { topic, batch, connections, inFlight: IN_FLIGHT, acks: 1, seconds: 0.5 }
    await produceLoad(load, target, true)
    const cell = new CellRuns(
      `1 MB answers, ${connections} connection${connections > 1 ? 's' : ''}`,
    )
    for (let round = 0; round < rounds; round++) {
      cell.add('fetch', await fetchLoad({ ...load, seconds }, target, 1024 * 1024))
    }
    cells.push(cell)
    tell(cell)
  }
  return cells
}

function tell(cell: CellRuns): void {
  const rates = cell.series.map((series) => `${series} ${Math.round(cell.rate(series))} MB/s`)
  process.stdout.write(`${cell.name}: ${rates.join(', ')}\n`)
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

async function startPrototype(): Promise<Target & { child: ReturnType<typeof fork> }> {
  const path = new URL('prototype-server.ts', import.meta.url)
  const child = fork(path, [join(directory, 'prototype.log')], { execArgv: process.execArgv })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('exit', () => reject(new Error('the prototype did not start')))
  })
  return { child, port, pid: child.pid! }
}
