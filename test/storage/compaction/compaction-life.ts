// A compacted log over a simulated disk, with everything that is written to it put down in a model, and
// what may happen to it: batches of every kind, passes, restarts, cuts.

import { expect } from 'vitest'
import { sequenceAfter } from '../../../src/record/sequence.ts'
import { BatchBuilder } from '../../../src/record/batch-builder.ts'
import { isControl, isTransactional } from '../../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../../src/record/batch-reader.ts'
import type { Codec } from '../../../src/record/compression.ts'
import type { LogConfig } from '../../../src/storage/log-config.ts'
import type { LogManagerOptions } from '../../../src/storage/log-manager.ts'
import type { PartitionLog } from '../../../src/storage/partition-log.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { infoOf } from '../../support/batches.ts'
import { microtasks } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { readAll } from '../log-fixture.ts'
import { ManagerFixture } from '../manager-fixture.ts'
import { TableModel, type WrittenRecord } from './table-model.ts'

const CODECS: readonly Codec[] = ['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd']

/** A horizon is this far away. */
export const DELETE_RETENTION_MS = 3_000

export const COMPACTED: Partial<LogConfig> = {
  cleanupPolicy: ['compact'],
  segmentBytes: 2_500,
  indexIntervalBytes: 300,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: DELETE_RETENTION_MS,
  fileDeleteDelayMs: 500,
}

export interface LifeOptions {
  readonly files?: MemoryFileSystem
  readonly config?: Partial<LogConfig>
  readonly manager?: Partial<LogManagerOptions>
  /** Memory for keys. Default: 4 KiB, of 151 keys. */
  readonly keyBytes?: number
  /** Keys that records have. Default: 40. */
  readonly keyCount?: number
  /** Share of batches that belong to transactions. Default: 0. */
  readonly transactions?: number
}

export class CompactionLife {
  readonly rig: ManagerFixture
  readonly model = new TableModel()
  readonly random: SeededRandom
  readonly #options: LifeOptions
  /** Nothing at or above it is to be compacted. */
  stableOffset = Infinity
  /** Where nothing was touched by any pass so far. */
  #untouchedOffset = 0
  /** Epochs of producers of transactions. */
  readonly #epochs = new Map<number, number>()

  private constructor(rig: ManagerFixture, random: SeededRandom, options: LifeOptions) {
    this.rig = rig
    this.random = random
    this.#options = options
    this.model.deleteRetentionMs = DELETE_RETENTION_MS
  }

  static async begin(random: SeededRandom, options: LifeOptions = {}): Promise<CompactionLife> {
    const rig = new ManagerFixture(options.files ?? new MemoryFileSystem())
    const life = new CompactionLife(rig, random, options)
    rig.options = {
      // Far away: passes begin when the test says so.
      compaction: {
        enabled: false,
        backoffMs: 0,
        keyBytes: options.keyBytes ?? 4_096,
        ioBufferBytes: random.pick([100, 1_000, 100_000]),
        ioBytesPerSecond: Infinity,
      },
      stableOffsetOf: () => life.stableOffset,
      ...options.manager,
    }
    await rig.open()
    await rig.topic('table', 1, { ...COMPACTED, ...options.config })
    return life
  }

