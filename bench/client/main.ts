// The TypeScript client against a broker in a process of its own, and what its options change.
// `--records N` is how many records each measurement sends or reads; `--rounds N` how many there are
// of each, of which the median counts; `--size N` bytes of a value.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Admin, Consumer, Producer } from '../../src/client/index.ts'
import type { ConsumerOptions, ProducerOptions, Serialized } from '../../src/client/index.ts'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { machineFacts, machineLine } from '../support/machine.ts'
import { markdownTable, threeDigits } from '../support/table.ts'

const { values: flags } = parseArgs({
  options: {
    records: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '100' },
  },
})
const records = Number(flags.records)
const rounds = Number(flags.rounds)
const value = Buffer.alloc(Number(flags.size), 'x')

/** Memory of the machine that was never touched is several times slower: it is touched first. */
const WARM_RECORDS = 500_000

const KIB = 1024
const SENDS: readonly (readonly [string, ProducerOptions<Serialized, Serialized>])[] = [
  ['defaults', {}],
  ['batchBytes 64 KiB', { batchBytes: 64 * KIB }],
  ['batchBytes 64 KiB, maxInFlight 10', { batchBytes: 64 * KIB, maxInFlight: 10 }],
  ['batchBytes 256 KiB', { batchBytes: 256 * KIB }],
  ['not idempotent', { idempotent: false }],
  ['acks 1', { acks: 1 }],
  ['compression lz4', { compression: 'lz4' }],
  ['compression zstd', { compression: 'zstd' }],
]

type Reading = 'batches' | 'records'

const READS: readonly (readonly [string, Reading, ConsumerOptions<Buffer, Buffer>])[] = [
  ['batches', 'batches', {}],
  ['batches, prefetchBytes 1 MiB', 'batches', { prefetchBytes: 1024 * KIB }],
  ['batches, prefetchBytes 16 MiB', 'batches', { prefetchBytes: 16 * 1024 * KIB }],
  ['batches, no checksums', 'batches', { checkCrcs: false }],
  ['record by record', 'records', {}],
]

interface Measured {
  readonly perSecond: number
  /** Share of one core that this process used. */
  readonly cpu: number
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const broker = await BrokerProcess.start(directory, ['--log-level', 'warn'])
const bootstrap = broker.addresses.grpc
const admin = new Admin({ bootstrap })
try {
  const rows: string[][] = []
  for (const flushPolicy of ['os', 'disk']) {
    const topic = `send-${flushPolicy}`
    await admin.createTopic({ name: topic, configs: { 'flush.policy': flushPolicy } })
    await send(topic, {}, WARM_RECORDS)
    for (const [name, options] of flushPolicy === 'os' ? SENDS : SENDS.slice(0, 1)) {
      const measured = await median(() => send(topic, options, records))
      rows.push(row(`send, flush.policy ${flushPolicy}, ${name}`, measured))
    }
  }
  for (const [name, reading, options] of READS) {
    const measured = await median(() => read('send-os', reading, options))
    rows.push(row(`consume, ${name}`, measured))
  }
  const head = ['', 'million records/s', 'MB/s of values', 'client CPU']
  process.stdout.write(`\n${machineLine(machineFacts())}\n\n`)
  process.stdout.write(
    `${value.byteLength}-byte values, one partition, every acknowledgement seen\n\n`,
  )
  process.stdout.write(`${markdownTable(head, rows)}\n`)
} finally {
  await admin.close()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
}

/** Sends records one by one, and returns when every acknowledgement has come. */
async function send(
  topic: string,
  options: ProducerOptions<Serialized, Serialized>,
  count: number,
): Promise<Measured> {
  const producer = new Producer({ bootstrap, ...options })
  let acknowledged = 0
  let failure: unknown = null
  const done = (): void => {
    acknowledged += 1
  }
  const failed = (error: unknown): void => {
    failure ??= error
  }
  const stop = startMeasuring()
  for (let number = 0; number < count; number++) {
    producer.send({ topic, value }).then(done, failed)
    const room = producer.ready()
    if (room !== null) await room
  }
  await producer.flush()
  const measured = stop(count)
  await producer.close()
  if (failure !== null) throw failure
  if (acknowledged !== count) throw new Error(`${acknowledged} of ${count} were acknowledged`)
  return measured
}

/** Reads records and looks at the value of each. */
async function read(
  topic: string,
  reading: Reading,
  options: ConsumerOptions<Buffer, Buffer>,
): Promise<Measured> {
  const consumer = new Consumer({ bootstrap, ...options })
  await consumer.assign([{ topic, partition: 0, start: { kind: 'earliest' } }])
  let count = 0
  let bytes = 0
  const stop = startMeasuring()
  if (reading === 'batches') {
    for await (const batch of consumer.batches()) {
      for (const record of batch) bytes += record.value!.byteLength
      count += batch.recordCount
      if (count >= records) break
    }
  } else {
    for await (const record of consumer) {
      bytes += record.value!.byteLength
      if (++count === records) break
    }
  }
  const measured = stop(count)
  await consumer.close()
  if (bytes !== count * value.byteLength) throw new Error('what was read is not what was sent')
  return measured
}

function startMeasuring(): (count: number) => Measured {
  const begun = performance.now()
  const cpu = process.cpuUsage()
  return (count) => {
    const seconds = (performance.now() - begun) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    return { perSecond: count / seconds, cpu: (user + system) / 1e6 / seconds }
  }
}

async function median(measure: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = []
  for (let round = 0; round < rounds; round++) all.push(await measure())
  all.sort((a, b) => a.perSecond - b.perSecond)
  return all[Math.floor(all.length / 2)]!
}

function row(name: string, { perSecond, cpu }: Measured): string[] {
  const megabytes = (perSecond * value.byteLength) / 1e6
  process.stderr.write(`${name}: ${threeDigits(perSecond / 1e6)} M/s\n`)
  return [name, threeDigits(perSecond / 1e6), threeDigits(megabytes), cpu.toFixed(2)]
}
