// The door to the disk. Storage and metadata see files through these two interfaces only, so that
// tests put a disk behind them that fills up, fails and forgets what was not synced.

import { dirname } from 'node:path'

/** An open file. Offsets within it are bytes. Methods without a promise block the event loop. */
export interface File {
  readonly path: string

  /** Bytes in the file now. */
  readonly sizeBytes: number

  /**
   * Writes all of `buffers`, one after the other, from `positionBytes` on.
   *
   * The bytes are in the operating system's cache when this returns, and on disk after `sync`. The
   * caller may reuse the buffers at once. Short writes are carried on until all is written.
   *
   * @throws the system's error. What part was written is then unknown.
   */
  write(buffers: readonly Uint8Array[], positionBytes: number): void

  /**
   * Reads from `positionBytes` into `into`.
   *
   * @returns bytes read: the length of `into`, less only where the file ends
   */
  read(into: Uint8Array, positionBytes: number): number

  /** As `read`, off the event loop: for bytes that are known to be out of the page cache. */
  readCold(into: Uint8Array, positionBytes: number): Promise<number>

  /** Cuts the file, or extends it by zeroes, to `sizeBytes`. */
  truncate(sizeBytes: number): void

  /**
   * Resolves when all bytes written before the call are on disk (fdatasync).
   *
   * @throws the system's error, once. The system may have dropped the bytes by then, so the caller
   *   must never sync the same file again and believe it.
   */
  sync(): Promise<void>

  /** As `sync`, and blocks until it is done: for starting and stopping. */
  syncNow(): void

  /** True while something off the event loop reads or syncs it. */
  readonly busy: boolean

  /** Closing does not sync. A closed file must not be used again. Does not block, also where the file
   *  was removed and its bytes go with the last who has it open. */
  close(): void
}

/** How to open: to read only; to write, where it must exist; to write, made when it does not exist. */
export type OpenMode = 'read' | 'write' | 'create'

export interface FileSystem {
  /** @throws the system's error, ENOENT among them */
  open(path: string, mode: OpenMode): File

  exists(path: string): boolean

  /** Names in a directory, in no order. Empty when the directory does not exist. */
  list(path: string): string[]

  isDirectory(path: string): boolean

  /** Makes a directory and those above it. Nothing happens when it exists. */
  makeDirectory(path: string): void

  /** Replaces `to` when it exists. Durable after `syncDirectory` of both parents. */
  rename(from: string, to: string): void

  /** As `rename`, off the event loop: while the file system commits, it waits for that. */
  renameInPool(from: string, to: string): Promise<void>

  /** Removes a file. Durable after `syncDirectory` of its parent. */
  remove(path: string): void

  /** As `remove`, off the event loop: to free a gibibyte takes the system up to hundreds of
   *  milliseconds. */
  removeInPool(path: string): Promise<void>

  /**
   * As `removeInPool`, for a large file that nobody has open: cut from its end a few MiB at a time. Freed at once,
   * 100 MB keep the syncs of all other files waiting for some 20 ms.
   */
  freeInPool(path: string): Promise<void>

  /** Removes a directory with all in it. Nothing happens when it does not exist. */
  removeTree(path: string): void

  /** As `removeTree`, off the event loop, and the files that lie directly in it as by `freeInPool`. */
  removeTreeInPool(path: string): Promise<void>

  /** Makes creates, renames and removals in this directory durable. Blocks. */
  syncDirectory(path: string): void

  /** As `syncDirectory`, off the event loop, for what was changed before the call. */
  syncDirectoryInPool(path: string): Promise<void>

  /** Bytes that may still be written on the disk that holds `path`. */
  freeBytes(path: string): number

  /** Size of the disk that holds `path`, in bytes; Infinity when it has no end. */
  totalBytes(path: string): number

  /**
   * Takes the directory for this process, so that no second broker writes in it.
   *
   * @returns a function that gives it back. A process that dies gives it back as well.
   * @throws Error with code EBUSY and the owner's process id, when another process has it
   */
  lockDirectory(path: string): () => void
}

/**
 * Replaces a small file so that a crash leaves the old content or the new one, whole: written
 * beside as `<path>.tmp`, synced, renamed, directory synced.
 */
export function replaceFile(files: FileSystem, path: string, content: string | Uint8Array): void {
  const temporary = `${path}.tmp`
  const file = files.open(temporary, 'create')
  try {
    rewrite(file, content)
    file.syncNow()
  } finally {
    file.close()
  }
  files.rename(temporary, path)
  files.syncDirectory(dirname(path))
}

/**
 * As `replaceFile`, with both syncs off the event loop. Two of one path must not run at a time.
 *
 * @param isWanted asked before the rename. A `replaceFile` of the same path may run meanwhile, when
 *   this says no from then on
 * @returns false when it was not wanted any more; the file is as the others left it
 */
export async function replaceFileInPool(
  files: FileSystem,
  path: string,
  content: string | Uint8Array,
  isWanted: () => boolean = () => true,
): Promise<boolean> {
  const temporary = `${path}.tmp`
  const file = files.open(temporary, 'create')
  try {
    rewrite(file, content)
    await file.sync()
  } finally {
    file.close()
  }
  if (!isWanted()) return false
  files.rename(temporary, path)
  await files.syncDirectoryInPool(dirname(path))
  return true
}

function rewrite(file: File, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  file.truncate(0)
  if (bytes.byteLength > 0) file.write([bytes], 0)
}

/** Makes a directory and those above it. All of them are on disk when this returns. */
export function makeDirectoryDurably(files: FileSystem, path: string): void {
  if (files.isDirectory(path)) return
  const parent = dirname(path)
  if (parent !== path) makeDirectoryDurably(files, parent)
  files.makeDirectory(path)
  files.syncDirectory(parent)
}

/** Reads a whole small file. @throws the system's error, ENOENT among them */
export function readWholeFile(files: FileSystem, path: string): Buffer {
  const file = files.open(path, 'read')
  try {
    const content = Buffer.alloc(file.sizeBytes)
    return content.subarray(0, file.read(content, 0))
  } finally {
    file.close()
  }
}
