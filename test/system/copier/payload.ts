// The value of a record of a copy, as java/Payload.java draws it.

/** Topics of a run, in histories. */
export const INPUT = 0
export const OUTPUT = 1

const HEADER_BYTES = 28
const TRANSFORM = 0x5a

export interface Payload {
  readonly sender: number
  readonly number: number
  readonly otherPartition: number
  readonly otherOffset: number
  /** Its bytes are not those that belong to its number. */
  readonly isDamaged: boolean
}

/** What a payload is of, without a look at its bytes. */
export type Origin = Omit<Payload, 'isDamaged'>

const NOTHING: Payload = {
  ...{ sender: 0, number: 0, otherPartition: 0, otherOffset: -1, isDamaged: true },
}

export function readPayload(value: Buffer | null): Payload {
  if (value === null || value.byteLength < HEADER_BYTES) return NOTHING
  const otherOffset = Number(value.readBigInt64BE(12))
  const isCopy = otherOffset >= 0
  const like = value.readUInt32BE(isCopy ? 24 : 4)
  return {
    sender: value.readUInt32BE(0),
    number: value.readUInt32BE(4),
    otherPartition: value.readUInt32BE(8),
    otherOffset,
    isDamaged: isFillerDamaged(value, like, isCopy ? TRANSFORM : 0),
  }
}

/** The value of a record that is no copy. */
export function originalOf(sender: number, number: number): Buffer {
  const value = Buffer.alloc(HEADER_BYTES + fillerBytesOf(number))
  value.writeUInt32BE(sender, 0)
  value.writeUInt32BE(number, 4)
  value.writeBigInt64BE(-1n, 12)
  for (let at = HEADER_BYTES; at < value.byteLength; at++) {
    value[at] = 31 * number + 7 * (at - HEADER_BYTES)
  }
  return value
}

/** The value of a copy: what was read is transformed, not what should have been read. */
export function copyOf(origin: Buffer, read: Origin, copy: Origin): Buffer {
  const value = Buffer.alloc(Math.max(origin.byteLength, HEADER_BYTES))
  value.writeUInt32BE(copy.sender, 0)
  value.writeUInt32BE(copy.number, 4)
  value.writeUInt32BE(copy.otherPartition, 8)
  value.writeBigInt64BE(BigInt(copy.otherOffset), 12)
  value.writeUInt32BE(read.sender, 20)
  value.writeUInt32BE(read.number, 24)
  for (let at = HEADER_BYTES; at < origin.byteLength; at++) value[at] = origin[at]! ^ TRANSFORM
  return value
}

function isFillerDamaged(value: Buffer, like: number, transform: number): boolean {
  const fillerBytes = fillerBytesOf(like)
  if (value.byteLength !== HEADER_BYTES + fillerBytes) return true
  const first = 31 * like
  for (let i = 0; i < fillerBytes; i++) {
    if (value[HEADER_BYTES + i] !== (((first + 7 * i) & 0xff) ^ transform)) return true
  }
  return false
}

function fillerBytesOf(number: number): number {
  return Math.imul(number, 0x9e37_79b1) >>> 24
}
