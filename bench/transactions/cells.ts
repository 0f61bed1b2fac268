// The loads, and both brokers under them in turns. Both run all the time; one is loaded.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../tools/kafka/single-node.mjs'
import { formatKafka, startKafka, startSluice } from '../kafka/versus/contestants.ts'
import type { Contestant } from '../kafka/versus/contestants.ts'
import { createTopic, deleteTopic } from '../kafka/versus/probes.ts'
import { touchMemory } from '../support/touch-memory.ts'
import {
  type FillLoad,
  LoadDriver,
  type Isolation,
  type ReadFigures,
  type WriteFigures,
} from './driver.ts'

export interface Options {
  /** As fetchKafka gives it. */
  readonly classpath: string
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  /** Of the topics that are read, 1 for what is recorded. */
  readonly scale: number
  /** Which cells run: those whose name has it. */
  readonly only: string
}

/** What both made of one load, round by round. */
export interface Cell<T> {
  readonly name: string
  readonly ours: readonly T[]
  readonly theirs: readonly T[]
}

export interface WriteCell extends Cell<WriteFigures> {
  readonly shape: WriteShape
}

export interface ReadCell extends Cell<ReadFigures> {
  /** The topic that is read. */
  readonly contents: string
  readonly isolation: Isolation
}

export interface Findings {
  readonly names: readonly [ours: string, theirs: string]
  readonly write: readonly WriteCell[]
  readonly read: readonly ReadCell[]
  /** What the client failed, and was done again. */
  readonly failures: readonly string[]
}

interface WriteShape {
  readonly recordsPerTransaction: number
  readonly recordBytes: number
  readonly producers: number
  readonly withOffsets: boolean
}

type Pair = readonly [ours: Contestant, theirs: Contestant]

const PARTITIONS = 4
const SIZES = [100, 1024]
const PER_TRANSACTION = [1, 10, 100]
const PRODUCERS = [1, 8]

/** What topics keep is little, so that the page cache uses the same memory again. */
const BOUNDED = { 'segment.bytes': String(64 << 20), 'file.delete.delay.ms': '0' }

/** So often the client may fail in one run. */
const MAX_FAILURES = 5

/** Before each measurement, by the same producers. */
const WARM_SECONDS = 1
/** Of a broker that nobody has asked anything yet. */
const FIRST_WARM_SECONDS = 10

