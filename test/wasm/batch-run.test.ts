// Many batches in one call of the core: the same as one after the other, whatever is wrong with which of them.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BATCH_FAULTS,
  BatchCheck,
  RunCheck,
  batchFaultName,
  type RunBounds,
} from '../../src/wasm/batch-check.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'

const core = StorageCore.load()
const run = new RunCheck()

interface Outcome {
  readonly fault: string
  readonly takenBytes: number
  readonly batchCount: number
  readonly skippedBytes: number
  readonly nextOffset: number
}

function inOneCall(bytes: Buffer, bounds: RunBounds): Outcome {
  const fault = batchFaultName(
    core.checkBatchesAt(core.stage(bytes), bytes.byteLength, bounds, run),
  )
  const { takenBytes, batchCount, skippedBytes, nextOffset } = run
  return { fault, takenBytes, batchCount, skippedBytes, nextOffset }
}

/** The same, a call a batch. */
function oneByOne(bytes: Buffer, { minOffset, fromOffset, endOffset }: RunBounds): Outcome {
  const check = new BatchCheck()
  const address = core.stage(bytes)
  let [takenBytes, batchCount, skippedBytes, nextOffset] = [0, 0, 0, minOffset]
  const ended = (fault: string): Outcome => {
    return { fault, takenBytes, batchCount, skippedBytes, nextOffset }
  }
  while (takenBytes < bytes.byteLength) {
    const availableBytes = bytes.byteLength - takenBytes
    const fault = core.checkBatchHeaderAt(address + takenBytes, availableBytes, check)
    if (fault !== BATCH_FAULTS.none) return ended(batchFaultName(fault))
    const lastOffset = check.baseOffset + check.lastOffsetDelta
    if (check.baseOffset < nextOffset) return ended('offset')
    if (lastOffset >= endOffset) return ended('beyond')
    nextOffset = lastOffset + 1
    takenBytes += check.sizeBytes
    if (lastOffset >= fromOffset) batchCount += 1
    else skippedBytes = takenBytes
  }
  return ended('none')
}

/** Batches with gaps between their offsets, and now and then one that steps back. */
const batches = fc.array(
  fc.record({
    step: fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant(-2) }),
    records: fc.integer({ min: 1, max: 4 }),
    valueBytes: fc.nat(300),
  }),
  { maxLength: 12 },
)

function logOf(parts: readonly { step: number; records: number; valueBytes: number }[]): Buffer {
  let offset = 100
  return Buffer.concat(
    parts.map(({ step, records, valueBytes }) => {
      const baseOffset = Math.max(0, offset + step)
      offset = baseOffset + records
      const values = Array.from({ length: records }, () => ({ value: Buffer.alloc(valueBytes, 7) }))
      return testBatch({ baseOffset, records: values })
    }),
  )
}

test('is the same as one after the other', () => {
  fc.assert(
    fc.property(
      batches,
      fc.nat(110),
      fc.integer({ min: 95, max: 130 }),
      fc.oneof(fc.integer({ min: 95, max: 140 }), fc.constant(Infinity)),
      fc.option(fc.record({ at: fc.nat(3_000), flip: fc.integer({ min: 1, max: 255 }) })),
      fc.nat(80),
      (parts, minOffset, fromOffset, endOffset, damage, cutBytes) => {
        const whole = logOf(parts)
        const bytes = Buffer.from(whole.subarray(0, Math.max(0, whole.byteLength - cutBytes)))
        if (damage !== null && damage.at < bytes.byteLength) bytes[damage.at]! ^= damage.flip
        const bounds = { minOffset, fromOffset, endOffset }
        expect(inOneCall(bytes, bounds)).toEqual(oneByOne(bytes, bounds))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('says how much is missing of a batch that is cut off, and where one ends that is not wanted', () => {
  const [first, second] = [
    logOf([{ step: 0, records: 2, valueBytes: 50 }]),
    testBatch({ baseOffset: 102 }),
  ]
  const bounds = { minOffset: 0, fromOffset: 100, endOffset: Infinity }
  const cut = Buffer.concat([first, second.subarray(0, 40)])
  expect(inOneCall(cut, bounds)).toMatchObject({
    fault: 'incomplete',
    takenBytes: first.byteLength,
  })
  expect(run.sizeBytes).toBe(second.byteLength)
  const whole = Buffer.concat([first, second])
  expect(inOneCall(whole, { ...bounds, endOffset: 102 })).toMatchObject({
    ...{ fault: 'beyond', takenBytes: first.byteLength, batchCount: 1, nextOffset: 102 },
  })
  expect(run.lastOffset).toBe(102)
})
