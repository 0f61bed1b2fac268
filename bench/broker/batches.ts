// Ready-made record batches, so that a bench loads the broker and not the client's encoder.

import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'

export interface ReadyBatch {
  readonly bytes: Buffer
  readonly recordCount: number
}

/** A batch of random values of `recordBytes` that is as large as fits in `batchBytes`. */
export function readyBatch(recordBytes: number, batchBytes: number): ReadyBatch {
  const value = Buffer.alloc(recordBytes)
  for (let at = 0; at < recordBytes; at++) value[at] = (at * 167 + 13) & 0xff
  const builder = new BatchBuilder(StorageCore.load(), batchBytes)
  let recordCount = 0
  while (builder.append(null, value, Date.now())) recordCount += 1
  return { bytes: builder.build(), recordCount }
}
