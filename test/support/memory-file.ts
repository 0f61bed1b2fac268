// One file of the simulated disk: what readers see, what is on disk, and the writes between them.
//
//   content   what the page cache shows: every write, at once
//   durable   what a power cut leaves: grows by syncs only
//   pending   writes and cuts since the last sync, in their order; a power cut keeps any of them

import type { SeededRandom } from './seeded-random.ts'

/** The unit that a disk writes whole. */
const SECTOR_BYTES = 512

type Change =
  | { readonly kind: 'write'; readonly positionBytes: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly sizeBytes: number }

export class MemoryFileContent {
  #content: GrowingBytes
  #durable: GrowingBytes
  #pending: Change[] = []
  /** Changes that were taken out of the front of `#pending` since the file was made. */
  #settled = 0

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.#content = new GrowingBytes(content)
    this.#durable = new GrowingBytes(content)
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes
  }

  /** A copy of what readers see. */
  bytes(): Buffer {
    return Buffer.from(this.#content.view())
  }

  /** A copy of what a power cut leaves for certain. */
  durableBytes(): Buffer {
    return Buffer.from(this.#durable.view())
  }

  read(into: Uint8Array, positionBytes: number): number {
    const found = this.#content.view().subarray(positionBytes, positionBytes + into.byteLength)
    into.set(found)
    return found.byteLength
  }

  write(bytes: Uint8Array, positionBytes: number): void {
    this.#change({ kind: 'write', positionBytes, bytes: Buffer.from(bytes) })
  }

  truncate(sizeBytes: number): void {
    this.#change({ kind: 'truncate', sizeBytes })
  }

  /** Names the changes made so far: what a sync that begins now has to cover. */
  mark(): number {
    return this.#settled + this.#pending.length
  }

  /** The changes up to `mark` are on disk. */
  settle(mark: number): void {
    for (const change of this.#take(mark)) this.#durable.apply(change)
  }

  /** A sync failed as ext4 fails it: pages count as clean, and their bytes never reach the disk. */
  lose(mark: number): void {
    this.#take(mark)
  }

  /** Drops the page cache: what was lost by a failed sync now reads as what is on disk. */
  dropCache(): void {
    const view = new GrowingBytes(this.#durable.view())
    for (const change of this.#pending) view.apply(change)
    this.#content = view
  }

  /** A power cut. Each pending change is kept, dropped or torn; with no `random`, all are dropped. */
  crash(random: SeededRandom | null): void {
    for (const change of this.#take(this.mark())) {
      if (random === null || random.chance(0.4)) continue
      if (change.kind === 'write' && random.chance(0.4)) this.#tear(change, random)
      else this.#durable.apply(change)
    }
    this.#content = new GrowingBytes(this.#durable.view())
  }

  clone(): MemoryFileContent {
    const copy = new MemoryFileContent(this.#durable.view())
    copy.#content = new GrowingBytes(this.#content.view())
    copy.#pending = [...this.#pending]
    copy.#settled = this.#settled
    return copy
  }

  #change(change: Change): void {
    this.#content.apply(change)
    this.#pending.push(change)
  }

  #take(mark: number): Change[] {
    const taken = this.#pending.splice(0, Math.max(0, mark - this.#settled))
    this.#settled += taken.length
    return taken
  }

  /** Each sector of the write reaches the disk or not; the file is as long as the furthest one. */
  #tear(change: Change & { kind: 'write' }, random: SeededRandom): void {
    const end = change.positionBytes + change.bytes.byteLength
    let at = change.positionBytes
    while (at < end) {
      const next = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES)
      if (random.chance(0.6)) {
        const from = at - change.positionBytes
        const bytes = change.bytes.subarray(from, next - change.positionBytes)
        this.#durable.apply({ kind: 'write', positionBytes: at, bytes })
      }
      at = next
    }
  }
}

/** Bytes that may be written anywhere; a gap reads as zeroes. */
class GrowingBytes {
  #bytes: Buffer
  #sizeBytes: number

  constructor(content: Uint8Array) {
    this.#bytes = Buffer.from(content)
    this.#sizeBytes = content.byteLength
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.#sizeBytes)
  }

  apply(change: Change): void {
    if (change.kind === 'truncate') {
      this.#resize(change.sizeBytes)
      return
    }
    const end = change.positionBytes + change.bytes.byteLength
    if (end > this.#sizeBytes) this.#resize(end)
    this.#bytes.set(change.bytes, change.positionBytes)
  }

  #resize(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.byteLength) {
      const grown = Buffer.alloc(Math.max(sizeBytes, this.#bytes.byteLength * 2))
      grown.set(this.view())
      this.#bytes = grown
    } else if (sizeBytes < this.#sizeBytes) {
      this.#bytes.fill(0, sizeBytes, this.#sizeBytes)
    }
    this.#sizeBytes = sizeBytes
  }
}
