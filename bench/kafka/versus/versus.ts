// Sluice and Apache Kafka under the same clients, in turns. Both run all the time; one is loaded.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../tools/kafka/single-node.mjs'
import { median, residentMegabytes } from '../../broker/measure.ts'
import { readyBatch } from '../../broker/batches.ts'
import {
  formatKafka,
  startKafka,
  startSluice,
  type Contestant,
  type TopicSettings,
} from './contestants.ts'
import { javaConsumer, javaProducers, type JavaLoad } from './java-clients.ts'
import { measure, type Outcome } from './measure.ts'
import { hasKcat, kcatConsumer, kcatProducer } from './native-client.ts'
import { createTopic, deleteTopic, produceOnce } from './probes.ts'

export interface VersusOptions {
  /** As fetchKafka gives it. */
  readonly classpath: string
  /** Runs of each cell, of which the median counts. */
  readonly rounds: number
  /** How much is sent a run, 1 for what is recorded. */
  readonly scale: number
}

/** One load, and what each broker made of it, round by round: Sluice first. */
export interface VersusCell {
  readonly name: string
  readonly ours: readonly Outcome[]
  readonly theirs: readonly Outcome[]
}

/** What a broker is like beside its speed. */
export interface Footprint {
  readonly name: string
  /** From the start of the process until the first record is acknowledged, ready topic, in ms. */
  readonly firstProduceMs: number
  /** Resident, in megabytes. */
  readonly idleMegabytes: number
  readonly peakMegabytes: number
}

export interface VersusFindings {
  readonly cells: readonly VersusCell[]
  readonly footprints: readonly Footprint[]
}

type Pair = readonly [ours: Contestant, theirs: Contestant]

const RECORDS = new Map([
  [100, 2_000_000],
  [1024, 300_000],
])

/** Starts of each broker that are timed. */
const STARTS = 3

/** What topics keep is little, so that the page cache uses the same memory again. */
const BOUNDED: TopicSettings = { 'segment.bytes': String(64 << 20), 'file.delete.delay.ms': '0' }

