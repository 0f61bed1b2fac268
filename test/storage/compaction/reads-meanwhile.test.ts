// Reads that are under way while the segments that they read are replaced, and their files removed: each is
// held at one of its reads from the disk until all of that has happened.

import { expect, test } from 'vitest'
import type { File, OpenMode } from '../../../src/io/file-system.ts'
import { isControl, isTransactional } from '../../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../../src/record/batch-reader.ts'
import type { LogRead } from '../../../src/storage/log-reader.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { batchOf } from '../../support/batches.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { CompactionLife } from './compaction-life.ts'

const TIME = { timeout: 300_000 }

const SEED = Number(process.env['SEED'] ?? 5)

const core = StorageCore.load()

/** More than this at the end of a log, and what is in front of it is read in the pool. */
const HOT_BYTES = 64 * 1024 * 1024

/** A disk whose nth read in the pool waits until it is told to go on. */
class HeldReads extends MemoryFileSystem {
  #left = Infinity
  #go: () => void = () => {}
  /** The read has come that is held. */
  isHeld = false

  hold(nth: number): void {
    this.#left = nth
    this.isHeld = false
  }

  release(): void {
    this.#left = Infinity
    this.#go()
  }

  override open(path: string, mode: OpenMode): File {
    const file = super.open(path, mode)
    return new Proxy(file, {
      get: (target, name) => {
        if (name === 'readCold')
          return (...words: [Uint8Array, number]) => this.#read(target, words)
        const value = Reflect.get(target, name, target) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  async #read(file: File, words: [Uint8Array, number]): Promise<number> {
    if (--this.#left === 0) {
      this.isHeld = true
      await new Promise<void>((resolve) => (this.#go = resolve))
    }
    return await file.readCold(...words)
  }
}

interface Cold {
  readonly files: HeldReads
  readonly life: CompactionLife
  /** Where the large batches begin, which make all in front of them cold. */
  readonly end: number
}

/** A log that was just opened: of many small segments, all of them cold, and nothing compacted yet. */
async function coldLog(): Promise<Cold> {
  const files = new HeldReads()
  const options = { files, keyCount: 12, transactions: 0.4, keyBytes: 20_000 }
  const life = await CompactionLife.begin(new SeededRandom(SEED), options)
  for (let count = 0; count < 60; count++) {
    life.append()
    if (count % 6 === 0) await life.rig.pass(10)
  }
  life.endAll()
  life.log.roll()
  await life.settle()
  const { log, rig } = life
  const end = log.logEndOffset
  log.reconfigure({ ...log.config, segmentBytes: 2 * HOT_BYTES })
  const large = batchOf(1, 15_000_000, { timestamp: rig.clock.now() + 10 })
  for (let bytes = 0; bytes <= HOT_BYTES; bytes += large.byteLength) {
    rig.appendBatch(log, Buffer.from(large))
  }
  await life.settle()
  // After a start nothing is known of segments but their names.
  await rig.settled(rig.manager.close())
  await rig.open()
  return { files, life, end }
}

/** Compacts, and lets time pass until the files of old segments are gone. */
async function replaceAll({ files, life }: Cold): Promise<void> {
  const { count } = life.log.swaps
  await life.compact()
  expect(life.log.swaps.count).toBeGreaterThan(count)
  await life.rig.pass(2_000)
  const names = files.list('/data/table-0')
  expect(names.filter((name) => /\.(deleted|swap|cleaned)$/.test(name))).toEqual([])
}

/** Does something, and all is replaced while its nth read waits. @returns null: it has no nth read */
async function heldAt<T>(
  cold: Cold,
  nth: number,
  act: () => Promise<T>,
): Promise<{ result: T } | null> {
  cold.files.hold(nth)
  const acting = act()
  acting.catch(() => undefined)
  await cold.life.rig.clock.settle()
  if (!cold.files.isHeld) return null
  await replaceAll(cold)
  cold.files.release()
  return { result: await acting }
}

/** Offset and key of each record from a read on, but for those that were aborted. */
async function readOn(
  cold: Cold,
  from: number,
  first: LogRead,
): Promise<[number, string | null][]> {
  const found: [number, string | null][] = []
  for (let read = first; read.batchCount > 0;) {
    for (const batch of splitBatches(read.batches).batches) {
      const { attributes, baseOffset, producerId } = batch.header
      const isAborted = read.aborted.some((one) => {
        const isOf = one.producerId === producerId && isTransactional(attributes)
        return isOf && one.firstOffset <= baseOffset && baseOffset < one.lastOffset
      })
      if (isAborted || isControl(attributes)) continue
      for (const { offset, key } of decodeBatch(core, batch)) {
        if (offset >= from) found.push([offset, key === null ? null : Buffer.from(key).toString()])
      }
    }
    if (read.nextOffset >= cold.end) break
    read = await cold.life.log.read(read.nextOffset, { maxBytes: 500, withAborted: true })
  }
  return found.filter(([offset]) => offset < cold.end)
}

/** Each is there as it was written, in order; of each key the last one is. */
function expectTable(
  { life }: Cold,
  from: number,
  found: readonly [number, string | null][],
): void {
  const aborted = life.model.abortedOffsets()
  const committed = life.model.batches
    .flatMap(({ records }) => records)
    .filter(({ offset }) => offset >= from && !aborted.has(offset))
  const keys = new Map(committed.map(({ offset, key }) => [offset, key]))
  for (const [index, [offset, key]] of found.entries()) {
    expect(keys.get(offset), `offset ${offset}`).toBe(key)
    expect(offset).toBeGreaterThan(found[index - 1]?.[0] ?? -1)
  }
  const last = new Map(committed.map(({ key, offset }) => [key, offset]))
  last.delete(null)
  const there = new Set(found.map(([offset]) => offset))
  expect([...last.values()].filter((offset) => !there.has(offset))).toEqual([])
}

/** The first record at or after a time, of those that are left. */
async function firstAt(cold: Cold, timestamp: number): Promise<number> {
  const { log, model } = cold.life
  const written = new Map(
    model.batches.flatMap(({ records }) => records).map((it) => [it.offset, it]),
  )
  const first = await log.read(0, { maxBytes: 500, withAborted: true })
  const left = (await readOn(cold, 0, first)).map(([offset]) => offset)
  return left.find((offset) => written.get(offset)!.timestamp >= timestamp)!
}

const from = (cold: Cold): number => cold.life.model.batches[7 + (SEED % 30)]!.lastOffset

interface Reading<T> {
  readonly name: string
  readonly act: (cold: Cold) => Promise<T>
  readonly check: (cold: Cold, result: T) => Promise<void> | void
}

function reading<T>(
  name: string,
  act: Reading<T>['act'],
  check: Reading<T>['check'],
): Reading<unknown> {
  return { name, act, check: (cold, result) => check(cold, result as T) }
}

const READINGS: readonly Reading<unknown>[] = [
  reading(
    'of records',
    async (cold) => await cold.life.log.read(from(cold), { maxBytes: 500, withAborted: true }),
    async (cold, read) => {
      expect(read.nextOffset).toBeGreaterThan(from(cold))
      expectTable(cold, from(cold), await readOn(cold, from(cold), read))
    },
  ),
  reading(
    'of records, aborted ones too',
    async (cold) => await cold.life.log.read(from(cold), { maxBytes: 500 }),
    async (cold, read) => {
      const aborted = cold.life.model.abortedOffsets()
      const found = await readOn(cold, from(cold), read)
      const committed = found.filter(([offset]) => !aborted.has(offset))
      expectTable(cold, from(cold), committed)
    },
  ),
  reading(
    'of one batch',
    async (cold) => await cold.life.log.read(from(cold), { maxBytes: 1, withAborted: true }),
    async (cold, read) => {
      expect(read.batchCount).toBe(1)
      expectTable(cold, from(cold), await readOn(cold, from(cold), read))
    },
  ),
  reading(
    'by time',
    (cold) => cold.life.log.offsetForTimestamp(cold.life.model.batches[20]!.records[0]!.timestamp),
    async (cold, found) => {
      const { timestamp } = cold.life.model.batches[20]!.records[0]!
      expect(found!.timestamp).toBeGreaterThanOrEqual(timestamp)
      // Nothing is passed over that is there.
      expect(found!.offset).toBeLessThanOrEqual(await firstAt(cold, timestamp))
    },
  ),
  reading(
    'for the largest time',
    (cold) => cold.life.log.largestTimestamp(),
    (cold, { offset }) => expect(offset).toBeGreaterThanOrEqual(cold.end),
  ),
  reading(
    'of what was aborted',
    (cold) => cold.life.log.abortedTransactions(0, cold.end),
    async (cold, aborted) => {
      expect(aborted).toEqual(await cold.life.log.abortedTransactions(0, cold.end))
    },
  ),
]

test.each(READINGS)('a read $name, held at each read from the disk', TIME, async (one) => {
  for (let nth = 1; ; nth++) {
    const cold = await coldLog()
    const held = await heldAt(cold, nth, () => one.act(cold))
    if (held === null) {
      expect(nth, 'reads were held').toBeGreaterThan(1)
      return
    }
    await one.check(cold, held.result)
  }
})
