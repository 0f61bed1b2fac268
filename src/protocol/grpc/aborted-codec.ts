// AbortedTransaction (proto/sluice/v1/fetch.proto), which stands beside batches.
//
//   AbortedTransaction   1 producer_id   2 first_offset   3 last_offset

import { tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import { sizeOfInt64Field, sizeOfLength, type WireWriter } from './wire-writer.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
}

export const NO_ABORTED: readonly AbortedTransaction[] = []

const PRODUCER_ID = tagOf(1, VARINT)
const FIRST_OFFSET = tagOf(2, VARINT)
const LAST_OFFSET = tagOf(3, VARINT)

function sizeOfOne({ producerId, firstOffset, lastOffset }: AbortedTransaction): number {
  return sizeOfInt64Field(producerId) + sizeOfInt64Field(firstOffset) + sizeOfInt64Field(lastOffset)
}

/** Bytes of all as elements of a message. */
export function sizeOfAborted(all: readonly AbortedTransaction[]): number {
  let size = 0
  for (const one of all) size += sizeOfLength(sizeOfOne(one))
  return size
}

/** Writes all as elements with a tag. */
export function writeAborted(
  writer: WireWriter,
  tag: number,
  all: readonly AbortedTransaction[],
): void {
  for (const one of all) {
    writer.message(tag, sizeOfOne(one))
    writer.int64Field(PRODUCER_ID, one.producerId)
    writer.int64Field(FIRST_OFFSET, one.firstOffset)
    writer.int64Field(LAST_OFFSET, one.lastOffset)
  }
}

/** Reads the element that follows. */
export function readAborted(reader: WireReader): AbortedTransaction {
  let producerId = 0
  let firstOffset = 0
  let lastOffset = 0
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === PRODUCER_ID) producerId = reader.int64()
    else if (tag === FIRST_OFFSET) firstOffset = reader.int64()
    else if (tag === LAST_OFFSET) lastOffset = reader.int64()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { producerId, firstOffset, lastOffset }
}
