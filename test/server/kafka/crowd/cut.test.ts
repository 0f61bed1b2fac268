// Requests cut into parts, and answers put together again.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Cut,
  cutFor,
  JoinedAnswer,
  type Part,
  partsOf,
} from '../../../../src/server/kafka/crowd/cut.ts'

type Row = { name: string; rows: Row[] | number[] }

const PATHS = [['topics'], ['topics', 'rows'], ['topics', 'rows', 'rows']]

/** A request with arrays as deep as the path says. */
function requests(depth: number): fc.Arbitrary<object> {
  const leaves = fc.array(fc.nat(99), { maxLength: 9 })
  const level = (left: number): fc.Arbitrary<unknown> => {
    if (left === 1) return leaves
    return fc.array(fc.record({ name: fc.string(), rows: level(left - 1) }), { maxLength: 5 })
  }
  return fc.record({ acks: fc.nat(), topics: level(depth) })
}

/** What a handler answers to: every number doubled, whatever the arrays are called. */
function answered(request: object): object {
  const value = (one: unknown): unknown => {
    if (typeof one === 'number') return one * 2
    const { name, rows } = one as Row
    return { title: name, cells: rows.map(value) }
  }
  const { topics } = request as { topics: unknown[] }
  return { throttleTimeMs: topics.length, errorCode: 0, results: topics.map(value) }
}

function parts(request: object, cut: Cut, size: number): Part[] {
  return [...partsOf(request, cut, size)].flatMap((part) => part ?? [])
}

describe.each(PATHS.map((asked) => ({ asked })))('along $asked', ({ asked }) => {
  const path = ['results', ...asked.slice(1).map(() => 'cells')]

  test('answers to the parts are together what answers the whole', () => {
    fc.assert(
      fc.property(requests(asked.length), fc.integer({ min: 1, max: 7 }), (request, size) => {
        const joined = new JoinedAnswer(path)
        const pieces = parts(request, { asked, answered: path }, size)
        for (const { message, joint } of pieces) joined.add(answered(message), joint)
        const whole = answered(request) as { results: unknown }
        expect((joined.whole as typeof whole).results).toEqual(whole.results)
        for (const { message } of pieces) expect(leavesOf(message)).toBeLessThanOrEqual(size)
      }),
      { numRuns: 300 },
    )
  })
})

/** Things that a part asks for; what has none of them counts as one. */
function leavesOf(value: unknown): number {
  if (typeof value === 'number') return 1
  const { topics, rows } = value as { topics?: unknown[]; rows?: unknown[] }
  const inner = topics ?? rows!
  if (inner.length === 0) return topics === undefined ? 1 : 0
  return inner.reduce<number>((sum, one) => sum + leavesOf(one), 0)
}

test('what is named again is left out where it is to be answered once, and the loop may stop there', () => {
  const groups = ['a', 'b', 'a', 'a', 'c', 'b', 'a']
  const cut = { asked: ['groups'], answered: ['groups'], key: (name: string) => name }
  const pieces = [...partsOf({ groups }, cut, 2)]
  expect(pieces.flatMap((piece) => piece?.message['groups'] ?? [])).toEqual(['a', 'b', 'c'])
  expect(pieces.filter((piece) => piece === null)).toHaveLength(2)
})

test('the array that is there is cut, and nothing where there is none', () => {
  const cuts = [
    { asked: ['topics'], answered: ['responses'] },
    { asked: ['topicNames'], answered: ['responses'] },
  ]
  expect(cutFor(cuts, { topics: [], topicNames: ['a'] })).toBe(cuts[1])
  expect(cutFor(cuts, { topics: [], topicNames: [] })).toBeNull()
  expect(cutFor(cuts, { topics: null, topicNames: [] })).toBeNull()
})

test('what is said of the whole is the first error, with its words, and the longest pause', () => {
  const joined = new JoinedAnswer(['topics'])
  const node = { nodeId: 1 }
  joined.add({ throttleTimeMs: 5, errorCode: 0, errorMessage: null, topics: [1], nodes: [] }, 0)
  joined.add({ throttleTimeMs: 9, errorCode: 3, errorMessage: 'x', topics: [2], nodes: [node] }, 0)
  joined.add({ throttleTimeMs: 0, errorCode: 7, errorMessage: 'y', topics: [3], nodes: [node] }, 0)
  expect(joined.whole).toEqual({
    ...{ throttleTimeMs: 9, errorCode: 3, errorMessage: 'x' },
    ...{ topics: [1, 2, 3], nodes: [node] },
  })
})

test('arrays that handlers share are not written into', () => {
  const shared: number[] = []
  const joined = new JoinedAnswer(['topics', 'partitions'])
  joined.add({ topics: [{ name: 'a', partitions: shared }] }, 0)
  joined.add({ topics: [{ name: 'a', partitions: [1] }] }, 1)
  expect(joined.whole).toEqual({ topics: [{ name: 'a', partitions: [1] }] })
  expect(shared).toEqual([])
})
