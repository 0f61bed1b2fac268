// Throws broken bytes at one codec, and says what it did with them.

import assert from 'node:assert'
import fc from 'fast-check'
import { DecodeError } from '../../../src/protocol/kafka/decode-error.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { HEAP_SLACK_BYTES, REQUEST_HEAP_FACTOR } from '../../../src/protocol/kafka/wire-limits.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { decode, encode } from './codec-bytes.ts'
import type { GoldenFrame } from './golden-frames.ts'
import { type Subject, messages, versionsOf } from './message-arbitraries.ts'

const SAMPLES_PER_VERSION = 8
const MAX_RANDOM_BYTES = 200
const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xff]
const LENGTHS = [0, 1, -1, 0x7f, 0x80, 1000, 1_000_000, 1_000_001, 0x7fff_ffff, -0x8000_0000]

export interface Outcome {
  refused: number
  accepted: number
}

interface Seed {
  readonly version: number
  readonly bytes: Buffer
}

/** Good messages to break: random ones of every version, and bodies of real frames. */
export function seedsOf(subject: Subject, golden: readonly GoldenFrame[], seed: number): Seed[] {
  const random = versionsOf(subject).flatMap((version) => {
    const options = { seed, numRuns: SAMPLES_PER_VERSION }
    return fc.sample(messages(subject, version), options).map((given) => {
      return { version, bytes: encode(subject.codec, given, version) }
    })
  })
  const real = golden
    .filter(({ direction }) => direction === subject.message.kind)
    .map(({ version, bytes }) => ({ version, bytes }))
  return [...random, ...real]
}

/**
 * Reads broken bytes `inputs` times.
 *
 * @throws whatever the codec throws that is no DecodeError, and AssertionError when what was read
 *   is larger than a frame of that size may become, or does not come back as it was read
 */
export function fuzz(
  subject: Subject,
  seeds: readonly Seed[],
  inputs: number,
  random: SeededRandom,
): Outcome {
  const outcome = { refused: 0, accepted: 0 }
  for (let input = 0; input < inputs; input++) {
    const { version, bytes } = random.pick(seeds)
    const broken = random.chance(0.05)
      ? random.bytes(random.below(MAX_RANDOM_BYTES))
      : mutate(bytes, random.pick(seeds).bytes, random)
    try {
      check(subject, broken, version)
      outcome.accepted += 1
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        const what = `${subject.name} version ${version}, seed ${random.seed}, input ${input}`
        throw new Error(`${what}: ${broken.toString('hex')}`, { cause: error })
      }
      outcome.refused += 1
    }
  }
  return outcome
}

function check({ codec }: Subject, bytes: Buffer, version: number): void {
  const reader = new FrameReader(bytes)
  const message = codec.read(reader, version)
  assert(reader.position >= 0 && reader.remaining >= 0)
  assert(heapBytes(message) <= bytes.byteLength * REQUEST_HEAP_FACTOR + HEAP_SLACK_BYTES)
}

/** What was read from broken bytes, written and read again, is the same. */
export function checkRewrite({ codec }: Subject, bytes: Buffer, version: number): void {
  const { message } = decode(codec, bytes, version)
  const again = decode(codec, encode(codec, message, version), version)
  assert.deepStrictEqual(again.message, message)
}

/** What a value takes on the heap of V8, roughly. */
function heapBytes(value: unknown): number {
  if (typeof value === 'string') return value.length === 0 ? 0 : 16 + value.length
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : 8
  if (typeof value !== 'object' || value === null) return 0
  if (Buffer.isBuffer(value)) return 120
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value)
  return 24 + items.reduce<number>((sum, item) => sum + 8 + heapBytes(item), 0)
}

/** A copy with one to four things wrong. */
export function mutate(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  let broken: Buffer = Buffer.from(bytes)
  for (let left = random.between(1, 4); left > 0; left--) {
    broken = mutateOnce(broken, other, random)
  }
  return broken
}

function mutateOnce(bytes: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const size = bytes.byteLength
  if (size === 0) return random.bytes(random.between(1, 8))
  const at = random.below(size)
  switch (random.below(7)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.below(8))
      return bytes
    case 1:
      bytes[at] = random.pick(INTERESTING)
      return bytes
    case 2:
      if (at + 4 <= size) bytes.writeInt32BE(random.pick(LENGTHS), at)
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(3), bytes.subarray(at)])
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.between(1, 4))])
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
  }
}
