// Kafka's own performance tools as load: kafka-producer-perf-test and kafka-consumer-perf-test.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ClientFigures } from './measure.ts'

export interface JavaLoad {
  /** As fetchKafka gives it. */
  readonly classpath: string
  readonly address: string
  readonly topic: string
  readonly recordBytes: number
  /** Of each client. */
  readonly records: number
}

const TIMEOUT_MS = 180_000

/** Records that each producer sends before it measures, so that its JVM is warm. */
const WARMUP_RECORDS = 100_000

/** Settings of the producer beside `acks`: larger batches than the default of 16 KB, as load tests do. */
const PRODUCER = ['linger.ms=5', 'batch.size=65536', 'buffer.memory=67108864']

/** Runs producers side by side. */
export function javaProducers(
  load: JavaLoad,
  acks: 'all' | '1',
  count: number,
): Promise<ClientFigures[]> {
  const warmup = Math.min(WARMUP_RECORDS, load.records >> 2)
  const args = [
    ...['--bootstrap-server', load.address, '--topic', load.topic],
    ...['--num-records', String(load.records), '--record-size', String(load.recordBytes)],
    ...['--throughput', '-1', '--warmup-records', String(warmup)],
    ...['--command-property', `acks=${acks}`, ...PRODUCER],
  ]
  return sideBySide(count, async () => {
    return producerFigures(await java(load, 'org.apache.kafka.tools.ProducerPerformance', args))
  })
}

/** Runs one consumer over all that a topic holds. */
export function javaConsumer(load: JavaLoad): Promise<ClientFigures[]> {
  const args = [
    ...['--bootstrap-server', load.address, '--topic', load.topic],
    ...['--num-records', String(load.records), '--hide-header', '--timeout', '30000'],
  ]
  return sideBySide(1, async () => {
    return consumerFigures(await java(load, 'org.apache.kafka.tools.ConsumerPerformance', args))
  })
}

/**
 * The last line, of what was sent after the warm-up:
 * `900000 steady state records sent, 812345.6 records/sec (77.47 MB/sec), 3.1 ms avg latency, 41.0 ms max
 * latency, 2 ms 50th, 9 ms 95th, 17 ms 99th, 35 ms 99.9th.`
 */
function producerFigures(output: string): ClientFigures {
  const summaries = output.split('\n').filter((line) => line.includes('99.9th'))
  const line = summaries.at(-1) ?? ''
  const count = /(\d+)(?: steady state)? records sent, ([\d.]+) records\/sec/.exec(line)
  const latency = /(\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/.exec(line)
  if (count === null || latency === null) throw new Error(`the producer said:\n${output}`)
  const records = Number(count[1])
  return {
    records,
    seconds: records / Number(count[2]),
    latency: { p50: Number(latency[1]), p99: Number(latency[2]), p999: Number(latency[3]) },
  }
}

/**
 * One line, as in `start, end, 95.3674, 310.6, 1000000, 3256894.1, 120, 187, 509.9, 5347593.5`: the fifth
 * field is the number of records, the seventh the time until partitions were assigned, the eighth the
 * time that was spent fetching, in milliseconds.
 */
function consumerFigures(output: string): ClientFigures {
  const line = output.split('\n').find((text) => text.split(',').length === 10)
  if (line === undefined) throw new Error(`the consumer said:\n${output}`)
  const fields = line.split(',').map((field) => Number(field))
  return { records: fields[4]!, seconds: fields[7]! / 1_000, latency: null }
}

async function java(
  { classpath }: JavaLoad,
  mainClass: string,
  args: readonly string[],
): Promise<string> {
  const all = ['-Xmx512m', '-cp', classpath, mainClass, ...args]
  const { stdout, stderr } = await promisify(execFile)('java', all, { timeout: TIMEOUT_MS })
  return `${stdout}${stderr}`
}

function sideBySide<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, run))
}
