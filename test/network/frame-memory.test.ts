// Memory of frames comes back as it was given, never twice, and so much of it and no more.

import { expect, test } from 'vitest'
import { FrameMemory } from '../../src/network/frame-memory.ts'

test('what is given back is taken again for a frame of about its size, and for one only', () => {
  const memory = new FrameMemory()
  const frame = memory.take(65_600)
  expect(frame.byteLength).toBe(65_600)
  memory.give(frame)
  const [again, other] = [memory.take(70_000), memory.take(70_000)]
  expect(again.byteLength).toBe(70_000)
  expect(again.buffer).toBe(frame.buffer)
  expect(other.buffer).not.toBe(frame.buffer)
})

test('of small frames, very large ones, and parts of something else nothing is kept', () => {
  const memory = new FrameMemory()
  memory.give(memory.take(500))
  memory.give(memory.take(5_000_000))
  memory.give(Buffer.alloc(65_536).subarray(100))
  memory.give(Buffer.alloc(65_536).subarray(0, 10))
  expect(memory.keptBytes).toBe(0)
})

test('it keeps 16 MB at most', () => {
  const memory = new FrameMemory()
  const frames = Array.from({ length: 200 }, () => memory.take(100_000))
  for (const frame of frames) memory.give(frame)
  expect(memory.keptBytes).toBeGreaterThan(15_000_000)
  expect(memory.keptBytes).toBeLessThanOrEqual(16 * 1024 * 1024)
})
