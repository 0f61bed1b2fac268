// Removes the files of segments that the log has let go, some time later: who reads them may finish.

import type { Clock } from '../../io/clock.ts'
import type { LogPlace, PartitionLogOptions } from '../partition-log-options.ts'
import { FileRemoval } from './file-removal.ts'
import type { Segment } from './segment.ts'

export class SegmentRemoval {
  readonly #place: LogPlace
  readonly #clock: Clock
  readonly #removal: FileRemoval
  readonly #letGo: (segment: Segment) => void

  /**
   * @param letGo is told of each segment at once. One that is still pinned is closed by who has pinned
   *   it
   */
  constructor(
    { clock, files, fileRemoval = new FileRemoval(files) }: PartitionLogOptions,
    place: LogPlace,
    letGo: (segment: Segment) => void,
  ) {
    this.#place = place
    this.#clock = clock
    this.#removal = fileRemoval
    this.#letGo = letGo
  }

  /** Removes the files of segments that were renamed, `fileDeleteDelayMs` from now. */
  removeLater(removed: readonly Segment[]): void {
    if (removed.length === 0) return
    for (const segment of removed) this.#letGo(segment)
    this.#clock.after(this.#place.config.fileDeleteDelayMs, () => {
      for (const segment of removed) this.#remove(segment)
    })
  }

  #remove(segment: Segment): void {
    const isRead = segment.pinned || segment.busy
    if (!segment.pinned) segment.release()
    const [log, ...sides] = segment.deletedPaths
    const removals = [
      this.#removal.free(log!, () => isRead || segment.isOpen),
      ...sides.map((path) => this.#removal.remove(path)),
    ]
    // What cannot be removed now is removed when the log is opened the next time.
    for (const removal of removals) removal.catch(() => undefined)
  }
}
