// Does what a Cleaner is asked for, in the thread in which it is called.
//
//   keys      dirty part of the log ─► last offset of every key, as far as they fit
//   segments  from the first on: read, filtered, written beside
//
// It changes nothing that the log knows of: files that it made are of no use until the log takes them.

import type { Clock } from '../../../io/clock.ts'
import type { File, FileSystem } from '../../../io/file-system.ts'
import type { RandomSource } from '../../../io/random.ts'
import { isControl, isTransactional } from '../../../record/batch-header.ts'
import { segmentFileName } from '../../segment/segment-files.ts'
import { CompactionCore, KEY_SLOT_BYTES, MIN_KEY_BYTES } from '../../../wasm/compaction-core.ts'
import type { StorageCore } from '../../../wasm/storage-core.ts'
import { BatchFilter, unpackedRecords } from './batch-filter.ts'
import type {
  CleanedGroup,
  Cleaner,
  CleanerLimits,
  CleanerWork,
  CleaningJob,
  JobSegment,
  KeysRead,
} from './cleaner.ts'
import { GroupCleaning } from './group-cleaning.ts'
import { IoThrottle } from './io-throttle.ts'
import { SegmentBatches } from './segment-batches.ts'
import { groupSegments, type SizedSegment } from './segment-groups.ts'
import { AbortedTransactions } from './transactions.ts'

export interface LogCleanerOptions {
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: RandomSource
  readonly storageCore: StorageCore
}

interface Running {
  readonly job: CleaningJob
  readonly core: CompactionCore
  readonly ioBytes: number
  readonly throttle: IoThrottle
  readonly aborted: AbortedTransactions
}

/** A job in its second half. */
interface Filtering {
  readonly filter: BatchFilter
  readonly groups: SizedSegment[][]
}

export class LogCleaner implements Cleaner {
  readonly #options: LogCleanerOptions
  #core: { readonly core: CompactionCore; readonly keyBytes: number } | null = null
  #running: Running | null = null
  #filtering: Filtering | null = null
  #bytesRead = 0
  #bytesWritten = 0

  constructor(options: LogCleanerOptions) {
    this.#options = options
  }

  async begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    const { clock } = this.#options
    const running = {
      job,
      core: this.#coreFor(job, limits.keyBytes),
      ioBytes: limits.ioBufferBytes,
      throttle: new IoThrottle(clock, limits.ioBytesPerSecond),
      aborted: new AbortedTransactions(job.aborted),
    }
    this.#running = running
    this.#bytesRead = 0
    this.#bytesWritten = 0
    const endOffset = await this.#readKeys(running)
    const { core, aborted } = running
    const segments = job.segments.filter(({ baseOffset }) => baseOffset < endOffset)
    this.#filtering = {
      filter: new BatchFilter({
        ...{ core, job, aborted, keysEnd: endOffset },
        storageCore: this.#options.storageCore,
      }),
      groups: groupSegments(this.#sized(job, segments), job),
    }
    return { endOffset, keyCount: core.keyCount }
  }

  async next(): Promise<CleanedGroup | null> {
    const { job, core, ioBytes } = this.#running!
    const { filter, groups } = this.#filtering!
    const group = groups.shift()
    if (group === undefined) return null
    const { files, storageCore } = this.#options
    const cleaning = new GroupCleaning({
      ...{ files, job, group, core, storageCore, filter, ioBytes },
      passed: (bytes) => this.#passed(bytes),
    })
    return await cleaning.run()
  }

  end(): Promise<CleanerWork> {
    const work = {
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      recordsRemoved: this.#filtering?.filter.recordsRemoved ?? 0,
    }
    this.#running = null
    this.#filtering = null
    return Promise.resolve(work)
  }

  cancel(): void {
    this.#running?.throttle.cancel()
  }

  close(): Promise<void> {
    this.cancel()
    this.#core = null
    return Promise.resolve()
  }

  /** @returns the offset up to which all keys are known */
  async #readKeys(running: Running): Promise<number> {
    const { job } = running
    for (const segment of job.segments) {
      if (segment.endOffset <= job.firstDirtyOffset) continue
      const file = this.#open(segment)
      try {
        const full = await this.#readSegmentKeys(running, segment, file)
        if (full !== null) return full
      } finally {
        file.close()
      }
    }
    return job.segments.at(-1)!.endOffset
  }

  async #readSegmentKeys(
    running: Running,
    segment: JobSegment,
    file: File,
  ): Promise<number | null> {
    const { core, ioBytes } = running
    const batches = new SegmentBatches(core, file, segment, ioBytes)
    for (let read = batches.fill(); read > 0; read = batches.fill()) {
      await this.#passed({ read })
      const full = this.#enterChunk(running, batches)
      if (full !== null) return full
    }
    return null
  }

  /** Enters the keys of the batches that were read. @returns the first offset that did not fit */
  #enterChunk({ job, core, aborted }: Running, batches: SegmentBatches): number | null {
    const { storageCore } = this.#options
    const { firstDirtyOffset } = job
    const { header } = batches
    try {
      for (let batch = batches.next(); batch !== null; batch = batches.next()) {
        const { attributes, baseOffset, lastOffsetDelta, producerId } = header
        if (baseOffset + lastOffsetDelta < firstDirtyOffset || isControl(attributes)) continue
        if (isTransactional(attributes) && aborted.covers(producerId, baseOffset)) continue
        const records = unpackedRecords(core, storageCore, batch, attributes)
        const full = core.enterKeys(records, header, firstDirtyOffset)
        if (full !== null) return full
      }
    } catch (error) {
      throw batches.asDamage(error)
    }
    return null
  }

  #sized({ directory }: CleaningJob, segments: readonly JobSegment[]): SizedSegment[] {
    return segments.map((segment) => {
      const sizes = (['.index', '.timeindex'] as const).map((suffix) => {
        return this.#sizeOf(`${directory}/${segmentFileName(segment.baseOffset, suffix)}`)
      })
      return { ...segment, indexBytes: Math.max(...sizes) }
    })
  }

  #sizeOf(path: string): number {
    const { files } = this.#options
    if (!files.exists(path)) return 0
    const file = files.open(path, 'read')
    try {
      return file.sizeBytes
    } finally {
      file.close()
    }
  }

  #open({ baseOffset }: JobSegment): File {
    const { directory } = this.#running!.job
    return this.#options.files.open(`${directory}/${segmentFileName(baseOffset, '.log')}`, 'read')
  }

  async #passed({ read = 0, written = 0 }: { read?: number; written?: number }): Promise<void> {
    this.#bytesRead += read
    this.#bytesWritten += written
    await this.#running!.throttle.passed(read + written)
  }

  /** Memory for as many keys as there can be, within the limit. The last one when that fits well. */
  #coreFor({ segments, firstDirtyOffset }: CleaningJob, limitBytes: number): CompactionCore {
    const offsets = segments.at(-1)!.endOffset - firstDirtyOffset
    const wanted = MIN_KEY_BYTES + Math.ceil((offsets * KEY_SLOT_BYTES * 10) / 9)
    const keyBytes = Math.min(wanted, limitBytes)
    const known = this.#core
    const most = Math.min(4 * keyBytes, limitBytes)
    if (known !== null && known.keyBytes >= keyBytes && known.keyBytes <= most) {
      known.core.clear()
      return known.core
    }
    // The old one goes first: both together would be more than the limit.
    this.#core = null
    const core = new CompactionCore(keyBytes, this.#options.random.bytes(16))
    this.#core = { core, keyBytes }
    return core
  }
}