export async function versus(options: VersusOptions): Promise<VersusFindings> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-versus-'))
  const ports = [await freePort(), await freePort()] as const
  await formatKafka(options.classpath, directory, ports[1])
  const start: Starts = [
    () => startSluice(directory, ports[0]),
    () => Promise.resolve(startKafka(options.classpath, directory, ports[1])),
  ]
  const started: Contestant[] = []
  try {
    const firstProduceMs = await timeStarts(start)
    for (const begin of start) started.push(await begin())
    const pair = started as unknown as Pair
    for (const { address } of pair) await createTopic(address, 'warm', 1, BOUNDED)
    const idle = pair.map(({ pid }) => residentMegabytes(pid).now)
    const cells = await allCells(pair, directory, options)
    const footprints = pair.map(({ name, pid }, index) => ({
      name,
      firstProduceMs: firstProduceMs[index]!,
      idleMegabytes: idle[index]!,
      peakMegabytes: residentMegabytes(pid).peak,
    }))
    return { cells, footprints }
  } finally {
    for (const contestant of started) await contestant.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

type Starts = readonly [() => Promise<Contestant>, () => Promise<Contestant>]

/** Median of some starts, each until a record of a topic that is there already is acknowledged. */
async function timeStarts(starts: Starts): Promise<number[]> {
  const batch = readyBatch(100, 1024)
  const medians: number[] = []
  for (const start of starts) {
    const first = await start()
    await createTopic(first.address, 'start', 1)
    await produceOnce(first.address, 'start', Buffer.from(batch.bytes))
    await first.stop()
    const times: number[] = []
    for (let round = 0; round < STARTS; round++) {
      const begun = performance.now()
      const again = await start()
      await produceOnce(again.address, 'start', Buffer.from(batch.bytes))
      times.push(performance.now() - begun)
      await again.stop()
    }
    medians.push(median(times))
  }
  return medians
}

async function allCells(
  pair: Pair,
  directory: string,
  options: VersusOptions,
): Promise<VersusCell[]> {
  await warmUp(pair, options)
  const cells: VersusCell[] = []
  for (const [recordBytes, records] of RECORDS) {
    for (const acks of ['all', '1'] as const) {
      for (const producers of [1, 4]) {
        const each = Math.round((records * options.scale) / producers)
        cells.push(
          await javaProduceCell(pair, options, { recordBytes, records: each, acks, producers }),
        )
      }
    }
    cells.push(await javaConsumeCell(pair, options, recordBytes, records))
    if (hasKcat())
      cells.push(...(await nativeCells(pair, directory, options, recordBytes, records)))
  }
  return cells
}

/** Each broker has seen the same load before the first run that counts. */
async function warmUp(pair: Pair, { classpath, scale }: VersusOptions): Promise<void> {
  for (const { address } of pair) {
    const records = Math.round(1_000_000 * scale)
    const load = { classpath, address, topic: 'warm', recordBytes: 100, records }
    await javaProducers(load, 'all', 1)
    await javaConsumer(load)
  }
}

interface ProduceLoad {
  readonly recordBytes: number
  /** Of each producer. */
  readonly records: number
  readonly acks: 'all' | '1'
  readonly producers: number
}

function javaProduceCell(
  pair: Pair,
  { classpath, rounds }: VersusOptions,
  { recordBytes, records, acks, producers }: ProduceLoad,
): Promise<VersusCell> {
  const name = `Java produce, ${recordBytes} B, acks=${acks}, ${clients(producers, 'producer')}`
  return turns(pair, name, rounds, async (contestant) => {
    const topic = await freshTopic(contestant, producers)
    const load: JavaLoad = { classpath, address: contestant.address, topic, recordBytes, records }
    const outcome = await measure(contestant, recordBytes, () =>
      javaProducers(load, acks, producers),
    )
    await deleteTopic(contestant.address, topic)
    return outcome
  })
}

async function javaConsumeCell(
  pair: Pair,
  { classpath, rounds, scale }: VersusOptions,
  recordBytes: number,
  count: number,
): Promise<VersusCell> {
  const records = Math.round(count * scale)
  const topics = new Map<Contestant, string>()
  for (const contestant of pair) {
    const topic = await freshTopic(contestant, 1)
    topics.set(contestant, topic)
    const { address } = contestant
    await javaProducers({ classpath, address, topic, recordBytes, records }, 'all', 1)
  }
  const name = `Java consume, ${recordBytes} B`
  const cell = await turns(pair, name, rounds, (contestant) => {
    const topic = topics.get(contestant)!
    const load = { classpath, address: contestant.address, topic, recordBytes, records }
    return measure(contestant, recordBytes, () => javaConsumer(load))
  })
  for (const [{ address }, topic] of topics) await deleteTopic(address, topic)
  return cell
}

async function nativeCells(
  pair: Pair,
  directory: string,
  { rounds, scale }: VersusOptions,
  recordBytes: number,
  count: number,
): Promise<VersusCell[]> {
  const records = Math.round(count * scale)
  const file = join(directory, `lines-${recordBytes}`)
  writeFileSync(file, lines(recordBytes, records))
  const cells: VersusCell[] = []
  for (const acks of ['all', '1'] as const) {
    const name = `kcat produce, ${recordBytes} B, acks=${acks}`
    cells.push(
      await turns(pair, name, rounds, async (contestant) => {
        const topic = await freshTopic(contestant, 1)
        const load = { address: contestant.address, topic, file, records }
        const outcome = await measure(contestant, recordBytes, () => kcatProducer(load, acks))
        await deleteTopic(contestant.address, topic)
        return outcome
      }),
    )
  }
  const topics = new Map<Contestant, string>()
  for (const contestant of pair) {
    const topic = await freshTopic(contestant, 1)
    topics.set(contestant, topic)
    await kcatProducer({ address: contestant.address, topic, file, records }, 'all')
  }
  cells.push(
    await turns(pair, `kcat consume, ${recordBytes} B`, rounds, (contestant) => {
      const topic = topics.get(contestant)!
      const load = { address: contestant.address, topic, file, records }
      return measure(contestant, recordBytes, () => kcatConsumer(load))
    }),
  )
  for (const [{ address }, topic] of topics) await deleteTopic(address, topic)
  rmSync(file)
  return cells
}

/** Runs both in turns; who begins changes from round to round. */
async function turns(
  [ours, theirs]: Pair,
  name: string,
  rounds: number,
  run: (contestant: Contestant) => Promise<Outcome>,
): Promise<VersusCell> {
  const cell = { name, ours: [] as Outcome[], theirs: [] as Outcome[] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours]
    for (const contestant of order) {
      const outcome = await run(contestant)
      ;(contestant === ours ? cell.ours : cell.theirs).push(outcome)
      const rate = Math.round(outcome.recordsPerSecond).toLocaleString('en-US')
      process.stderr.write(`  ${name}: ${contestant.name} ${rate} records/s\n`)
    }
  }
  return cell
}

let topicCount = 0

async function freshTopic({ address }: Contestant, partitions: number): Promise<string> {
  topicCount += 1
  const name = `versus-${topicCount}`
  await createTopic(address, name, partitions, BOUNDED)
  return name
}

/** Lines that do not compress to nothing and differ from each other. */
function lines(recordBytes: number, count: number): string {
  const parts: string[] = []
  for (let number = 0; number < count; number++) {
    parts.push(`${number} `.padEnd(recordBytes, 'sluice and kafka '), '\n')
  }
  return parts.join('')
}

function clients(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
