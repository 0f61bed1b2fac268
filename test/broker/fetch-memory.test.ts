// Fetches whose answers share memory with those of others: what they read is counted as they read it.

import { beforeEach, expect, test } from 'vitest'
import { FetchService } from '../../src/broker/fetch-service.ts'
import type { AnswerMemory } from '../../src/broker/fetch/answer-memory.ts'
import type { Fetched, FetchRequest } from '../../src/broker/fetch/pending-fetch.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPartitions } from '../support/memory-partition.ts'
import { CountedMemory } from './counted-memory.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const BATCH = 'x'.repeat(100)

let clock: ManualClock
let partitions: MemoryPartitions
let service: FetchService

beforeEach(() => {
  clock = new ManualClock()
  partitions = new MemoryPartitions()
  service = new FetchService({ clock, partitions, openBatch: () => expect.unreachable() })
})

function fetch(memory: AnswerMemory, limits: Partial<FetchRequest> = {}): Promise<number> {
  const wanted = [{ topic: 'a', partition: 0, fetchOffset: 0, maxBytes: 1_000 }]
  const asked = { maxWaitMs: 500, minBytes: 1, maxBytes: 10_000, partitions: wanted, memory }
  return service.fetch(CALLER, { ...asked, ...limits }).then(sizeOf)
}

function sizeOf(results: readonly Fetched[]): number {
  return results.reduce((sum, { batches }) => sum + (batches?.byteLength ?? 0), 0)
}

test('a record that wakes a hundred readers is read for as many as there is memory for', async () => {
  const memory = new CountedMemory(1_000)
  const partition = partitions.add('a')
  const sizes: number[] = []
  for (let reader = 0; reader < 100; reader++) {
    void fetch(memory).then((size) => sizes.push(size))
  }
  await clock.settle()
  expect(service.waitingCount).toBe(100)
  partition.publish(BATCH)
  await clock.settle()
  expect([memory.mostTaken, sizes.length, memory.waitingCount]).toEqual([1_000, 10, 90])
  // As answers leave, the others get theirs, and never more at once.
  while (sizes.length < 100) {
    const before = sizes.length
    memory.give(memory.taken)
    await clock.settle()
    expect(sizes.length).toBeGreaterThan(before)
  }
  expect(sizes).toEqual(Array.from({ length: 100 }, () => BATCH.length))
  expect(memory.mostTaken).toBe(1_000)
})

test('who waits for memory is answered with nothing when his time is up', async () => {
  const memory = new CountedMemory(0)
  partitions.add('a').publish(BATCH)
  const answer = fetch(memory)
  await clock.settle()
  expect(memory.waitingCount).toBe(1)
  clock.advance(500)
  expect(await answer).toBe(0)
  expect(memory.waitingCount).toBe(0)
})

test('who waits for more with bytes in his hands is answered when memory becomes short', async () => {
  const memory = new CountedMemory(10_000)
  partitions.add('a').publish(BATCH)
  const patient = fetch(memory, { minBytes: 5_000 })
  await clock.settle()
  expect([memory.taken, service.waitingCount]).toEqual([BATCH.length, 1])
  memory.becomeTight()
  expect(await patient).toBe(BATCH.length)
  // And nobody begins to wait like that while it is short.
  expect(await fetch(memory, { minBytes: 5_000 })).toBe(BATCH.length)
})
