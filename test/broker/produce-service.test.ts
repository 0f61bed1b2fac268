// Produce: when answers come, what is refused, deadlines, bounds, and a model over random histories.

import { beforeEach, describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { ProduceService, type ProduceBatch } from '../../src/broker/produce-service.ts'
import type { Appended } from '../../src/broker/produce/pending-produce.ts'
import { TopicCreation } from '../../src/broker/topic-creation.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { Acks } from '../../src/replication/leader.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { TestPartitions } from '../support/partitions.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const CALLER = { principal: 'User:ANONYMOUS', clientId: 'test', host: '127.0.0.1' }
const core = StorageCore.load()

let clock: ManualClock
let partitions: TestPartitions
let service: ProduceService

beforeEach(() => {
  clock = new ManualClock()
  partitions = new TestPartitions()
  service = serviceWith({})
})

function serviceWith(options: {
  maxBytesInFlight?: number
  create?: (topic: string) => Promise<void>
}): ProduceService {
  const { create, ...others } = options
  return new ProduceService({
    clock,
    partitions,
    logger: silentLogger,
    validate: (bytes, rules) => validateProduced(core, bytes, rules),
    topicCreation: create === undefined ? null : new TopicCreation(create),
    ...others,
  })
}

function batch(topic: string, partition = 0, records = 1): ProduceBatch {
  const values = Array.from({ length: records }, () => ({ value: 'x' }))
  return { topic, partition, batch: testBatch({ records: values, timestamp: clock.now() }) }
}

function produce(
  acks: Acks,
  batches: readonly ProduceBatch[],
  timeoutMs = 1000,
): { answer: () => Promise<(number | string)[] | null>; results: () => readonly Appended[] } {
  let results: readonly Appended[] | null = null
  const { done } = service.produce(CALLER, { acks, timeoutMs, batches })
  void done.then((all) => (results = all))
  const shown = ({ error, baseOffset }: Appended) => error?.code ?? baseOffset
  return {
    answer: () => clock.settle().then(() => results?.map(shown) ?? null),
    results: () => results!,
  }
}

describe('the answer comes', () => {
  test('with acks=all when every batch is on disk, one result a batch, in order', async () => {
    const [a] = partitions.add('a')
    const [b0, b1] = partitions.add('b', 2)
    const request = produce(-1, [batch('b', 1, 2), batch('a'), batch('b', 0)])
    for (const { log } of [a!, b0!, b1!]) log.write()
    a!.log.sync()
    b0!.log.sync()
    expect(await request.answer()).toBeNull()
    b1!.log.sync()
    expect(await request.answer()).toEqual([0, 0, 0])
    expect(request.results()[0]).toEqual({
      topic: 'b',
      partition: 1,
      error: null,
      baseOffset: 0,
      lastOffset: 1,
      logAppendTimeMs: -1,
      logStartOffset: 0,
    })
  })

  test('with acks=1 when it is written', async () => {
    const [made] = partitions.add('a')
    const request = produce(1, [batch('a')])
    expect(await request.answer()).toBeNull()
    made!.log.write()
    expect(await request.answer()).toEqual([0])
  })

  test('with acks=0 at once, and never says more', async () => {
    const [made] = partitions.add('a')
    const request = produce(0, [batch('a'), batch('nope'), batch('a')])
    expect(await request.answer()).toEqual([-1, -1, -1])
    expect(made!.log.logEndOffset).toBe(2)
    expect(service.counters.refused.value).toBe(1)
  })

  test('in the order of the requests, and both batches of one partition are appended', async () => {
    const [made] = partitions.add('a')
    const first = produce(-1, [batch('a', 0, 3), batch('a', 0, 2)])
    const second = produce(-1, [batch('a')])
    made!.log.write()
    made!.log.sync()
    expect([await first.answer(), await second.answer()]).toEqual([[0, 3], [5]])
  })

  test('with what the broker stamped, where it stamps', async () => {
    const [made] = partitions.add('a', 1, { messageTimestampType: 'LogAppendTime' })
    const request = produce(1, [batch('a')])
    made!.log.write()
    await request.answer()
    expect(request.results()[0]!.logAppendTimeMs).toBe(clock.now())
  })
})

describe('a batch that is refused', () => {
  test('harms none beside it', async () => {
    const [made] = partitions.add('a', 1, { maxMessageBytes: 200 })
    const broken = batch('a')
    broken.batch[40]! ^= 1
    const large = batch('a', 0, 50)
    const request = produce(-1, [batch('nope'), batch('a', 1), broken, large, batch('a')])
    made!.log.write()
    made!.log.sync()
    expect(await request.answer()).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'CORRUPT_MESSAGE',
      'MESSAGE_TOO_LARGE',
      0,
    ])
    expect(made!.log.batches).toHaveLength(1)
  })

  test('is answered at once when all of them are', async () => {
    expect(await produce(-1, [batch('nope')]).answer()).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    expect([service.bytesInFlight, clock.timerCount]).toEqual([0, 0])
  })

  test('by the disk, after it was appended, is told so', async () => {
    const [made] = partitions.add('a')
    const request = produce(-1, [batch('a')])
    made!.partition.logFailed(made!.log.fail())
    expect(await request.answer()).toEqual(['KAFKA_STORAGE_ERROR'])
    expect(await produce(-1, [batch('a')]).answer()).toEqual(['KAFKA_STORAGE_ERROR'])
  })
})

