// Who goes on when requests leave no memory: those for whom there is room, and one in any case.

import { expect, test } from 'vitest'
import { ReceiveBudget } from '../../src/network/receive-budget.ts'

const LIMIT = 1_000_000

class Waiter {
  freed = 0
  roomFreed(): void {
    this.freed += 1
  }
}

test('as many are woken as there is room for, those whose frame has begun first', () => {
  const budget = new ReceiveBudget(LIMIT)
  const [idle, begun, third] = [new Waiter(), new Waiter(), new Waiter()]
  budget.take(LIMIT)
  budget.wait(idle)
  expect(budget.waitWithFrame(begun)).toBe(true)
  budget.wait(third)
  budget.give(100)
  expect([begun.freed, idle.freed, third.freed]).toEqual([1, 0, 0])
  budget.give(70_000)
  expect([begun.freed, idle.freed, third.freed]).toEqual([1, 1, 1])
})

test('of frames that leave no room one goes on, then the next', () => {
  const budget = new ReceiveBudget(LIMIT)
  const [first, second, third] = [new Waiter(), new Waiter(), new Waiter()]
  budget.collect(LIMIT)
  expect(budget.clogged).toBe(true)
  expect(budget.waitWithFrame(first)).toBe(false)
  expect(budget.waitWithFrame(second)).toBe(true)
  expect(budget.waitWithFrame(third)).toBe(true)
  budget.collect(500_000)
  expect(budget.waitWithFrame(first)).toBe(false)
  budget.collected(first, 500_000)
  expect([second.freed, third.freed]).toEqual([1, 0])
  expect(budget.waitWithFrame(second)).toBe(false)
  budget.leave(second)
  budget.wake()
  expect(third.freed).toBe(1)
})

test('where it is unanswered requests that leave no room, nobody goes beyond it', () => {
  const budget = new ReceiveBudget(LIMIT)
  budget.take(LIMIT)
  budget.collect(1_000)
  expect(budget.waitWithFrame(new Waiter())).toBe(true)
})
