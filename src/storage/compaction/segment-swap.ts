// Puts a segment that was made in the place of those it was made from. A crash between any two steps
// leaves the old ones or the new one: swap-recovery.ts finishes what was committed.
//
//             old                            new
//   made      .log .index …                  .log.cleaned .index.swap …
//   commit         ·                         .log.swap         ·          ── directory synced ──
//   retire    .log.deleted .index.deleted …       ·            ·          ── directory synced ──
//   settle         ·                              ·       .index …        ── directory synced ──
//   finish    (removed some time later)      .log         .index …
//
// The commit is one rename: with .log.swap on disk the new segment counts, and the way leads on only.
// Until it is finished the log reads the old ones, which are there under whatever name.

import type { Clock } from '../../io/clock.ts'
import type { FileSystem } from '../../io/file-system.ts'
import {
  CLEANED_SUFFIX,
  INDEX_SUFFIXES,
  segmentFileName,
  SWAP_SUFFIX,
  type SegmentSuffix,
} from '../segment/segment-files.ts'
import type { Segment } from '../segment/segment.ts'

export interface SegmentSwapOptions {
  readonly files: FileSystem
  readonly clock: Clock
  /** The partition's directory. */
  readonly directory: string
  /** One or more that follow each other in the log; the first gives the new one its name. */
  readonly old: readonly Segment[]
  /** The new one is in their place on disk: the log is to take it. */
  readonly finished: () => void
}

/** Segments whose files are renamed in one turn of the event loop. */
const RENAMED_A_TURN = 8

export class SegmentSwap {
  readonly #options: SegmentSwapOptions
  #isCommitted = false
  #isSettled = false
  #isFinished = false
  #retired = 0

  constructor(options: SegmentSwapOptions) {
    this.#options = options
  }

  /** The first segment that it is about. */
  get first(): Segment {
    return this.#options.old[0]!
  }

  /** From here on it has to be finished. */
  get isCommitted(): boolean {
    return this.#isCommitted
  }

  /**
   * Goes through all steps. Nothing waits for the disk on the event loop.
   *
   * @throws the system's error. When it is committed by then, `finishNow` has to follow
   */
  async run(): Promise<void> {
    const { files, clock, directory, old } = this.#options
    this.#commit()
    await files.syncDirectoryInPool(directory)
    while (this.#retired < old.length) {
      this.#retire(RENAMED_A_TURN)
      await new Promise<void>((resolve) => {
        clock.endOfTurn(resolve)
      })
    }
    await files.syncDirectoryInPool(directory)
    this.#settle()
    await files.syncDirectoryInPool(directory)
    this.#finish()
  }

  /** Goes on where it stopped, and blocks: when the disk has failed on the way. @throws the system's error */
  finishNow(): void {
    const { files, directory } = this.#options
    if (this.#isFinished) return
    files.syncDirectory(directory)
    this.#retire(Infinity)
    files.syncDirectory(directory)
    this.#settle()
    files.syncDirectory(directory)
    this.#finish()
  }

  #commit(): void {
    const { files } = this.#options
    const path = this.#path('.log')
    files.rename(`${path}${CLEANED_SUFFIX}`, `${path}${SWAP_SUFFIX}`)
    this.#isCommitted = true
  }

  // The last ones first: what is left without a crash in between is the beginning of the log.
  #retire(most: number): void {
    const { old } = this.#options
    for (let count = 0; count < most && this.#retired < old.length; count++) {
      old.at(-1 - this.#retired)!.markReplaced()
      this.#retired += 1
    }
  }

  #settle(): void {
    if (this.#isSettled) return
    for (const suffix of INDEX_SUFFIXES) settleIndex(this.#options.files, this.#path(suffix))
    this.#isSettled = true
  }

  #finish(): void {
    const { files, finished } = this.#options
    const path = this.#path('.log')
    if (files.exists(`${path}${SWAP_SUFFIX}`)) files.rename(`${path}${SWAP_SUFFIX}`, path)
    finished()
    this.#isFinished = true
  }

  #path(suffix: SegmentSuffix): string {
    return `${this.#options.directory}/${segmentFileName(this.first.baseOffset, suffix)}`
  }
}

/**
 * Gives an index that compaction made its own name, if that was not done yet. An empty one, of aborted
 * transactions, only says that there is none.
 *
 * @throws the system's error
 */
export function settleIndex(files: FileSystem, path: string): void {
  const made = `${path}${SWAP_SUFFIX}`
  if (!files.exists(made)) return
  const file = files.open(made, 'read')
  const isNeeded = file.sizeBytes > 0 || !path.endsWith('.txnindex')
  file.close()
  files.rename(made, path)
  if (!isNeeded) files.remove(path)
}
