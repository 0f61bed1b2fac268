// What a compaction that is under way does to those who produce: both brokers under the same load, with
// nothing to clean and with a cleaner that is busy all the time, in turns.
//
// Busy: a compacted topic, and memory for the keys of a small part of it. So every pass reads much, and
// cleans little, and the next one follows. The checkpoint of both brokers says how far they are.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { INCREMENTAL_ALTER_CONFIGS } from '../../src/protocol/kafka/gen/incremental-alter-configs.ts'
import { KafkaClient } from '../../test/support/kafka-client.ts'
import { freePort } from '../../tools/kafka/single-node.mjs'
import { readyBatch } from '../broker/batches.ts'
import { cpuSeconds, percentileMs } from '../broker/measure.ts'
import { formatKafka, startKafka, startSluice } from '../kafka/versus/contestants.ts'
import type { Contestant } from '../kafka/versus/contestants.ts'
import { createTopic } from '../kafka/versus/probes.ts'
import { pacedLoad, produceAll } from './paced-load.ts'
import { batchesOf, shapeOf } from './shapes.ts'

export interface ProduceOptions {
  readonly classpath: string
  readonly rounds: number
  /** 1 for a topic of 400 MB, and windows of 8 seconds. */
  readonly scale: number
}

/** One window of the load. */
export interface ProduceFigures {
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Processor seconds of the broker in a second. */
  readonly brokerCpu: number
}

export type CleanerState = 'idle' | 'busy'

/** What both made of one state of their cleaners, round by round. */
export interface ProduceCell {
  readonly state: CleanerState
  readonly ours: readonly ProduceFigures[]
  readonly theirs: readonly ProduceFigures[]
}

export interface ProduceFindings {
  readonly load: string
  readonly cells: readonly ProduceCell[]
}

const TABLE = 'compaction-table'
const LOADED = 'compaction-load'
const PARTITIONS = 4
const REQUESTS_PER_SECOND = 400
const RECORD_BYTES = 100
const BATCH_BYTES = 4_096
const WINDOW_SECONDS = 8
const WARM_SECONDS = 5

/** Small records, so that there are many more keys than fit: some 250 passes. */
const TABLE_BYTES = 400e6
const TABLE_SEGMENTS = 4
const TABLE_SHAPE = shapeOf({ valueBytes: 16, distinct: 0.5 })

const SETTINGS = {
  'log.cleaner.backoff.ms': '100',
  // Kafka wants more than 1 MiB.
  'log.cleaner.dedupe.buffer.size': String((1 << 20) + 4_096),
}
const NEVER = '1'
const ALWAYS = '0'
const RATIO = 'min.cleanable.dirty.ratio'
const TABLE_CONFIG = {
  'cleanup.policy': 'compact',
  'file.delete.delay.ms': '1000',
  [RATIO]: NEVER,
}
const LOADED_CONFIG = { 'segment.bytes': String(64 << 20) }

/** Less than this a second is nothing to do, in processor seconds; more than the checks below cost. */
const IDLE_CPU = 0.2
const DEADLINE_MS = 120_000

