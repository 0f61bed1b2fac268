// What a compacted log may hold, by what was written to it: the plain rules, with nothing of how they are
// kept. A violation is a sentence; no sentence is a log in order.
//
//   lost         the last record of a key is gone, and it has a value
//   early        a tombstone is gone before its time
//   risen        an older record of a key came back, so that the key has another value
//   changed      a record is not what was written at its offset, or a batch lost what has to stay
//   touched      bytes above the limit are not those that were written
//   double       a key stands twice below the offset up to which the log is said to be clean
//   aborted      a record of an aborted transaction stands there

import { decodeBatch, splitBatches, type BatchView } from '../../../src/record/batch-reader.ts'
import { hasValidCrc, isControl } from '../../../src/record/batch-header.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'

export interface WrittenRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
}

export interface WrittenBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Not known of a marker, which the log makes. */
  readonly bytes: Buffer
  readonly records: readonly WrittenRecord[]
  /** -1: none. */
  readonly producerId: number
  readonly isTransactional: boolean
  /** How it ends the transaction of its producer; null: it is no marker. */
  readonly ends: 'commit' | 'abort' | null
}

/** A pass that was begun: from then on tombstones below `limitOffset` may have a horizon. */
interface Pass {
  readonly atMs: number
  readonly limitOffset: number
}

const core = StorageCore.load()

export class TableModel {
  batches: WrittenBatch[] = []
  readonly #passes: Pass[] = []
  deleteRetentionMs = 1_000

  /** Knows what another one knows. */
  continue(other: TableModel): void {
    this.batches = [...other.batches]
    this.#passes.push(...other.#passes)
    this.deleteRetentionMs = other.deleteRetentionMs
  }

  wrote(batch: WrittenBatch): void {
    this.batches.push(batch)
  }

  passBegins(atMs: number, limitOffset: number): void {
    this.#passes.push({ atMs, limitOffset })
  }

  /** Where the transaction of each producer that is open begins. */
  openTransactions(): Map<number, number> {
    const open = new Map<number, number>()
    for (const { producerId, baseOffset, isTransactional, ends } of this.batches) {
      if (ends !== null) open.delete(producerId)
      else if (isTransactional && !open.has(producerId)) open.set(producerId, baseOffset)
    }
    return open
  }

  /**
   * Says what is wrong with a log.
   *
   * @param bytes all of its batches, from its start on
   * @param facts where it starts; up to where it is said to be clean; from where nothing was touched
   */
  violations(
    bytes: Buffer,
    facts: { startOffset: number; cleanOffset: number; untouchedOffset: number; nowMs: number },
  ): string[] {
    const found: string[] = []
    const { batches } = splitBatches(bytes)
    const survivors = this.#survivors(batches, found)
    this.#checkUntouched(batches, facts.untouchedOffset, found)
    const aborted = this.abortedOffsets()
    for (const [key, all] of this.#committedByKey(aborted)) {
      const readable = all.filter(({ offset }) => offset >= facts.startOffset)
      const last = readable.at(-1)
      if (last !== undefined) this.#checkKey(key, readable, last, survivors, facts.nowMs, found)
    }
    this.#checkClean(survivors, aborted, facts.cleanOffset, found)
    return found
  }