  /**
   * Another life, that goes on from here on a disk of its own. This one must have been stopped; it may be
   * forked again.
   */
  async fork(random: SeededRandom): Promise<CompactionLife> {
    const rig = new ManagerFixture(this.rig.files.clone())
    for (const [name, topic] of this.rig.topics) rig.topics.set(name, topic)
    rig.clock = this.rig.clock
    const life = new CompactionLife(rig, random, this.#options)
    rig.options = { ...this.rig.options, stableOffsetOf: () => life.stableOffset }
    life.stableOffset = this.stableOffset
    life.model.continue(this.model)
    life.#untouchedOffset = this.#untouchedOffset
    await rig.open()
    return life
  }

  get log(): PartitionLog {
    return this.rig.log('table')
  }

  /** Appends a batch; it is written when the turn ends. */
  append(): void {
    const { random, log } = this
    const isTransactional = random.chance(this.#options.transactions ?? 0)
    const producerId = isTransactional ? random.between(20, 22) : random.between(10, 12)
    if (isTransactional && random.chance(0.3) && this.model.openTransactions().has(producerId)) {
      this.#end(producerId)
      return
    }
    const records: WrittenRecord[] = []
    const builder = new BatchBuilder(StorageCore.load(), 1_000_000)
    const now = this.rig.clock.now()
    const baseOffset = log.logEndOffset
    for (let count = random.pick([1, 1, 3, 12]); count > 0; count--) {
      const key = random.chance(0.03) ? null : `k${random.below(this.#options.keyCount ?? 40)}`
      const value = random.chance(0.25) ? null : random.bytes(random.below(30)).toString('hex')
      const record = { offset: baseOffset + records.length, key, value, timestamp: now - count }
      builder.append(key, value, record.timestamp)
      records.push(record)
    }
    const ofProducer = isTransactional || random.chance(0.5)
    const stamp = ofProducer ? this.#stampOf(producerId, isTransactional) : {}
    const codec = random.pick(CODECS)
    const bytes = Buffer.from(builder.build({ codec, ...stamp, transactional: isTransactional }))
    const guard = isTransactional
      ? log.producers.beginVerification({ ...infoOf(bytes), bumpsEpochs: true })
      : null
    const appended = log.append(bytes, infoOf(bytes), guard)
    expect(appended).toMatchObject({ baseOffset, isRepeat: false })
    const { lastOffset } = appended
    const of = ofProducer ? producerId : -1
    this.model.wrote({
      ...{ baseOffset, lastOffset, bytes, records, isTransactional },
      ...{ producerId: of, ends: null },
    })
  }

  /** Ends all open transactions. */
  endAll(): void {
    for (const producerId of this.model.openTransactions().keys()) this.#end(producerId)
  }

  #end(producerId: number): void {
    const outcome = this.random.pick(['commit', 'abort'] as const)
    const producerEpoch = (this.#epochs.get(producerId) ?? 0) + 1
    this.#epochs.set(producerId, producerEpoch)
    const end = { producerId, producerEpoch, coordinatorEpoch: 1, outcome }
    const { baseOffset, lastOffset } = this.log.appendMarker(end, 2)
    const marker = { records: [], producerId, isTransactional: true, ends: outcome }
    this.model.wrote({ baseOffset, lastOffset, bytes: Buffer.alloc(0), ...marker })
  }

  #stampOf(
    producerId: number,
    isTransactional: boolean,
  ): { producerId: number; producerEpoch: number; baseSequence: number } {
    const known = this.log.producers.facts().find((facts) => facts.producerId === producerId)
    const producerEpoch = isTransactional ? (this.#epochs.get(producerId) ?? 0) : 0
    const isNext = known !== undefined && known.epoch === producerEpoch && known.lastSequence >= 0
    const baseSequence = isNext ? sequenceAfter(known.lastSequence, 1) : 0
    return { producerId, producerEpoch, baseSequence }
  }

  /** Lets what was appended become durable. */
  async settle(): Promise<void> {
    await this.rig.clock.settle()
  }

  /** Compacts as much as is due. */
  async compact(): Promise<void> {
    this.passBegins()
    await this.rig.settled(this.rig.manager.runCompaction())
  }

  /** A pass may begin now: what it may touch is put down. */
  passBegins(): void {
    const { log } = this
    const open = Math.min(...this.model.openTransactions().values())
    const stable = Math.min(this.stableOffset, open, log.segments.active.baseOffset)
    const bases = log.segmentFacts().map(({ baseOffset }) => baseOffset)
    const limitOffset = bases.findLast((baseOffset) => baseOffset <= stable) ?? 0
    this.#untouchedOffset = Math.max(this.#untouchedOffset, limitOffset)
    this.model.passBegins(this.rig.clock.now(), limitOffset)
  }

  /** Cuts the log at an offset that no pass has touched. */
  async cut(offset: number): Promise<void> {
    await this.rig.settled(this.rig.manager.truncate(this.log, offset))
    this.wasCut()
  }

  /** What the log does not have any more was never written. */
  wasCut(): void {
    const { logEndOffset } = this.log
    this.model.batches = this.model.batches.filter(({ lastOffset }) => lastOffset < logEndOffset)
    this.#untouchedOffset = Math.min(this.#untouchedOffset, logEndOffset)
  }

  /** Starts the broker again. What was not durable may be gone. */
  async restart(kind: 'stop' | 'kill' | 'power-cut', message: string): Promise<void> {
    const { rig, random } = this
    // What was begun before and needs no more of the disk must not go on in the next life.
    await microtasks()
    const { durableOffset } = this.log
    if (kind === 'stop') await rig.settled(rig.manager.close())
    else if (kind === 'kill') rig.files.kill()
    else rig.files.crash(random.chance(0.3) ? null : random.split())
    await rig.open()
    expect(this.log.logEndOffset, message).toBeGreaterThanOrEqual(durableOffset)
    expect(rig.heard.damage, message).toEqual([])
    await this.forgetLost(durableOffset)
    this.#forgetEpochs()
  }

  /** What never became durable, and is not there, is not expected any more. */
  async forgetLost(durableOffset: number): Promise<void> {
    const there = new Set<number>()
    for (const { header } of splitBatches(await this.content()).batches)
      there.add(header.baseOffset)
    this.model.batches = this.model.batches.filter(({ baseOffset, lastOffset }) => {
      return lastOffset < durableOffset || there.has(baseOffset)
    })
  }

  /** Markers may be gone, and with them the epochs that they began. */
  #forgetEpochs(): void {
    this.#epochs.clear()
    for (const { producerId, epoch } of this.log.producers.facts()) {
      if (producerId >= 20) this.#epochs.set(producerId, epoch)
    }
  }

  /** What the log holds that it must not, or does not hold that it must. */
  async violations(): Promise<string[]> {
    const { log, rig } = this
    const bytes = await this.content()
    return this.model.violations(bytes, {
      startOffset: log.logStartOffset,
      cleanOffset: this.cleanOffset(),
      untouchedOffset: Math.max(this.#untouchedOffset, log.logStartOffset),
      nowMs: rig.clock.now(),
    })
  }

  /** All batches that can be read. */
  async content(): Promise<Buffer> {
    this.log.writePending()
    return await readAll(this.log, this.log.logStartOffset)
  }

  /** Up to where the log is said to be clean. */
  cleanOffset(): number {
    const path = '/data/cleaner-offset-checkpoint'
    if (!this.rig.files.exists(path)) return 0
    const line = /^table 0 (\d+)$/m.exec(this.rig.files.contentOf(path).toString())
    return line === null ? 0 : Number(line[1])
  }

  async expectInOrder(message: string): Promise<void> {
    expect(await this.violations(), message).toEqual([])
    await this.#expectReadable(message)
    await this.#expectCommittedView(message)
    this.#expectProducers(message)
  }

  /** Who reads what is committed sees no record of an aborted transaction, and all others. */
  async #expectCommittedView(message: string): Promise<void> {
    const { log } = this
    const belowOffset = Math.min(log.writtenOffset, log.producers.firstUndecided(log.durableOffset))
    const seen: number[] = []
    const there: number[] = []
    for (let offset = log.logStartOffset; ;) {
      const read = await log.read(offset, { maxBytes: 900, belowOffset, withAborted: true })
      if (read.batchCount === 0) break
      for (const batch of splitBatches(read.batches).batches) {
        const { attributes, producerId, baseOffset } = batch.header
        if (isControl(attributes)) continue
        const isAborted = read.aborted.some((one) => {
          const isOf = one.producerId === producerId && isTransactional(attributes)
          return isOf && one.firstOffset <= baseOffset && baseOffset < one.lastOffset
        })
        const offsets = decodeBatch(StorageCore.load(), batch).map((record) => record.offset)
        there.push(...offsets)
        if (!isAborted) seen.push(...offsets)
      }
      offset = read.nextOffset
    }
    const aborted = this.model.abortedOffsets()
    expect(seen, message).toEqual(there.filter((offset) => !aborted.has(offset)))
  }

  /** A reader that begins anywhere gets the first batch that ends at or above that offset. */
  async #expectReadable(message: string): Promise<void> {
    const { log, random } = this
    const batches = splitBatches(await this.content()).batches
    for (let tries = 0; tries < 5; tries++) {
      const from = random.between(log.logStartOffset, log.logEndOffset)
      const read = await log.read(from, { maxBytes: 1 })
      const expected = batches.find(({ header }) => {
        return header.baseOffset + header.lastOffsetDelta >= from
      })
      const found = splitBatches(read.batches).batches[0]
      expect(found?.header.baseOffset, `${message}: from ${from}`).toBe(expected?.header.baseOffset)
    }
  }

