// Transactions over brokers that lose requests and answers, refuse, move and fence, all by chance: what was
// committed is there once and whole, what was aborted is not, and what nobody knows is one of the two.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ErrorCode } from '../../../../src/base/errors.ts'
import type { ProduceFault } from '../../../support/memory-transport.ts'
import { TransactionBench } from './transaction-bench.ts'
import type { CallFault, TextProducer } from './transaction-bench.ts'

const CALL_CODES: readonly ErrorCode[] = [
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
]

/** Those with which a coordinator has done nothing are never told after it has. */
const DONE_NOTHING: ReadonlySet<ErrorCode> = new Set(['NOT_COORDINATOR', 'CONCURRENT_TRANSACTIONS'])

const callFault: fc.Arbitrary<CallFault> = fc
  .record({ code: fc.constantFrom(...CALL_CODES), after: fc.boolean() })
  .map(({ code, after }) => ({ code, after: after && !DONE_NOTHING.has(code) }))

const produceFault: fc.Arbitrary<ProduceFault | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('break' as const), stored: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'late' as const }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<ProduceFault>(
      { kind: 'refuse', code: 'NOT_LEADER_OR_FOLLOWER' },
      { kind: 'refuse', code: 'CONCURRENT_TRANSACTIONS' },
      { kind: 'refuse', code: 'INVALID_RECORD' },
      { kind: 'storedButRefused', code: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' },
    ),
  },
)

const round = fc.record({
  sizes: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
  isKept: fc.boolean(),
  isTaken: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
  // Some outlast the patience of a producer.
  end: fc.oneof(
    { weight: 3, arbitrary: fc.array(callFault, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(callFault, { minLength: 8, maxLength: 10 }) },
  ),
  init: fc.array(callFault, { maxLength: 2 }),
  add: fc.array(callFault, { maxLength: 2 }),
  produce: fc.array(produceFault, { maxLength: 6 }),
  writesMarkers: fc.boolean(),
  deliversLate: fc.boolean(),
})

type Round = typeof round extends fc.Arbitrary<infer T> ? T : never

/** What one transaction sent to each partition, and how it was told to have ended. */
interface Ran {
  readonly name: string
  readonly sizes: readonly number[]
  readonly outcome: unknown
}

test('every transaction is whole, or not there at all', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2),
      fc.array(round, { minLength: 1, maxLength: 12 }),
      async (version, rounds) => {
        const bench = new TransactionBench({
          ...{ version: version as 1 | 2, deliveryTimeoutMs: 3_000, maxBlockMs: 3_000 },
        })
        let { producer } = bench
        const ran: Ran[] = []
        for (const [index, each] of rounds.entries()) {
          if (each.isTaken || producer.failure !== null) producer = bench.make()
          ran.push(await run(bench, producer, `${index}`, each))
        }
        bench.transport.fault = () => null
        for (const call of ['endTransaction', 'initTransactions', 'addToTransaction'] as const) {
          bench.fail(call, [])
        }
        bench.transport.transactions.writesMarkers = true
        bench.transport.transactions.writeMarkers()
        bench.transport.deliverLate()
        // Who was not fenced goes on; and whatever is open is aborted by the next that takes the id.
        const lasts = producer.failure === null ? [producer, bench.make()] : [bench.make()]
        for (const [index, last] of lasts.entries()) {
          const name = `last ${index}`
          const outcome = await bench.outcome(bench.run(`${name}.0`, [0, 1, 2], last))
          ran.push({ name, sizes: [1, 1, 1], outcome })
          expect(outcome).toBe('done')
        }
        check(bench, ran)
      },
    ),
    { numRuns: 150, seed: 20_261_126 },
  )
})

async function run(
  bench: TransactionBench,
  producer: TextProducer,
  name: string,
  { sizes, isKept, ...faults }: Round,
): Promise<Ran> {
  bench.fail('endTransaction', faults.end)
  bench.fail('initTransactions', faults.init)
  bench.fail('addToTransaction', faults.add)
  bench.produceFaults(faults.produce)
  const { transactions } = bench.transport
  transactions.writesMarkers = faults.writesMarkers
  const work = producer.transaction(async (tx) => {
    for (const [partition, size] of sizes.entries()) {
      for (let n = 0; n < size; n++) {
        void tx.send({ topic: 'clicks', partition, value: `${name}.${n}` })
      }
    }
    if (faults.deliversLate) bench.transport.deliverLate()
    if (isKept) return
    await bench.pass(100)
    throw new Error('in vain')
  })
  // Markers come at the latest when somebody has waited for them for a while.
  const written = bench.clock.after(500, () => {
    transactions.writesMarkers = true
    transactions.writeMarkers()
  })
  const outcome = await bench.outcome(work)
  written.cancel()
  return { name, sizes, outcome }
}

function check(bench: TransactionBench, ran: readonly Ran[]): void {
  const found = [0, 1, 2].map((partition) => bench.committed(partition))
  const kept = ran.filter(({ name, sizes, outcome }) => {
    const first = sizes.findIndex((size) => size > 0)
    if (first < 0) return false
    const isThere = found[first]!.includes(`${name}.0`)
    if (outcome === 'done') expect(isThere, `${name} was committed`).toBe(true)
    else if (outcome !== 'TRANSACTION_OUTCOME_UNKNOWN') {
      expect(isThere, `${name} was aborted: ${String(outcome)}`).toBe(false)
    }
    return isThere
  })
  const expected = [0, 1, 2].map((partition) => {
    return kept.flatMap(({ name, sizes }) => {
      return Array.from({ length: sizes[partition]! }, (_, n) => `${name}.${n}`)
    })
  })
  expect(found).toEqual(expected)
}
