// Makes the log of a new partition, without waiting for the disk: a topic may have a thousand, and
// files that are all made before the first is synced share the disk's own commits.
//
//   clicks-3/ ─► partition.metadata ─► 00000000000000000000.log ─► sync ─► the parent's sync, by the
//                                                                          caller, once for all
//
// A power cut before the last step may leave any part of it: a directory in which no .log has a byte,
// which is made anew.

import type { File } from '../io/file-system.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { PartitionLog, type PartitionLogOptions } from './partition-log.ts'
import { placeOf } from './partition-log-options.ts'
import { PARTITION_METADATA, partitionMetadataText } from './partition-metadata.ts'
import { LogProducers } from './producer-state/log-producers.ts'
import { Segment } from './segment/segment.ts'

/** A log whose files are not on disk yet. Nothing may be appended to it before. */
export interface NewLog {
  readonly log: PartitionLog
  /** Brings its files to disk. Its directory's name is left to the caller. @throws the system's error */
  readonly sync: () => Promise<void>
}

/** @param options the directory must not be there, and its parent must. @throws the system's error */
export function makePartitionLog(options: PartitionLogOptions): NewLog {
  const { files, directory, topicId } = options
  const place = placeOf(options)
  files.makeDirectory(directory)
  const metadata = files.open(`${directory}/${PARTITION_METADATA}`, 'create')
  try {
    metadata.write([Buffer.from(partitionMetadataText(topicId))], 0)
    const segments = [Segment.create(place, 0)]
    const epochs = new LeaderEpochs(files, directory)
    const producers = new LogProducers(options)
    const log = new PartitionLog(options, {
      ...{ segments, place, epochs, producers },
      logStartOffset: 0,
      logEndOffset: 0,
    })
    return { log, sync: () => syncNew(options, metadata) }
  } catch (error) {
    metadata.close()
    throw error
  }
}

// The .log is empty: its name is all there is, and that is in the directory.
async function syncNew({ files, directory }: PartitionLogOptions, metadata: File): Promise<void> {
  try {
    await metadata.sync()
  } finally {
    metadata.close()
  }
  await files.syncDirectoryInPool(directory)
}
