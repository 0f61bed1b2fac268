// Who gets how much of the memory for answers, when there is little left of it.

import { expect, test } from 'vitest'
import { SendBudget } from '../../src/network/send-budget.ts'
import { ManualClock } from '../support/manual-clock.ts'

const LIMIT = 1_000_000
const SHORT = 64 * 1024

class Waiter {
  freed = 0
  hurried = 0
  onRoom: () => void = () => {}
  roomFreed(): void {
    this.freed += 1
    this.onRoom()
  }
  hurry(): void {
    this.hurried += 1
  }
}

function budget(): { budget: SendBudget; clock: ManualClock; fulls: () => number } {
  const clock = new ManualClock()
  let fulls = 0
  const made = new SendBudget({ limitBytes: LIMIT, clock, onFull: () => (fulls += 1) })
  return { budget: made, clock, fulls: () => fulls }
}

test('answers are as large as asked for, then short, then wait', () => {
  const { budget: memory, fulls } = budget()
  expect(memory.allowance(500_000, 0)).toBe(500_000)
  expect(memory.allowance(50 * LIMIT, 0)).toBe(2 * LIMIT)
  memory.change(LIMIT)
  expect(memory.allowance(500_000, 0)).toBe(SHORT)
  expect(memory.allowance(500_000, SHORT - 10)).toBe(10)
  expect(memory.allowance(500_000, 500_000)).toBe(0)
  expect(fulls()).toBe(0)
  memory.change(LIMIT)
  expect(memory.allowance(1, 0)).toBe(0)
  expect(fulls()).toBe(1)
})

test('who waits is woken one a turn, so that each is seen to take before the next', () => {
  const { budget: memory, clock } = budget()
  memory.change(2 * LIMIT)
  const waiters = [new Waiter(), new Waiter(), new Waiter()]
  for (const waiter of waiters) {
    waiter.onRoom = () => memory.change(memory.allowance(LIMIT, 0))
    memory.wait(waiter)
  }
  memory.change(-SHORT)
  while (clock.endTurn() > 0);
  expect(waiters.map(({ freed }) => freed)).toEqual([1, 0, 0])
  expect(memory.full).toBe(true)
  memory.change(-2 * LIMIT)
  while (clock.endTurn() > 0);
  expect(waiters.map(({ freed }) => freed)).toEqual([1, 1, 1])
})

test('who left is not woken', () => {
  const { budget: memory, clock } = budget()
  memory.change(2 * LIMIT)
  const waiter = new Waiter()
  memory.wait(waiter)
  memory.leave(waiter)
  memory.change(-2 * LIMIT)
  clock.endTurn()
  expect(waiter.freed).toBe(0)
})

test('who waits with bytes in his hands is told once when there is little left', () => {
  const { budget: memory } = budget()
  const [stays, leaves] = [new Waiter(), new Waiter()]
  memory.hoard(stays)
  memory.hoard(leaves)
  memory.leave(leaves)
  memory.change(LIMIT - 1)
  expect(stays.hurried).toBe(0)
  memory.change(1)
  memory.change(1)
  expect([stays.hurried, leaves.hurried]).toEqual([1, 0])
})
