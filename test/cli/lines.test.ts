// Lines out of chunks, wherever the chunks are cut.

import { expect, test } from 'vitest'
import { linesOf } from '../../src/cli/lines.ts'
import { SeededRandom } from '../support/seeded-random.ts'

async function lines(chunks: readonly Uint8Array[], limitBytes = 1_000_000): Promise<string[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const found: string[] = []
  for await (const some of linesOf(source(), limitBytes)) {
    found.push(...some.map((line) => line.toString('latin1')))
  }
  return found
}

test('a last line counts with and without a line feed, and an empty one counts', async () => {
  expect(await lines([Buffer.from('one\n\ntwo\n')])).toEqual(['one', '', 'two'])
  expect(await lines([Buffer.from('one\n\ntwo')])).toEqual(['one', '', 'two'])
  expect(await lines([Buffer.from('\n')])).toEqual([''])
  expect(await lines([])).toEqual([])
})

test('lines are the same however the bytes are cut into chunks', async () => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 200; round += 1) {
    const text = Array.from({ length: random.below(40) }, () => {
      return random.below(4) === 0 ? '\n' : String.fromCharCode(random.below(256))
    }).join('')
    const bytes = Buffer.from(text, 'latin1')
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.byteLength;) {
      const size = 1 + random.below(6)
      chunks.push(bytes.subarray(at, at + size))
      at += size
    }
    const expected = text.split('\n')
    if (expected.at(-1) === '') expected.pop()
    expect(await lines(chunks), JSON.stringify(text)).toEqual(expected)
  }
})

test('a line over the limit is refused by its number, complete or not', async () => {
  const long = [Buffer.from('one\n12345'), Buffer.from('6\n')]
  await expect(lines(long, 5)).rejects.toThrow('line 2 is longer than 5 bytes')
  await expect(lines([Buffer.from('123456')], 5)).rejects.toThrow('line 1 is longer than 5 bytes')
  expect(await lines([Buffer.from('12345\n')], 5)).toEqual(['12345'])
})