export async function bothBrokers(options: Options): Promise<Findings> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-transactions-'))
  const started: Contestant[] = []
  const driver = LoadDriver.start(options.classpath, directory)
  try {
    const ports = [await freePort(), await freePort()] as const
    started.push(await startSluice(directory, ports[0]))
    await formatKafka(options.classpath, directory, ports[1])
    started.push(startKafka(options.classpath, directory, ports[1]))
    const pair = started as unknown as Pair
    const turns = new Turns(pair, driver, directory, options)
    await turns.warmUp()
    const write = await turns.writeCells()
    const read = await turns.readCells()
    const { failures } = turns
    return { names: [pair[0].name, pair[1].name], write, read, failures }
  } finally {
    await driver.stop()
    for (const contestant of started) await contestant.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

class Turns {
  readonly #pair: Pair
  readonly #driver: LoadDriver
  readonly #directory: string
  readonly #options: Options
  /** See `#done`. */
  readonly failures: string[] = []
  #topics = 0

  constructor(pair: Pair, driver: LoadDriver, directory: string, options: Options) {
    this.#pair = pair
    this.#driver = driver
    this.#directory = directory
    this.#options = options
  }

  async warmUp(): Promise<void> {
    const shape = { recordsPerTransaction: 10, recordBytes: 100, producers: 4, withOffsets: true }
    const seconds = Math.min(FIRST_WARM_SECONDS, this.#options.seconds * 2)
    const run = (broker: Contestant) => this.#write(broker, shape, seconds)
    for (const broker of this.#pair) await this.#done('warming up', broker, run)
  }

  async writeCells(): Promise<WriteCell[]> {
    const cells: WriteCell[] = []
    for (const shape of shapes()) {
      const name = nameOf(shape)
      if (!name.includes(this.#options.only)) continue
      const run = (broker: Contestant) => this.#write(broker, shape, this.#options.seconds)
      const tell = ({ transactions, seconds }: WriteFigures) =>
        `${Math.round(transactions / seconds)} transactions/s`
      cells.push({ ...(await this.#inTurns(name, run, tell)), shape })
    }
    return cells
  }

  /** The same topics read at both levels: all committed, and with a tenth of the transactions aborted. */
  async readCells(): Promise<ReadCell[]> {
    const cells: ReadCell[] = []
    for (const [recordsPerTransaction, aborted] of [
      [10, 0],
      [10, 1],
      [100, 1],
    ] as const) {
      const transactions = Math.round((200_000 * this.#options.scale) / recordsPerTransaction)
      const contents = `${recordsPerTransaction} records a transaction, ${aborted * 10} % aborted`
      if (!`read ${contents}`.includes(this.#options.only)) continue
      const topic = this.#nextTopic()
      for (const broker of this.#pair) {
        const load = { transactions, recordsPerTransaction, bytes: 100, aborted }
        await this.#done(contents, broker, () => this.#fill(broker, topic, load))
      }
      for (const isolation of ['read_uncommitted', 'read_committed'] as const) {
        const run = (broker: Contestant) =>
          this.#driver.read(broker, topic, isolation, this.#options.seconds)
        const tell = ({ records, seconds }: ReadFigures) =>
          `${Math.round(records / seconds)} records/s`
        const cell = await this.#inTurns(`${contents}, ${isolation}`, run, tell)
        cells.push({ ...cell, contents, isolation })
      }
      for (const { address } of this.#pair) await deleteTopic(address, topic)
    }
    return cells
  }

  async #fill(broker: Contestant, topic: string, load: FillLoad): Promise<void> {
    await createTopic(broker.address, topic, 1, BOUNDED)
    try {
      await this.#driver.fill(broker, topic, load)
    } catch (error) {
      await deleteTopic(broker.address, topic)
      throw error
    }
  }

  async #write(broker: Contestant, shape: WriteShape, seconds: number): Promise<WriteFigures> {
    const topic = this.#nextTopic()
    await createTopic(broker.address, topic, PARTITIONS, BOUNDED)
    touchMemory(this.#directory)
    const load = { topic, partitions: PARTITIONS, seconds, warmSeconds: WARM_SECONDS, ...shape }
    try {
      return await this.#driver.write(broker, load)
    } finally {
      await deleteTopic(broker.address, topic)
    }
  }

  /** Runs both in turns; who begins changes from round to round. */
  async #inTurns<T>(
    name: string,
    run: (broker: Contestant) => Promise<T>,
    tell: (figures: T) => string,
  ): Promise<Cell<T>> {
    const [ours, theirs] = this.#pair
    const cell = { name, ours: [] as T[], theirs: [] as T[] }
    for (let round = 0; round < this.#options.rounds; round++) {
      for (const broker of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
        const figures = await this.#done(name, broker, run)
        ;(broker === ours ? cell.ours : cell.theirs).push(figures)
        process.stderr.write(`  ${name}: ${broker.name} ${tell(figures)}\n`)
      }
    }
    return cell
  }

  /**
   * Does again what the client has failed, and tells of it: its sender may send the end of a short
   * transaction before the record in it, since it looks for records first and for the end after. Any
   * broker refuses that.
   */
  async #done<T>(
    name: string,
    broker: Contestant,
    run: (broker: Contestant) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await run(broker)
      } catch (error) {
        const isClients = (error as Error).message.includes('InvalidTxnStateException')
        if (!isClients || this.failures.length === MAX_FAILURES) throw error
        this.failures.push(`${name}: ${broker.name}`)
        process.stderr.write(`  ${name}: ${broker.name} is asked again\n`)
      }
    }
  }

  #nextTopic(): string {
    this.#topics += 1
    return `transactions-${this.#topics}`
  }
}

function* shapes(): Generator<WriteShape> {
  for (const recordBytes of SIZES) {
    for (const recordsPerTransaction of PER_TRANSACTION) {
      for (const producers of PRODUCERS) {
        yield { recordsPerTransaction, recordBytes, producers, withOffsets: false }
      }
    }
  }
  for (const producers of PRODUCERS) {
    yield { recordsPerTransaction: 10, recordBytes: 100, producers, withOffsets: true }
  }
}

function nameOf({
  recordsPerTransaction,
  recordBytes,
  producers,
  withOffsets,
}: WriteShape): string {
  const records = `${recordsPerTransaction} record${recordsPerTransaction === 1 ? '' : 's'}`
  const offsets = withOffsets ? ' and offsets' : ''
  return `${records} of ${recordBytes} B${offsets}, ${producers} producer${producers === 1 ? '' : 's'}`
}
