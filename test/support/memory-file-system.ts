// A disk in memory that fills up, fails and forgets: the twin of src/io/real-file-system.ts.
//
// What is written is seen at once and is on disk after a sync; names are on disk after their
// directory was synced. `crash` cuts the power: of what was not synced any part may be gone. Rules
// in `faults` make calls fail. Everything follows from the calls and the seed.

import type { File, FileSystem, OpenMode } from '../../src/io/file-system.ts'
import { DiskFaults, systemError } from './disk-faults.ts'
import { MemoryDirectory, type Node } from './memory-directory.ts'
import { MemoryFileContent } from './memory-file.ts'
import type { SeededRandom } from './seeded-random.ts'

export class MemoryFileSystem implements FileSystem {
  readonly faults = new DiskFaults()
  /** Bytes that all files together may take. */
  capacityBytes = Infinity

  #root = new MemoryDirectory()
  readonly #locks = new Set<string>()
  /** Counts power cuts and kills. A file that was opened before one is closed by it. */
  #life = 0
  #openFiles = 0
  #heldSyncs: (() => void)[] | null = null

  open(path: string, mode: OpenMode): File {
    this.faults.check('open', path)
    const { parent, name } = this.#parentOf('open', path)
    let node = parent.names.get(name)
    if (node instanceof MemoryDirectory) throw systemError('EISDIR', 'open', path)
    if (node === undefined) {
      if (mode !== 'create') throw systemError('ENOENT', 'open', path)
      node = new MemoryFileContent()
      MemoryDirectory.change([{ directory: parent, name, node }])
    }
    this.#openFiles += 1
    return new MemoryFile(this.#host(), path, node, mode)
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined
  }

  list(path: string): string[] {
    this.faults.check('list', path)
    const node = this.#find(path)
    if (node === undefined) return []
    if (node instanceof MemoryDirectory) return [...node.names.keys()]
    throw systemError('ENOTDIR', 'list', path)
  }

  isDirectory(path: string): boolean {
    return this.#find(path) instanceof MemoryDirectory
  }

  makeDirectory(path: string): void {
    this.faults.check('makeDirectory', path)
    let directory = this.#root
    for (const name of partsOf(path)) {
      let node = directory.names.get(name)
      if (node === undefined) {
        node = new MemoryDirectory()
        MemoryDirectory.change([{ directory, name, node }])
      }
      if (!(node instanceof MemoryDirectory)) throw systemError('ENOTDIR', 'makeDirectory', path)
      directory = node
    }
  }

  rename(from: string, to: string): void {
    this.faults.check('rename', from)
    const source = this.#parentOf('rename', from)
    const target = this.#parentOf('rename', to)
    const node = source.parent.names.get(source.name)
    if (node === undefined) throw systemError('ENOENT', 'rename', from)
    MemoryDirectory.change([
      { directory: source.parent, name: source.name, node: null },
      { directory: target.parent, name: target.name, node },
    ])
  }

  async renameInPool(from: string, to: string): Promise<void> {
    await this.#later()
    this.rename(from, to)
  }

  remove(path: string): void {
    this.faults.check('remove', path)
    const { parent, name } = this.#parentOf('remove', path)
    const node = parent.names.get(name)
    if (node === undefined) throw systemError('ENOENT', 'remove', path)
    if (node instanceof MemoryDirectory) throw systemError('EISDIR', 'remove', path)
    MemoryDirectory.change([{ directory: parent, name, node: null }])
  }

  async removeInPool(path: string): Promise<void> {
    await this.#later()
    this.remove(path)
  }

  async freeInPool(path: string): Promise<void> {
    await this.removeInPool(path)
  }

  async removeTreeInPool(path: string): Promise<void> {
    await this.#later()
    this.removeTree(path)
  }

  removeTree(path: string): void {
    this.faults.check('removeTree', path)
    if (!this.exists(path)) return
    const { parent, name } = this.#parentOf('removeTree', path)
    MemoryDirectory.change([{ directory: parent, name, node: null }])
  }

  syncDirectory(path: string): void {
    this.faults.check('syncDirectory', path)
    const node = this.#find(path)
    if (!(node instanceof MemoryDirectory)) throw systemError('ENOENT', 'syncDirectory', path)
    node.sync()
  }

  async syncDirectoryInPool(path: string): Promise<void> {
    const node = this.#find(path)
    if (!(node instanceof MemoryDirectory)) throw systemError('ENOENT', 'syncDirectory', path)
    const changes = node.unsynced()
    const host = this.#host()
    await host.turn()
    if (!host.alive()) return new Promise(() => undefined)
    this.faults.check('syncDirectory', path)
    node.settle(changes)
  }

  freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.usedBytes)
  }

  totalBytes(): number {
    return this.capacityBytes
  }

  lockDirectory(path: string): () => void {
    if (this.#locks.has(path)) {
      throw Object.assign(systemError('EBUSY', 'lock', path), { pid: 1 })
    }
    this.#locks.add(path)
    const life = this.#life
    return () => {
      if (life === this.#life) this.#locks.delete(path)
    }
  }

  // What a test does to the disk.

  /**
   * Cuts the power. Open files and locks are gone, and of what was not synced any part is.
   *
   * @param random decides what is left; without it, nothing that was not synced is left
   */
  crash(random: SeededRandom | null = null): void {
    this.kill()
    this.#root.crash(random)
  }

  /** Ends the process: open files and locks are gone, and all that was written is still there. */
  kill(): void {
    this.#life += 1
    this.#openFiles = 0
    this.#locks.clear()
    this.#heldSyncs = null
    this.faults.clear()
  }

  /** A disk of its own with the same content, synced and unsynced. No file is open in it. */
  clone(): MemoryFileSystem {
    const copy = new MemoryFileSystem()
    copy.#root = this.#root.clone()
    copy.capacityBytes = this.capacityBytes
    return copy
  }

  /** From now on, syncs that do not block wait. @returns a function that lets them go on */
  holdSyncs(): () => void {
    const held: (() => void)[] = []
    this.#heldSyncs = held
    return () => {
      if (this.#heldSyncs === held) this.#heldSyncs = null
      for (const release of held.splice(0)) release()
    }
  }

  /** Puts a file on the disk, synced, and the directories above it. */
  put(path: string, bytes: Uint8Array): void {
    let directory = this.#root
    const parts = partsOf(path)
    const name = parts.pop()!
    this.makeDirectory(`/${parts.join('/')}`)
    for (const part of parts) {
      directory.sync()
      directory = directory.names.get(part) as MemoryDirectory
    }
    MemoryDirectory.change([{ directory, name, node: new MemoryFileContent(bytes) }])
    directory.sync()
  }

  /** Changes bytes of a file behind everybody's back, on disk and in the cache. */
  damage(path: string, positionBytes: number, bytes: Uint8Array): void {
    const content = this.#file(path)
    content.write(bytes, positionBytes)
    content.settle(content.mark())
  }

  /** What readers of the file see. */
  contentOf(path: string): Buffer {
    return this.#file(path).bytes()
  }

  /** What a power cut leaves of the file for certain. */
  durableContentOf(path: string): Buffer {
    return this.#file(path).durableBytes()
  }

  /** Drops the file from the page cache: what a failed sync lost is seen to be lost. */
  dropCache(path: string): void {
    this.#file(path).dropCache()
  }

  /** Paths of all files below a directory, sorted. */
  filesBelow(path: string): string[] {
    const node = this.#find(path)
    if (!(node instanceof MemoryDirectory)) return []
    const found = [...node.names].flatMap(([name, child]) => {
      const at = `${path === '/' ? '' : path}/${name}`
      return child instanceof MemoryDirectory ? this.filesBelow(at) : [at]
    })
    return found.sort()
  }

  /** Names in a directory that a power cut may take or bring back. */
  unsyncedNames(path: string): number {
    const node = this.#find(path)
    return node instanceof MemoryDirectory ? node.unsyncedCount : 0
  }

  get openFileCount(): number {
    return this.#openFiles
  }

  get usedBytes(): number {
    return this.filesBelow('/').reduce((sum, path) => sum + this.#file(path).sizeBytes, 0)
  }

  /** A process that is gone by then does nothing any more. */
  async #later(): Promise<void> {
    const life = this.#life
    await Promise.resolve()
    if (life !== this.#life) await new Promise(() => undefined)
  }

  #host(): Host {
    const life = this.#life
    return {
      faults: this.faults,
      alive: () => life === this.#life,
      freeBytes: () => this.freeBytes(),
      limited: () => this.capacityBytes !== Infinity,
      closed: () => {
        if (life === this.#life) this.#openFiles -= 1
      },
      turn: () => {
        const held = this.#heldSyncs
        return held === null ? Promise.resolve() : new Promise((resolve) => held.push(resolve))
      },
    }
  }

  #file(path: string): MemoryFileContent {
    const node = this.#find(path)
    if (node instanceof MemoryFileContent) return node
    throw systemError('ENOENT', 'open', path)
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of partsOf(path)) {
      if (!(node instanceof MemoryDirectory)) return undefined
      node = node.names.get(name)
    }
    return node
  }

  #parentOf(operation: string, path: string): { parent: MemoryDirectory; name: string } {
    const parts = partsOf(path)
    const name = parts.pop()
    const parent = this.#find(`/${parts.join('/')}`)
    if (name === undefined || !(parent instanceof MemoryDirectory)) {
      throw systemError('ENOENT', operation, path)
    }
    return { parent, name }
  }
}

