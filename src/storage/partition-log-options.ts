// What a partition log is made from, and what it hands out.

import type { BrokerError } from '../base/errors.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../io/clock.ts'
import type { FileSystem } from '../io/file-system.ts'
import type { ValidatedBatch } from '../record/validate.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import type { PartitionLog } from './partition-log.ts'
import type { LogProducers, LogProducersOptions } from './producer-state/log-producers.ts'
import type { FileRemoval } from './segment/file-removal.ts'
import type { OpenSegments } from './segment/open-segments.ts'
import type { Segment, SegmentPlace } from './segment/segment.ts'
import type { TurnWrites } from './turn-writes.ts'

export type { SegmentFacts } from './segment/segment-list.ts'

/** Who wants to know what happens to a log. Called at once, from within the call that did it. */
export interface LogListener {
  /** The written offset has moved. */
  written(log: PartitionLog): void
  /** The durable offset has moved. */
  durable(log: PartitionLog): void
  /** The log went offline. Whoever waits for something above the durable offset waits in vain. */
  failed(log: PartitionLog, error: BrokerError): void
  /** A damaged batch was found. Told once a batch. */
  damaged(log: PartitionLog, error: BrokerError): void
}

/** What the log has to know of a batch that was validated. */
export type BatchInfo = Pick<
  ValidatedBatch,
  | 'lastOffsetDelta'
  | 'maxTimestamp'
  | 'producerId'
  | 'producerEpoch'
  | 'baseSequence'
  | 'isTransactional'
>

/** Where a batch went. */
export interface Appended {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Of its records, as stored: milliseconds since 1970, -1 for none. */
  readonly maxTimestamp: number
  /** Its producer had sent it before, and it stands where it stood: nothing was appended. It may not
   *  be durable yet. */
  readonly isRepeat: boolean
}

export interface PartitionLogOptions extends LogProducersOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly core: StorageCore
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  readonly config: LogConfig
  readonly listener: LogListener
  /** Shared by the logs of a broker. Default: one for this log alone. */
  readonly openSegments?: OpenSegments
  /** Shared by the logs of a broker. Default: one for this log alone. */
  readonly fileRemoval?: FileRemoval
  /** Shared by the logs of a broker. Default: one for this log alone. */
  readonly turnWrites?: TurnWrites
}

/** What `openPartitionLog` has found out. All of the log is on disk. */
export interface PartitionLogState {
  readonly segments: readonly Segment[]
  readonly place: LogPlace
  readonly epochs: LeaderEpochs
  readonly producers: LogProducers
  readonly logStartOffset: number
  readonly logEndOffset: number
}

/** Where the segments are, with the options as they are now. */
export interface LogPlace extends SegmentPlace {
  config: LogConfig
}

/** The place of a log's segments. */
export function placeOf({
  files,
  directory,
  config,
}: Pick<PartitionLogOptions, 'files' | 'directory' | 'config'>): LogPlace {
  const place = { files, directory, config, indexIntervalBytes }
  function indexIntervalBytes(): number {
    return place.config.indexIntervalBytes
  }
  return place
}
