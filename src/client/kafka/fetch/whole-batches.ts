// Where the whole batches end in what a broker sent: it cuts off at a number of bytes, not at the end
// of a batch.

import { batchSizeOf, lastOffsetOf } from '../../../record/batch-header.ts'
import { BATCH_HEADER_BYTES } from '../../../record/layout.ts'
import { SluiceError } from '../../errors.ts'

export interface WholeBatches {
  /** Bytes of the whole batches. */
  readonly sizeBytes: number
  /** Offset behind the last record of the last of them; that asked for, when there is none. */
  readonly nextOffset: number
}

/**
 * Walks over the frames of the batches; their checksums and records are looked at by who reads them.
 *
 * @param fetchOffset offset that was asked for
 * @throws SluiceError CORRUPT_MESSAGE when no offset from the one asked for on can be reached
 */
export function wholeBatches(bytes: Buffer, fetchOffset: number): WholeBatches {
  let sizeBytes = 0
  let nextOffset = fetchOffset
  while (bytes.byteLength - sizeBytes >= BATCH_HEADER_BYTES) {
    const batchBytes = batchSizeOf(bytes, sizeBytes)
    if (batchBytes < BATCH_HEADER_BYTES) throw corrupt('A batch claims to have no room for itself')
    if (sizeBytes + batchBytes > bytes.byteLength) break
    const lastOffset = lastOffsetOf(bytes, sizeBytes)
    // The first may end below the offset asked for, where compaction took what stood there.
    if (lastOffset >= nextOffset) nextOffset = lastOffset + 1
    else if (sizeBytes > 0) throw corrupt('Batches go back in their offsets')
    sizeBytes += batchBytes
  }
  if (sizeBytes === 0 && bytes.byteLength > 0) throw corrupt('The broker sent a part of a batch')
  if (nextOffset === fetchOffset && sizeBytes > 0) {
    throw corrupt('The broker sent batches from below the offset alone')
  }
  return { sizeBytes, nextOffset }
}

function corrupt(message: string): SluiceError {
  return new SluiceError('CORRUPT_MESSAGE', {}, { message, retriable: false })
}
