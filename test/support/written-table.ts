// What was written to a compacted topic of one partition, and what may be found there: over the wire,
// whatever happened meanwhile.
//
//   lost      the last record of a key is gone, and it has a value
//   risen     a tombstone is gone, and an older value of its key is still there
//   changed   there is another record at an offset than the one that was written there
//   double    a key stands twice below the offset up to which the log is said to be clean, or a record
//             without a key is there

export interface TableRecord {
  /** Null: compaction takes it, whatever its value. */
  readonly key: string | null
  /** Null: a tombstone. */
  readonly value: string | null
}

export interface PlacedRecord extends TableRecord {
  readonly offset: number
}

export class WrittenTable {
  /** By offset. */
  readonly #records: TableRecord[] = []
  /** Sent, and not answered: behind the others or nowhere. */
  #unanswered: readonly TableRecord[] = []

  /** Offset of the next record. */
  get endOffset(): number {
    return this.#records.length
  }

  /** A batch is on its way; one at a time. */
  sends(records: readonly TableRecord[]): void {
    this.#unanswered = records
  }

  /** It was acknowledged. @throws Error when it was told an offset that is not the next one */
  acknowledged(baseOffset: number): void {
    const expected = this.#records.length
    if (baseOffset !== expected) throw new Error(`acknowledged at ${baseOffset}, not ${expected}`)
    this.#records.push(...this.#unanswered)
    this.#unanswered = []
  }

  /** A table that goes on from here by itself. */
  fork(): WrittenTable {
    const fork = new WrittenTable()
    fork.#records.push(...this.#records)
    return fork
  }

  /** The last value of each key that has one, of records from an offset on. */
  values(startOffset = 0): Map<string, string> {
    return valuesOf(this.#records.slice(startOffset))
  }

  /**
   * What is wrong with the records of the log, from its start to its end.
   *
   * @param cleanOffset up to where the log is said to be clean
   * @param startOffset where the log starts
   */
  problems(found: readonly PlacedRecord[], cleanOffset: number, startOffset = 0): string[] {
    const problems: string[] = []
    this.#settle(found)
    let last = -1
    const there = new Map<string, number[]>()
    for (const { offset, key, value } of found) {
      if (offset <= last) problems.push(`changed: offset ${offset} comes after ${last}`)
      last = offset
      const written = this.#records[offset]
      if (written?.key !== key || written.value !== value) {
        problems.push(`changed: ${key} at ${offset} in the place of ${written?.key ?? 'nothing'}`)
      }
      if (key === null) {
        if (offset < cleanOffset) problems.push(`double: record at ${offset} has no key`)
        continue
      }
      const offsets = there.get(key)
      if (offsets === undefined) there.set(key, [offset])
      else offsets.push(offset)
    }
    for (const [key, offset] of this.#lastOffsets()) {
      if (offset < startOffset) continue
      const offsets = there.get(key) ?? []
      const twice = offsets.filter((at) => at < cleanOffset)
      if (twice.length > 1) problems.push(`double: ${key} at ${twice.join(', ')}`)
      if (offsets.includes(offset)) continue
      if (this.#records[offset]!.value !== null) problems.push(`lost: ${key} at ${offset}`)
      else if (offsets.length > 0) problems.push(`risen: ${key} at ${offsets.join(', ')}`)
    }
    return problems
  }

  /** What was not answered is there as a whole, or will never be. */
  #settle(found: readonly PlacedRecord[]): void {
    if ((found.at(-1)?.offset ?? -1) >= this.#records.length) {
      this.#records.push(...this.#unanswered)
    }
    this.#unanswered = []
  }

  #lastOffsets(): Map<string, number> {
    const keyed = this.#records.flatMap(({ key }, offset) => {
      return key === null ? [] : [[key, offset] as const]
    })
    return new Map(keyed)
  }
}

/** The last value of each key that has one, of records in their order. */
export function valuesOf(records: Iterable<TableRecord>): Map<string, string> {
  const values = new Map<string, string>()
  for (const { key, value } of records) {
    if (key === null) continue
    if (value === null) values.delete(key)
    else values.set(key, value)
  }
  return values
}
