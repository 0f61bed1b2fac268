// What the coordinator of transactions decides. Expected errors are Kafka's: TransactionCoordinatorTest and
// the tables in TransactionCoordinator.scala.

import { expect, test } from 'vitest'
import type { Outcome, ProducerIdentity } from '../../../src/coordination/transaction/messages.ts'
import { NONE } from '../../../src/coordination/transaction/transaction-record.ts'
import { TransactionFixture } from './transaction-fixture.ts'

const MAX_EPOCH = 32_767

function identity(producerEpoch: number, producerId = 100): ProducerIdentity {
  return { producerId, producerEpoch }
}

/** A coordinator with one id, and the producer that it was given to. */
function start(...options: ConstructorParameters<typeof TransactionFixture>) {
  const fixture = new TransactionFixture(...options)
  return { fixture, producer: fixture.init().value }
}

/** Goes on until the epoch of the id is the given one, by a new log. */
function withEpoch(producerEpoch: number, state: 'Empty' | 'Ongoing'): TransactionFixture {
  const { fixture } = start()
  const value = { ...fixture.value(), producerEpoch, state, timeoutMs: 60_000 }
  fixture.shard.replay({ transactionalId: 't', value })
  if (state === 'Ongoing') {
    fixture.shard.replay({ transactionalId: 't', value: { ...value, state: 'Empty' } })
    fixture.admit(identity(producerEpoch))
  }
  return fixture
}

test('a new id gets a producer id of its own; each new producer the next epoch', () => {
  const { fixture, producer } = start()
  expect(producer).toEqual(identity(0))
  expect(fixture.init().value).toEqual(identity(1))
  expect(fixture.init(null, { transactionalId: 'u' }).value).toEqual(identity(0, 101))
  expect(fixture.value()).toMatchObject({ state: 'Empty', previousProducerId: 100 })
})

test('a time-out is 1 ms to the longest that is allowed', () => {
  const { fixture } = start()
  for (const timeoutMs of [0, -1, 900_001]) {
    expect(fixture.init(null, { timeoutMs }).code).toBe('INVALID_TRANSACTION_TIMEOUT')
  }
  expect(fixture.init(null, { timeoutMs: 900_000 }).value).toEqual(identity(1))
})

test('ids have a bound, in length and in number', () => {
  const { fixture } = start({ maxIds: 2 })
  const transactionalId = 'é'.repeat(16_384)
  expect(fixture.init(null, { transactionalId }).code).toBe('INVALID_REQUEST')
  expect(fixture.init(null, { transactionalId: 'u' }).value).toEqual(identity(0, 101))
  expect(fixture.init(null, { transactionalId: 'v' }).code).toBe('POLICY_VIOLATION')
  expect(fixture.init().value).toEqual(identity(1))
})

test('a producer that goes on gets the next epoch, and the same when it asks again', () => {
  const { fixture, producer } = start()
  expect(fixture.init(producer).value).toEqual(identity(1))
  expect(fixture.init(producer).value).toEqual(identity(1))
  expect(fixture.init(identity(1)).value).toEqual(identity(2))
  expect(fixture.init(producer).code).toBe('PRODUCER_FENCED')
  expect(fixture.init(identity(2, 7)).code).toBe('PRODUCER_FENCED')
  // A new producer takes over: who goes on from before is fenced, asking again or not.
  fixture.init()
  expect(fixture.init(identity(1)).code).toBe('PRODUCER_FENCED')
  expect(fixture.init(identity(2)).code).toBe('PRODUCER_FENCED')
})

test('a new producer aborts what is open, and is answered when that is done', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  const waiting = fixture.init()
  expect(waiting.isWaiting).toBe(true)
  expect(fixture.value()).toMatchObject({ state: 'PrepareAbort', producerEpoch: 1 })
  fixture.finishMarkers()
  expect(waiting.value).toEqual(identity(2))
  expect(fixture.end(producer, 'commit').code).toBe('PRODUCER_FENCED')
  expect(fixture.counters).toEqual({ commits: 0, aborts: 1, fenced: 1, legacy: 0 })
})

test('who waits too long for the markers is to try again', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  fixture.end(producer, 'commit')
  const next = identity(1)
  const waiting = [fixture.init(), fixture.admit(next), fixture.end(next, 'abort')]
  fixture.advance(99)
  expect(waiting.map(({ isWaiting }) => isWaiting)).toEqual([true, true, true])
  fixture.advance(1)
  expect(waiting.map(({ code }) => code)).toEqual(Array(3).fill('CONCURRENT_TRANSACTIONS'))
  expect(fixture.shard.waitingCount).toBe(0)
})

test('only so many wait for one id', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  fixture.end(producer, 'commit')
  const callers = Array.from({ length: 40 }, () => fixture.admit(identity(1)))
  expect(callers.filter(({ isWaiting }) => isWaiting)).toHaveLength(32)
  expect(callers.at(-1)!.code).toBe('CONCURRENT_TRANSACTIONS')
  fixture.finishMarkers()
  expect(callers[0]!.value).toMatchObject([{ error: null }])
})