  /** The records that are there, each compared with what was written. */
  #survivors(batches: readonly BatchView[], found: string[]): Map<number, WrittenRecord> {
    const written = new Map(this.batches.map((batch) => [batch.baseOffset, batch]))
    const survivors = new Map<number, WrittenRecord>()
    let nextOffset = 0
    for (const batch of batches) {
      const { header } = batch
      const lastOffset = header.baseOffset + header.lastOffsetDelta
      const at = `batch at ${header.baseOffset}`
      if (header.baseOffset < nextOffset) found.push(`changed: ${at} comes after ${nextOffset}`)
      nextOffset = lastOffset + 1
      if (!hasValidCrc(core, batch.bytes)) found.push(`changed: ${at} has a wrong checksum`)
      const before = written.get(header.baseOffset)
      if (header.recordCount === 0 && header.producerId < 0) continue // says where a segment ends
      if (before === undefined || before.lastOffset !== lastOffset) {
        found.push(`changed: ${at} was not written like this`)
        continue
      }
      if (before.producerId !== header.producerId) found.push(`changed: producer of ${at}`)
      const decoded = decodeBatch(core, batch)
      if (isControl(header.attributes)) continue
      for (const { offset, key, value, timestamp } of decoded) {
        const record = { offset, key: textOf(key), value: textOf(value), timestamp }
        survivors.set(offset, record)
        const same = before.records.find((other) => other.offset === offset)
        if (JSON.stringify(same) !== JSON.stringify(record)) {
          const texts = `${JSON.stringify(record)}, not ${JSON.stringify(same)}`
          found.push(`changed: record at ${offset} is ${texts}`)
        }
      }
    }
    return survivors
  }

  #checkUntouched(batches: readonly BatchView[], fromOffset: number, found: string[]): void {
    const there = new Map(batches.map(({ header, bytes }) => [header.baseOffset, bytes]))
    for (const { baseOffset, bytes, ends } of this.batches) {
      if (baseOffset < fromOffset || ends !== null) continue
      if (!bytes.equals(there.get(baseOffset) ?? Buffer.alloc(0))) {
        found.push(`touched: batch at ${baseOffset}`)
      }
    }
  }

  #checkKey(
    key: string,
    written: readonly WrittenRecord[],
    last: WrittenRecord,
    survivors: ReadonlyMap<number, WrittenRecord>,
    nowMs: number,
    found: string[],
  ): void {
    const isThere = survivors.has(last.offset)
    if (!isThere && last.value !== null) found.push(`lost: ${key} at ${last.offset}`)
    if (isThere) return
    if (last.value === null && nowMs < this.#mayGoAt(last.offset)) {
      found.push(`early: tombstone of ${key} at ${last.offset}`)
    }
    const risen = written.findLast(({ offset }) => survivors.has(offset))
    if (risen !== undefined) {
      found.push(`risen: ${key} at ${risen.offset}, which ${last.offset} has replaced`)
    }
  }

  /** A tombstone may go this long after the first pass that could say so. */
  #mayGoAt(offset: number): number {
    const first = this.#passes.find(({ limitOffset }) => offset < limitOffset)
    return first === undefined ? Infinity : first.atMs + this.deleteRetentionMs
  }

  #checkClean(
    survivors: ReadonlyMap<number, WrittenRecord>,
    aborted: ReadonlySet<number>,
    cleanOffset: number,
    found: string[],
  ): void {
    const seen = new Set<string>()
    for (const { offset, key } of survivors.values()) {
      if (offset >= cleanOffset) continue
      if (aborted.has(offset)) found.push(`aborted: record at ${offset}`)
      else if (key === null) found.push(`double: record at ${offset} has no key`)
      else if (seen.has(key)) found.push(`double: ${key} at ${offset}`)
      else seen.add(key)
    }
  }

  #committedByKey(aborted: ReadonlySet<number>): Map<string, WrittenRecord[]> {
    const byKey = new Map<string, WrittenRecord[]>()
    const open = this.openTransactions()
    const undecided = new Set(
      this.batches.filter(({ producerId, baseOffset, isTransactional }) => {
        return isTransactional && baseOffset >= (open.get(producerId) ?? Infinity)
      }),
    )
    for (const batch of this.batches) {
      if (batch.ends !== null || undecided.has(batch)) continue
      for (const record of batch.records) {
        if (record.key === null || aborted.has(record.offset)) continue
        const all = byKey.get(record.key)
        if (all === undefined) byKey.set(record.key, [record])
        else all.push(record)
      }
    }
    return byKey
  }

  /** Of records that belong to transactions which were aborted. */
  abortedOffsets(): Set<number> {
    const aborted = new Set<number>()
    const pending = new Map<number, number[]>()
    for (const { producerId, isTransactional, ends, records } of this.batches) {
      if (ends !== null) {
        if (ends === 'abort')
          for (const offset of pending.get(producerId) ?? []) aborted.add(offset)
        pending.delete(producerId)
      } else if (isTransactional) {
        const offsets = records.map(({ offset }) => offset)
        pending.set(producerId, [...(pending.get(producerId) ?? []), ...offsets])
      }
    }
    return aborted
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}
