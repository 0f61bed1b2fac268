// What a log must know of idempotent producers: told by what it holds.

import { expect } from 'vitest'
import { splitBatches, type BatchView } from '../../src/record/batch-reader.ts'
import { sequenceAfter } from '../../src/record/sequence.ts'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import type { TestBatch } from '../support/batches.ts'
import { appendTo, readAll } from './log-fixture.ts'

/** What the next batch of a producer says of itself. */
export function nextOf(
  log: PartitionLog,
  producerId: number,
): Required<Pick<TestBatch, 'producerId' | 'producerEpoch' | 'baseSequence'>> {
  const known = log.producers.facts().find((facts) => facts.producerId === producerId)
  const { epoch, lastSequence } = known ?? { epoch: 0, lastSequence: -1 }
  const baseSequence = lastSequence < 0 ? 0 : sequenceAfter(lastSequence, 1)
  return { producerId, producerEpoch: epoch, baseSequence }
}

/** The batches of each producer in its newest epoch, oldest first. */
export async function batchesByProducer(log: PartitionLog): Promise<Map<number, BatchView[]>> {
  const byProducer = new Map<number, BatchView[]>()
  for (const batch of splitBatches(await readAll(log, log.logStartOffset)).batches) {
    const { producerId, producerEpoch } = batch.header
    if (producerId < 0) continue
    const before = byProducer.get(producerId) ?? []
    const sameEpoch = before.filter(({ header }) => header.producerEpoch === producerEpoch)
    byProducer.set(producerId, [...sameEpoch, batch])
  }
  return byProducer
}

/**
 * Sends the last seven batches of each producer again, as one does that has heard nothing: five are
 * answered as before, and the others refused.
 */
export async function expectProducersKnown(log: PartitionLog, what: string): Promise<void> {
  if (log.offline !== null) return // it takes no batch, and what it knew is read anew when it is back
  const { logEndOffset } = log
  for (const all of (await batchesByProducer(log)).values()) {
    const batches = all.slice(-7)
    for (const [index, { header, bytes }] of batches.entries()) {
      const again = (): unknown => appendTo(log, Buffer.from(bytes))
      const message = `${what}: offset ${header.baseOffset} of producer ${header.producerId}`
      if (index >= batches.length - 5) {
        const { baseOffset, maxTimestamp } = header
        const lastOffset = baseOffset + header.lastOffsetDelta
        const answer = { baseOffset, lastOffset, maxTimestamp, isRepeat: true }
        expect(again(), message).toEqual(answer)
      } else expect(again, message).toThrow(/OUT_OF_ORDER_SEQUENCE_NUMBER/)
    }
    const gap = Buffer.from(batches.at(-1)!.bytes)
    gap.writeInt32BE(sequenceAfter(gap.readInt32BE(53), 1_000), 53)
    expect(() => appendTo(log, gap), what).toThrow(/OUT_OF_ORDER_SEQUENCE_NUMBER/)
  }
  expect(log.logEndOffset, what).toBe(logEndOffset)
}
