// Decides what of one batch stays, and makes the batch that is left.
//
//   records   those that a later one of their key has replaced go; tombstones when their horizon passed;
//             what was aborted
//   markers   when nothing of their transaction was met in front of them, and their horizon passed
//   horizon   the first pass that could let a tombstone or marker go says in the batch until when it
//             stays: base timestamp and attribute bit 6, KIP-534
//
// Nothing at or above `keysEnd` goes: no key there is known. A batch that reaches above it gets no
// horizon either, or a tombstone might go before what it deletes.
//
// The last batch of a producer that the log remembers stays, empty if need be: its sequences go on from
// there. Source: apache/kafka, Cleaner.cleanInto and MemoryRecords.filterTo.

import { BrokerError } from '../../../base/errors.ts'
import { MAX_BATCH_BYTES } from '../../../base/limits.ts'
import {
  codecIdOf,
  isControl,
  isLogAppendTime,
  isTransactional,
} from '../../../record/batch-header.ts'
import { changeHeader, emptiedBatch, type ChangedFields } from '../../../record/compacted-batch.ts'
import { codecOf, compress, decompress, type Codec } from '../../../record/compression.ts'
import {
  BATCH_HEADER_BYTES,
  CODECS,
  CODEC_MASK,
  DELETE_HORIZON_FLAG,
} from '../../../record/layout.ts'
import type { BatchCheck } from '../../../wasm/batch-check.ts'
import type { CompactionCore, KeptRecords, Span } from '../../../wasm/compaction-core.ts'
import type { StorageCore } from '../../../wasm/storage-core.ts'
import type { AbortedTransaction, LastBatch } from '../../producer-state/producer-table.ts'
import type { CleaningJob } from './cleaner.ts'
import { MetTransactions, type AbortedTransactions } from './transactions.ts'

/** What is left of a batch. */
export type Filtered =
  | { readonly state: 'same' }
  | { readonly state: 'gone' }
  | {
      readonly state: 'changed'
      /** The batch, in one piece or two. Views of the batch that was given may be among them. */
      readonly pieces: readonly Uint8Array[]
      readonly sizeBytes: number
      readonly maxTimestamp: number
    }

export interface BatchFilterOptions {
  readonly core: CompactionCore
  readonly storageCore: StorageCore
  readonly job: CleaningJob
  readonly keysEnd: number
  readonly aborted: AbortedTransactions
}

/** Most that the records of a batch may take. */
const MAX_RECORDS_BYTES = MAX_BATCH_BYTES - BATCH_HEADER_BYTES

const SAME = { state: 'same' } as const
const GONE = { state: 'gone' } as const

export class BatchFilter {
  readonly #core: CompactionCore
  readonly #storageCore: StorageCore
  readonly #nowMs: number
  readonly #horizonMs: number
  readonly #keysEnd: number
  readonly #aborted: AbortedTransactions
  readonly #met = new MetTransactions()
  readonly #lastBatches: ReadonlyMap<number, LastBatch>
  readonly #stillAborted: AbortedTransaction[] = []
  #recordsRemoved = 0

  constructor({ core, storageCore, job, keysEnd, aborted }: BatchFilterOptions) {
    this.#core = core
    this.#storageCore = storageCore
    this.#nowMs = job.nowMs
    this.#horizonMs = job.nowMs + job.deleteRetentionMs
    this.#keysEnd = keysEnd
    this.#aborted = aborted
    this.#lastBatches = new Map(job.producers.map((last) => [last.producerId, last]))
  }

  get recordsRemoved(): number {
    return this.#recordsRemoved
  }

  /** Aborted transactions whose markers were met since the last call, and of which records were. */
  takeAborted(): AbortedTransaction[] {
    return this.#stillAborted.splice(0)
  }

