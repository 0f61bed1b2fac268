// When the memory of clients that are gone is collected: all at once where it is much, a little later.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { LostMemory } from '../../src/network/lost-memory.ts'

const MIB = 1024 * 1024
const { gc } = globalThis
let collections: number

beforeEach(() => {
  collections = 0
  globalThis.gc = (() => (collections += 1)) as never
})

afterEach(() => {
  globalThis.gc = gc!
})

test('much is collected by the next sweep', () => {
  const memory = new LostMemory()
  memory.lost(20 * MIB)
  memory.lost(12 * MIB)
  expect(collections).toBe(0)
  memory.sweep()
  memory.sweep()
  memory.sweep()
  expect(collections).toBe(1)
})

test('a little is collected when there comes no more, and less than that never', () => {
  const memory = new LostMemory()
  for (let second = 0; second < 5; second++) {
    memory.lost(2 * MIB)
    memory.sweep()
  }
  expect(collections).toBe(0)
  memory.sweep()
  expect(collections).toBe(1)
  memory.lost(2 * MIB - 1)
  for (let second = 0; second < 5; second++) memory.sweep()
  expect(collections).toBe(1)
})
