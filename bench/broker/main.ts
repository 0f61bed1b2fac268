// A whole broker under load, beside the ceilings of the same machine in the same run. `--record` writes
// bench/results/broker.md and .svg; `--seconds N` is the length of each measurement, `--rounds N` how
// many there are of each cell, of which the median counts; `--only produce,consume,…` leaves out parts.

import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Admin } from '../../src/client/index.ts'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { machineFacts } from '../support/machine.ts'
import { touchMemory } from '../support/touch-memory.ts'
import { readyBatch } from './batches.ts'
import { manyPartitions } from './latency.ts'
import {
  appendCeiling,
  consumeLoad,
  fetchCeiling,
  produceCeiling,
  produceLoad,
  type Load,
  type Target,
} from './load.ts'
import { residentMegabytes, type Run } from './measure.ts'
import { CellRuns, report, svgReport, type Findings } from './report.ts'
import { sendRates } from './send.ts'

const { values: flags } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'produce,in-flight,consume,partitions,send' },
  },
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)
const parts = flags.only.split(',')

/**
 * What a topic that is written to keeps. Old segments go while new ones are written, so that the page
 * cache uses the same memory again: on a virtual machine memory that is touched for the first time costs
 * several times as much, and that would be measured.
 */
const BOUNDED = { 'segment.bytes': String(64 << 20), 'retention.bytes': String(192 << 20) }

/** Largest message of FetchStream, for the ceiling to send the same. */
const FETCH_MESSAGE_BYTES = 256 * 1024

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const broker = await BrokerProcess.start(join(directory, 'data'), [
  ...['--log-level', 'warn', '--set', 'log.retention.check.interval.ms=250'],
])
const ceiling = await startCeiling()
const brokerTarget: Target = { address: broker.addresses.grpc, pid: broker.pid }
const admin = new Admin({ bootstrap: [brokerTarget.address] })
try {
  const idle = residentMegabytes(broker.pid).now
  const cells: CellRuns[] = []
  if (parts.includes('produce')) cells.push(...(await produceCells()))
  if (parts.includes('in-flight')) cells.push(await inFlightCell())
  if (parts.includes('consume')) cells.push(...(await consumeCells()))
  const partitions = parts.includes('partitions') ? await manyPartitions(admin, brokerTarget) : []
  const send = parts.includes('send') ? await sendRates(brokerTarget.address, admin) : []
  const memory = { idle, ...residentMegabytes(broker.pid) }
  const findings: Findings = { cells, partitions, send, memory, machine: machineFacts() }
  const text = report(findings)
  process.stdout.write(`\n${text}`)
  if (flags.record) record(text, findings)
} finally {
  await admin.close()
  ceiling.child.kill()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
}

/** Every size of record and batch, one and four producers: durable, os, and the two ceilings. */
async function produceCells(): Promise<CellRuns[]> {
  const cells: CellRuns[] = []
  for (const recordBytes of [100, 1024]) {
    for (const batchBytes of [64 * 1024, 256 * 1024]) {
      for (const producers of [1, 4]) {
        const batch = readyBatch(recordBytes, batchBytes)
        const load = { batch, producers, inFlight: Math.max(8, producers * 4), seconds }
        const name = `${size(recordBytes)} × ${size(batchBytes)}, ${producers} producer${producers === 1 ? '' : 's'}`
        cells.push(await produceCell(`produce ${name}`, load))
      }
    }
  }
  return cells
}

/** Sixty-four batches under way: what a durable acknowledgement costs when there is enough to do. */
function inFlightCell(): Promise<CellRuns> {
  const batch = readyBatch(1024, 64 * 1024)
  return produceCell('produce 1 KB × 64 KB, 4 producers, 64 in flight', {
    batch,
    producers: 4,
    inFlight: 64,
    seconds: Math.max(2, seconds),
  })
}

async function produceCell(name: string, load: Load): Promise<CellRuns> {
  const topics = {
    durable: await newTopic('disk', load.producers, BOUNDED),
    os: await newTopic('os', load.producers, BOUNDED),
  }
  const cell = new CellRuns(name)
  for (let round = 0; round < rounds; round++) {
    await run(cell, 'durable', () => produceLoad(load, brokerTarget, topics.durable))
    await run(cell, 'os', () => produceLoad(load, brokerTarget, topics.os))
    await run(cell, 'echo stream', () => produceCeiling(load, ceiling.target, 'echo'))
    await run(cell, 'ack stream', () => produceCeiling(load, ceiling.target, 'produce'))
    await run(cell, 'file append', () => appendCeiling(load, join(directory, 'append')))
  }
  for (const topic of Object.values(topics)) await admin.deleteTopic(topic)
  return cell
}

async function consumeCells(): Promise<CellRuns[]> {
  const cells: CellRuns[] = []
  for (const recordBytes of [100, 1024]) {
    for (const producers of [1, 4]) {
      const batch = readyBatch(recordBytes, 256 * 1024)
      const load = { batch, producers, inFlight: 16, seconds }
      const topic = await newTopic('os', producers)
      await produceLoad({ ...load, seconds: 0.5 }, brokerTarget, topic)
      const cell = new CellRuns(
        `consume ${size(recordBytes)}, ${producers} consumer${producers === 1 ? '' : 's'}`,
      )
      for (let round = 0; round < rounds; round++) {
        await run(cell, 'fetch stream', () => consumeLoad(load, brokerTarget, topic))
        await run(cell, 'send stream', () => {
          return fetchCeiling(load, ceiling.target, FETCH_MESSAGE_BYTES)
        })
      }
      await admin.deleteTopic(topic)
      cells.push(cell)
    }
  }
  return cells
}

async function run(cell: CellRuns, series: string, action: () => Promise<Run>): Promise<void> {
  touchMemory(directory)
  const outcome = await action()
  cell.add(series, outcome)
  const rate = outcome.megabytesPerSecond.toFixed(0)
  process.stderr.write(`  ${cell.name}: ${series} ${rate} MB/s\n`)
}

async function newTopic(
  flushPolicy: 'disk' | 'os',
  partitions: number,
  bounds: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `bench-${performance.now().toFixed(3)}`
  const configs = { 'flush.policy': flushPolicy, 'file.delete.delay.ms': '0', ...bounds }
  await admin.createTopic({ name, partitions, configs })
  return name
}

async function startCeiling(): Promise<{ readonly child: ChildProcess; readonly target: Target }> {
  const child = fork(new URL('./ceiling-server.ts', import.meta.url))
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port))
    child.once('error', reject)
  })
  return { child, target: { address: `127.0.0.1:${port}`, pid: child.pid! } }
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`
}

function record(text: string, findings: Findings): void {
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('broker.md', folder), text)
  writeFileSync(new URL('broker.svg', folder), svgReport(findings))
}
