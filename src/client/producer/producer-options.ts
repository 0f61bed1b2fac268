// What a producer may be told, and what holds when it is told nothing.

import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import type { Codec } from '../../record/compression.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import { SluiceError } from '../errors.ts'
import { checkNumber, checkOneOf } from '../option-checks.ts'
import type { Serializer } from '../serializers.ts'
import type { Acks, Transport } from '../transport.ts'
import type { Partitioner } from './partitioner.ts'

export interface ProducerOptions<K, V> extends ConnectionOptions {
  /**
   * When a record counts as sent. `'all'`, the default: it is on disk at every in-sync replica. `1`:
   * the leader has it in its page cache; a crash of its machine may lose it. `0`: nobody says; the
   * offset of every record is -1, and failures go unseen.
   */
  readonly acks?: Acks
  /**
   * Whether the broker knows each batch by a number, so that one that is sent again is not stored
   * again, and none is stored out of order. Default: true with `acks: 'all'`; with other acks it is not
   * possible.
   */
  readonly idempotent?: boolean
  /**
   * Name under which the producer has transactions, and has them alone: when another producer takes the
   * name, the transaction that this one has open is aborted, and it is refused from then on. So a program
   * that is started again takes the place of the one that may still hang somewhere. Default: none, and no
   * transactions. Needs `acks: 'all'` and idempotence.
   */
  readonly transactionalId?: string
  /**
   * How long a transaction may stay open before the brokers abort it, in milliseconds: at most what they
   * allow, 900,000 by default. Default 60,000.
   */
  readonly transactionTimeoutMs?: number
  /** How batches are compressed: `none` (default), `gzip`, `snappy`, `lz4` or `zstd`. */
  readonly compression?: Codec
  /** Level of gzip (1 to 9) and zstd (1 to 22). Default: the codec's own. */
  readonly compressionLevel?: number
  /**
   * Size at which a batch is full, before compression, in bytes: 1,024 to 1,048,576. Default 131,072.
   * A record larger than that goes alone.
   */
  readonly batchBytes?: number
  /**
   * How long a batch waits for more records before it goes, in milliseconds, 0 or more. Default 5. At
   * 0 it waits for the end of the event loop's turn. A full batch never waits.
   */
  readonly lingerMs?: number
  /** Most requests that wait for their acknowledgement, 1 to 64. Default 5. With idempotence no more
   *  than 5 of them have a batch of the same partition. */
  readonly maxInFlight?: number
  /** Most memory for records that are not acknowledged, in bytes. Default 33,554,432 (32 MiB). */
  readonly bufferBytes?: number
  /**
   * How long `send` may wait for room in the buffer, or for its topic to be known, in milliseconds.
   * Default 60,000.
   */
  readonly maxBlockMs?: number
  /**
   * How long a record may take from when it was put into a batch to its acknowledgement, retries
   * included, in milliseconds. Default 120,000.
   */
  readonly deliveryTimeoutMs?: number
  /** Longest wait for one acknowledgement, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Most further tries of one batch. Default: as many as the delivery timeout allows. */
  readonly retries?: number
  /** Wait before the first retry, in milliseconds; it doubles each time. Default 100. */
  readonly retryBackoffMs?: number
  /** Longest wait before a retry, in milliseconds. Default 1,000. */
  readonly retryBackoffMaxMs?: number
  /** How long the number of a topic's partitions is believed, in milliseconds. Default 300,000. */
  readonly metadataMaxAgeMs?: number
  /**
   * Whether a topic that does not exist is made, with the broker's defaults, when the broker has
   * `auto.create.topics.enable`. Default true.
   */
  readonly autoCreateTopics?: boolean
  /** Chooses partitions. Default: by the key's hash as Kafka does, and sticky without a key. */
  readonly partitioner?: Partitioner
  /** Default: keys are strings or bytes. */
  readonly keySerializer?: Serializer<K>
  /** Default: values are strings or bytes. */
  readonly valueSerializer?: Serializer<V>
  /** A way to the brokers that the caller made, and closes. Default: one to `bootstrap`. */
  readonly transport?: Transport
  /** For tests. */
  readonly clock?: Clock
  /** For tests. */
  readonly random?: RandomSource
}

/** The options that are numbers and such, all of them there. */
export interface ProducerSettings {
  readonly acks: Acks
  readonly idempotent: boolean
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly compression: Codec
  readonly compressionLevel: number | null
  readonly batchBytes: number
  readonly lingerMs: number
  readonly maxInFlight: number
  readonly bufferBytes: number
  readonly maxBlockMs: number
  readonly deliveryTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retries: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly metadataMaxAgeMs: number
  readonly autoCreateTopics: boolean
}