/** What an open file sees of the disk that it is on. */
interface Host {
  readonly faults: DiskFaults
  alive(): boolean
  freeBytes(): number
  limited(): boolean
  closed(): void
  /** Resolves when a sync may end. */
  turn(): Promise<void>
}

class MemoryFile implements File {
  readonly path: string
  readonly #host: Host
  readonly #content: MemoryFileContent
  readonly #mode: OpenMode
  #closed = false
  #running = 0

  constructor(host: Host, path: string, content: MemoryFileContent, mode: OpenMode) {
    this.#host = host
    this.path = path
    this.#content = content
    this.#mode = mode
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes
  }

  write(buffers: readonly Uint8Array[], positionBytes: number): void {
    this.#mustBeOpen('write')
    if (this.#mode === 'read') throw systemError('EBADF', 'write', this.path)
    const bytes = Buffer.concat(buffers)
    const fault = this.#host.faults.next('write', this.path)
    if (fault !== null) {
      const part = bytes.subarray(0, fault.partialBytes ?? 0)
      if (part.byteLength > 0) this.#content.write(part, positionBytes)
      throw systemError(fault.code, 'write', this.path)
    }
    const room = this.#host.limited() ? this.#room(positionBytes) : Infinity
    if (bytes.byteLength > room) {
      if (room > 0) this.#content.write(bytes.subarray(0, room), positionBytes)
      throw systemError('ENOSPC', 'write', this.path)
    }
    if (bytes.byteLength > 0) this.#content.write(bytes, positionBytes)
  }

  read(into: Uint8Array, positionBytes: number): number {
    this.#mustBeOpen('read')
    this.#host.faults.check('read', this.path)
    return this.#content.read(into, positionBytes)
  }

  get busy(): boolean {
    return this.#running > 0
  }

  async readCold(into: Uint8Array, positionBytes: number): Promise<number> {
    this.#mustBeOpen('read')
    this.#running += 1
    await Promise.resolve()
    this.#running -= 1
    this.#host.faults.check('read', this.path)
    return this.#content.read(into, positionBytes)
  }

  truncate(sizeBytes: number): void {
    this.#mustBeOpen('truncate')
    this.#host.faults.check('truncate', this.path)
    this.#content.truncate(sizeBytes)
  }

  async sync(): Promise<void> {
    this.#mustBeOpen('sync')
    const mark = this.#content.mark()
    await this.#host.turn()
    // A process that is gone learns nothing, and its sync may or may not have happened.
    if (!this.#host.alive()) return new Promise(() => undefined)
    this.#settle(mark)
  }

  syncNow(): void {
    this.#mustBeOpen('sync')
    this.#settle(this.#content.mark())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#host.closed()
  }

  #settle(mark: number): void {
    const fault = this.#host.faults.next('sync', this.path)
    if (fault === null) {
      this.#content.settle(mark)
      return
    }
    this.#content.lose(mark)
    throw systemError(fault.code, 'sync', this.path)
  }

  /** Bytes that a write at this position may take. */
  #room(positionBytes: number): number {
    return Math.max(0, this.sizeBytes - positionBytes) + this.#host.freeBytes()
  }

  #mustBeOpen(operation: string): void {
    if (this.#closed || !this.#host.alive()) throw systemError('EBADF', operation, this.path)
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}