test('a stale producer that goes on does not abort what is open', () => {
  const { fixture, producer } = start()
  fixture.init(producer)
  fixture.init(identity(1))
  fixture.admit(identity(2))
  expect(fixture.init(producer).code).toBe('PRODUCER_FENCED')
  expect(fixture.value().state).toBe('Ongoing')
})

test('partitions are added, verified, and asked for by the current producer alone', () => {
  const { fixture, producer } = start()
  const verify = { adds: false }
  expect(fixture.admit(producer, verify).value[0]!.error!.code).toBe('TRANSACTION_ABORTABLE')
  expect(fixture.add(producer, 'clicks', 0).value).toBeNull()
  const records = fixture.log.length
  expect(fixture.add(producer, 'clicks', 0).value).toBeNull()
  expect(fixture.log.length).toBe(records)
  expect(fixture.admit(producer, verify).value).toMatchObject([{ error: null }])
  expect(fixture.admit(identity(0, 7)).code).toBe('INVALID_PRODUCER_ID_MAPPING')
  expect(fixture.admit(identity(1)).code).toBe('PRODUCER_FENCED')
  expect(fixture.admit(producer, { transactionalId: 'u' }).code).toBe('INVALID_PRODUCER_ID_MAPPING')
  const partitions = Array.from({ length: 10_000 }, (_, partition) => ({ topic: 'a', partition }))
  expect(fixture.admit(producer, { partitions }).code).toBe('POLICY_VIOLATION')
})

test('without epochs of their own, ends are told apart by the state', () => {
  const { fixture, producer } = start()
  expect(fixture.end(producer, 'commit', 1).code).toBe('INVALID_TXN_STATE')
  expect(fixture.end(producer, 'abort', 1).code).toBe('INVALID_TXN_STATE')
  for (const outcome of ['commit', 'abort'] as const) {
    const other = outcome === 'commit' ? 'abort' : 'commit'
    fixture.add(producer, 'clicks', 0)
    expect(fixture.end(producer, outcome, 1).value).toEqual(producer)
    expect(fixture.prepared[0]!.value).toMatchObject({ producerEpoch: 0, clientVersion: 1 })
    expect(fixture.end(producer, other, 1).code).toBe('INVALID_TXN_STATE')
    const again = fixture.end(producer, outcome, 1)
    fixture.finishMarkers()
    expect(again.value).toEqual(producer)
    expect(fixture.end(producer, outcome, 1).value).toEqual(producer)
    expect(fixture.end(producer, other, 1).code).toBe('INVALID_TXN_STATE')
  }
  expect(fixture.counters).toMatchObject({ commits: 1, aborts: 1, legacy: 2 })
  expect(fixture.end(identity(1), 'commit', 1).code).toBe('PRODUCER_FENCED')
  expect(fixture.end(identity(0, 7), 'commit', 1).code).toBe('INVALID_PRODUCER_ID_MAPPING')
})

type State = 'Empty' | 'CompleteAbort' | 'CompleteCommit'

/** In the state, with an epoch of 5. */
function inState(state: State): TransactionFixture {
  const fixture = withEpoch(state === 'Empty' ? 5 : 4, 'Empty')
  if (state === 'Empty') return fixture
  fixture.admit(identity(4))
  fixture.end(identity(4), state === 'CompleteCommit' ? 'commit' : 'abort')
  fixture.finishMarkers()
  return fixture
}

// Kafka's table of ends in transactions of version 2: `again` is the epoch before, from an answer lost.
test.each<[State, Outcome, 'again' | 'current', string | ProducerIdentity]>([
  ['Empty', 'abort', 'again', 'PRODUCER_FENCED'],
  ['Empty', 'abort', 'current', identity(6)],
  ['Empty', 'commit', 'again', 'PRODUCER_FENCED'],
  ['Empty', 'commit', 'current', 'INVALID_TXN_STATE'],
  ['CompleteAbort', 'abort', 'again', identity(5)],
  ['CompleteAbort', 'abort', 'current', identity(6)],
  ['CompleteAbort', 'commit', 'again', 'INVALID_TXN_STATE'],
  ['CompleteAbort', 'commit', 'current', 'INVALID_TXN_STATE'],
  ['CompleteCommit', 'abort', 'again', 'INVALID_TXN_STATE'],
  ['CompleteCommit', 'abort', 'current', identity(6)],
  ['CompleteCommit', 'commit', 'again', identity(5)],
  ['CompleteCommit', 'commit', 'current', 'INVALID_TXN_STATE'],
])('%s, asked to %s, epoch %s: %o', (state, outcome, epoch, expected) => {
  const fixture = inState(state)
  const caller = fixture.end(identity(epoch === 'again' ? 4 : 5), outcome)
  expect(typeof expected === 'string' ? caller.code : caller.value).toEqual(expected)
  expect(fixture.end(identity(3), outcome).code).toBe('PRODUCER_FENCED')
})

