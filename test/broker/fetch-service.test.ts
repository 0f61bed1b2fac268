// Long polls: limits, waits, and that no wakeup is lost.

import { beforeEach, describe, expect, test } from 'vitest'
import { FetchService } from '../../src/broker/fetch-service.ts'
import type { Fetched, FetchRequest } from '../../src/broker/fetch/pending-fetch.ts'
import { FetchWaiter } from '../../src/replication/fetch-waiters.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryPartitions } from '../support/memory-partition.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }

class Idle extends FetchWaiter {
  override highWatermarkMoved(): void {}
  override partitionLost(): void {}
}

let clock: ManualClock
let partitions: MemoryPartitions
let service: FetchService

beforeEach(() => {
  clock = new ManualClock()
  partitions = new MemoryPartitions()
  service = new FetchService({
    clock,
    partitions,
    openBatch: () => expect.unreachable(),
    maxPartitions: 10,
    maxSessions: 2,
  })
})

function request(topics: Record<string, number>, limits: Partial<FetchRequest> = {}): FetchRequest {
  const wanted = Object.entries(topics).map(([topic, fetchOffset]) => {
    return { topic, partition: 0, fetchOffset, maxBytes: 1000 }
  })
  return { maxWaitMs: 500, minBytes: 1, maxBytes: 10_000, partitions: wanted, ...limits }
}

function texts(results: readonly Fetched[]): (string | null)[] {
  return results.map(({ batches, error }) => error?.code ?? batches?.toString() ?? null)
}

/** Starts a fetch, and says whether it has ended yet. */
function start(
  wanted: FetchRequest,
  signal?: AbortSignal,
): { answer: Promise<readonly Fetched[]>; ended: () => Promise<boolean> } {
  let ended = false
  const answer = service.fetch(CALLER, wanted, signal).finally(() => (ended = true))
  return { answer, ended: () => clock.settle().then(() => ended) }
}

describe('answers at once', () => {
  test('when there is enough, one result a partition, in order', async () => {
    partitions.add('a').publish('one')
    partitions.add('b')
    partitions.add('c').publish('two')
    const results = await service.fetch(CALLER, request({ c: 0, a: 0, b: 0 }))
    expect(texts(results)).toEqual(['two', 'one', null])
    expect(results[0]).toMatchObject({ topic: 'c', highWatermark: 1, logStartOffset: 0 })
  })

  test('when the wait is 0', async () => {
    partitions.add('a')
    expect(texts(await service.fetch(CALLER, request({ a: 0 }, { maxWaitMs: 0 })))).toEqual([null])
  })

  test('when a partition has an error, which harms no other', async () => {
    partitions.add('a').publish('one')
    partitions.add('b')
    const wanted = request({ nope: 0, a: 0, b: 7 }, { minBytes: 1000 })
    const results = await service.fetch(CALLER, wanted)
    expect(texts(results)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'one', 'OFFSET_OUT_OF_RANGE'])
    expect(results[2]).toMatchObject({ highWatermark: -1, logStartOffset: -1, batches: null })
    expect(results[2]!.error!.facts).toEqual({ log_start_offset: 0, high_watermark: 0 })
  })
})

describe('limits', () => {
  test('the first batch comes even when it is larger than both', async () => {
    const log = partitions.add('a')
    log.publish('a large batch')
    log.publish('more')
    const results = await service.fetch(CALLER, request({ a: 0 }, { maxBytes: 1 }))
    expect(texts(results)).toEqual(['a large batch'])
  })

  test('what all partitions give together stays within the answer', async () => {
    for (const topic of ['a', 'b', 'c']) partitions.add(topic).publish(`${topic}12345`)
    const results = await service.fetch(CALLER, request({ a: 0, b: 0, c: 0 }, { maxBytes: 13 }))
    expect(texts(results)).toEqual(['a12345', 'b12345', null])
  })

  test('a partition gives no more than its own', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 5; n++) log.publish('1234')
    const one = { topic: 'a', partition: 0, fetchOffset: 0, maxBytes: 9 }
    const results = await service.fetch(CALLER, request({}, { partitions: [one] }))
    expect(texts(results)).toEqual(['12341234'])
  })

  test('the number of partitions is bounded', async () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`t${n}`, 0]))
    await expect(service.fetch(CALLER, request(many))).rejects.toThrow(/INVALID_REQUEST/)
  })

  test('as is that of sessions', () => {
    const sink = { batches: () => true, state: () => true, heartbeat: () => {} }
    const first = service.openSession(CALLER, sink)
    const second = service.openSession(CALLER, sink)
    expect(() => service.openSession(CALLER, sink)).toThrow(/THROTTLING_QUOTA_EXCEEDED/)
    first.close()
    first.close()
    service.openSession(CALLER, sink).close()
    second.close()
    expect(service.sessionCount).toBe(0)
  })
})