const DEFAULTS: ProducerSettings = {
  acks: 'all',
  idempotent: true,
  transactionalId: null,
  transactionTimeoutMs: 60_000,
  compression: 'none',
  compressionLevel: null,
  batchBytes: 128 * 1024,
  lingerMs: 5,
  maxInFlight: 5,
  bufferBytes: 32 * 1024 * 1024,
  maxBlockMs: 60_000,
  deliveryTimeoutMs: 120_000,
  requestTimeoutMs: 30_000,
  retries: Number.MAX_SAFE_INTEGER,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  metadataMaxAgeMs: 300_000,
  autoCreateTopics: true,
}

/** @throws SluiceError INVALID_OPTION */
export function producerSettings<K, V>(options: ProducerOptions<K, V>): ProducerSettings {
  const { acks, compression } = options
  checkOneOf('acks', acks, ['all', 1, 0])
  if (options.idempotent === true && (acks ?? 'all') !== 'all') {
    const message = "An idempotent producer has acks 'all'"
    throw new SluiceError('INVALID_OPTION', { option: 'acks', value: String(acks) }, { message })
  }
  checkTransactions(options)
  checkOneOf('compression', compression, ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
  checkNumber('batchBytes', options.batchBytes, 1024, 1024 * 1024)
  checkNumber('lingerMs', options.lingerMs, 0, 3_600_000)
  checkNumber('maxInFlight', options.maxInFlight, 1, 64)
  checkNumber('bufferBytes', options.bufferBytes, 64 * 1024, 64 * 1024 ** 3)
  checkNumber('maxBlockMs', options.maxBlockMs, 0)
  checkNumber('deliveryTimeoutMs', options.deliveryTimeoutMs, 1)
  checkNumber('requestTimeoutMs', options.requestTimeoutMs, 1, 0xffff_ffff)
  checkNumber('retries', options.retries, 0)
  checkNumber('retryBackoffMs', options.retryBackoffMs, 1)
  checkNumber('retryBackoffMaxMs', options.retryBackoffMaxMs, 1)
  checkNumber('metadataMaxAgeMs', options.metadataMaxAgeMs, 1)
  return {
    acks: acks ?? DEFAULTS.acks,
    idempotent: options.idempotent ?? (acks ?? DEFAULTS.acks) === 'all',
    transactionalId: options.transactionalId ?? DEFAULTS.transactionalId,
    transactionTimeoutMs: options.transactionTimeoutMs ?? DEFAULTS.transactionTimeoutMs,
    compression: compression ?? DEFAULTS.compression,
    compressionLevel: options.compressionLevel ?? DEFAULTS.compressionLevel,
    batchBytes: options.batchBytes ?? DEFAULTS.batchBytes,
    lingerMs: options.lingerMs ?? DEFAULTS.lingerMs,
    maxInFlight: options.maxInFlight ?? DEFAULTS.maxInFlight,
    bufferBytes: options.bufferBytes ?? DEFAULTS.bufferBytes,
    maxBlockMs: options.maxBlockMs ?? DEFAULTS.maxBlockMs,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? DEFAULTS.deliveryTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs ?? DEFAULTS.requestTimeoutMs,
    retries: options.retries ?? DEFAULTS.retries,
    retryBackoffMs: options.retryBackoffMs ?? DEFAULTS.retryBackoffMs,
    retryBackoffMaxMs: options.retryBackoffMaxMs ?? DEFAULTS.retryBackoffMaxMs,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? DEFAULTS.metadataMaxAgeMs,
    autoCreateTopics: options.autoCreateTopics ?? DEFAULTS.autoCreateTopics,
  }
}

function checkTransactions<K, V>(options: ProducerOptions<K, V>): void {
  const { transactionalId, transactionTimeoutMs, idempotent, acks = 'all' } = options
  checkNumber('transactionTimeoutMs', transactionTimeoutMs, 1, 0x7fff_ffff)
  if (transactionalId === undefined) {
    if (transactionTimeoutMs === undefined) return
    const message = 'transactionTimeoutMs is for transactions: give a transactionalId as well'
    throw new SluiceError('INVALID_OPTION', { option: 'transactionTimeoutMs' }, { message })
  }
  if (transactionalId === '') {
    const facts = { option: 'transactionalId', value: transactionalId }
    throw new SluiceError('INVALID_OPTION', facts, { message: 'transactionalId must not be empty' })
  }
  if (acks === 'all' && idempotent !== false) return
  const [option, value] = acks === 'all' ? ['idempotent', 'false'] : ['acks', String(acks)]
  const message = "Transactions need idempotence and acks 'all'"
  throw new SluiceError('INVALID_OPTION', { option, value }, { message })
}
