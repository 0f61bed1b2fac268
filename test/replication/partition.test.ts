// A partition and its leader over a log in memory, and a model over random histories.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { FetchWaiter } from '../../src/replication/fetch-waiters.ts'
import type { Acks } from '../../src/replication/leader.ts'
import type { ValidatedBatch } from '../../src/record/validate.ts'
import { testBatch } from '../support/batches.ts'
import { testPartition } from '../support/partitions.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** Bytes, and what validation finds out about them. */
function batch(records = 1): [Buffer, ValidatedBatch] {
  const bytes = testBatch({ records: Array.from({ length: records }, () => ({ value: 'x' })) })
  const info: ValidatedBatch = {
    bytes,
    recordCount: records,
    lastOffsetDelta: records - 1,
    maxTimestamp: 0,
    codec: 'none',
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    isTransactional: false,
  }
  return [bytes, info]
}

class Reader extends FetchWaiter {
  readonly told: string[] = []

  override highWatermarkMoved(): void {
    this.told.push('more')
  }

  override partitionLost(error: BrokerError): void {
    this.told.push(error.code)
  }
}

/** Appends, and writes down what becomes of it. */
class Producer {
  readonly told: string[] = []

  append({ partition }: ReturnType<typeof testPartition>, acks: 1 | -1, records = 1): void {
    const { baseOffset, lastOffset } = partition.append(...batch(records), acks)
    partition.awaitAck(acks, lastOffset + 1, this, baseOffset)
  }

  acknowledged(slot: number): void {
    this.told.push(`${slot}`)
  }

  refused(slot: number, error: BrokerError): void {
    this.told.push(`${slot} ${error.code}`)
  }
}

describe('acknowledgements', () => {
  test('with acks=all come when the disk has the batch, and readers see it then', () => {
    const made = testPartition('a')
    const producer = new Producer()
    producer.append(made, -1, 3)
    made.log.write()
    expect([producer.told, made.partition.highWatermark]).toEqual([[], 0])
    made.log.sync()
    expect([producer.told, made.partition.highWatermark]).toEqual([['0'], 3])
  })

  test('with acks=1 come when the page cache has it, and readers wait for the disk', () => {
    const made = testPartition('a')
    const producer = new Producer()
    producer.append(made, 1)
    expect(producer.told).toEqual([])
    made.log.write()
    expect([producer.told, made.partition.highWatermark]).toEqual([['0'], 0])
  })

  test('under flush.policy=os need the page cache alone', () => {
    const made = testPartition('a', 0, { flushPolicy: 'os' })
    const producer = new Producer()
    producer.append(made, -1)
    made.log.write()
    expect([producer.told, made.partition.highWatermark]).toEqual([['0'], 1])
  })

  test('come from within when the log writes early', () => {
    const made = testPartition('a', 0, { flushPolicy: 'os' })
    const producer = new Producer()
    made.log.writesAtOnce = true
    producer.append(made, 1)
    producer.append(made, -1)
    expect(producer.told).toEqual(['0', '1'])
  })

  test('follow a change of the policy at once', () => {
    const made = testPartition('a')
    const producer = new Producer()
    producer.append(made, -1)
    made.log.write()
    made.partition.reconfigure({ ...made.partition.options, flushPolicy: 'os' })
    expect(producer.told).toEqual(['0'])
    made.partition.reconfigure({ ...made.partition.options, flushPolicy: 'disk' })
    expect(made.partition.highWatermark).toBe(1)
  })

  test('need as many replicas as the topic says, with acks=all', () => {
    const { partition } = testPartition('a', 0, { minInsyncReplicas: 2 })
    expect(() => partition.append(...batch(), -1)).toThrow(/NOT_ENOUGH_REPLICAS/)
    expect(partition.append(...batch(), 1)).toMatchObject({ baseOffset: 0, lastOffset: 0 })
  })
})

test('a batch is stamped with the leader epoch', () => {
  const { partition, log } = testPartition('a')
  partition.append(...batch(), -1)
  expect(log.batches[0]!.readInt32BE(12)).toBe(3)
  partition.raiseEpoch(4)
  partition.append(...batch(), -1)
  expect(log.batches[1]!.readInt32BE(12)).toBe(4)
})

describe('a failed disk', () => {
  test('is told to producers, while readers go on', () => {
    const made = testPartition('a')
    const [producer, reader] = [new Producer(), new Reader()]
    producer.append(made, -1)
    made.log.write()
    made.log.sync()
    made.partition.waitForMore(reader)
    producer.append(made, -1)
    producer.append(made, 1)
    made.partition.logFailed(made.log.fail())

    expect(producer.told.toSorted()).toEqual([
      '0',
      '1 KAFKA_STORAGE_ERROR',
      '2 KAFKA_STORAGE_ERROR',
    ])
    expect(() => producer.append(made, 1)).toThrow(/KAFKA_STORAGE_ERROR/)
    expect(made.partition.offline?.code).toBe('KAFKA_STORAGE_ERROR')
    expect(made.partition.read(0, { maxBytes: 1, atLeastOneBatch: true })).toMatchObject({
      nextOffset: 1,
    })
    expect(reader.told).toEqual([])

    made.log.revive()
    producer.append(made, -1)
    made.log.write()
    made.log.sync()
    expect([producer.told.at(-1), reader.told]).toEqual(['1', ['more']])
    expect([made.partition.highWatermark, made.partition.offline]).toEqual([2, null])
  })

  test('that lost what readers saw, under flush.policy=os, sends them back', () => {
    const made = testPartition('a', 0, { flushPolicy: 'os' })
    const [producer, reader] = [new Producer(), new Reader()]
    producer.append(made, 1, 5)
    made.log.write()
    made.partition.waitForMore(reader)
    made.partition.logFailed(made.log.fail())
    made.log.revive(0)

    producer.append(made, 1, 2)
    expect(reader.told).toEqual(['OFFSET_OUT_OF_RANGE'])
    made.log.write()
    expect([producer.told, made.partition.highWatermark]).toEqual([['0', '0'], 2])
  })
})

