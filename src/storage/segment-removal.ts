// Removes the files of segments that the log has let go, some time later: who reads them may finish.

import type { Clock } from '../io/clock.ts'
import type { SegmentPlace } from './segment/segment.ts'
import type { Segment } from './segment/segment.ts'
import { removeDeletedFiles } from './segment/segment-files.ts'

/**
 * Removes the files of segments that were renamed.
 *
 * @param removed a pinned one is not closed here: who has pinned it does that
 */
export function removeLater(
  place: SegmentPlace,
  clock: Clock,
  delayMs: number,
  removed: readonly Segment[],
): void {
  if (removed.length === 0) return
  clock.after(delayMs, () => {
    for (const segment of removed) {
      if (!segment.pinned) segment.release()
      try {
        removeDeletedFiles(place.files, place.directory, segment.baseOffset)
      } catch {
        // What cannot be removed now is removed when the log is opened the next time.
      }
    }
  })
}