  /**
   * To be called for each batch of the log, from its first on.
   *
   * @param batch  in the memory of the core; changed in place when the answer is `changed`
   * @param header of the batch
   * @throws RecordsFault, BrokerError, when the records are damaged
   */
  apply(batch: Span, header: BatchCheck): Filtered {
    const { attributes, producerId, baseOffset } = header
    if (isControl(attributes)) return this.#marker(batch, header)
    const inTransaction = isTransactional(attributes) && producerId >= 0
    if (inTransaction) this.#met.records(producerId)
    if (baseOffset >= this.#keysEnd) return SAME
    if (inTransaction && this.#aborted.covers(producerId, baseOffset)) {
      // As a whole or not yet: nobody reads it anyway.
      return this.#isBelowEnd(header) ? this.#without(batch, header) : SAME
    }
    return this.#records(batch, header)
  }

  #marker(batch: Span, header: BatchCheck): Filtered {
    const { attributes, recordCount, producerId, baseOffset, baseTimestamp } = header
    const wasMet = this.#met.marker(producerId)
    const ended = wasMet ? this.#aborted.endingAt(producerId, baseOffset) : null
    if (ended !== null) this.#stillAborted.push(ended)
    const mayGo = !wasMet || recordCount === 0
    // The last of a producer says which epochs are too old.
    if (!mayGo || !this.#isBelowEnd(header) || this.#isLastOfProducer(header)) return SAME
    if (recordCount === 0) return this.#without(batch, header)
    if (!hasHorizon(attributes)) {
      return this.#withHorizon(batch, header, packedRecords(batch), recordCount) ?? SAME
    }
    return this.#nowMs >= baseTimestamp ? this.#without(batch, header) : SAME
  }

  #records(batch: Span, header: BatchCheck): Filtered {
    const { attributes, recordCount, baseTimestamp } = header
    const records = this.#unpacked(batch, header)
    const horizonPassed = hasHorizon(attributes) && this.#nowMs >= baseTimestamp
    const kept = this.#core.keepRecords(records, header, this.#keysEnd, horizonPassed)
    if (kept.count === 0) return this.#without(batch, header)
    this.#recordsRemoved += recordCount - kept.count
    const rest = { byteOffset: records.byteOffset, byteLength: kept.sizeBytes }
    if (kept.tombstones > 0 && !hasHorizon(attributes) && this.#isBelowEnd(header)) {
      const stamped = this.#withHorizon(batch, header, rest, kept.count, kept)
      if (stamped !== null) return stamped
    }
    if (kept.count === recordCount) return SAME
    const maxTimestamp = newestOf(header, kept)
    const fields = { attributes, recordCount: kept.count, baseTimestamp, maxTimestamp }
    return this.#changed(batch, this.#core.view(rest), fields)
  }

