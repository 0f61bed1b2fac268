// The map of keys to last offsets that compaction uses: what it keeps, when it is full, how it is
// emptied.

import { describe, expect, test } from 'vitest'
import { INPUT, OUTPUT, instantiateCore } from '../../src/wasm/core-module.ts'
import { KeyMap } from '../../src/wasm/key-map.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const SECRET = Buffer.from([...Array(16).keys()])

function keyOf(number: number): Buffer {
  return Buffer.from(`key-${number}`)
}

describe('a key map', () => {
  test('gives back the last offset of each key', () => {
    const random = new SeededRandom(61)
    const map = new KeyMap(1024 * 1024, SECRET)
    const expected = new Map<string, number>()
    for (let offset = 0; offset < 60_000; offset++) {
      const key = random.bytes(random.below(3))
      const name = key.toString('hex')
      expect(map.put(key, offset)).toBe(expected.has(name) ? 'updated' : 'added')
      expected.set(name, offset)
    }
    expect(map.size).toBe(expected.size)
    for (const [name, offset] of expected) {
      expect(map.get(Buffer.from(name, 'hex')), `seed 61, key ${name}`).toBe(offset)
    }
    expect(map.get(Buffer.from('a longer one'))).toBe(-1)
  })

  test('holds nine tenths of its slots and then says that it is full', () => {
    const map = new KeyMap(4096, SECRET)
    expect(map.capacity).toBe(Math.floor(Math.floor((4096 - 32) / 24) * 0.9))
    for (let n = 0; n < map.capacity; n++) expect(map.put(keyOf(n), n)).toBe('added')
    expect(map.put(keyOf(-1), 1)).toBe('full')
    expect(map.get(keyOf(-1))).toBe(-1)
    expect(map.put(keyOf(3), 1_000)).toBe('updated')
    expect(map.size).toBe(map.capacity)
    for (let n = 0; n < map.capacity; n++) expect(map.get(keyOf(n))).toBe(n === 3 ? 1_000 : n)
  })

  test('is empty after clear, and takes as many keys again', () => {
    const map = new KeyMap(4096, SECRET)
    for (let round = 0; round < 3; round++) {
      expect(map.get(keyOf(1))).toBe(-1)
      for (let n = 0; n < map.capacity; n++) expect(map.put(keyOf(n), n)).toBe('added')
      map.clear()
      expect(map.size).toBe(0)
    }
  })

  test('keeps offsets up to 2^53 - 2, and keys of any length apart', () => {
    const map = new KeyMap(8192, SECRET)
    const offset = Number.MAX_SAFE_INTEGER - 1
    for (let size = 0; size < 40; size++) map.put(Buffer.alloc(size), offset - size)
    for (let size = 0; size < 40; size++) expect(map.get(Buffer.alloc(size))).toBe(offset - size)
    expect(() => map.put(Buffer.alloc(1), offset + 1)).toThrow()
    expect(() => map.put(Buffer.alloc(1), -1)).toThrow()
  })

  test('lives apart from other maps', () => {
    const [a, b] = [new KeyMap(4096, SECRET), new KeyMap(4096, SECRET)]
    a.put(keyOf(1), 5)
    expect(b.get(keyOf(1))).toBe(-1)
    expect(a.get(keyOf(1))).toBe(5)
  })

  // Made with OpenSSL 3 (SIPHASH, size 16) for the key 00..0f and the message 00, 01, 02 …, as in
  // the vectors of the reference code.
  test.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [2, '8177228da4a45dc7fca38bdef60affe4'],
    [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [63, '5150d1772f50834a503e069a973fbd7c'],
  ])('knows a key of %i bytes by its SipHash-2-4 of 128 bits', (size, expected) => {
    const kernel = instantiateCore(4096)
    const memory = Buffer.from(kernel.memory.buffer)
    memory.set(SECRET, INPUT)
    kernel.keyMapInit(OUTPUT, 4096, INPUT)
    memory.set([...Array(size).keys()], INPUT)
    expect(kernel.keyMapPut(OUTPUT, INPUT, size, 9)).toBe(1)
    expect(memory.indexOf(Buffer.from(expected, 'hex'), OUTPUT)).toBeGreaterThan(OUTPUT)
  })
})
