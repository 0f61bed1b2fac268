// Requests that are late arrive within the client's next transaction, or after it: never before its own
// is over, and none is held for ever while the client goes on.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { END_TXN } from '../../../src/protocol/kafka/gen/end-txn.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { SeededRandom } from '../seeded-random.ts'
import { LateRequests } from './late-requests.ts'

const KEYS = [PRODUCE.key, TXN_OFFSET_COMMIT.key, END_TXN.key]

/** A client that sends each request until it is answered, through the rules. */
class Sender {
  readonly #rules: LateRequests
  readonly #clientId: string
  ended = 0
  /** Transactions that were over when each request was held, and when it was let go. */
  readonly held: { readonly at: number; until: number | null }[] = []

  constructor(rules: LateRequests, clientId: string) {
    this.#rules = rules
    this.#clientId = clientId
  }

  async transaction(): Promise<void> {
    for (const apiKey of KEYS) {
      const head = { apiKey, version: 0, correlationId: 1, clientId: this.#clientId }
      for (let action = this.#rules.request(head); action.kind === 'strand';) {
        const held = { at: this.ended, until: null as number | null }
        this.held.push(held)
        void action.released.then(() => {
          held.until = this.ended
          this.#rules.answeredLate(head)
        })
        action = this.#rules.request(head)
      }
      if (apiKey === END_TXN.key) this.ended += 1
      this.#rules.answered(head)
      await Promise.resolve()
    }
  }
}

test('late requests come past the end of their transaction, and at the end of the next at last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 3, max: 40 }), async (seed, count) => {
      const chances = new Map(KEYS.map((key) => [key, 0.3]))
      const rules = new LateRequests(new SeededRandom(seed), { chances, clients: /^copier/ })
      const sender = new Sender(rules, 'copier-1')
      const other = new Sender(rules, 'feeder')
      for (let at = 0; at < count; at++) {
        await sender.transaction()
        await other.transaction()
      }
      expect(other.held).toEqual([])
      for (const { at, until } of sender.held) {
        if (until === null) expect(sender.ended - at).toBeLessThan(3)
        else expect([1, 2]).toContain(until - at)
      }
      const total = [...rules.held.values()].reduce((sum, each) => sum + each, 0)
      expect(total).toBe(sender.held.length)
    }),
  )
})

test('each kind is late soon, however unlikely', async () => {
  const chances = new Map(KEYS.map((key) => [key, 1e-9]))
  const rules = new LateRequests(new SeededRandom(1), { chances, clients: /^copier/ })
  const sender = new Sender(rules, 'copier-1')
  for (let at = 0; at < 3 * KEYS.length; at++) await sender.transaction()
  expect(new Set(rules.arrived.keys())).toEqual(new Set(KEYS))
})
