// What of a producer's batches is taken, answered as before, or refused.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../../src/base/errors.ts'
import {
  ProducerEntry,
  type ProducerStamp,
} from '../../../src/storage/producer-state/producer-entry.ts'

const LARGEST = 2 ** 31 - 1

function stamp(baseSequence: number, records = 1, producerEpoch = 0): ProducerStamp {
  const maxTimestamp = 1_000 + baseSequence
  return {
    ...{ producerId: 7, producerEpoch, baseSequence },
    ...{ lastOffsetDelta: records - 1, maxTimestamp, isTransactional: false },
  }
}

/** A producer that has sent these batches, one after the other from offset 100 on. */
function sent(...stamps: ProducerStamp[]): ProducerEntry {
  const entry = new ProducerEntry(7)
  let offset = 100
  for (const one of stamps) {
    expect(entry.check(one)).toBeNull()
    offset += one.lastOffsetDelta + 1
    entry.add(one, offset - 1)
  }
  return entry
}

function refusalOf(entry: ProducerEntry, one: ProducerStamp): string {
  try {
    entry.check(one)
  } catch (error) {
    if (error instanceof BrokerError) return error.code
  }
  return 'none'
}

describe('sequences', () => {
  test('follow each other', () => {
    const entry = sent(stamp(0, 3), stamp(3), stamp(4, 2))
    expect(entry.lastSequence).toBe(5)
    expect(entry.check(stamp(6))).toBeNull()
  })

  test('that leave a gap are refused', () => {
    const entry = sent(stamp(0, 3))
    expect(refusalOf(entry, stamp(4))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(refusalOf(entry, stamp(LARGEST))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test('may begin anywhere when nothing is known of the producer', () => {
    expect(new ProducerEntry(7).check(stamp(41))).toBeNull()
  })

  test('go on with 0 after the largest, also within a batch', () => {
    const entry = sent(stamp(LARGEST - 3, 3), stamp(LARGEST, 1), stamp(0, 2))
    expect(entry.lastSequence).toBe(1)
    const wrapped = sent(stamp(LARGEST - 1, 5))
    expect(wrapped.lastSequence).toBe(2)
    expect(wrapped.check(stamp(3))).toBeNull()
    expect(wrapped.check(stamp(LARGEST - 1, 5))).toMatchObject({ lastOffset: 104 })
  })
})

describe('a batch that is sent again', () => {
  test('is known when it is one of the last five', () => {
    const entry = sent(...[0, 1, 2, 3, 4, 5, 6].map((sequence) => stamp(sequence)))
    for (const sequence of [2, 3, 4, 5, 6]) {
      const found = entry.check(stamp(sequence))
      expect(found).toMatchObject({ lastOffset: 100 + sequence, timestamp: 1_000 + sequence })
    }
    for (const sequence of [0, 1]) {
      expect(refusalOf(entry, stamp(sequence))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    }
  })

  test('is known only when it is as long as it was', () => {
    const entry = sent(stamp(0, 3), stamp(3, 2))
    expect(entry.check(stamp(0, 3))).toMatchObject({ lastOffset: 102, offsetDelta: 2 })
    expect(refusalOf(entry, stamp(0, 2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(refusalOf(entry, stamp(0, 5))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(refusalOf(entry, stamp(1, 2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })
})

describe('epochs', () => {
  test('that are older are refused, with whatever sequence', () => {
    const entry = sent(stamp(0, 1, 3))
    for (const sequence of [0, 1, 5]) {
      expect(refusalOf(entry, stamp(sequence, 1, 2))).toBe('INVALID_PRODUCER_EPOCH')
    }
  })

  test('that are new begin with 0', () => {
    const entry = sent(stamp(0), stamp(1))
    expect(refusalOf(entry, stamp(2, 1, 1))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(entry.check(stamp(0, 1, 9))).toBeNull()
  })

  test('that are new forget the batches of the one before', () => {
    const entry = sent(stamp(0), stamp(1), stamp(0, 1, 1))
    expect(entry.check(stamp(0, 1, 1))).toMatchObject({ lastOffset: 102 })
    expect(entry.check(stamp(1, 1, 1))).toBeNull()
    expect(refusalOf(entry, stamp(1))).toBe('INVALID_PRODUCER_EPOCH')
  })
})

test('of a producer whose last word was a marker only the epoch is known', () => {
  const entry = new ProducerEntry(7)
  entry.enterEpoch(4)
  expect(entry.check(stamp(0, 1, 4))).toBeNull()
  expect(refusalOf(entry, stamp(5, 1, 4))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
})
