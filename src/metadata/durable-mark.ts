// The file `durable`: a version of the metadata that is on disk for certain.
//
//   byte 0          4          8                  16          512         516
//        +----------+----------+------------------+--- … ---+----------+----------+----------------+
//        | checksum | "SlMd"   | version          |         | checksum | "SlMd"   | version        |
//        +----------+----------+------------------+--- … ---+----------+----------+----------------+
//
// Two slots, written in turn, in sectors of their own: a torn write leaves the other. The checksum is
// CRC-32C of the 12 bytes behind it.
//
// It tells a torn tail from a damaged one. An entry that was being written when the power went may be
// cut off; one that was on disk once, and can't be read now, was acknowledged, and the broker must not
// go on as if it had never been. The mark is written after each sync of the log and is not synced
// itself: it may lag behind, and is never ahead.

import type { File, FileSystem } from '../io/file-system.ts'
import type { Checksum } from './entry-format.ts'

export const DURABLE_MARK = 'durable'

const MAGIC = Buffer.from('SlMd', 'latin1')
const SLOT_BYTES = 16
const SLOT_POSITIONS = [0, 512] as const

export class DurableMark {
  readonly #file: File
  readonly #crc32c: Checksum
  #nextSlot = 0
  #version = 0

  /** Opens or makes the file. @throws the system's error */
  constructor(files: FileSystem, path: string, crc32c: Checksum) {
    this.#file = files.open(path, 'create')
    this.#crc32c = crc32c
    for (const [slot, position] of SLOT_POSITIONS.entries()) {
      const version = this.#read(position)
      if (version === null || version < this.#version) continue
      this.#version = version
      this.#nextSlot = 1 - slot
    }
  }

  /** The mark now; 0 when there is none. */
  get version(): number {
    return this.#version
  }

  /** Everything up to `version` is on disk. @throws the system's error */
  write(version: number): void {
    const slot = Buffer.alloc(SLOT_BYTES)
    MAGIC.copy(slot, 4)
    slot.writeBigUInt64BE(BigInt(version), 8)
    slot.writeUInt32BE(this.#crc32c(slot.subarray(4)), 0)
    this.#file.write([slot], SLOT_POSITIONS[this.#nextSlot as 0 | 1])
    this.#nextSlot = 1 - this.#nextSlot
    this.#version = version
  }

  /** Puts the mark on disk and closes the file. */
  close(): void {
    try {
      this.#file.syncNow()
    } finally {
      this.#file.close()
    }
  }

  #read(position: number): number | null {
    const slot = Buffer.alloc(SLOT_BYTES)
    if (this.#file.read(slot, position) < SLOT_BYTES) return null
    if (!slot.subarray(4, 8).equals(MAGIC)) return null
    if (this.#crc32c(slot.subarray(4)) !== slot.readUInt32BE(0)) return null
    return Number(slot.readBigUInt64BE(8))
  }
}