describe('waits', () => {
  test('until the high watermark moves', async () => {
    const log = partitions.add('a')
    const { answer, ended } = start(request({ a: 0 }))
    log.append('one')
    expect(await ended()).toBe(false)
    log.advance()
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual(['one'])
    expect([log.waiters.size, clock.timerCount]).toEqual([0, 1])
  })

  test('for as many bytes as asked for, and reads nothing twice', async () => {
    const one = partitions.add('a')
    const two = partitions.add('b')
    const { answer, ended } = start(request({ a: 0, b: 0 }, { minBytes: 9 }))
    one.publish('123')
    expect(await ended()).toBe(false)
    two.publish('456')
    expect(await ended()).toBe(false)
    one.publish('789')
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual(['123789', '456'])
  })

  test('no longer than asked for, and then gives what there is', async () => {
    const log = partitions.add('a')
    log.publish('one')
    const { answer, ended } = start(request({ a: 0 }, { minBytes: 100 }))
    await clock.settle()
    clock.advance(499)
    expect(await ended()).toBe(false)
    clock.advance(1)
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual(['one'])
    expect([log.waiters.size, service.waitingCount]).toEqual([0, 0])
  })

  test('where compaction has left nothing below the high watermark', async () => {
    const log = partitions.add('a')
    for (const content of ['one', 'two', 'three']) log.publish(content)
    log.compact(1, 3)
    const { answer, ended } = start(request({ a: 1 }))
    expect(await ended()).toBe(false)
    log.publish('four')
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual(['four'])
  })

  test('no longer than the client does', async () => {
    const log = partitions.add('a')
    const abort = new AbortController()
    const { answer, ended } = start(request({ a: 0 }), abort.signal)
    expect(await ended()).toBe(false)
    abort.abort()
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual([null])
    expect([log.waiters.size, service.waitingCount]).toEqual([0, 0])
  })

  test('until a partition is lost', async () => {
    partitions.add('a')
    partitions.add('b')
    const { answer, ended } = start(request({ a: 0, b: 0 }))
    expect(await ended()).toBe(false)
    partitions.delete('a')
    expect(await ended()).toBe(true)
    expect(texts(await answer)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', null])
  })

  test('not at all where too many do', async () => {
    const log = partitions.add('a')
    for (let n = 0; n < 20_000; n++) log.waiters.add(new Idle())
    const results = await service.fetch(CALLER, request({ a: 0 }))
    expect(texts(results)).toEqual(['THROTTLING_QUOTA_EXCEEDED'])
  })
})

test('a mark that moves while another partition is read from the disk wakes nobody too late', async () => {
  const cold = partitions.add('cold')
  const hot = partitions.add('hot')
  cold.cold = true
  const { answer, ended } = start(request({ hot: 0, cold: 0 }))
  expect(await ended()).toBe(false)
  hot.publish('one')
  cold.finishColdReads()
  expect(await ended()).toBe(true)
  expect(texts(await answer)).toEqual(['one', null])
})

// Whatever happens in whatever order, a fetch that can be answered is answered, with bytes from
// below the high watermark alone.
test.each([1, 2, 3, 4, 5])('random histories lose no wakeup, seed %i', async (seed) => {
  const random = new SeededRandom(seed)
  const logs = ['a', 'b', 'c'].map((topic) => partitions.add(topic))
  const next: Record<string, number> = { a: 0, b: 0, c: 0 }
  for (let round = 0; round < 150; round++) {
    const minBytes = random.between(1, 30)
    const { answer, ended } = start(request(next, { minBytes, maxWaitMs: 60_000 }))
    for (let step = 0; !(await ended()); step++) {
      expect(step, `seed ${seed}, round ${round}: never answered`).toBeLessThan(10_000)
      const log = random.pick(logs)
      if (random.chance(0.5)) log.append(`${log.endOffset};`)
      else log.advance(random.between(log.highWatermark, log.endOffset))
      if (random.chance(0.2)) log.cold = !log.cold
      if (random.chance(0.5)) for (const each of logs) each.finishColdReads()
    }
    for (const { topic, batches, error } of await answer) {
      expect(error).toBeNull()
      for (const text of (batches?.toString() ?? '').split(';').slice(0, -1)) {
        expect(Number(text), `seed ${seed}, round ${round}`).toBe(next[topic])
        next[topic]! += 1
      }
      expect(next[topic]).toBeLessThanOrEqual(partitions.partition(topic, 0).highWatermark)
    }
  }
  expect(logs.map(({ waiters }) => waiters.size)).toEqual([0, 0, 0])
})
