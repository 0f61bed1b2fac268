// The core as a module: one instance a thread, memory that costs nothing unused, and a batch layout
// that is the same on both sides of the binding.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CoreError } from '../../src/wasm/core-error.ts'
import { OUTPUT_BYTES, instantiateCore } from '../../src/wasm/core-module.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import * as layout from '../../src/record/layout.ts'

function constantsOf(path: string): Map<string, number> {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const constants = text.matchAll(/^export const (\w+)(?:: \w+)? = (0x[0-9a-f]+|\d+);?$/gm)
  return new Map([...constants].map(([, name, value]) => [name!, Number(value)]))
}

describe('the layout of a record batch', () => {
  test('is the same in assembly/ and in src/record/', () => {
    const inCore = constantsOf('assembly/layout.ts')
    expect(inCore.size).toBe(18)
    const ours = { ...layout, CODEC_MAX: Math.max(...Object.values(layout.CODECS)) }
    for (const [name, value] of inCore) {
      expect(ours, name).toHaveProperty(name, value)
    }
  })
})

describe('the storage core', () => {
  test('is one for a thread', () => {
    expect(StorageCore.load()).toBe(StorageCore.load())
  })

  test('costs no memory for regions that nobody has used', () => {
    const before = process.memoryUsage.rss()
    const cores = Array.from({ length: 8 }, () => instantiateCore(OUTPUT_BYTES))
    expect(cores[7]!.memory.buffer.byteLength).toBeGreaterThan(96 * 1024 * 1024)
    // Eight instances reserve 768 MiB; what they touch is far less.
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('gives room for the largest batch and no more', () => {
    const core = StorageCore.load()
    expect(core.input(32 * 1024 * 1024 + 64 * 1024)).toHaveLength(33_619_968)
    expect(() => core.input(32 * 1024 * 1024 + 64 * 1024 + 1)).toThrow()
    expect(() => core.input(-1)).toThrow()
  })

  test('says in an error what refused what, and why', () => {
    expect(() => StorageCore.load().lz4DecompressFrame(Buffer.from('none'), 10)).toThrow(
      new CoreError('corrupt', 'lz4DecompressFrame', 4),
    )
  })
})
