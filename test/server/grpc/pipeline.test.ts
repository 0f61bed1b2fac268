// Answers of a pipelined stream.

import { expect, test } from 'vitest'
import { Pipeline, type Slot } from '../../../src/server/grpc/pipeline.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

test('answers go out in the order of the requests, all that are due in one send', () => {
  const clock = new ManualClock()
  const sent: string[][] = []
  const pipeline = new Pipeline<string>(clock, (answers) => sent.push([...answers]))
  const [a, b, c, d] = [1, 2, 3, 4].map((size) => pipeline.add(size))

  pipeline.finish(b!, 'b')
  clock.endTurn()
  expect(sent).toEqual([])

  pipeline.finish(a!, 'a')
  pipeline.finish(d!, 'd')
  clock.endTurn()
  expect(sent).toEqual([['a', 'b']])
  expect([pipeline.count, pipeline.bytes]).toEqual([2, 7])

  pipeline.finish(c!, 'c')
  clock.endTurn()
  expect(sent).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  expect([pipeline.count, pipeline.bytes]).toEqual([0, 0])
})

test('whatever the order of finishing, every answer goes out once and in order', () => {
  const random = new SeededRandom(31)
  const clock = new ManualClock()
  const sent: number[] = []
  const pipeline = new Pipeline<number>(clock, (answers) => sent.push(...answers))
  const open: { slot: Slot<number>; answer: number }[] = []
  for (let next = 0; next < 5_000;) {
    if (open.length < 100 && random.chance(0.6))
      open.push({ slot: pipeline.add(1), answer: next++ })
    else if (open.length > 0) {
      const [{ slot, answer }] = open.splice(random.below(open.length), 1) as [(typeof open)[0]]
      pipeline.finish(slot, answer)
    }
    if (random.chance(0.2)) clock.endTurn()
  }
  for (const { slot, answer } of open) pipeline.finish(slot, answer)
  clock.endTurn()
  expect(sent).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
  expect(pipeline.count).toBe(0)
})

test('a closed pipeline sends nothing', () => {
  const clock = new ManualClock()
  const pipeline = new Pipeline<string>(clock, () => expect.fail('sent'))
  const slot = pipeline.add(1)
  pipeline.finish(slot, 'late')
  pipeline.close()
  clock.endTurn()
  expect(pipeline.count).toBe(0)
})
