// sluice bench: a load test of a broker with the product's own client.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { Admin, Consumer, Producer, bytesSerde, type SluiceError } from '../../client/index.ts'
import { realClock } from '../../io/real-clock.ts'
import { realRandom } from '../../io/real-random.ts'
import { Progress } from '../progress.ts'
import { formatBytes, formatCount, printTable } from '../table.ts'
import { INTERRUPTED, interruption, isTerminal, tell, writeJson, writeLine } from '../terminal.ts'

interface Flags {
  readonly bootstrap: readonly string[]
  readonly json?: true
  readonly topic?: string
  readonly records: number
  readonly recordSize: number
  readonly partitions: number
  readonly producers: number
  readonly rate?: number
  readonly acks: 'all' | '1' | '0'
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly flushPolicy: 'disk' | 'os'
  readonly consume: boolean
}

interface Phase {
  readonly phase: 'produce' | 'consume'
  readonly records: number
  readonly seconds: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** From `send` to acknowledgement; null where nothing is acknowledged. */
  readonly latencyMs: Readonly<Record<'p50' | 'p99' | 'p99.9' | 'max', number>> | null
}

/** Between two looks at the clock when a rate is to be kept, in milliseconds. */
const PACE_INTERVAL_MS = 1

export async function bench(flags: Flags): Promise<void> {
  const connection = { bootstrap: flags.bootstrap, clientId: 'sluice-bench' }
  const admin = new Admin(connection)
  const topic = flags.topic ?? `sluice-bench-${realRandom.bytes(4).toString('hex')}`
  const interrupted = interruption()
  try {
    if (flags.topic === undefined) {
      const configs = { 'flush.policy': flags.flushPolicy }
      await admin.createTopic({ name: topic, partitions: flags.partitions, configs })
    }
    const { partitionDescriptions } = await admin.describeTopic(topic)
    const phases = [await producing(topic, flags, connection, interrupted)]
    if (flags.consume && !interrupted.aborted) {
      const starts = partitionDescriptions.map(({ partition, highWatermark }) => {
        return { topic, partition, start: { kind: 'offset' as const, offset: highWatermark } }
      })
      phases.push(await consuming(starts, flags, connection, interrupted))
    }
    if (interrupted.aborted) process.exitCode = INTERRUPTED
    else if (flags.json) writeJson({ topic, flags, phases })
    else printPhases(phases, flags)
  } finally {
    if (flags.topic === undefined) await admin.deleteTopic(topic).catch(() => {})
    await admin.close()
  }
}

interface Connection {
  readonly bootstrap: readonly string[]
  readonly clientId: string
}

async function producing(
  topic: string,
  flags: Flags,
  connection: Connection,
  interrupted: AbortSignal,
): Promise<Phase> {
  // Random bytes: what compresses well would measure the codec and nothing else.
  const value = flags.compression === 'none' ? realRandom.bytes(flags.recordSize) : textOf(flags)
  const latency = createHistogram({ figures: 3 })
  const producers = Array.from({ length: flags.producers }, () => {
    return new Producer({
      ...connection,
      acks:
        flags.acks === 'all' ? ('all' as const) : flags.acks === '1' ? (1 as const) : (0 as const),
      compression: flags.compression,
    })
  })
  const run = new ProduceRun(flags, latency, interrupted)
  const progress = new Progress({
    verb: 'produced',
    totalBytes: flags.records * flags.recordSize,
    done: () => ({ records: run.acknowledged, bytes: run.acknowledged * flags.recordSize }),
  })
  const begun = realClock.monotonicMs()
  try {
    await Promise.all(producers.map((producer) => run.send(producer, topic, value)))
    await Promise.all(producers.map((producer) => producer.flush()))
  } finally {
    progress.stop()
    await Promise.all(producers.map((producer) => producer.close()))
  }
  if (run.failure !== null) throw run.failure
  const seconds = (realClock.monotonicMs() - begun) / 1_000
  const ms = (percentile: number): number => latency.percentile(percentile) / 1_000
  return {
    ...phase('produce', flags, seconds),
    latencyMs:
      flags.acks === '0'
        ? null
        : { p50: ms(50), p99: ms(99), 'p99.9': ms(99.9), max: latency.max / 1_000 },
  }
}

/** What all producers of a run share: how much is left to send, and what came back. */
class ProduceRun {
  acknowledged = 0
  failure: SluiceError | null = null
  readonly #flags: Flags
  readonly #latency: RecordableHistogram
  readonly #interrupted: AbortSignal
  readonly #begunMs = realClock.monotonicMs()
  #sent = 0

