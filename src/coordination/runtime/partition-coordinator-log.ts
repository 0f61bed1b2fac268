// The log of a coordinator over a partition of an internal topic that this broker leads.
//
//   step ─► one batch, or more where it is too large ─► appended at once ─► below the high watermark
//   load ─► everything up to the end of the log, once all of it is below the high watermark
//
// Control batches say how a transaction ended; batches of a transaction wait for them.

import type { BrokerError } from '../../base/errors.ts'
import type { Clock } from '../../io/clock.ts'
import { isControl, isTransactional } from '../../record/batch-header.ts'
import type { BatchBuilder } from '../../record/batch-builder.ts'
import { splitBatches, type BatchView } from '../../record/batch-reader.ts'
import type { Codec } from '../../record/compression.ts'
import { decodeMarker } from '../../record/control-record.ts'
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE } from '../../record/layout.ts'
import type { RecordCursor } from '../../record/record-cursor.ts'
import type { ValidatedBatch } from '../../record/validate.ts'
import type { Partition, PartitionMarker } from '../../replication/partition.ts'
import type { CoordinatorLog, EncodedRecord, LogEntry } from './coordinator-log.ts'
import type { TransactionalWriter } from './step.ts'

export interface PartitionCoordinatorLogOptions {
  /**
   * The partition as it is now: its log may come and go.
   *
   * @throws BrokerError when it is not here
   */
  readonly partition: () => Partition
  readonly clock: Clock
  readonly codec: Codec
  /** A builder of batches of at most so many bytes. */
  readonly newBuilder: (limitBytes: number) => BatchBuilder
  readonly openBatch: (batch: BatchView) => RecordCursor
}

interface PackedBatch extends ValidatedBatch {
  readonly bytes: Buffer
}

/** Who writes plain records. */
const NOBODY = { producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH }

/** Bytes that a load reads at once, so that requests of other partitions come in between. */
const LOAD_BYTES = 256 * 1024

export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #options: PartitionCoordinatorLogOptions

  constructor(options: PartitionCoordinatorLogOptions) {
    this.#options = options
  }

  async load(take: (entry: LogEntry) => void): Promise<void> {
    const partition = this.#options.partition()
    if (partition.offline !== null) throw partition.offline
    const endOffset = partition.logEndOffset
    await safe(partition, endOffset)
    // A tombstone must not be gone when it is its turn, where what it deletes was read.
    const release = partition.holdCompaction()
    try {
      await this.#read(partition, endOffset, take)
    } finally {
      release()
    }
  }

  async #read(
    partition: Partition,
    endOffset: number,
    take: (entry: LogEntry) => void,
  ): Promise<void> {
    const { clock } = this.#options
    // Kafka's compaction may leave nothing at the end of a log. Once may also be a log that was cut meanwhile.
    let nothingRead = 0
    for (let offset = partition.logStartOffset; offset < endOffset && nothingRead < 2;) {
      const limits = { maxBytes: LOAD_BYTES, atLeastOneBatch: true }
      const slice = await partition.read(offset, limits)
      nothingRead = slice.nextOffset === offset ? nothingRead + 1 : 0
      for (const batch of splitBatches(slice.batches).batches) this.#take(batch, offset, take)
      offset = slice.nextOffset
      await new Promise<void>((resolve) => clock.endOfTurn(resolve))
    }
  }

  get leaderEpoch(): number {
    return this.#options.partition().leaderEpoch
  }

  async append(records: readonly EncodedRecord[]): Promise<void> {
    const partition = this.#options.partition()
    await this.#appendAll(partition, this.#pack(partition, records, null))
  }

  appendInTransaction(
    records: readonly EncodedRecord[],
    writer: TransactionalWriter,
  ): Promise<void> {
    const partition = this.#options.partition()
    const [first, ...others] = this.#pack(partition, records, writer)
    const endOffset = append(partition, first!, writer)
    // With the first batch in the log, what keeps another from it is a failure, and no refusal.
    return this.#appendAll(partition, others, writer, endOffset)
  }

  appendMarker(marker: PartitionMarker): Promise<void> {
    const partition = this.#options.partition()
    return safe(partition, partition.appendMarker(marker).lastOffset + 1)
  }

  async #appendAll(
    partition: Partition,
    batches: readonly PackedBatch[],
    writer: TransactionalWriter | null = null,
    endOffset = -1,
  ): Promise<void> {
    let end = endOffset
    for (const batch of batches) end = append(partition, batch, writer)
    // Those before the last are below the high watermark when the last is.
    await safe(partition, end)
  }

  /** One batch, or more where they do not fit: each in memory of its own, until the turn ends. */
  #pack(
    { options }: Partition,
    records: readonly EncodedRecord[],
    writer: TransactionalWriter | null,
  ): PackedBatch[] {
    const limitBytes = Math.min(options.maxMessageBytes, options.segmentBytes)
    const now = this.#options.clock.now()
    const batches: PackedBatch[] = []
    let builder = this.#options.newBuilder(limitBytes)
    for (const { key, value } of records) {
      if (builder.append(key, value, now)) continue
      batches.push(this.#build(builder, writer, now))
      builder = this.#options.newBuilder(limitBytes)
      builder.append(key, value, now)
    }
    if (builder.recordCount > 0) batches.push(this.#build(builder, writer, now))
    return batches
  }

  #build(
    builder: BatchBuilder,
    writer: TransactionalWriter | null,
    maxTimestamp: number,
  ): PackedBatch {
    const { codec } = this.#options
    const { producerId, producerEpoch } = writer ?? NOBODY
    const isTransactional = writer !== null
    const { recordCount } = builder
    return {
      bytes: builder.build({ codec, producerId, producerEpoch, transactional: isTransactional }),
      ...{ recordCount, lastOffsetDelta: recordCount - 1, maxTimestamp, codec },
      ...{ producerId, producerEpoch, baseSequence: NO_SEQUENCE, isTransactional },
    }
  }

  #take(batch: BatchView, fromOffset: number, take: (entry: LogEntry) => void): void {
    const { attributes, producerId: writer } = batch.header
    const producerId = isTransactional(attributes) ? writer : null
    const cursor = this.#options.openBatch(batch)
    while (cursor.next()) {
      // The log may start within a batch.
      if (cursor.offset < fromOffset) continue
      const { key, value } = cursor.toRecord()
      if (isControl(attributes)) {
        const marker = decodeMarker(key, value)
        if (marker === null) continue
        const outcome = marker.type === 'abort' ? 'aborted' : 'committed'
        take({ kind: 'marker', producerId: writer, outcome })
      } else if (key !== null) take({ kind: 'record', record: { key, value }, producerId })
    }
  }
}

/** @returns the offset after the last record */
function append(
  partition: Partition,
  batch: PackedBatch,
  writer: TransactionalWriter | null,
): number {
  return partition.append(batch.bytes, batch, -1, writer?.guard ?? null).lastOffset + 1
}

/** Resolves when all records below an offset may be read, and rejects when they never will be. */
function safe(partition: Partition, endOffset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const acknowledged = (): void => resolve()
    const refused = (_slot: number, error: BrokerError): void => reject(error)
    partition.awaitAck(-1, endOffset, { acknowledged, refused }, 0)
  })
}
