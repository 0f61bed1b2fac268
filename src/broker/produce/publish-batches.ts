// Turns the records of a publish request into batches: one or more for each partition, and where in
// them each record went.

import { BrokerError } from '../../base/errors.ts'
import type { BatchBuilder, BuildOptions } from '../../record/batch-builder.ts'
import type { Codec } from '../../record/compression.ts'
import type { Header } from '../../record/record.ts'
import type { PartitionOptions } from '../../replication/partition-options.ts'
import type { ProduceBatch } from '../produce-service.ts'

/** A record on its way to a topic. */
export interface PublishRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  /** Milliseconds since 1970; null: the broker's clock. */
  readonly timestampMs: number | null
  /** Null: chosen by the key, or one for all records of the request that have none. */
  readonly partition: number | null
}

/** Who has sent a request that may be sent again. */
export interface PublishProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of its first record. */
  readonly baseSequence: number
  /** The records are part of a transaction of this id. Left out, or empty: of none. */
  readonly transactionalId?: string
}

/** What a record became part of, or why it did not. */
export interface Placement {
  readonly partition: number
  readonly timestampMs: number
  readonly error: BrokerError | null
  /** Index of its batch in the request, and of the record in the batch. -1 with an error. */
  readonly batch: number
  readonly offsetDelta: number
}

/** Whom batches are for, and who sends them. */
export interface PublishTarget {
  readonly topic: string
  readonly partition: number
  /** Null: nobody with an id. If not, the records have to fit one batch. */
  readonly producer?: PublishProducer | null
}

/** Largest batch that is built of more than one record, before compression. */
const BATCH_BYTES = 1024 * 1024

/** A builder that has grown beyond this, by a large record, is not kept. */
const KEPT_BUILDER_BYTES = 4 * 1024 * 1024

export class PublishBatches {
  readonly #newBuilder: (limitBytes: number) => BatchBuilder
  #builder: BatchBuilder | null = null
  #builderLimit = 0

  /** @param newBuilder record/batch-builder.ts, with its storage core */
  constructor(newBuilder: (limitBytes: number) => BatchBuilder) {
    this.#newBuilder = newBuilder
  }

  /**
   * Builds the batches of one partition.
   *
   * @param records    of the request
   * @param indexes    which of them are for the partition, in their order
   * @param options    of the partition's topic
   * @param now        the broker's clock, milliseconds since 1970
   * @param batches    of the request so far; those of the partition are added
   * @param placements by record; those of the partition are written
   */
  build(
    { topic, partition, producer = null }: PublishTarget,
    records: readonly PublishRecord[],
    indexes: readonly number[],
    options: PartitionOptions,
    now: number,
    batches: ProduceBatch[],
    placements: Placement[],
  ): void {
    const builder = this.#builderFor(Math.min(options.maxMessageBytes, BATCH_BYTES))
    const codec = codecOf(options)
    const flush = (): void => {
      if (builder.recordCount === 0) return
      const transactional = Boolean(producer?.transactionalId)
      const batch = take(builder, { codec, ...producer, transactional })
      batches.push({ topic, partition, batch })
    }
    for (const index of indexes) {
      const record = records[index]!
      const timestampMs = record.timestampMs ?? now
      try {
        checkRecord(record, timestampMs, options, now)
        if (!append(builder, record, timestampMs)) {
          flush()
          append(builder, record, timestampMs)
        }
      } catch (error) {
        const refusal = BrokerError.from(error)
        placements[index] = refusedPlacement(partition, timestampMs, refusal)
        continue
      }
      const batch = batches.length
      const offsetDelta = builder.recordCount - 1
      placements[index] = { partition, timestampMs, error: null, batch, offsetDelta }
    }
    flush()
    if (builder.capacityBytes > KEPT_BUILDER_BYTES) this.#builder = null
  }

  #builderFor(limitBytes: number): BatchBuilder {
    if (this.#builder === null || this.#builderLimit !== limitBytes) {
      this.#builder = this.#newBuilder(limitBytes)
      this.#builderLimit = limitBytes
    }
    this.#builder.reset()
    return this.#builder
  }
}

export function refusedPlacement(
  partition: number,
  timestampMs: number,
  error: BrokerError,
): Placement {
  return { partition, timestampMs, error, batch: -1, offsetDelta: -1 }
}

function append(builder: BatchBuilder, record: PublishRecord, timestampMs: number): boolean {
  return builder.append(record.key, record.value, timestampMs, record.headers)
}

/** The finished batch in memory of its own: it is written at the end of the turn. */
function take(builder: BatchBuilder, options: BuildOptions & { readonly codec: Codec }): Buffer {
  const built = builder.build(options)
  const batch = options.codec === 'none' ? Buffer.from(built) : built
  builder.reset()
  return batch
}

function codecOf({ compressionType }: PartitionOptions): Codec {
  const plain = compressionType === 'producer' || compressionType === 'uncompressed'
  return plain ? 'none' : compressionType
}

/**
 * What would get the whole batch refused is found before it is built, so that it harms one record.
 *
 * @throws BrokerError INVALID_RECORD, INVALID_TIMESTAMP
 */
function checkRecord(
  { key }: PublishRecord,
  timestampMs: number,
  options: PartitionOptions,
  now: number,
): void {
  if (key === null && options.cleanupPolicy.includes('compact')) {
    const message = 'A record without a key cannot be kept in a compacted topic'
    throw new BrokerError('INVALID_RECORD', { message })
  }
  if (options.messageTimestampType === 'LogAppendTime') return
  const { messageTimestampBeforeMaxMs: beforeMs, messageTimestampAfterMaxMs: afterMs } = options
  if (timestampMs - now > afterMs || (timestampMs !== -1 && now - timestampMs > beforeMs)) {
    const message = 'The time of a record lies too far from the time of the broker'
    throw new BrokerError('INVALID_TIMESTAMP', { message, timestamp: timestampMs, now })
  }
}
