// Removes the files of segments that the log has let go, some time later: who reads them may finish.

import type { Clock } from '../../io/clock.ts'
import type { LogPlace } from '../partition-log-options.ts'
import type { FileRemoval } from './file-removal.ts'
import { deletedPaths } from './segment-files.ts'
import type { Segment } from './segment.ts'

export interface SegmentRemovalOptions {
  readonly place: LogPlace
  readonly clock: Clock
  readonly removal: FileRemoval
  /** Is told of each segment at once. One that is still pinned is closed by who has pinned it. */
  readonly letGo: (segment: Segment) => void
}

export class SegmentRemoval {
  readonly #options: SegmentRemovalOptions

  constructor(options: SegmentRemovalOptions) {
    this.#options = options
  }

  /** Removes the files of segments that were renamed, `fileDeleteDelayMs` from now. */
  removeLater(removed: readonly Segment[]): void {
    const { place, clock, letGo } = this.#options
    if (removed.length === 0) return
    for (const segment of removed) letGo(segment)
    clock.after(place.config.fileDeleteDelayMs, () => {
      for (const segment of removed) this.#remove(segment)
    })
  }

  #remove(segment: Segment): void {
    const { place, removal } = this.#options
    if (!segment.pinned) segment.release()
    for (const path of deletedPaths(place.files, place.directory, segment.baseOffset)) {
      // What cannot be removed now is removed when the log is opened the next time.
      removal.remove(path).catch(() => undefined)
    }
  }
}
