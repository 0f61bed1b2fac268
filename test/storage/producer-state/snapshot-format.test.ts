// Files of producer state: ours there and back, damaged ones, and those of a real Kafka.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32c } from '@node-rs/crc32'
import { describe, expect, test } from 'vitest'
import { ProducerEntry } from '../../../src/storage/producer-state/producer-entry.ts'
import {
  decodeSnapshot,
  encodeSnapshot,
} from '../../../src/storage/producer-state/snapshot-format.ts'
import { filesOf, GOLDEN_TOPICS } from '../../compat/golden.ts'

function producer(producerId: number, epoch: number, batches: number): ProducerEntry {
  const entry = new ProducerEntry(producerId)
  entry.epoch = epoch
  for (let n = 0; n < batches; n++) {
    const stamp = { producerId, producerEpoch: epoch, baseSequence: n * 2, lastOffsetDelta: 1 }
    entry.add({ ...stamp, maxTimestamp: 5_000 + n, isTransactional: false }, 100 + n)
  }
  return entry
}

function contentOf(entries: readonly ProducerEntry[]): unknown {
  return entries.map((entry) => {
    const { producerId, epoch, coordinatorEpoch, currentTransactionOffset, lastTimestamp } = entry
    const batches = [...entry.batches()].map((batch) => ({ ...batch }))
    return { producerId, epoch, coordinatorEpoch, currentTransactionOffset, lastTimestamp, batches }
  })
}

describe('a snapshot', () => {
  test('says of each producer all that is known', () => {
    const marked = new ProducerEntry(3)
    marked.enterEpoch(2)
    marked.coordinatorEpoch = 5
    marked.lastTimestamp = 77
    const open = producer(2 ** 40, 32_767, 3)
    open.currentTransactionOffset = 101
    const entries = [producer(0, 0, 1), producer(1, 4, 5), producer(2, 1, 9), marked, open]
    const decoded = decodeSnapshot(encodeSnapshot(entries, crc32c), crc32c)!
    expect(contentOf(decoded)).toEqual(contentOf(entries))
  })

  test('of nobody is ten bytes', () => {
    const bytes = encodeSnapshot([], crc32c)
    expect(bytes.toString('hex')).toBe('000148674bc700000000')
    expect(decodeSnapshot(bytes, crc32c)).toEqual([])
  })

  test('that is cut short, or has a wrong bit, is none', () => {
    const bytes = encodeSnapshot([producer(1, 0, 2)], crc32c)
    for (let size = 0; size < bytes.byteLength; size++) {
      expect(decodeSnapshot(bytes.subarray(0, size), crc32c)).toBeNull()
    }
    for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
      const wrong = Buffer.from(bytes)
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeSnapshot(wrong, crc32c), `bit ${bit}`).toBeNull()
    }
    expect(decodeSnapshot(Buffer.concat([bytes, Buffer.alloc(1)]), crc32c)).toBeNull()
  })
})

const GOLDEN = GOLDEN_TOPICS.flatMap((topic) => {
  return filesOf(topic, '.snapshot').map((name) => {
    return [`${topic.topic} ${name}`, readFileSync(join(topic.directory, name))] as const
  })
})

test.each(GOLDEN)('%s of a real Kafka is read, and comes out byte for byte', (_, bytes) => {
  const entries = decodeSnapshot(bytes, crc32c)
  expect(entries).not.toBeNull()
  expect(encodeSnapshot(entries!, crc32c).toString('hex')).toBe(bytes.toString('hex'))
})

test('a real Kafka’s snapshots say of idempotent and transactional producers what they did', () => {
  const topic = GOLDEN_TOPICS.find((one) => one.topic === 'idempotent')!
  const [first, last] = filesOf(topic, '.snapshot').map((name) => {
    return contentOf(decodeSnapshot(readFileSync(join(topic.directory, name)), crc32c)!)
  })
  const none = { coordinatorEpoch: -1, currentTransactionOffset: -1, epoch: 0 }
  expect(first).toMatchObject([{ ...none, batches: [{ lastSequence: 20, offsetDelta: 4 }] }])
  expect(last).toMatchObject([{ ...none, batches: [{ lastSequence: 39, offsetDelta: 3 }] }])

  const transactions = GOLDEN_TOPICS.find((one) => one.topic === 'transactions')!
  const [open, ended] = filesOf(transactions, '.snapshot').map((name) => {
    return contentOf(decodeSnapshot(readFileSync(join(transactions.directory, name)), crc32c)!)
  })
  expect(open).toMatchObject([{ currentTransactionOffset: 0, batches: [{ lastSequence: 5 }] }])
  expect(ended).toMatchObject([{ currentTransactionOffset: -1, epoch: 4, batches: [] }])
})
