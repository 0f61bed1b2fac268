// A second opinion on record batches: reads them with whole numbers of any size and one byte at a
// time, too plainly to share a mistake with the core.

const SAFE = 2n ** 53n - 1n

export interface PlainWalk {
  readonly nullKeys: boolean
  readonly maxTimestamp: number
  readonly maxTimestampDelta: number
}

class Damage extends Error {}

class Cursor {
  readonly #bytes: Buffer
  #at: number
  #end: number

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get left(): number {
    return this.#end - this.#at
  }

  skip(count: number): void {
    if (count < 0 || count > this.left) throw new Damage()
    this.#at += count
  }

  part(count: number): Cursor {
    const at = this.#at
    this.skip(count)
    return new Cursor(this.#bytes, at, at + count)
  }

  /** Zig-zag varint of at most so many bytes, within ±bound. */
  varint(maxBytes: number, lowest: bigint, highest: bigint): bigint {
    let raw = 0n
    for (let n = 0; n < maxBytes; n++) {
      this.skip(1)
      const byte = this.#bytes[this.#at - 1]!
      raw |= BigInt(byte & 0x7f) << BigInt(7 * n)
      if (byte >= 0x80) continue
      const value = raw & 1n ? -(raw + 1n) / 2n : raw / 2n
      if (value < lowest || value > highest) throw new Damage()
      return value
    }
    throw new Damage()
  }

  int32(): number {
    return Number(this.varint(5, -(2n ** 31n), 2n ** 31n - 1n))
  }

  field(mayBeNull: boolean): boolean {
    const length = this.int32()
    if (length === -1 && mayBeNull) return false
    this.skip(length)
    return true
  }
}

/** What the records of a batch say, or null when anything is wrong with them. */
export function plainWalk(
  section: Buffer,
  count: number,
  lastDelta: number,
  baseTimestamp: number,
  contiguous: boolean,
): PlainWalk | null {
  try {
    return walk(section, count, lastDelta, baseTimestamp, contiguous)
  } catch (error) {
    if (error instanceof Damage) return null
    throw error
  }
}

function walk(
  section: Buffer,
  count: number,
  lastDelta: number,
  baseTimestamp: number,
  contiguous: boolean,
): PlainWalk {
  const cursor = new Cursor(section, 0, section.byteLength)
  let nullKeys = false
  let maxTimestamp = -Infinity
  let maxTimestampDelta = -1
  let before = -1
  for (let n = 0; n < count; n++) {
    const record = cursor.part(cursor.int32())
    record.skip(1)
    const timestamp = BigInt(baseTimestamp) + record.varint(8, -SAFE, SAFE)
    if (timestamp < -SAFE || timestamp > SAFE) throw new Damage()
    const delta = record.int32()
    if (contiguous ? delta !== n : delta <= before || delta > lastDelta) throw new Damage()
    before = delta
    if (!record.field(true)) nullKeys = true
    record.field(true)
    for (let headers = record.int32(); headers !== 0; headers--) {
      if (headers < 0) throw new Damage()
      record.field(false)
      record.field(true)
    }
    if (record.left !== 0) throw new Damage()
    if (Number(timestamp) > maxTimestamp) {
      maxTimestamp = Number(timestamp)
      maxTimestampDelta = delta
    }
  }
  if (cursor.left !== 0) throw new Damage()
  return { nullKeys, maxTimestamp: count === 0 ? -1 : maxTimestamp, maxTimestampDelta }
}
