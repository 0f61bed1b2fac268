// The machine's disk, by node:fs.

import {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readSync,
  readdirSync,
  rename,
  renameSync,
  rm,
  rmSync,
  statSync,
  statfsSync,
  truncate,
  unlink,
  unlinkSync,
  writevSync,
} from 'node:fs'
import { lockDirectory } from './directory-lock.ts'
import type { File, FileSystem, OpenMode } from './file-system.ts'
import { writeFully } from './write-fully.ts'

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT,
}

class RealFile implements File {
  readonly path: string
  readonly #fd: number
  #sizeBytes: number
  /** Calls that run in the pool. The descriptor stays open until they end: its number may be given
   *  to another file at once, and a late sync would then sync that one and report success. */
  #running = 0
  #closed = false

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
    this.#sizeBytes = fstatSync(fd).size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  write(buffers: readonly Uint8Array[], positionBytes: number): void {
    this.#mustBeOpen()
    try {
      const end = writeFully(
        (pieces, position) => writevSync(this.#fd, pieces, position),
        buffers,
        positionBytes,
      )
      if (end > this.#sizeBytes) this.#sizeBytes = end
    } catch (error) {
      this.#sizeBytes = fstatSync(this.#fd).size
      throw error
    }
  }

  read(into: Uint8Array, positionBytes: number): number {
    this.#mustBeOpen()
    let done = 0
    while (done < into.byteLength) {
      const count = readSync(this.#fd, into, done, into.byteLength - done, positionBytes + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async readCold(into: Uint8Array, positionBytes: number): Promise<number> {
    let done = 0
    while (done < into.byteLength) {
      const count = await this.#inPool<number>((callback) => {
        read(this.#fd, into, done, into.byteLength - done, positionBytes + done, callback)
      })
      if (count === 0) break
      done += count
    }
    return done
  }

  get busy(): boolean {
    return this.#running > 0
  }

  truncate(sizeBytes: number): void {
    this.#mustBeOpen()
    ftruncateSync(this.#fd, sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  async sync(): Promise<void> {
    await this.#inPool<void>((callback) => fdatasync(this.#fd, (error) => callback(error)))
  }

  syncNow(): void {
    this.#mustBeOpen()
    fdatasyncSync(this.#fd)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#running === 0) closeDescriptor(this.#fd)
  }

  #inPool<T>(start: (callback: (error: Error | null, value?: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#mustBeOpen()
      this.#running += 1
      start((error, value) => {
        this.#running -= 1
        if (this.#closed && this.#running === 0) closeDescriptor(this.#fd)
        if (error) reject(error)
        else resolve(value as T)
      })
    })
  }

  #mustBeOpen(): void {
    if (!this.#closed) return
    throw Object.assign(new Error(`EBADF: file is closed, '${this.path}'`), { code: 'EBADF' })
  }
}

/** Closes a descriptor: in the pool when the file was removed, since its blocks are freed by that. */
function closeDescriptor(fd: number): void {
  if (fstatSync(fd).nlink > 0) closeSync(fd)
  else close(fd)
}

/** Bytes of a file that are freed at once. */
const FREED_BYTES = 4 * 1024 * 1024

/** Cuts a large file from its end, a little at a time, until only the little is left that may go at once. */
async function cutToEnd(path: string): Promise<void> {
  let { size } = statSync(path)
  for (; size > FREED_BYTES; size -= FREED_BYTES) {
    await inPool((callback) => truncate(path, size - FREED_BYTES, callback))
  }
}

function inPool(start: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

export const realFileSystem: FileSystem = {
  open(path, mode) {
    return new RealFile(path, openSync(path, FLAGS[mode], 0o644))
  },

  exists: (path) => existsSync(path),

  list(path) {
    try {
      return readdirSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  },

  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,

  makeDirectory(path) {
    mkdirSync(path, { recursive: true })
  },

  rename: (from, to) => renameSync(from, to),

  renameInPool: (from, to) => inPool((callback) => rename(from, to, callback)),

  remove: (path) => unlinkSync(path),

  removeInPool: (path) => inPool((callback) => unlink(path, callback)),

  async freeInPool(path) {
    await cutToEnd(path)
    await inPool((callback) => unlink(path, callback))
  },

  removeTree(path) {
    rmSync(path, { recursive: true, force: true })
  },

  async removeTreeInPool(path) {
    for (const name of realFileSystem.list(path)) {
      if (!realFileSystem.isDirectory(`${path}/${name}`)) await cutToEnd(`${path}/${name}`)
    }
    await inPool((callback) => rm(path, { recursive: true, force: true }, callback))
  },

  async syncDirectoryInPool(path) {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await inPool((callback) => fsync(fd, callback))
    } finally {
      closeSync(fd)
    }
  },

  syncDirectory(path) {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },

  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  },

  totalBytes(path) {
    const { blocks, bsize } = statfsSync(path)
    return blocks * bsize
  },

  lockDirectory,
}
