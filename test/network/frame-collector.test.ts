// Frames come out whole and in order however their bytes arrive, and a size alone takes no memory.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameMemory } from '../../src/network/frame-memory.ts'
import { FrameCollector, type FrameSink } from '../../src/network/frame-collector.ts'

const SHARED_BYTES = 64

class Sink implements FrameSink {
  readonly frames: Buffer[] = []
  readonly growth = 8
  /** Memory of frames that are not whole, as it grows. */
  readonly growths: number[] = []
  refusal(sizeBytes: number): string | null {
    return sizeBytes > 100_000_000 ? 'too large' : null
  }
  grown(sizeBytes: number): void {
    this.growths.push(sizeBytes)
  }
  frame(bytes: Buffer): void {
    this.frames.push(bytes)
  }
}

function framed(...frames: readonly Buffer[]): Buffer {
  const parts = frames.flatMap((frame) => {
    const size = Buffer.alloc(4)
    size.writeInt32BE(frame.byteLength)
    return [size, frame]
  })
  return Buffer.concat(parts)
}

/** Gives bytes as a socket does: into shared memory, or into the frame's own where it is asked for. */
function feed(collector: FrameCollector, bytes: Buffer, reads: readonly number[]): string | null {
  const shared = Buffer.alloc(SHARED_BYTES)
  let at = 0
  for (let read = 0; at < bytes.byteLength; read++) {
    const own = collector.target(SHARED_BYTES)
    const memory = own ?? shared
    const wanted = reads[read % reads.length]!
    const count = Math.min(wanted, memory.byteLength, bytes.byteLength - at)
    bytes.copy(memory, 0, at, at + count)
    at += count
    if (own !== null) collector.filled(count)
    else {
      const refusal = collector.take(shared.subarray(0, count))
      shared.fill(0xee) // nothing may still refer to it
      if (refusal !== null) return refusal
    }
  }
  return null
}

test('frames are the same however they are cut up', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { maxLength: 12 })
  const reads = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(frames, reads, (given, sizes) => {
      const sink = new Sink()
      const collector = new FrameCollector(sink, new FrameMemory())
      const sent = given.map((bytes) => Buffer.from(bytes))
      expect(feed(collector, framed(...sent), sizes)).toBeNull()
      expect(sink.frames).toEqual(sent)
      expect(collector.partialBytes).toBe(0)
      expect(collector.frameCount).toBe(sent.length)
    }),
  )
})

test('memory follows what has arrived, not what a size claims', () => {
  const collector = new FrameCollector(new Sink(), new FrameMemory())
  const size = Buffer.alloc(4)
  size.writeInt32BE(99_000_000)
  collector.take(size)
  expect(collector.target(SHARED_BYTES)!.byteLength).toBeLessThanOrEqual(1_024)
  collector.take(Buffer.alloc(10_000))
  expect(collector.target(SHARED_BYTES)!.byteLength).toBeLessThanOrEqual(80_000)
  expect(collector.partialBytes).toBe(10_004)
})

test.each([
  ['0', 0],
  ['negative', -1],
  ['the lowest number', -0x8000_0000],
  ['the largest number', 0x7fff_ffff],
])('a size that is %s is refused', (_what, value) => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(value)
  const sink = new Sink()
  expect(new FrameCollector(sink, new FrameMemory()).take(size)).not.toBeNull()
  expect(sink.frames).toEqual([])
})

test('says of a frame that does not come at once how much memory it has', () => {
  const sink = new Sink()
  const collector = new FrameCollector(sink, new FrameMemory())
  collector.take(framed(Buffer.from('whole')))
  expect(sink.growths).toEqual([])
  const frame = framed(Buffer.alloc(100_000))
  collector.take(frame.subarray(0, 6))
  expect(sink.growths).toEqual([1_024])
  for (let at = 6; at < frame.byteLength; at += 50) collector.take(frame.subarray(at, at + 50))
  expect(sink.growths.length).toBeLessThan(6)
  expect(sink.growths.reduce((sum, size) => sum + size)).toBe(100_000)
  expect(sink.frames.map(({ byteLength }) => byteLength)).toEqual([5, 100_000])
})