describe('the deadline', () => {
  test('answers for the batches that wait, and keeps those that do not', async () => {
    const [a] = partitions.add('a')
    partitions.add('b')
    const request = produce(-1, [batch('a'), batch('b'), batch('nope')], 50)
    a!.log.write()
    a!.log.sync()
    clock.advance(49)
    expect(await request.answer()).toBeNull()
    clock.advance(1)
    expect(await request.answer()).toEqual([0, 'REQUEST_TIMED_OUT', 'UNKNOWN_TOPIC_OR_PARTITION'])
  })

  test('is forgotten once the answer was given, and the other way round', async () => {
    const [made] = partitions.add('a')
    const late = produce(-1, [batch('a')], 50)
    clock.advance(50)
    const early = produce(-1, [batch('a')], 50)
    made!.log.write()
    made!.log.sync()
    clock.advance(50)
    expect([await late.answer(), await early.answer()]).toEqual([['REQUEST_TIMED_OUT'], [1]])
    expect(clock.timerCount).toBe(0)
  })
})

describe('bytes in flight', () => {
  test('are bounded by who asks whether there is room', async () => {
    const [made] = partitions.add('a')
    const one = batch('a')
    service = serviceWith({ maxBytesInFlight: one.batch.byteLength + 1 })
    const first = produce(-1, [one])
    expect(service.ready()).toBeNull()
    const second = produce(-1, [batch('a')])
    const room = service.ready()
    expect(room).toBeInstanceOf(Promise)
    made!.log.write()
    made!.log.sync()
    await room
    expect([await first.answer(), await second.answer()]).toEqual([[0], [1]])
    expect([service.ready(), service.bytesInFlight]).toEqual([null, 0])
  })

  test('end in a refusal for who does not ask', () => {
    partitions.add('a')
    service = serviceWith({ maxBytesInFlight: 1 })
    produce(-1, [batch('a')])
    expect(() => produce(-1, [batch('a')])).toThrow(/THROTTLING_QUOTA_EXCEEDED/)
  })
})

describe('a topic that is not there', () => {
  test('is made once for all who produce to it, and then appended to in their order', async () => {
    const asked: string[] = []
    let finish = (): void => {}
    service = serviceWith({
      create: (topic) => {
        asked.push(topic)
        return new Promise((resolve) => {
          finish = () => {
            partitions.add(topic, 1, { flushPolicy: 'os' })
            resolve()
          }
        })
      },
    })
    const request = { acks: 1 as const, timeoutMs: 1000 }
    const first = service.produce(CALLER, { ...request, batches: [batch('new', 0, 2)] })
    const second = service.produce(CALLER, { ...request, batches: [batch('new')] })
    expect(first.appended).toBeInstanceOf(Promise)
    finish()
    await Promise.all([first.appended, second.appended])
    expect(asked).toEqual(['new'])

    const third = service.produce(CALLER, { ...request, batches: [batch('new')] })
    expect(third.appended).toBeNull()
    const { log } = partitions.made('new')
    log.write()
    const done = await Promise.all([first.done, second.done, third.done])
    expect(done.map(([result]) => result!.baseOffset)).toEqual([0, 2, 3])
  })

  test('and may not be made gives its batches the reason, and harms no other', async () => {
    const [made] = partitions.add('a')
    service = serviceWith({
      create: () => Promise.reject(new BrokerError('INVALID_TOPIC_EXCEPTION')),
    })
    const request = produce(1, [batch('../x'), batch('a')])
    await clock.settle()
    made!.log.write()
    expect(await request.answer()).toEqual(['INVALID_TOPIC_EXCEPTION', 0])
  })

  test('but appears meanwhile is used', async () => {
    service = serviceWith({
      create: (topic) => {
        partitions.add(topic)
        return Promise.reject(new BrokerError('TOPIC_ALREADY_EXISTS'))
      },
    })
    const { done, appended } = service.produce(CALLER, {
      acks: 1,
      timeoutMs: 1000,
      batches: [batch('new')],
    })
    await appended
    partitions.made('new').log.write()
    expect((await done)[0]).toMatchObject({ error: null, baseOffset: 0 })
  })
})

