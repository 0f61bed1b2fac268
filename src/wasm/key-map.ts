// The last offset of every key, within a fixed memory, for compaction.

import assert from 'node:assert'
import { INPUT, INPUT_BYTES, OUTPUT, instantiateCore } from './core-module.ts'
import type { CoreExports } from './core-module.ts'

/** Bytes that one key costs, whatever its length. */
const SLOT_BYTES = 24

/** Smallest and largest memory for a map, in bytes. */
const MIN_BUDGET_BYTES = 4096
const MAX_BUDGET_BYTES = 1024 * 1024 * 1024

/** What `put` did. */
export type KeyMapPut = 'added' | 'updated' | 'full'

/**
 * Maps keys to offsets within a budget of memory, 24 bytes a key of any length.
 *
 * It has a memory of its own, which goes back to the system when nobody holds the map any more. Keys
 * are known by a keyed hash of 128 bits; assembly/key-map.ts says why that is safe.
 */
export class KeyMap {
  /** Keys that fit: nine tenths of the slots. */
  readonly capacity: number

  readonly #kernel: CoreExports
  readonly #keyRoom: Uint8Array

  /**
   * @param budgetBytes memory for the map, 4 KiB to 1 GiB; Kafka's log.cleaner.dedupe.buffer.size
   * @param secret      16 bytes that no client can foresee
   */
  constructor(budgetBytes: number, secret: Uint8Array) {
    assert(budgetBytes >= MIN_BUDGET_BYTES && budgetBytes <= MAX_BUDGET_BYTES)
    assert(secret.byteLength === 16)
    this.#kernel = instantiateCore(budgetBytes)
    this.#keyRoom = new Uint8Array(this.#kernel.memory.buffer, INPUT, INPUT_BYTES)
    this.#keyRoom.set(secret)
    this.capacity = this.#kernel.keyMapInit(OUTPUT, budgetBytes, INPUT) >>> 0
    assert(this.capacity >= Math.floor((budgetBytes / SLOT_BYTES) * 0.8))
    this.#keyRoom.fill(0, 0, 16)
  }

  /** Keys held now. */
  get size(): number {
    return this.#kernel.keyMapSize(OUTPUT) >>> 0
  }

  /**
   * Sets the offset of `key`.
   *
   * @param offset 0 to 2^53 - 2
   * @returns `full` when the key is new and there is no room for it; nothing has changed then
   */
  put(key: Uint8Array, offset: number): KeyMapPut {
    assert(offset >= 0 && offset < Number.MAX_SAFE_INTEGER)
    const put = this.#kernel.keyMapPut(OUTPUT, this.#stage(key), key.byteLength, offset)
    if (put === 1) return 'added'
    return put === 0 ? 'updated' : 'full'
  }

  /** The offset of `key`, or -1. */
  get(key: Uint8Array): number {
    return this.#kernel.keyMapGet(OUTPUT, this.#stage(key), key.byteLength)
  }

  /** Forgets all keys. */
  clear(): void {
    this.#kernel.keyMapClear(OUTPUT)
  }

  #stage(key: Uint8Array): number {
    if (key.byteLength > INPUT_BYTES) {
      throw new RangeError(`key map cannot hash a key of ${key.byteLength} bytes`)
    }
    this.#keyRoom.set(key)
    return INPUT
  }
}