  /** None of the records stays, and the batch only if the producer needs it. */
  #without(batch: Span, header: BatchCheck): Filtered {
    this.#recordsRemoved += header.recordCount
    if (!this.#isLastOfProducer(header)) return GONE
    if (header.recordCount === 0) return SAME
    const empty = emptiedBatch(this.#storageCore, this.#core.view(batch), header)
    const { maxTimestamp } = header
    return { state: 'changed', pieces: [empty], sizeBytes: empty.byteLength, maxTimestamp }
  }

  /** The batch with these of its records, and a horizon. Null: it would be too large. */
  #withHorizon(
    batch: Span,
    header: BatchCheck,
    records: Span,
    recordCount: number,
    kept?: KeptRecords,
  ): Filtered | null {
    const { baseTimestamp, attributes } = header
    const shift = baseTimestamp - this.#horizonMs
    const shifted = this.#core.shiftTimestamps(records, recordCount, shift, MAX_RECORDS_BYTES)
    if (shifted === null) return null
    return this.#changed(batch, shifted, {
      attributes: attributes | DELETE_HORIZON_FLAG,
      ...{ recordCount, baseTimestamp: this.#horizonMs },
      maxTimestamp: kept === undefined ? header.maxTimestamp : newestOf(header, kept),
    })
  }

  #changed(span: Span, records: Buffer, fields: ChangedFields): Filtered {
    const batch = this.#core.view(span)
    const { bytes, codec } = this.#packed(records, fields.attributes)
    const attributes = (fields.attributes & ~CODEC_MASK) | CODECS[codec]
    changeHeader(this.#storageCore, batch, bytes, { ...fields, attributes })
    const sizeBytes = BATCH_HEADER_BYTES + bytes.byteLength
    const follows = bytes.byteOffset === batch.byteOffset + BATCH_HEADER_BYTES
    const pieces =
      bytes.buffer === batch.buffer && follows
        ? [batch.subarray(0, sizeBytes)]
        : [batch.subarray(0, BATCH_HEADER_BYTES), bytes]
    return { state: 'changed', pieces, sizeBytes, maxTimestamp: fields.maxTimestamp }
  }

  /** The records of the batch, not compressed, in the memory of the core. */
  #unpacked(batch: Span, { attributes }: BatchCheck): Span {
    return unpackedRecords(this.#core, this.#storageCore, batch, attributes)
  }

  /**
   * Compresses records as they were. In memory of their own, or where the batch's own are: what else
   * lies in the core is overwritten before the pieces are.
   */
  #packed(records: Buffer, attributes: number): { bytes: Uint8Array; codec: Codec } {
    const codec = codecOf(codecIdOf(attributes))
    if (codec === 'none') {
      const isOwn = records.byteOffset < this.#core.records.byteOffset
      return { bytes: isOwn ? records : Buffer.from(records), codec }
    }
    // The core takes no more than the largest batch; what was more in one, gzip makes small enough.
    const fits = records.byteLength <= MAX_BATCH_BYTES || codec === 'zstd'
    const used = fits ? codec : 'gzip'
    const bytes = compress(this.#storageCore, used, records)
    if (bytes.byteLength <= MAX_RECORDS_BYTES) return { bytes, codec: used }
    throw new BrokerError('RECORD_LIST_TOO_LARGE', { sizeBytes: bytes.byteLength, codec })
  }

  #isBelowEnd({ baseOffset, lastOffsetDelta }: BatchCheck): boolean {
    return baseOffset + lastOffsetDelta < this.#keysEnd
  }

  #isLastOfProducer(header: BatchCheck): boolean {
    const last = this.#lastBatches.get(header.producerId)
    if (last === undefined) return false
    if (last.lastOffset >= 0) {
      return header.baseOffset + header.lastOffsetDelta === last.lastOffset
    }
    // Nothing but markers is left of it: the last one fences its older epochs.
    return isControl(header.attributes) && header.producerEpoch === last.producerEpoch
  }
}

/** The records of a stored batch, not compressed, in the memory of the core. @throws BrokerError */
export function unpackedRecords(
  core: CompactionCore,
  storageCore: StorageCore,
  batch: Span,
  attributes: number,
): Span {
  const records = packedRecords(batch)
  const codec = codecOf(codecIdOf(attributes))
  if (codec === 'none') return records
  const unpacked = decompress(storageCore, codec, core.view(records))
  core.records.set(unpacked)
  return { byteOffset: core.records.byteOffset, byteLength: unpacked.byteLength }
}

/** What follows the header of a batch. */
function packedRecords({ byteOffset, byteLength }: Span): Span {
  return {
    byteOffset: byteOffset + BATCH_HEADER_BYTES,
    byteLength: byteLength - BATCH_HEADER_BYTES,
  }
}

function hasHorizon(attributes: number): boolean {
  return (attributes & DELETE_HORIZON_FLAG) !== 0
}

/** The largest timestamp of what stays; the broker's own where it stamped the batch. */
function newestOf(
  { attributes, baseTimestamp, maxTimestamp }: BatchCheck,
  { maxTimestampDelta }: KeptRecords,
): number {
  return isLogAppendTime(attributes) ? maxTimestamp : baseTimestamp + maxTimestampDelta
}
