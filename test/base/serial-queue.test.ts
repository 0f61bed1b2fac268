// One task at a time, in order, bounded.

import { expect, test } from 'vitest'
import { SerialQueue } from '../../src/base/serial-queue.ts'

test('tasks run one after the other in the order in which they were added', async () => {
  const queue = new SerialQueue(10)
  const log: string[] = []
  const task = (name: string, turns: number) => async () => {
    log.push(`${name} begins`)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    log.push(`${name} ends`)
    return name
  }
  const results = await Promise.all([queue.run(task('a', 5)), queue.run(task('b', 1))])
  expect(results).toEqual(['a', 'b'])
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  expect(queue.size).toBe(0)
})

test('a task that fails rejects its own promise and no other', async () => {
  const queue = new SerialQueue(10)
  const failing = queue.run(() => {
    throw new Error('no')
  })
  const next = queue.run(() => 'yes')
  await expect(failing).rejects.toThrow('no')
  await expect(next).resolves.toBe('yes')
})

test('a task over the limit is refused at once', async () => {
  const queue = new SerialQueue(1)
  const first = queue.run(() => 1)
  await expect(queue.run(() => 2)).rejects.toThrow(RangeError)
  await expect(first).resolves.toBe(1)
  await expect(queue.run(() => 3)).resolves.toBe(3)
})
