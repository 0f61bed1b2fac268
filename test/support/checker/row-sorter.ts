// Sorts more operations than memory holds: chunks are sorted by radix and written as runs, and the
// runs are merged.
//
//   a run:  key | operation | key | operation | …      both of fixed size, the key big-endian
//
// Memory is a chunk while rows are added, and a read buffer a run while they are read.

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { OPERATION_BYTES, OperationCursor, writeOperation, type Operation } from './operation.ts'

export interface SorterOptions {
  /** Where runs are written; they are removed when the rows were read. */
  readonly directory: string
  /** Rows that are held in memory. */
  readonly chunkRows: number
}

/** Bytes that are read of a run at once, about. */
const READ_BYTES = 256 * 1024

let runsOfProcess = 0

export class RowSorter {
  readonly #widths: readonly number[]
  readonly #keyBytes: number
  readonly #rowBytes: number
  readonly #options: SorterOptions
  #chunk: Buffer
  #rows = 0
  readonly #runs: string[] = []

  /** @param widths bytes of each field of the key, 1 to 6, the most significant field first */
  constructor(widths: readonly number[], options: SorterOptions) {
    this.#widths = widths
    this.#keyBytes = widths.reduce((sum, width) => sum + width, 0)
    this.#rowBytes = this.#keyBytes + OPERATION_BYTES
    this.#options = options
    this.#chunk = Buffer.allocUnsafe(64 * this.#rowBytes)
  }

  /** @param key whole numbers from 0 that fit their widths */
  add(key: readonly number[], row: Operation): void {
    if (this.#rows === this.#options.chunkRows) this.#writeRun()
    let at = this.#rows * this.#rowBytes
    if (at === this.#chunk.byteLength) this.#grow()
    for (let field = 0; field < this.#widths.length; field++) {
      const width = this.#widths[field]!
      this.#chunk.writeUIntBE(key[field]!, at, width)
      at += width
    }
    writeOperation(this.#chunk, at, row)
    this.#rows += 1
  }

  /** All rows, sorted by their keys, equal ones as they were added. Read once; the cursor moves on. */
  *rows(): Generator<OperationCursor> {
    const cursor = new OperationCursor()
    if (this.#runs.length === 0) {
      for (const row of this.#sorted()) {
        yield cursor.moveTo(this.#chunk, row * this.#rowBytes + this.#keyBytes)
      }
      return
    }
    this.#writeRun()
    const runs = this.#runs.map((path, order) => new Run(path, order, this.#rowBytes))
    try {
      const heap = new RunHeap(runs, this.#keyBytes)
      for (let run = heap.top; run !== null; run = heap.top) {
        yield cursor.moveTo(run.bytes, run.at + this.#keyBytes)
        heap.advance()
      }
    } finally {
      for (const run of runs) run.remove()
    }
  }

  #grow(): void {
    const rows = Math.min(this.#options.chunkRows, this.#rows * 4)
    const larger = Buffer.allocUnsafe(rows * this.#rowBytes)
    this.#chunk.copy(larger)
    this.#chunk = larger
  }

  /** Rows of the chunk in the order of their keys, by counting, from the last byte to the first. */
  #sorted(): Uint32Array {
    let order = Uint32Array.from({ length: this.#rows }, (_, row) => row)
    let next = new Uint32Array(this.#rows)
    const counts = new Uint32Array(256)
    for (let byte = this.#keyBytes - 1; byte >= 0; byte--) {
      counts.fill(0)
      for (let row = 0; row < this.#rows; row++) counts[this.#keyByte(row, byte)]! += 1
      if (counts.includes(this.#rows)) continue
      let sum = 0
      for (let value = 0; value < 256; value++) {
        const count = counts[value]!
        counts[value] = sum
        sum += count
      }
      for (const row of order) {
        const value = this.#keyByte(row, byte)
        next[counts[value]!] = row
        counts[value]! += 1
      }
      ;[order, next] = [next, order]
    }
    return order
  }

  #keyByte(row: number, byte: number): number {
    return this.#chunk[row * this.#rowBytes + byte]!
  }

  #writeRun(): void {
    runsOfProcess += 1
    const path = join(this.#options.directory, `run-${process.pid}-${runsOfProcess}`)
    const file = openSync(path, 'wx')
    const sorted = Buffer.allocUnsafe(this.#rows * this.#rowBytes)
    let at = 0
    for (const row of this.#sorted()) {
      this.#chunk.copy(sorted, at, row * this.#rowBytes, (row + 1) * this.#rowBytes)
      at += this.#rowBytes
    }
    for (let written = 0; written < at;) written += writeSync(file, sorted, written)
    closeSync(file)
    this.#runs.push(path)
    this.#rows = 0
  }
}

/** A run that is read from its beginning. */
class Run {
  readonly order: number
  readonly bytes: Buffer
  /** Where the row begins that is next. */
  at = 0
  readonly #path: string
  readonly #file: number
  readonly #rowBytes: number
  #end = 0

  constructor(path: string, order: number, rowBytes: number) {
    this.order = order
    this.#path = path
    this.#file = openSync(path, 'r')
    this.#rowBytes = rowBytes
    this.bytes = Buffer.allocUnsafe(Math.ceil(READ_BYTES / rowBytes) * rowBytes)
    this.#fill()
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  advance(): void {
    this.at += this.#rowBytes
    if (this.at >= this.#end) this.#fill()
  }

  remove(): void {
    closeSync(this.#file)
    rmSync(this.#path)
  }

  #fill(): void {
    this.at = 0
    this.#end = 0
    while (this.#end < this.bytes.byteLength) {
      const count = readSync(
        this.#file,
        this.bytes,
        this.#end,
        this.bytes.byteLength - this.#end,
        null,
      )
      if (count === 0) return
      this.#end += count
    }
  }
}

/** Runs as a heap by their next row; of equal rows that of the earlier run comes first. */
class RunHeap {
  readonly #keyBytes: number
  readonly #runs: Run[] = []

  constructor(runs: readonly Run[], keyBytes: number) {
    this.#keyBytes = keyBytes
    this.#runs = runs.filter((run) => !run.isAtEnd)
    for (let at = this.#runs.length >> 1; at >= 0; at--) this.#sink(at)
  }

  get top(): Run | null {
    return this.#runs[0] ?? null
  }

  /** Moves the run on that is on top. */
  advance(): void {
    const top = this.#runs[0]!
    top.advance()
    if (top.isAtEnd) {
      const last = this.#runs.pop()!
      if (last === top) return
      this.#runs[0] = last
    }
    this.#sink(0)
  }

  #sink(from: number): void {
    for (let at = from; ;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#runs.length && this.#isBefore(child, least)) least = child
      }
      if (least === at) return
      const run = this.#runs[at]!
      this.#runs[at] = this.#runs[least]!
      this.#runs[least] = run
      at = least
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#runs[one]!
    const b = this.#runs[other]!
    for (let byte = 0; byte < this.#keyBytes; byte++) {
      const difference = a.bytes[a.at + byte]! - b.bytes[b.at + byte]!
      if (difference !== 0) return difference < 0
    }
    return a.order < b.order
  }
}
