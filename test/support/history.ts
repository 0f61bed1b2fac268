// What was acknowledged and what was read, and whether the two agree.

/** Where a record is said to be. */
interface Place {
  readonly partition: string
  readonly offset: number
}

/**
 * A value is `sender:number`, and each sender numbers its records upwards and never sends one twice. So
 * a value names a record, and tells its place in the order of its sender.
 */
export class History {
  /** By partition, then offset. */
  readonly #acknowledged = new Map<string, Map<number, string>>()
  readonly #read = new Map<string, Map<number, string>>()
  readonly #placeOf = new Map<string, Place>()
  readonly #lastNumber = new Map<string, number>()
  /** Offset after the last that was read, by partition. */
  readonly #nextOffset = new Map<string, number>()
  #problems: string[] = []
  #unread: (Place & { readonly value: string })[] = []
  acknowledgedCount = 0

  acknowledge(partition: string, offset: number, value: string): void {
    this.acknowledgedCount += 1
    const known = bucket(this.#acknowledged, partition).get(offset)
    if (known !== undefined && known !== value) {
      this.#problems.push(`${partition}@${offset} was acknowledged for ${known} and ${value}`)
    }
    bucket(this.#acknowledged, partition).set(offset, value)
    this.#unread.push({ partition, offset, value })
  }

  /** Records are read in the order of their offsets. */
  read(partition: string, offset: number, value: string): void {
    const expected = this.nextOffset(partition)
    if (offset !== expected) {
      this.#problems.push(`${partition}: read offset ${offset} where ${expected} was next`)
    }
    this.#nextOffset.set(partition, offset + 1)
    bucket(this.#read, partition).set(offset, value)
    const other = this.#placeOf.get(value)
    if (other !== undefined) {
      const places = `${other.partition}@${other.offset} and ${partition}@${offset}`
      this.#problems.push(`${value} was read twice: ${places}`)
    }
    this.#placeOf.set(value, { partition, offset })
    this.#checkOrder(partition, offset, value)
  }

  #checkOrder(partition: string, offset: number, value: string): void {
    const [sender, number] = value.split(':')
    const key = `${partition} ${sender}`
    const last = this.#lastNumber.get(key) ?? -1
    if (Number(number) <= last) {
      this.#problems.push(`${partition}@${offset}: ${value} came after ${sender}:${last}`)
    }
    this.#lastNumber.set(key, Number(number))
  }

  nextOffset(partition: string): number {
    return this.#nextOffset.get(partition) ?? 0
  }

  /** Everything that is wrong, after all that can be read was read. Empty when nothing is. */
  problems(): string[] {
    for (const { partition, offset, value } of this.#unread) {
      const found = bucket(this.#read, partition).get(offset)
      if (found !== value) {
        const instead = found === undefined ? 'nothing' : found
        this.#problems.push(
          `${partition}@${offset}: ${value} was acknowledged, ${instead} is there`,
        )
      }
    }
    this.#unread = []
    return this.#problems
  }

  /** All is to be read again, and to be as it was acknowledged, and as it was read. */
  forgetReads(): void {
    for (const [partition, values] of this.#read) {
      for (const [offset, value] of values) bucket(this.#acknowledged, partition).set(offset, value)
    }
    this.#read.clear()
    this.#placeOf.clear()
    this.#lastNumber.clear()
    this.#nextOffset.clear()
    this.#unread = [...this.#acknowledged].flatMap(([partition, values]) => {
      return [...values].map(([offset, value]) => ({ partition, offset, value }))
    })
  }
}

function bucket(map: Map<string, Map<number, string>>, partition: string): Map<number, string> {
  let values = map.get(partition)
  if (values === undefined) map.set(partition, (values = new Map()))
  return values
}
