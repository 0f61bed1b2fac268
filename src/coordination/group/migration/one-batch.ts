// A group changes its protocol in one batch or not at all: a crash must not leave half of each.

import type { Env } from '../env.ts'
import { encodeRecord } from '../records/group-record.ts'
import type { GroupRecord } from '../records/group-record.ts'

/** What a batch and a record take beside keys and values, at most. */
const BATCH_OVERHEAD_BYTES = 100
const RECORD_OVERHEAD_BYTES = 40

/** True when the records, first of their step, stand in one batch. */
export function fitInOneBatch(env: Env, records: readonly GroupRecord[]): boolean {
  let sizeBytes = BATCH_OVERHEAD_BYTES
  for (const record of records) {
    const { key, value } = encodeRecord(record)
    sizeBytes += RECORD_OVERHEAD_BYTES + key.byteLength + (value?.byteLength ?? 0)
  }
  return sizeBytes <= env.options.maxRecordBytes
}