  /** Each producer goes on with the sequence behind the last one that it wrote. */
  #expectProducers(message: string): void {
    for (const { producerId, epoch, lastSequence } of this.log.producers.facts()) {
      if (producerId >= 20) continue
      const last = this.model.batches.findLast((batch) => batch.producerId === producerId)
      if (last === undefined) continue
      const { baseSequence, lastOffsetDelta, producerEpoch } = infoOf(last.bytes)
      const expected = [producerEpoch, sequenceAfter(baseSequence, lastOffsetDelta)]
      expect([epoch, lastSequence], `${message}: producer ${producerId}`).toEqual(expected)
    }
  }
}

/** A log of some segments, part of it clean, that is due. It is stopped: to be forked. */
export async function dirtyLog(seed: number): Promise<CompactionLife> {
  const life = await CompactionLife.begin(new SeededRandom(seed), {
    config: { segmentBytes: 1_500 },
    keyCount: 30,
    keyBytes: 8_192,
  })
  for (let round = 0; round < 2; round++) {
    for (let count = 14; count > 0; count--) life.append()
    await life.settle()
    if (round === 0) await life.compact()
    // Old files are gone, so that what a crash leaves is of the next pass alone.
    await life.rig.pass(1_000)
  }
  await life.rig.settled(life.rig.manager.close())
  return life
}