test('a partition that was removed tells all, and stays away', () => {
  const made = testPartition('a')
  const [producer, reader] = [new Producer(), new Reader()]
  producer.append(made, -1)
  made.partition.waitForMore(reader)
  made.partition.remove(new BrokerError('UNKNOWN_TOPIC_OR_PARTITION'))
  expect(producer.told).toEqual(['0 UNKNOWN_TOPIC_OR_PARTITION'])
  expect(reader.told).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
  const limits = { maxBytes: 1, atLeastOneBatch: true }
  for (const use of [
    () => producer.append(made, 1),
    () => made.partition.read(0, limits),
    () => made.partition.waitForMore(reader),
  ]) {
    expect(use).toThrow(/UNKNOWN_TOPIC_OR_PARTITION/)
  }
})

describe('reading', () => {
  test('outside the log is refused with the offsets that are there', () => {
    const made = testPartition('a')
    made.partition.append(...batch(4), 1)
    made.log.write()
    made.log.sync()
    made.log.logStartOffset = 2
    for (const offset of [1, 5, -1]) {
      const read = () => made.partition.read(offset, { maxBytes: 1, atLeastOneBatch: true })
      const facts = { offset, log_start_offset: 2, high_watermark: 4 }
      expect(read).toThrow(expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE', facts }))
    }
  })

  test('between the high watermark and the end of the log finds nothing yet', () => {
    const made = testPartition('a')
    made.partition.append(...batch(4), 1)
    made.log.write()
    const read = made.partition.read(2, { maxBytes: 1, atLeastOneBatch: true })
    expect(read).toMatchObject({ nextOffset: 2, batches: { byteLength: 0 } })
  })
})

describe('deleting records', () => {
  test('moves the log start, to the high watermark at most', async () => {
    const made = testPartition('a')
    made.partition.append(...batch(4), 1)
    made.partition.append(...batch(4), 1)
    made.log.write()
    made.log.sync(4)
    await expect(made.partition.deleteRecords(5)).rejects.toThrow(/OFFSET_OUT_OF_RANGE/)
    await expect(made.partition.deleteRecords(-2)).rejects.toThrow(/OFFSET_OUT_OF_RANGE/)
    expect(await made.partition.deleteRecords(3)).toBe(3)
    expect(await made.partition.deleteRecords(1)).toBe(3)
    expect(await made.partition.deleteRecords(-1)).toBe(4)
  })
})

// The model knows what was written and synced. Whatever the order: the high watermark is what is on
// disk and never goes back; every append is answered once, and not before its offset is safe; nothing
// at or above the mark is read; and a reader that waits is woken by every move.
test.each([1, 2, 3, 4, 5, 6])('random histories, seed %i', (seed) => {
  const random = new SeededRandom(seed)
  const policy = seed % 2 === 0 ? 'os' : 'disk'
  const { partition, log } = testPartition('a', 0, { flushPolicy: policy })
  const waiting = new Map<number, { endOffset: number; acks: Acks }>()
  let slots = 0
  let answered = 0
  let mark = 0
  const ends = [0]
  const receiver = {
    acknowledged: (slot: number) => {
      const { endOffset, acks } = waiting.get(slot)!
      waiting.delete(slot)
      answered += 1
      const safe = acks === 1 || policy === 'os' ? log.writtenOffset : log.durableOffset
      expect(endOffset, `seed ${seed}, slot ${slot}`).toBeLessThanOrEqual(safe)
    },
    refused: () => expect.unreachable(),
  }
  let reader = new Reader()
  partition.waitForMore(reader)

  for (let step = 0; step < 2000; step++) {
    const actions = [
      () => {
        const acks = random.pick([1, -1] as const)
        const { lastOffset } = partition.append(...batch(random.between(1, 3)), acks)
        ends.push(lastOffset + 1)
        waiting.set(slots, { endOffset: lastOffset + 1, acks })
        partition.awaitAck(acks, lastOffset + 1, receiver, slots++)
      },
      () => log.write(),
      () => (log.writesAtOnce = random.chance(0.2)),
      () =>
        log.sync(
          random.pick(ends.filter((end) => end >= log.durableOffset && end <= log.writtenOffset)),
        ),
      () => {
        const offset = random.between(0, partition.highWatermark)
        const slice = partition.read(offset, {
          maxBytes: random.between(1, 500),
          atLeastOneBatch: true,
        })
        if (slice instanceof Promise) return expect.unreachable()
        expect(slice.nextOffset).toBeLessThanOrEqual(partition.highWatermark)
        if (offset < partition.highWatermark) expect(slice.nextOffset).toBeGreaterThan(offset)
      },
    ]
    random.pick(actions)()
    const expected = policy === 'os' ? log.writtenOffset : log.durableOffset
    expect(partition.highWatermark).toBe(Math.max(mark, expected))
    if (partition.highWatermark > mark) {
      expect(reader.told).toEqual(['more'])
      partition.waitForMore((reader = new Reader()))
    } else expect(reader.told).toEqual([])
    mark = partition.highWatermark
  }
  log.write()
  log.sync()
  expect([answered, waiting.size]).toEqual([slots, 0])
})