// Requests over several partitions, logs that write, sync and fail at random: every request is
// answered exactly once with a result a batch; what is acknowledged is in the log at its offset, and on
// disk; and no bytes stay in flight.
test.each([1, 2, 3, 4])('random histories, seed %i', async (seed) => {
  const random = new SeededRandom(seed)
  const made = partitions.add('a', 3)
  const expected = new Map<string, number>()
  let open = 0
  for (let step = 0; step < 600; step++) {
    const { log, partition } = random.pick(made)
    const actions = [
      () => {
        const acks = random.pick([1, -1] as const)
        const batches = Array.from({ length: random.between(1, 4) }, () => {
          return batch('a', random.below(4), random.between(1, 3))
        })
        const wanted = batches.map(({ batch: bytes }) => bytes)
        const { done } = service.produce(CALLER, {
          acks,
          timeoutMs: random.between(1, 20),
          batches,
        })
        open += 1
        void done.then((results) => {
          open -= 1
          expect(results).toHaveLength(batches.length)
          for (const [slot, { partition: n, error, baseOffset, lastOffset }] of results.entries()) {
            if (n === 3) expect(error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
            if (error !== null || acks !== -1) continue
            const { log: found } = made[n]!
            expect(lastOffset).toBeLessThan(found.durableOffset)
            expect(found.batches.includes(wanted[slot]!), `seed ${seed}, step ${step}`).toBe(true)
            expect(expected.has(`${n} ${baseOffset}`)).toBe(false)
            expected.set(`${n} ${baseOffset}`, lastOffset)
          }
        })
      },
      () => log.offline ?? log.write(),
      () => log.offline ?? log.sync(),
      () => clock.advance(random.between(1, 5)),
      () => {
        if (random.chance(0.2) && log.offline === null) partition.logFailed(log.fail())
        else if (log.offline !== null) log.revive()
      },
    ]
    random.pick(actions)()
    await Promise.resolve()
  }
  clock.advance(1000)
  await clock.settle()
  expect([open, service.bytesInFlight, clock.timerCount]).toEqual([0, 0, 0])
  expect(expected.size).toBeGreaterThan(20)
})

describe('a batch that an idempotent producer sends again', () => {
  function sentBy(producerId: number, baseSequence: number): ProduceBatch {
    const timestamp = clock.now()
    return { topic: 'a', partition: 0, batch: testBatch({ producerId, baseSequence, timestamp }) }
  }

  test('has the offset of the first, is stored once, and waits until the first is durable', async () => {
    const [made] = partitions.add('a')
    const first = produce(-1, [sentBy(7, 0)])
    made!.log.write()
    const other = produce(-1, [batch('a')])
    const again = produce(-1, [sentBy(7, 0)])
    made!.log.write()
    expect(await again.answer()).toBeNull()
    made!.log.sync(1)
    expect(await first.answer()).toEqual([0])
    made!.log.sync()
    expect(await other.answer()).toEqual([1])
    expect(await again.answer()).toEqual([0])
    expect(made!.log.batches).toHaveLength(2)
    expect(made!.partition.traffic.recordsIn).toBe(2)
    expect(service.counters.records.value).toBe(2)
    expect(service.counters.repeated.value).toBe(1)
    // By now it is below the high watermark: there is nothing to wait for.
    expect(await produce(-1, [sentBy(7, 0)]).answer()).toEqual([0])
    expect(made!.partition.highWatermark).toBe(2)
  })

  test('is refused with the first when the disk fails', async () => {
    const [made] = partitions.add('a')
    const first = produce(-1, [sentBy(7, 0)])
    const again = produce(-1, [sentBy(7, 0)])
    made!.partition.logFailed(made!.log.fail())
    expect(await first.answer()).toEqual(['KAFKA_STORAGE_ERROR'])
    expect(await again.answer()).toEqual(['KAFKA_STORAGE_ERROR'])
  })

  test('has the time that the broker stamped on the first', async () => {
    const [made] = partitions.add('a', 1, { messageTimestampType: 'LogAppendTime' })
    const first = produce(1, [sentBy(7, 0)])
    const stamped = clock.now()
    made!.log.write()
    clock.advance(5_000)
    const again = produce(1, [sentBy(7, 0)])
    await Promise.all([first.answer(), again.answer()])
    expect(first.results()[0]!.logAppendTimeMs).toBe(stamped)
    expect(again.results()[0]!.logAppendTimeMs).toBe(stamped)
  })

  test('is counted also with acks=0, and gaps go unseen there', async () => {
    const [made] = partitions.add('a')
    for (const sequence of [0, 0, 1, 5]) await produce(0, [sentBy(7, sequence)]).answer()
    expect(made!.log.batches).toHaveLength(2)
    expect(service.counters.repeated.value).toBe(1)
    expect(service.counters.refused.value).toBe(1)
  })

  test('of an older epoch, or out of order, is refused alone', async () => {
    const [made] = partitions.add('a')
    const newer = testBatch({ producerId: 7, producerEpoch: 2, timestamp: clock.now() })
    const request = produce(1, [
      { topic: 'a', partition: 0, batch: newer },
      sentBy(7, 1),
      sentBy(8, 0),
      sentBy(8, 2),
    ])
    made!.log.write()
    const [older, gap] = ['INVALID_PRODUCER_EPOCH', 'OUT_OF_ORDER_SEQUENCE_NUMBER']
    expect(await request.answer()).toEqual([0, older, 1, gap])
  })
})
