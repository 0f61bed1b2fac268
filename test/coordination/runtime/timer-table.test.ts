// Deadlines by key: against a model that sorts.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimerTable } from '../../../src/coordination/runtime/timer-table.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const action = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, atMs: fc.nat(50) }),
  fc.record({ do: fc.constant('cancel' as const), key }),
  fc.record({ do: fc.constant('advance' as const), byMs: fc.nat(20) }),
)

test('each deadline comes up once, not before its time, the earliest first', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
      const table = new TimerTable<string>()
      const model = new Map<string, number>()
      let nowMs = 0
      for (const each of actions) {
        if (each.do === 'set') {
          table.set(each.key, nowMs + each.atMs, each.key)
          model.set(each.key, nowMs + each.atMs)
        } else if (each.do === 'cancel') {
          table.cancel(each.key)
          model.delete(each.key)
        } else {
          nowMs += each.byMs
          for (let due = table.popDue(nowMs); due !== null; due = table.popDue(nowMs)) {
            const first = Math.min(...model.values())
            expect(model.get(due)).toBe(first)
            expect(first).toBeLessThanOrEqual(nowMs)
            model.delete(due)
          }
          expect([...model.values()].every((deadlineMs) => deadlineMs > nowMs)).toBe(true)
        }
        expect(table.size).toBe(model.size)
        expect(table.nextMs()).toBe(model.size === 0 ? null : Math.min(...model.values()))
      }
    }),
    { numRuns: 500 },
  )
})

test('a deadline that is put off a million times takes no room', () => {
  const table = new TimerTable<string>()
  for (let nowMs = 0; nowMs < 1_000_000; nowMs++) table.set('session', nowMs + 10_000, 'session')
  expect(table.size).toBe(1)
  expect(table.popDue(1_009_998)).toBe(null)
  expect(table.popDue(1_009_999)).toBe('session')
})
