// Keeps the log of a coordinator short: everything that lives is written once more, behind what is
// there, and what stood before is forgotten.
//
//   ──────── old records ────────┬─ what lives, and whatever is decided meanwhile ─┬──►
//                             begin                                              end: below `begin`
//                                                                                 all is forgotten
//
// A record of a key takes the place of those before it, so writing a value again that still holds
// changes nothing, and a crash anywhere in between costs nothing: the old records are there until all
// of the new ones are safe. A few of them at a time, so that requests come in between.

import type { CoordinatorLog, EncodedRecord } from './coordinator-log.ts'
import type { RecordCodec, Shard } from './shard.ts'

/** Bytes of records that are let gather before a sweep. Default of RuntimeOptions. */
export const DEFAULT_SWEEP_BYTES = 16 * 1024 * 1024

/** What a record takes beside its key and value, about. */
const RECORD_OVERHEAD_BYTES = 16

/** Records that are written in one go; those that belong together stand together. */
const RECORDS_AT_ONCE = 1_000

/** How much stands in a log, and when it is to be swept. */
export class LogSweep {
  readonly #minBytes: number
  /** Bytes of records since the last sweep began. */
  #bytes = 0
  /** Bytes of what lived then. */
  #liveBytes = 0
  #isRunning = false

  constructor(minBytes: number) {
    this.#minBytes = minBytes
  }

  /** Counts a record that was read or written. */
  count({ key, value }: EncodedRecord): void {
    this.#bytes += RECORD_OVERHEAD_BYTES + key.byteLength + (value?.byteLength ?? 0)
  }

  /** Half of the log or more is old, and it is worth the while. */
  get isDue(): boolean {
    return !this.#isRunning && this.#bytes >= Math.max(this.#minBytes, 2 * this.#liveBytes)
  }

  /**
   * Writes once more what lives. To be begun between two steps of the coordinator.
   *
   * @param isCurrent false once the state is not that of the log any more: the sweep ends, and has
   *   changed nothing
   * @returns the offset below which all may be forgotten now; null when the sweep ended early
   * @throws whatever keeps the log from being written
   */
  async run<R>(
    shard: Shard<R>,
    codec: RecordCodec<R>,
    log: CoordinatorLog,
    isCurrent: () => boolean,
  ): Promise<number | null> {
    this.#isRunning = true
    try {
      const begin = log.endOffset
      this.#bytes = 0
      let liveBytes = 0
      for (const records of someAtOnce(shard.living())) {
        if (!isCurrent()) return null
        const encoded = records.map((record) => codec.encode(record))
        const before = this.#bytes
        for (const record of encoded) this.count(record)
        liveBytes += this.#bytes - before
        await log.append(encoded)
      }
      this.#liveBytes = liveBytes
      return isCurrent() ? begin : null
    } finally {
      this.#isRunning = false
    }
  }
}

/** What lives when it is asked for. */
function* someAtOnce<R>(living: Iterable<readonly R[]>): Iterable<R[]> {
  let records: R[] = []
  for (const piece of living) {
    records.push(...piece)
    if (records.length < RECORDS_AT_ONCE) continue
    yield records
    records = []
  }
  if (records.length > 0) yield records
}
