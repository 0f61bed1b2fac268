// Input of the kernel bench: the same bytes on every run.

import { batchOf } from '../../test/wasm/batch-bytes.ts'

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lines of a service's log as JSON: what event streams often carry. */
export function jsonLog(sizeBytes: number): Buffer {
  const random = seeded(20)
  const below = (bound: number): number => Math.floor(random() * bound)
  const levels = ['debug', 'info', 'info', 'info', 'warn']
  const lines: string[] = []
  let size = 0
  while (size < sizeBytes) {
    const line = `${JSON.stringify({
      ts: 1_700_000_000_000 + below(1e9),
      level: levels[below(levels.length)],
      service: `service-${below(20)}`,
      msg: 'request handled',
      path: `/api/v1/items/${below(1e6)}`,
      status: [200, 200, 200, 201, 404, 500][below(6)],
      durationMs: below(500),
      trace: below(2 ** 32).toString(36),
    })}\n`
    lines.push(line)
    size += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, sizeBytes)
}

/** A batch of records with values of `valueBytes` and no keys, not compressed. */
export function batchOfValues(count: number, valueBytes: number): Buffer {
  const value = jsonLog(valueBytes)
  const records = Array.from({ length: count }, (_, offsetDelta) => {
    return { offsetDelta, timestampDelta: offsetDelta >> 3, key: null, value }
  })
  return batchOf(records)
}
