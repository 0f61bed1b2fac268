// Long work in slices, with a clock that every look at it moves on.

import { expect, test } from 'vitest'
import { Slices } from '../../src/io/slices.ts'
import { ManualClock, microtasks } from '../support/manual-clock.ts'

const SLICE_MS = 3

/** A clock by which a step takes a millisecond. */
class StepClock extends ManualClock {
  override monotonicMs(): number {
    this.advance(1)
    return super.monotonicMs()
  }
}

function* steps(count: number, step: () => void): Generator<void, string> {
  for (let at = 0; at < count; at++) {
    step()
    yield
  }
  return `${count} steps`
}

test('a turn has a slice of one work alone, and they take turns', async () => {
  const clock = new StepClock()
  const slices = new Slices(clock, SLICE_MS)
  const turns: string[] = []
  const done = ['a', 'b', 'c'].map((name, at) => {
    return slices.run(steps(3 * (at + 1), () => void (turns[turns.length - 1] += name)))
  })
  await microtasks()
  expect(turns).toEqual([]) // nothing is done in the turn in which it is asked for
  for (;;) {
    turns.push('')
    if (clock.endTurn() === 0) break
    await microtasks()
  }
  // Three steps a slice, and one more look at the work that has come to its end.
  expect(turns).toEqual(['aaa', 'bbb', 'ccc', '', 'bbb', 'ccc', '', 'ccc', '', ''])
  expect(await Promise.all(done)).toEqual(['3 steps', '6 steps', '9 steps'])
})

test('a slice is over when its time is, whoever asks', async () => {
  const clock = new ManualClock()
  const slices = new Slices(clock, SLICE_MS)
  expect(slices.over).toBe(true)
  const next = slices.next()
  clock.endTurn()
  await next
  expect(slices.over).toBe(false)
  clock.advance(SLICE_MS)
  expect(slices.over).toBe(true)
})

test('work that fails fails for who asked, and for nobody else', async () => {
  const clock = new ManualClock()
  const slices = new Slices(clock)
  const failing = slices.run({
    next() {
      throw new Error('broken')
    },
  })
  const other = slices.run(steps(2, () => {}))
  const failed = expect(failing).rejects.toThrow('broken')
  await clock.settle()
  await failed
  expect(await other).toBe('2 steps')
})
