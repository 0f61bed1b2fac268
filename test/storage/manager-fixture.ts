// A log manager over a simulated disk that can be cut off and started again, and a record of what
// every log told about its batches.

import { expect } from 'vitest'
import { partitionName } from '../../src/base/topic-partition.ts'
import { uuidOf, type Uuid } from '../../src/base/uuid.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import { LogManager, type LogManagerOptions } from '../../src/storage/log-manager.ts'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { infoOf, testBatch } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { DATA, Heard, readAll, SMALL_LOG } from './log-fixture.ts'
import { expectProducersKnown, nextOf } from './known-producers.ts'

/** A batch as it was appended. */
export interface SentBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly bytes: Buffer
}

export class ManagerFixture {
  readonly files: MemoryFileSystem
  clock = new ManualClock()
  readonly random = new SeededRandom(7)
  readonly heard = new Heard()
  readonly topics = new Map<string, { id: Uuid; config: LogConfig }>()
  readonly sent = new Map<string, SentBatch[]>()
  /** Partitions that the topics do not have any more, by name. */
  readonly deleted = new Set<string>()
  readonly cameBack: string[] = []
  options: Partial<LogManagerOptions> = {}
  manager!: LogManager

  constructor(files = new MemoryFileSystem()) {
    this.files = files
  }

  static async start(options: Partial<LogManagerOptions> = {}): Promise<ManagerFixture> {
    const fixture = new ManagerFixture()
    fixture.options = options
    await fixture.open()
    return fixture
  }

  /** Opens the directory, as a start of the broker does. */
  async open(): Promise<LogManager> {
    this.clock = new ManualClock(this.clock.now())
    const opening = LogManager.open({
      files: this.files,
      directory: DATA,
      clock: this.clock,
      random: this.random,
      core: StorageCore.load(),
      clusterId: 'q1w2e3r4t5y6u7i8o9p0aa',
      nodeId: 1,
      configOf: (partition, id) => {
        const known = this.topics.get(partition.topic)
        const isThere = known?.id === id && !this.deleted.has(partitionName(partition))
        return isThere ? known.config : null
      },
      listener: {
        written: (log) => this.heard.written(log),
        durable: (log) => this.heard.durable(log),
        damaged: (log, error) => this.heard.damaged(log, error),
        failed: (log, error) => {
          this.heard.failed(log, error)
          this.forgetAbove(log.name, log.durableOffset)
        },
      },
      snapshotPace: { bytes: 1_500, ms: 0 },
      onOnline: (log) => this.cameBack.push(log.name),
      ...this.options,
    })
    this.manager = await this.settled(opening)
    return this.manager
  }

  /** Waits for something that needs turns to end. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let done = false
    const watched = work.finally(() => void (done = true))
    watched.catch(() => undefined)
    for (let turns = 0; !done && turns < 10_000; turns++) await this.clock.settle()
    expect(done, 'work ends').toBe(true)
    return watched
  }

  /** Makes a topic with this many partitions. */
  async topic(name: string, partitions: number, config: Partial<LogConfig> = {}): Promise<void> {
    const topic = { id: uuidOf(this.random.bytes(16)), config: { ...SMALL_LOG, ...config } }
    this.topics.set(name, topic)
    const wanted = Array.from({ length: partitions }, (_, partition) => {
      return { topic: name, partition, topicId: topic.id, config: topic.config }
    })
    for (const { error } of await this.settled(this.manager.createAll(wanted))) {
      if (error !== null) throw error
    }
  }

  log(topic: string, partition = 0): PartitionLog {
    return this.manager.get({ topic, partition })!
  }

  logs(): PartitionLog[] {
    return [...this.manager.logs()]
  }

  /** Appends a batch of random bytes. It is written when the turn ends. */
  append(log: PartitionLog, timestamp = this.clock.now()): SentBatch {
    const records = Array.from({ length: this.random.between(1, 3) }, () => {
      return { value: this.random.bytes(this.random.between(4, 90)) }
    })
    const producer = this.random.chance(0.5) ? nextOf(log, this.random.between(7, 9)) : {}
    return this.appendBatch(log, testBatch({ records, timestamp, ...producer }))
  }

  appendBatch(log: PartitionLog, batch: Buffer): SentBatch {
    const { baseOffset, lastOffset } = log.append(batch, infoOf(batch))
    const sent = { baseOffset, lastOffset, bytes: Buffer.from(batch) }
    this.sentTo(log.name).push(sent)
    return sent
  }

  sentTo(name: string): SentBatch[] {
    const sent = this.sent.get(name) ?? []
    this.sent.set(name, sent)
    return sent
  }

  async pass(ms: number, stepMs = 500): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs))
      await this.clock.settle()
    }
  }

  /** Where each log said that it is durable, by name. */
  durable(): Map<string, number> {
    return new Map(this.logs().map(({ name, durableOffset }) => [name, durableOffset]))
  }

  /**
   * Checks that the log has all batches below `durableOffset` as they were sent. Those above that are
   * not there are forgotten: nobody was told of them.
   */
  async expectKept(log: PartitionLog, durableOffset: number, message: string): Promise<void> {
    const found = new Map<number, Buffer>()
    const bytes = await readAll(log, log.logStartOffset)
    for (let at = 0; at < bytes.byteLength;) {
      const size = 12 + bytes.readInt32BE(at + 8)
      found.set(Number(bytes.readBigInt64BE(at)), bytes.subarray(at, at + size))
      at += size
    }
    const kept = this.sentTo(log.name).filter((sent) => {
      if (sent.lastOffset < log.logStartOffset) return false
      const isThere = found.get(sent.baseOffset)?.equals(sent.bytes) ?? false
      if (sent.lastOffset >= durableOffset) return isThere
      expect(isThere, `${message}: ${log.name} at ${sent.baseOffset}`).toBe(true)
      return true
    })
    this.sent.set(log.name, kept)
    await expectProducersKnown(log, message)
  }

  /** What was cut, or never became durable, is not expected any more. */
  forgetAbove(name: string, endOffset: number): void {
    const sent = this.sentTo(name)
    this.sent.set(
      name,
      sent.filter(({ lastOffset }) => lastOffset < endOffset),
    )
  }

  /** Names in the data directory. */
  names(pattern: RegExp): string[] {
    return this.files.list(DATA).filter((name) => pattern.test(name))
  }
}
