// Transactions in a partition, over a log in memory: what opens one, what ends it, and how far readers of
// committed records may go.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { FetchWaiter } from '../../src/replication/fetch-waiters.ts'
import type { PartitionMarker } from '../../src/replication/partition.ts'
import type { VerificationGuard } from '../../src/replication/partition.ts'
import { infoOf, testBatch, type TestBatch } from '../support/batches.ts'
import { testPartition, type TestPartition } from '../support/partitions.ts'

const TRANSACTIONAL = 0x10

function append(
  { partition }: TestPartition,
  batch: TestBatch,
  guard: VerificationGuard | null = null,
): number {
  const bytes = testBatch({ attributes: TRANSACTIONAL, ...batch })
  const info = { ...infoOf(bytes), bytes, recordCount: 1, codec: 'none' as const }
  return partition.append(bytes, info, -1, guard).baseOffset
}

function guardOf(made: TestPartition, producerId: number, producerEpoch = 0, baseSequence = 0) {
  const request = { producerId, producerEpoch, baseSequence, bumpsEpochs: producerEpoch > 0 }
  return made.partition.beginVerification(request)
}

/** The first batch of a transaction, verified. */
function begin(made: TestPartition, producerId: number, producerEpoch = 0): number {
  const batch = { producerId, producerEpoch }
  return append(made, batch, guardOf(made, producerId, producerEpoch))
}

function marker(producerId: number, more: Partial<PartitionMarker> = {}): PartitionMarker {
  const outcome = 'commit' as const
  return {
    producerId,
    producerEpoch: 0,
    coordinatorEpoch: 3,
    outcome,
    transactionVersion: 0,
    ...more,
  }
}

/** What was appended becomes durable. */
function settle({ log }: TestPartition): void {
  log.write()
  log.sync()
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof BrokerError) return error.code
    throw error
  }
  return 'none'
}

class Reader extends FetchWaiter {
  told = 0

  override highWatermarkMoved(): void {
    this.told += 1
  }

  override partitionLost(): void {
    throw new Error('not lost')
  }
}

describe('the last stable offset', () => {
  test('stands where the first open transaction begins', () => {
    const made = testPartition('a')
    append(made, { attributes: 0 })
    begin(made, 1)
    begin(made, 2)
    settle(made)
    const { partition } = made
    expect([partition.highWatermark, partition.lastStableOffset]).toEqual([3, 1])
    partition.appendMarker(marker(1, { outcome: 'abort' }))
    settle(made)
    expect(partition.lastStableOffset).toBe(2)
    partition.appendMarker(marker(2))
    settle(made)
    expect(partition.lastStableOffset).toBe(5)
  })

  test('waits for the marker to be below the high watermark', () => {
    const made = testPartition('a')
    const { partition, log } = made
    begin(made, 1)
    settle(made)
    partition.appendMarker(marker(1))
    append(made, { attributes: 0 })
    log.write()
    expect(partition.lastStableOffset).toBe(0)
    log.sync(1)
    expect(partition.lastStableOffset).toBe(0)
    log.sync(2)
    expect([partition.highWatermark, partition.lastStableOffset]).toEqual([2, 2])
  })

  test('goes up with the start of the log', async () => {
    const made = testPartition('a')
    begin(made, 1)
    append(made, { producerId: 1, baseSequence: 1 })
    append(made, { attributes: 0 })
    settle(made)
    expect(made.partition.lastStableOffset).toBe(0)
    await made.partition.deleteRecords(2)
    expect(made.partition.lastStableOffset).toBe(2)
  })

  test('wakes who reads committed records, and the high watermark the others', () => {
    const made = testPartition('a')
    const { partition } = made
    begin(made, 1)
    settle(made)
    const [all, committed] = [new Reader(), new Reader()]
    partition.waitForMore(all)
    partition.waitForMore(committed, 'committed')
    append(made, { attributes: 0 })
    settle(made)
    expect([all.told, committed.told]).toEqual([1, 0])
    expect(partition.waiting.readers).toBe(1)
    partition.appendMarker(marker(1))
    settle(made)
    expect([all.told, committed.told]).toEqual([1, 1])
  })
})

