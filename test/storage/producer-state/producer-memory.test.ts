// How many producers are remembered, and for how long.

import { expect, test } from 'vitest'
import { ProducerEntry } from '../../../src/storage/producer-state/producer-entry.ts'
import {
  MAX_PRODUCER_IDS_A_LOG,
  ProducerMemory,
} from '../../../src/storage/producer-state/producer-memory.ts'
import { ProducerStates } from '../../../src/storage/producer-state/producer-states.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/** Adds `count` producers; each was heard of a millisecond after the one before. */
function fill(states: ProducerStates, count: number, firstId = 0, fromMs = 0): void {
  for (let n = 0; n < count; n++) {
    const entry = new ProducerEntry(firstId + n)
    entry.usedMs = fromMs + n
    states.add(entry)
  }
}

test('beyond the limit the largest log forgets those that were silent for longest', () => {
  const memory = new ProducerMemory({ maxProducerIds: 100 })
  const [small, large] = [new ProducerStates(memory), new ProducerStates(memory)]
  fill(small, 20)
  fill(large, 80)
  fill(small, 1, 1_000)
  expect([small.size, large.size, memory.count]).toEqual([21, 72, 93])
  expect(large.get(7)).toBeUndefined()
  expect(large.get(8)).toBeDefined()
})

test('one log remembers no more than its share', () => {
  const memory = new ProducerMemory({ maxProducerIds: 1_000_000 })
  const states = new ProducerStates(memory)
  fill(states, 3 * MAX_PRODUCER_IDS_A_LOG)
  expect(states.size).toBeLessThanOrEqual(MAX_PRODUCER_IDS_A_LOG)
  expect(states.size).toBeGreaterThan(MAX_PRODUCER_IDS_A_LOG * 0.8)
  expect(states.get(3 * MAX_PRODUCER_IDS_A_LOG - 1)).toBeDefined()
  expect(memory.count).toBe(states.size)
})

test('where all were heard of at the same time some go all the same', () => {
  const memory = new ProducerMemory({ maxProducerIds: 10 })
  const states = new ProducerStates(memory)
  for (let n = 0; n < 50; n++) states.add(new ProducerEntry(n))
  expect(memory.count).toBe(states.size)
  expect(states.size).toBeLessThanOrEqual(10)
})

test('whoever is silent for too long is forgotten', () => {
  const clock = new ManualClock(10_000)
  const memory = new ProducerMemory({ expirationMs: 500, checkIntervalMs: 100 })
  const timer = memory.expireBy(clock)
  const states = new ProducerStates(memory)
  fill(states, 3, 0, 10_000 - 200)
  clock.advance(300)
  expect(states.size).toBe(3)
  clock.advance(100)
  expect([states.size, memory.count]).toEqual([0, 0])
  timer.cancel()
})

test('whoever has an open transaction is not forgotten, until it has ended', () => {
  const clock = new ManualClock(10_000)
  const memory = new ProducerMemory({ maxProducerIds: 20, expirationMs: 500, checkIntervalMs: 100 })
  const timer = memory.expireBy(clock)
  const states = new ProducerStates(memory)
  fill(states, 3, 0, 1)
  for (const id of [0, 2]) states.began(states.get(id)!, 100 + id)
  clock.advance(1_000)
  expect([...states].map(({ producerId }) => producerId)).toEqual([0, 2])
  // Nor for others, that came later.
  fill(states, 100, 10, 20_000)
  expect([states.get(0), states.get(2)]).not.toContain(undefined)
  expect(memory.stats().openTransactions).toBe(2)
  states.ended(states.get(0)!, 300)
  clock.advance(100)
  expect([states.get(0), states.get(2)?.producerId]).toEqual([undefined, 2])
  states.clear()
  expect(memory.stats()).toEqual({ producerIds: 0, openTransactions: 0 })
  timer.cancel()
})

test('at most half of the producers have an open transaction', () => {
  const memory = new ProducerMemory({ maxProducerIds: 10 })
  const [one, other] = [new ProducerStates(memory), new ProducerStates(memory)]
  fill(one, 5)
  for (let id = 0; id < 5; id++) {
    expect(other.mayOpen).toBe(true)
    one.began(one.get(id)!, id)
  }
  expect([one.mayOpen, other.mayOpen]).toEqual([false, false])
  // All others go, and whoever is new is remembered all the same.
  fill(other, 50, 100)
  expect(one.size).toBe(5)
  expect(other.get(149)).toBeDefined()
  expect(memory.count).toBeLessThanOrEqual(10)
  one.ended(one.get(3)!, 9)
  expect(other.mayOpen).toBe(true)
})
