// Metadata records as bytes: JSON, which a person can read in the file when nothing else helps.

import type { MetadataRecord } from './metadata-record.ts'
import { RECORD_TYPES } from './metadata-record.ts'

/** A newer version of the broker wrote here. Going on would lose what it said. */
export class UnknownRecordError extends Error {
  override readonly name = 'UnknownRecordError'
}

export function encodeRecords(records: readonly MetadataRecord[]): Buffer {
  return Buffer.from(JSON.stringify(records))
}

/**
 * Reads what `encodeRecords` wrote. The checksum of the bytes has been checked, so what is read has
 * the form in which it was written.
 *
 * @throws UnknownRecordError when a newer version wrote it
 */
export function decodeRecords(bytes: Buffer): MetadataRecord[] {
  const records = JSON.parse(bytes.toString('utf8')) as { readonly type: string }[]
  for (const { type } of records) {
    if (!RECORD_TYPES.has(type)) {
      throw new UnknownRecordError(`metadata records of type ${type} are of a newer version`)
    }
  }
  return records as MetadataRecord[]
}
