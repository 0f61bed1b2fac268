// The protobuf wire format, read and written by hand for the messages that carry data.
//
//   message   field, field, …, in any order
//   field     tag, then its value
//   tag       varint of (field number << 3) | wire type
//
//   wire type  0 VARINT   7 bits a byte, low bits first, the top bit says that more follow: at most
//                         10 bytes; negative int32 and int64 take all 10 (two's complement)
//              1 FIXED64  8 bytes, little-endian
//              2 LENGTH   varint length, then so many bytes: string, bytes, message, packed list
//              5 FIXED32  4 bytes, little-endian
//              3, 4       groups, which proto3 does not have: refused
//
// Fields that are absent have their default: 0, "", no bytes. The last of several wins.
// Source: https://protobuf.dev/programming-guides/encoding/
//
// protobuf-es does the same for any message, and copies each `bytes` field. Here `bytes` come out
// as views of what was received, and go in with one copy.

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
export const FIXED32 = 5

/** Most repeated elements in one message: each becomes an object, many times its size on the wire. */
export const MAX_ELEMENTS = 250_000

/** Most in a request that names things (batches, partitions, offsets, settings): all of them are
 *  served in one turn. */
export const MAX_NAMED = 10_000

/** Most records and headers in a request to publish. */
export const MAX_PUBLISHED = 40_000

export const TWO_TO_32 = 0x1_0000_0000

/** An unsigned 64-bit number that only its sender understands: exact, whatever its size. */
export type OpaqueNumber = number | bigint

/** Bytes that are not a message, or not one that we take. */
export class WireFormatError extends Error {
  override readonly name = 'WireFormatError'
}

/** A message with more in it than we take. The text says of what: "more than …". */
export class OversizedMessage extends WireFormatError {}

/** The tag of a field, as it stands before the field's value. */
export function tagOf(fieldNumber: number, wireType: number): number {
  return ((fieldNumber << 3) | wireType) >>> 0
}