export async function produceCells(options: ProduceOptions): Promise<ProduceFindings> {
  const { classpath, rounds, scale } = options
  const directory = mkdtempSync(join(tmpdir(), 'sluice-compaction-'))
  const started: Contestant[] = []
  try {
    const ports = [await freePort(), await freePort()] as const
    started.push(await startSluice(directory, ports[0], SETTINGS))
    await formatKafka(classpath, directory, ports[1], SETTINGS)
    started.push(startKafka(classpath, directory, ports[1]))
    const [ours, theirs] = started.map((broker, index) => {
      return new Loaded(broker, ports[index]!, join(directory, ['sluice', 'kafka'][index]!), scale)
    }) as [Loaded, Loaded]
    for (const broker of [ours, theirs]) await broker.prepare()
    const cells = (['idle', 'busy'] as const).map((state) => {
      return { state, ours: [] as ProduceFigures[], theirs: [] as ProduceFigures[] }
    })
    for (let round = 0; round < rounds; round++) {
      for (const broker of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
        for (const cell of cells) {
          const figures = await broker.window(cell.state)
          cell[broker === ours ? 'ours' : 'theirs'].push(figures)
          const { p50, p99 } = figures
          const words = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
          process.stderr.write(`  produce, cleaner ${cell.state}: ${broker.name} ${words}\n`)
        }
      }
    }
    const { recordCount } = loadedBatch()
    const load =
      `${REQUESTS_PER_SECOND} requests a second, acks=all, of ${recordCount} records of ` +
      `${RECORD_BYTES} B, over ${PARTITIONS} connections to as many partitions`
    return { load, cells }
  } finally {
    for (const contestant of started) await contestant.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function loadedBatch(): ReturnType<typeof readyBatch> {
  return readyBatch(RECORD_BYTES, BATCH_BYTES)
}

/** One of the brokers, with its topics. */
class Loaded {
  readonly name: string
  readonly #broker: Contestant
  readonly #port: number
  readonly #directory: string
  readonly #scale: number
  readonly #batch = loadedBatch()

  /** @param directory where it keeps its data */
  constructor(broker: Contestant, port: number, directory: string, scale: number) {
    this.name = broker.name
    this.#broker = broker
    this.#port = port
    this.#directory = directory
    this.#scale = scale
  }

  async prepare(): Promise<void> {
    const { address } = this.#broker
    // What there is to do grows with the square of it.
    const tableBytes = Math.round(TABLE_BYTES * Math.sqrt(this.#scale))
    const segments = { 'segment.bytes': String(Math.round(tableBytes / TABLE_SEGMENTS)) }
    await createTopic(address, TABLE, 1, { ...TABLE_CONFIG, ...segments })
    await createTopic(address, LOADED, PARTITIONS, LOADED_CONFIG)
    await produceAll(this.#port, TABLE, batchesOf(TABLE_SHAPE, tableBytes))
    await this.#load(WARM_SECONDS)
  }

  /** Loads it, with its cleaner in a state all that time. The cleaner rests afterwards. */
  async window(state: CleanerState): Promise<ProduceFigures> {
    const isBusy = state === 'busy'
    if (isBusy) {
      await this.#alterRatio(ALWAYS)
      await this.#untilPassed()
    }
    const cleanedOffset = this.#cleanedOffset()
    const cpuBefore = cpuSeconds(this.#broker.pid)
    const begun = performance.now()
    const latency = await this.#load(Math.max(1, WINDOW_SECONDS * this.#scale))
    const seconds = (performance.now() - begun) / 1_000
    const brokerCpu = (cpuSeconds(this.#broker.pid) - cpuBefore) / seconds
    if (isBusy) {
      // A pass that ends later says that there was one all the time.
      await this.#untilPassed()
      await this.#alterRatio(NEVER)
      await this.#untilIdle()
    } else if (this.#cleanedOffset() !== cleanedOffset) {
      // The last pass was not over yet: on a machine that does other things it may be slow.
      return await this.window(state)
    }
    return {
      p50: percentileMs(latency, 50),
      p99: percentileMs(latency, 99),
      p999: percentileMs(latency, 99.9),
      brokerCpu,
    }
  }

  #load(seconds: number): ReturnType<typeof pacedLoad> {
    const load = { topic: LOADED, partitions: PARTITIONS, batch: this.#batch, seconds }
    return pacedLoad({ ...load, requestsPerSecond: REQUESTS_PER_SECOND }, this.#port)
  }

  /** How far the topic is clean, as the broker has put it down. */
  #cleanedOffset(): number {
    const path = join(this.#directory, 'cleaner-offset-checkpoint')
    if (!existsSync(path)) return 0
    const line = new RegExp(`^${TABLE} 0 (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))
    return Number(line?.[1] ?? 0)
  }

  /** Resolves when a pass has ended. */
  async #untilPassed(): Promise<void> {
    const before = this.#cleanedOffset()
    await until(`${this.name} has cleaned`, () => this.#cleanedOffset() !== before)
  }

  async #untilIdle(): Promise<void> {
    await until('the cleaner rests', async () => {
      const before = cpuSeconds(this.#broker.pid)
      await delay(1_000)
      return cpuSeconds(this.#broker.pid) - before < IDLE_CPU
    })
  }

  async #alterRatio(value: string): Promise<void> {
    const client = await KafkaClient.connect(this.#broker.address)
    const configs = [{ name: RATIO, configOperation: 0, value }]
    const resources = [{ resourceType: 2, resourceName: TABLE, configs }]
    const request = { resources, validateOnly: false }
    const { responses } = await client.call(INCREMENTAL_ALTER_CONFIGS, 1, request)
    client.close()
    const { errorCode } = responses[0]!
    if (errorCode !== 0) throw new Error(`${this.name} refused ${RATIO} with ${errorCode}`)
  }
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`waited too long: ${what}`)
    await delay(20)
  }
}