describe('a first batch', () => {
  test('without a guard is refused', () => {
    const made = testPartition('a')
    expect(codeOf(() => append(made, { producerId: 1 }))).toBe('INVALID_TXN_STATE')
    expect(made.partition.openTransaction(1)).toBeNull()
    begin(made, 1)
    expect(made.partition.openTransaction(1)).toMatchObject({ producerEpoch: 0, firstOffset: 0 })
    expect(made.partition.openTransactions()).toHaveLength(1)
  })

  test('with a guard that a marker has cleared is refused', () => {
    const made = testPartition('a')
    const guard = guardOf(made, 1)
    made.partition.appendMarker(marker(1, { outcome: 'abort' }))
    expect(codeOf(() => append(made, { producerId: 1 }, guard))).toBe('INVALID_TXN_STATE')
    // Nor is it good for another question, which a later transaction asks.
    const next = guardOf(made, 1)
    expect(codeOf(() => append(made, { producerId: 1 }, guard))).toBe('INVALID_TXN_STATE')
    expect(append(made, { producerId: 1 }, next)).toBe(1)
  })

  test('opens the transaction for all others, which need no guard', () => {
    const made = testPartition('a')
    begin(made, 1)
    expect(guardOf(made, 1)).toBeNull()
    expect(append(made, { producerId: 1, baseSequence: 1 })).toBe(1)
    // Of another epoch it is not.
    expect(guardOf(made, 1, 1)).not.toBeNull()
    const later = { producerId: 1, producerEpoch: 1 }
    expect(codeOf(() => append(made, later))).toBe('INVALID_TXN_STATE')
  })

  test('that was sent before is answered as before, without a guard', () => {
    const made = testPartition('a')
    begin(made, 1)
    made.partition.appendMarker(marker(1))
    expect(append(made, { producerId: 1 })).toBe(0)
    expect(made.partition.logEndOffset).toBe(2)
  })

  test('does not overtake another that was verified before it', () => {
    const made = testPartition('a')
    const guard = guardOf(made, 1, 0, 0)
    expect(guardOf(made, 1, 0, 5)).toBe(guard)
    const late = { producerId: 1, baseSequence: 5 }
    expect(codeOf(() => append(made, late, guard))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(append(made, { producerId: 1 }, guard)).toBe(0)
  })

  test('of a transaction with an epoch of its own begins at sequence 0', () => {
    const made = testPartition('a')
    const request = { producerId: 1, producerEpoch: 4, baseSequence: 3 }
    const own = made.partition.beginVerification({ ...request, bumpsEpochs: true })
    expect(codeOf(() => append(made, request, own))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    const other = testPartition('a')
    const guard = other.partition.beginVerification({ ...request, bumpsEpochs: false })
    expect(append(other, request, guard)).toBe(0)
  })
})

test('a batch outside of the open transaction of its producer is refused', () => {
  const made = testPartition('a')
  begin(made, 1)
  const outside = { attributes: 0, producerId: 1, baseSequence: 1 }
  expect(codeOf(() => append(made, outside))).toBe('INVALID_TXN_STATE')
  made.partition.appendMarker(marker(1))
  expect(append(made, outside)).toBe(2)
})

describe('a marker', () => {
  test('of an epoch that the producer has left is refused', () => {
    const made = testPartition('a')
    begin(made, 1, 5)
    const old = marker(1, { producerEpoch: 4 })
    expect(codeOf(() => made.partition.appendMarker(old))).toBe('INVALID_PRODUCER_EPOCH')
    made.partition.appendMarker(marker(1, { producerEpoch: 5 }))
    expect(made.partition.openTransactions()).toEqual([])
  })

  test('of transaction version 2 goes beyond the epoch that it ends', () => {
    const made = testPartition('a')
    begin(made, 1, 5)
    const equal = marker(1, { producerEpoch: 5, transactionVersion: 2 })
    expect(codeOf(() => made.partition.appendMarker(equal))).toBe('INVALID_PRODUCER_EPOCH')
    expect(made.partition.openTransactions()).toHaveLength(1)
    const end = marker(1, { producerEpoch: 6, transactionVersion: 2 })
    made.partition.appendMarker(end)
    // Sent again, since the answer was lost, it changes nothing …
    made.partition.appendMarker(end)
    expect(made.partition.producers()).toMatchObject([{ epoch: 6, currentTransactionOffset: -1 }])
    // … but it must not end the next transaction, which has its epoch (KIP-1228).
    begin(made, 1, 6)
    expect(codeOf(() => made.partition.appendMarker(end))).toBe('INVALID_PRODUCER_EPOCH')
    expect(made.partition.openTransaction(1)).toMatchObject({ producerEpoch: 6, firstOffset: 3 })
  })

  test('of a coordinator that was replaced is refused', () => {
    const made = testPartition('a')
    begin(made, 1)
    made.partition.appendMarker(marker(1, { coordinatorEpoch: 7 }))
    begin(made, 2)
    const zombie = marker(1, { coordinatorEpoch: 6 })
    expect(codeOf(() => made.partition.appendMarker(zombie))).toBe('TRANSACTION_COORDINATOR_FENCED')
    made.partition.appendMarker(marker(2, { coordinatorEpoch: 6 }))
  })

  test('of a transaction that has written nothing here leaves what the producer needs', () => {
    const made = testPartition('a')
    made.partition.appendMarker(marker(9, { producerEpoch: 3, outcome: 'abort' }))
    expect(made.partition.producers()).toMatchObject([
      { producerId: 9, epoch: 3, lastSequence: -1 },
    ])
    settle(made)
    expect(made.partition.lastStableOffset).toBe(1)
  })

  test('resets the sequence when it raises the epoch', () => {
    const made = testPartition('a')
    begin(made, 1, 0)
    append(made, { producerId: 1, baseSequence: 1 })
    made.partition.appendMarker(marker(1, { producerEpoch: 1, transactionVersion: 2 }))
    const guard = guardOf(made, 1, 1)
    const batch = { producerId: 1, producerEpoch: 1 }
    expect(codeOf(() => append(made, { ...batch, baseSequence: 2 }, guard))).toMatch(/OUT_OF_ORDER/)
    expect(append(made, batch, guard)).toBe(3)
  })
})

test('a log that lost its end knows the transactions of what is left', () => {
  const made = testPartition('a')
  begin(made, 1)
  settle(made)
  begin(made, 2)
  made.partition.appendMarker(marker(1))
  made.partition.logFailed(made.log.fail())
  made.log.revive()
  expect(made.partition.openTransactions()).toMatchObject([{ producerId: 1, firstOffset: 0 }])
  made.partition.appendMarker(marker(1))
  settle(made)
  expect(made.partition.lastStableOffset).toBe(2)
})

test('records of a coordinator are not counted, and of its transaction all the same', () => {
  const made = testPartition('a')
  const batch = { producerId: 1, producerEpoch: 2, baseSequence: -1 }
  expect(codeOf(() => append(made, batch))).toBe('INVALID_TXN_STATE')
  expect(append(made, batch, guardOf(made, 1, 2, -1))).toBe(0)
  expect(append(made, batch)).toBe(1)
  const old = { ...batch, producerEpoch: 1 }
  const guard = guardOf(made, 1, 1, -1)
  expect(codeOf(() => append(made, old, guard))).toBe('INVALID_PRODUCER_EPOCH')
  made.partition.appendMarker(marker(1, { producerEpoch: 2 }))
  expect(made.partition.openTransactions()).toEqual([])
})
