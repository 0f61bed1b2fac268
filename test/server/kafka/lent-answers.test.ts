// Memory that answers are read into comes back once, whatever becomes of the answer: and never while it may
// still be read into.

import { beforeEach, expect, test } from 'vitest'
import type { Dispatch } from '../../../src/server/kafka/dispatch.ts'
import type { KafkaContext } from '../../../src/server/kafka/handler.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryClient } from './memory-client.ts'

const MEMORY_BYTES = 50_000

/** A request under way: its memory is lent, and it ends when the test says so. */
interface UnderWay {
  readonly memory: Buffer
  readonly end: (answer: unknown) => void
  readonly fail: (error: Error) => void
}

let client: MemoryClient
let requests: UnderWay[]
/** What the front makes of an answer. */
let frameOf: (answer: unknown) => Buffer[] | null

beforeEach(() => {
  requests = []
  frameOf = () => [Buffer.alloc(8)]
  const served = { counters: { bytesIn: { add: () => {} }, bytesOut: { add: () => {} } } }
  const dispatch = {
    clock: new ManualClock(),
    isPipelined: () => true,
    open: () => ({ served, version: 0, clientId: 'test' }),
    begin(_: unknown, context: KafkaContext) {
      const memory = context.memory.buffer(MEMORY_BYTES)
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      requests.push({ memory, end: resolve, fail: reject })
      return { begun: null, done: promise }
    },
    answered: () => {},
    isDone: () => false,
    refusal: () => ({}),
    closing: () => {},
    frameOf: (_: unknown, answer: unknown) => frameOf(answer),
  } as unknown as Dispatch
  const front = { dispatch, maxRequestBytes: 1e6, maxUnknownRequestBytes: 1e6, closed: () => {} }
  client = new MemoryClient(front, false)
  for (let count = 0; count < 3; count++) client.sendBehind(Buffer.alloc(20))
})

async function ended(...requestsInTurn: UnderWay[]): Promise<void> {
  for (const request of requestsInTurn) request.end({})
  await new Promise(setImmediate)
}

test('when the answers are out, in their order', async () => {
  const [first, second, third] = requests as [UnderWay, UnderWay, UnderWay]
  await ended(second)
  expect(client.lent.size).toBe(3)
  await ended(first)
  expect([...client.lent]).toEqual([third.memory])
  await ended(third)
  expect(client.lent.size).toBe(0)
})

test('when the client is gone: at once what waits for an answer before it, the rest when it has ended', async () => {
  const [first, second, third] = requests as [UnderWay, UnderWay, UnderWay]
  await ended(second)
  client.close()
  expect([...client.lent]).toEqual([first.memory, third.memory])
  await ended(first)
  expect([...client.lent]).toEqual([third.memory])
  third.fail(new Error('nothing to read'))
  await new Promise(setImmediate)
  expect(client.lent.size).toBe(0)
})

test('when an answer is none that can be written, and the connection is closed for it', async () => {
  const [first] = requests as [UnderWay]
  frameOf = () => null
  await ended(first)
  expect(client.fate).toBe('closed')
  expect(client.lent.has(first.memory)).toBe(false)
})

test('when a request is not answered at all', async () => {
  const [first] = requests as [UnderWay]
  first.end(null)
  await new Promise(setImmediate)
  expect(client.lent.has(first.memory)).toBe(false)
})
