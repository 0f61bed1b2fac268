// The rule that chooses how a commit round makes its bytes durable: by syncing the dirty logs
// themselves, or by copying their new bytes into the commit journal and syncing that alone.
//
// The figures behind it were measured on ext4 over a virtual disk, 4 KB appended to each of N files
// (bench/storage prints them for the machine at hand; only their ratios matter here):
//
//   dirty files    sync of each, ms    through the journal, ms
//             1                0.45                       0.45
//            10                2.1                        0.7
//           100               17                          1.6
//         1,000              180                         12

/** What is known when a round begins. */
export interface RoundFacts {
  /** Files that would have to be synced. */
  readonly dirtyFiles: number
  /** Bytes that are not durable yet, in all of them. */
  readonly newBytes: number
  /** What they take in the journal, entry headers included. */
  readonly journalBytes: number
  /** Bytes that the journal still takes. 0 when there is none, or it is full. */
  readonly journalFreeBytes: number
}

export type RoundWay = 'logs' | 'journal'

/** Most new bytes that one round copies through the journal. The copy blocks the event loop, about
 *  0.5 ms for each megabyte. */
export const MAX_JOURNAL_ROUND_BYTES = 16 * 1024 * 1024

const SYNC_MS = 0.45
const FURTHER_SYNC_MS = 0.17
const COPY_MS = 0.011
const DISK_MS_PER_BYTE = 1 / 950_000
const COPY_MS_PER_BYTE = 0.5 / 1_000_000

/** The journal only postpones the syncs of the logs, so it has to win by this factor. */
const JOURNAL_MUST_WIN_BY = 2

/** Milliseconds until a round of `facts` is durable when it syncs the logs. An estimate. */
export function logsCostMs({ dirtyFiles, newBytes }: RoundFacts): number {
  return SYNC_MS + FURTHER_SYNC_MS * (dirtyFiles - 1) + DISK_MS_PER_BYTE * newBytes
}

/** Milliseconds until a round of `facts` is durable when it goes through the journal. An estimate. */
export function journalCostMs({ dirtyFiles, newBytes }: RoundFacts): number {
  return SYNC_MS + COPY_MS * dirtyFiles + (DISK_MS_PER_BYTE + COPY_MS_PER_BYTE) * newBytes
}

/**
 * How a round makes its bytes durable.
 *
 * @returns `journal` only when all of it fits there and that is clearly quicker. With one dirty
 *   file it never is; nor where the bytes weigh more than the number of files.
 */
export function planRound(facts: RoundFacts): RoundWay {
  const mostBytes = Math.min(facts.journalFreeBytes, MAX_JOURNAL_ROUND_BYTES)
  if (facts.journalBytes > mostBytes) return 'logs'
  return journalCostMs(facts) * JOURNAL_MUST_WIN_BY < logsCostMs(facts) ? 'journal' : 'logs'
}
