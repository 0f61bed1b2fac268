// How much of a log with `flush.policy=os` may be in the page cache alone.
//
// Such a log is synced in the background whenever it has so many new bytes. While that runs, the file system
// makes appends to the file wait, up to some 20 ms at a time: the fewer syncs, the better. But when all
// that waits comes near what the system allows, a fifth of the memory, it stalls every write; and after a
// crash so much is read again, of each log.

/** Of any log, however little memory there is. */
export const MIN_OS_SYNC_BYTES = 32 * 1024 * 1024

/** A third of a second of a fast disk, to write or to read. */
const MAX_OS_SYNC_BYTES = 256 * 1024 * 1024

/** Several logs may be written at a time: each may have this part of the memory. */
const SHARE = 1 / 64

/** A segment stays open until it is on disk, and one that was removed keeps its room. */
const MAX_UNSYNCED_SEGMENTS = 32

/** Bytes after which such a log is synced. @param memoryBytes that the broker may have, with its page cache */
export function osSyncBytesOf(memoryBytes: number): number {
  const share = Math.floor(memoryBytes * SHARE)
  return Math.min(Math.max(share, MIN_OS_SYNC_BYTES), MAX_OS_SYNC_BYTES)
}

/** True when such a log has to be synced. @param osSyncBytes of osSyncBytesOf */
export function isOsSyncDue(
  log: { readonly unsyncedBytes: number; readonly config: { readonly segmentBytes: number } },
  osSyncBytes: number,
): boolean {
  const segmentsBytes = log.config.segmentBytes * MAX_UNSYNCED_SEGMENTS
  return log.unsyncedBytes >= Math.min(osSyncBytes, segmentsBytes)
}
