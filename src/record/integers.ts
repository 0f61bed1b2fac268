// Big-endian integers of fixed width in bytes, as plain numbers.

import { BrokerError } from '../base/errors.ts'

const TWO_TO_32 = 0x1_0000_0000

/** Signed 16 bits at `at`. The caller has checked that they are there. */
export function readInt16(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) >> 16) | bytes[at + 1]!
}

/** Signed 32 bits at `at`. The caller has checked that they are there. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** Unsigned 32 bits at `at`. The caller has checked that they are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0
}

/**
 * Signed 64 bits at `at`. The caller has checked that they are there.
 *
 * @throws BrokerError CORRUPT_MESSAGE outside ±(2^53 - 1): no offset, id or time is that large
 */
export function readInt64(bytes: Uint8Array, at: number): number {
  const value = readInt32(bytes, at) * TWO_TO_32 + readUint32(bytes, at + 4)
  if (!Number.isSafeInteger(value)) {
    throw new BrokerError('CORRUPT_MESSAGE', { message: 'A 64-bit field is out of range', at })
  }
  return value
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

/** Writes the low 32 bits of `value`, signed or not. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}

/** @param value within ±(2^53 - 1) */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  // Stores into a byte array keep the low 8 bits, and >>> the low 32 of any whole number.
  writeInt32(bytes, at, Math.floor(value / TWO_TO_32))
  writeInt32(bytes, at + 4, value >>> 0)
}
