// What a consumer may be told, and what holds when it is told nothing.

import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import { checkNumber, checkOneOf } from '../option-checks.ts'
import type { Deserializer } from '../serializers.ts'
import type { Isolation, Transport } from '../transport.ts'
import type { GroupOptions } from './group/group-options.ts'

/** What to do when the records at a position are not there, or not any more. 'none' is 'error'. */
export type AutoOffsetReset = 'earliest' | 'latest' | 'error' | 'none'

export interface ConsumerOptions<K, V> extends ConnectionOptions, GroupOptions {
  /** Default: bytes. */
  readonly keyDeserializer?: Deserializer<K>
  /** Default: bytes. */
  readonly valueDeserializer?: Deserializer<V>
  /**
   * What to do when a position is outside the log, as when retention has deleted the records there.
   * `'latest'`, the default, and `'earliest'` go on at that edge; `'error'` ends the iteration with
   * OFFSET_OUT_OF_RANGE. Also where reading begins when no start is given; with `'error'` that is the
   * earliest record. In a group it is where partitions begin for which the group has committed
   * nothing; with `'error'` the iteration ends with NO_COMMITTED_OFFSET. `'none'` is Kafka's word for
   * `'error'`.
   */
  readonly autoOffsetReset?: AutoOffsetReset
  /**
   * `'read_committed'`: of transactions the reader sees only what was committed, and reads no further
   * than to where the first one that is still open began. `'read_uncommitted'`, the default: it sees
   * every record when it is there, also of transactions that are aborted later.
   */
  readonly isolation?: Isolation
  /**
   * Most bytes of batches that wait to be read, from 65,536. Default 4,194,304 (4 MiB). One more batch
   * may come on top. Larger values help where the way to the broker is long.
   */
  readonly prefetchBytes?: number
  /** Whether the checksum of each batch is checked before it is read. Default true. */
  readonly checkCrcs?: boolean
  /** Longest wait for an answer to a call, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** Wait before the first new try, in milliseconds; it doubles each time. Default 100. */
  readonly retryBackoffMs?: number
  /** Longest wait before a new try, in milliseconds. Default 1,000. */
  readonly retryBackoffMaxMs?: number
  /** How often subscribed topics are asked for new partitions, in milliseconds. Default 300,000. */
  readonly metadataMaxAgeMs?: number
  /** A way to the brokers that the caller made, and closes. Default: one to `bootstrap`. */
  readonly transport?: Transport
  /** For tests. */
  readonly clock?: Clock
  /** For tests. */
  readonly random?: RandomSource
}

export interface ConsumerSettings {
  readonly autoOffsetReset: Exclude<AutoOffsetReset, 'none'>
  readonly isolation: Isolation
  readonly prefetchBytes: number
  readonly checkCrcs: boolean
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly metadataMaxAgeMs: number
}

const DEFAULTS: ConsumerSettings = {
  autoOffsetReset: 'latest',
  isolation: 'read_uncommitted',
  prefetchBytes: 4 * 1024 * 1024,
  checkCrcs: true,
  requestTimeoutMs: 30_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  metadataMaxAgeMs: 300_000,
}

const ALLOWED_RESETS = ['earliest', 'latest', 'error', 'none']

/** @throws SluiceError INVALID_OPTION */
export function consumerSettings<K, V>(options: ConsumerOptions<K, V>): ConsumerSettings {
  checkOneOf('autoOffsetReset', options.autoOffsetReset, ALLOWED_RESETS)
  checkOneOf('isolation', options.isolation, ['read_uncommitted', 'read_committed'])
  checkNumber('prefetchBytes', options.prefetchBytes, 64 * 1024)
  checkNumber('requestTimeoutMs', options.requestTimeoutMs, 1)
  checkNumber('retryBackoffMs', options.retryBackoffMs, 1)
  checkNumber('retryBackoffMaxMs', options.retryBackoffMaxMs, 1)
  checkNumber('metadataMaxAgeMs', options.metadataMaxAgeMs, 1)
  const reset = options.autoOffsetReset ?? DEFAULTS.autoOffsetReset
  return {
    autoOffsetReset: reset === 'none' ? 'error' : reset,
    isolation: options.isolation ?? DEFAULTS.isolation,
    prefetchBytes: options.prefetchBytes ?? DEFAULTS.prefetchBytes,
    checkCrcs: options.checkCrcs ?? DEFAULTS.checkCrcs,
    requestTimeoutMs: options.requestTimeoutMs ?? DEFAULTS.requestTimeoutMs,
    retryBackoffMs: options.retryBackoffMs ?? DEFAULTS.retryBackoffMs,
    retryBackoffMaxMs: options.retryBackoffMaxMs ?? DEFAULTS.retryBackoffMaxMs,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? DEFAULTS.metadataMaxAgeMs,
  }
}