test('an end whose answer got lost is answered again, before and after the markers', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  expect(fixture.end(producer, 'commit').value).toEqual(identity(1))
  expect(fixture.end(producer, 'abort').code).toBe('INVALID_TXN_STATE')
  const again = fixture.end(producer, 'commit')
  expect(again.isWaiting).toBe(true)
  fixture.finishMarkers()
  expect(again.value).toEqual(identity(1))
  expect(fixture.end(producer, 'commit').value).toEqual(identity(1))
})

test('with its last epoch a producer gets another id, by its end or its init', () => {
  const fixture = withEpoch(MAX_EPOCH - 1, 'Ongoing')
  const last = identity(MAX_EPOCH - 1)
  const next = identity(0, 101)
  expect(fixture.end(last, 'commit').value).toEqual(next)
  expect(fixture.prepared[0]!.value).toMatchObject({ producerId: 100, producerEpoch: MAX_EPOCH })
  // The client knows its next identity already; so may a lost answer be asked for again.
  const waiting = [fixture.end(last, 'commit'), fixture.admit(next), fixture.init(next)]
  expect(waiting.every(({ isWaiting }) => isWaiting)).toBe(true)
  fixture.kill()
  expect(fixture.value()).toMatchObject({ nextProducerId: 101, state: 'PrepareCommit' })
  const after = fixture.end(last, 'commit')
  fixture.finishMarkers()
  expect(after.value).toEqual(next)
  expect(fixture.value()).toMatchObject({ previousProducerId: 100, nextProducerId: NONE })

  const other = withEpoch(MAX_EPOCH - 1, 'Empty')
  expect(other.init(last).value).toEqual(next)
  expect(other.init(last).value).toEqual(next)
  expect(other.init(identity(MAX_EPOCH - 2)).code).toBe('PRODUCER_FENCED')
})

test('fencing the last epoch rotates the id, and waits while none is at hand', () => {
  const fixture = withEpoch(MAX_EPOCH - 1, 'Ongoing')
  fixture.idsLeft = 0
  expect(fixture.init().code).toBe('COORDINATOR_NOT_AVAILABLE')
  fixture.advance(70_000)
  expect(fixture.value().state).toBe('Ongoing')
  fixture.idsLeft = 1
  fixture.advance(10)
  expect(fixture.value()).toMatchObject({ state: 'PrepareAbort', producerEpoch: MAX_EPOCH })
  fixture.finishMarkers()
  expect(fixture.init().value).toEqual(identity(1, 101))
})

test('what takes too long is aborted, counted from its begin, also by the next coordinator', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  fixture.advance(59_999)
  expect(fixture.value().state).toBe('Ongoing')
  fixture.kill()
  fixture.advance(10_000)
  expect(fixture.value()).toMatchObject({ state: 'PrepareAbort', producerEpoch: 1 })
  fixture.finishMarkers()
  // Its producer that comes to abort it finds it done, and goes on.
  expect(fixture.end(producer, 'commit').code).toBe('INVALID_TXN_STATE')
  expect(fixture.end(producer, 'abort').value).toEqual(identity(1))
})

test('an answer leaves when its record is safe; markers are not written before', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  fixture.isAutomatic = false
  const ended = fixture.end(producer, 'commit')
  expect([ended.isWaiting, fixture.prepared.length]).toEqual([true, 0])
  fixture.kill(0)
  expect(ended.code).toBe('COORDINATOR_NOT_AVAILABLE')
  expect(fixture.value().state).toBe('Ongoing')
  fixture.end(producer, 'commit')
  fixture.kill(1)
  fixture.sync()
  expect(fixture.value().state).toBe('PrepareCommit')
  expect(fixture.prepared).toHaveLength(1)
})

test('markers of a transaction that has gone on without them change nothing', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  fixture.end(producer, 'commit')
  const [first] = fixture.prepared.splice(0)
  fixture.completed(first!)
  fixture.admit(identity(1))
  fixture.end(identity(1), 'commit')
  fixture.completed(first!)
  expect(fixture.value()).toMatchObject({ state: 'PrepareCommit', producerEpoch: 2 })
})

test('ids that nobody uses are forgotten; those with a transaction never', () => {
  const { fixture } = start({ idExpirationMs: 100_000, expireIntervalMs: 1_000 })
  fixture.init(null, { transactionalId: 'open', timeoutMs: 900_000 })
  fixture.admit(identity(0, 101), { transactionalId: 'open' })
  for (let n = 0; n < 250; n++) fixture.init(null, { transactionalId: `old-${n}` })
  fixture.advance(101_000)
  expect([...fixture.shard.transactions.keys()]).toEqual(['open'])
  fixture.kill()
  expect([...fixture.shard.transactions.keys()]).toEqual(['open'])
})

test('transactions are described and listed', () => {
  const { fixture, producer } = start()
  fixture.admit(producer)
  const describe = (id: string) => {
    return fixture.run((shard, call, now) => shard.describe(id, call, now))
  }
  expect(describe('t').value).toMatchObject({
    ...{ transactionalId: 't', ...producer, state: 'Ongoing', timeoutMs: 60_000 },
    partitions: [{ topic: 'clicks', partition: 0 }],
  })
  expect(describe('u').code).toBe('TRANSACTIONAL_ID_NOT_FOUND')
})