  constructor(flags: Flags, latency: RecordableHistogram, interrupted: AbortSignal) {
    this.#flags = flags
    this.#latency = latency
    this.#interrupted = interrupted
  }

  get #goesOn(): boolean {
    return this.#sent < this.#flags.records && this.failure === null && !this.#interrupted.aborted
  }

  /** Sends until all records of the run are sent, by this producer or another. */
  async send(
    producer: Producer<Uint8Array, Uint8Array>,
    topic: string,
    value: Uint8Array,
  ): Promise<void> {
    while (this.#goesOn) {
      const due = this.#due()
      if (this.#sent >= due) {
        await new Promise<void>((resolve) => void realClock.after(PACE_INTERVAL_MS, resolve))
        continue
      }
      this.#sent += 1
      this.#sendOne(producer, topic, value)
      const room = producer.ready()
      if (room !== null) await room
    }
  }

  /** How many records should have been sent by now. */
  #due(): number {
    const { rate, records } = this.#flags
    if (rate === undefined) return records
    return Math.min(records, ((realClock.monotonicMs() - this.#begunMs) * rate) / 1_000)
  }

  #sendOne(producer: Producer<Uint8Array, Uint8Array>, topic: string, value: Uint8Array): void {
    // With a rate the clock starts when the record was due, so that a stall counts for all records
    // that it held up and not for the first alone.
    const { rate } = this.#flags
    const beganMs =
      rate === undefined
        ? realClock.monotonicMs()
        : this.#begunMs + ((this.#sent - 1) / rate) * 1_000
    producer.send({ topic, value }).then(
      () => {
        this.acknowledged += 1
        const microseconds = Math.round((realClock.monotonicMs() - beganMs) * 1_000)
        this.#latency.record(Math.max(1, microseconds))
      },
      (error: SluiceError) => {
        this.failure ??= error
      },
    )
  }
}

async function consuming(
  starts: Parameters<Consumer['assign']>[0],
  flags: Flags,
  connection: Connection,
  interrupted: AbortSignal,
): Promise<Phase> {
  const consumer = new Consumer({
    ...connection,
    keyDeserializer: bytesSerde,
    valueDeserializer: bytesSerde,
  })
  let records = 0
  const progress = new Progress({
    verb: 'consumed',
    totalBytes: flags.records * flags.recordSize,
    done: () => ({ records, bytes: records * flags.recordSize }),
  })
  interrupted.addEventListener('abort', () => void consumer.close())
  const begun = realClock.monotonicMs()
  try {
    await consumer.assign(starts)
    reading: for await (const batch of consumer.batches()) {
      for (const record of batch) {
        if (record.value !== null) records += 1
        if (records >= flags.records) break reading
      }
    }
  } catch (error) {
    if (!interrupted.aborted) throw error
  } finally {
    progress.stop()
    await consumer.close()
  }
  const seconds = (realClock.monotonicMs() - begun) / 1_000
  return { ...phase('consume', flags, seconds), latencyMs: null }
}

function phase(name: Phase['phase'], flags: Flags, seconds: number): Omit<Phase, 'latencyMs'> {
  const recordsPerSecond = flags.records / seconds
  const bytesPerSecond = recordsPerSecond * flags.recordSize
  return { phase: name, records: flags.records, seconds, recordsPerSecond, bytesPerSecond }
}

/** A value that compresses about as log lines do. */
function textOf({ recordSize }: Flags): Uint8Array {
  const line = '{"level":"info","user":"user-4711","path":"/cart/items","status":200,"ms":12} '
  return Buffer.from(line.repeat(Math.ceil(recordSize / line.length)).slice(0, recordSize))
}

function printPhases(phases: readonly Phase[], flags: Flags): void {
  const ms = (value: number | undefined): string => {
    return value === undefined ? '-' : `${value.toFixed(value < 10 ? 2 : 1)} ms`
  }
  if (isTerminal('stderr')) tell('')
  printTable(
    ['', 'RECORDS/S', 'PER SECOND', 'P50', 'P99', 'P99.9', 'MAX'],
    phases.map(({ phase: name, recordsPerSecond, bytesPerSecond, latencyMs }) => [
      name,
      formatCount(recordsPerSecond),
      formatBytes(bytesPerSecond),
      ms(latencyMs?.p50),
      ms(latencyMs?.p99),
      ms(latencyMs?.['p99.9']),
      ms(latencyMs?.max),
    ]),
  )
  if (flags.rate === undefined) {
    writeLine()
    writeLine('Latency includes the wait in full queues; --rate shows it under a steady load.')
  }
}
