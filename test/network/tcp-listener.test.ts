// A listener over real sockets and a clock by hand: who may connect, how much may come, and how slowly.

import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '../../src/observability/logger.ts'
import { eventually } from '../support/grpc-client.ts'
import {
  arrive,
  clock,
  closing,
  connect,
  framed,
  LIMITS,
  listen,
  listener,
  received,
  serve,
  served,
  sockets,
} from './echo-listener.ts'

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  listener.close()
  await listener.allClosed()
  expect(listener.budget.usedBytes).toBeLessThanOrEqual(
    served.reduce((sum, { answers, frames }) => {
      return sum + (answers ? 0 : frames.reduce((all, { byteLength }) => all + byteLength, 0))
    }, 0),
  )
})

test('who connects before it serves waits, and is served then', async () => {
  await listen()
  const socket = await connect()
  const answer = received(socket)
  socket.write(framed(Buffer.from('early')))
  await arrive()
  expect(listener.connectionCount).toBe(1)
  serve()
  await eventually(() => answer().equals(framed(Buffer.from('early'))))
})

test('large frames and small ones come whole', async () => {
  await listen()
  serve()
  const socket = await connect()
  const answer = received(socket)
  const sizes = [1, 15_000, 16_384, 16_380, 65_536, 300_000, 7, 1_000_000]
  const frames = sizes.map((size, at) => Buffer.alloc(size, at + 1))
  for (const frame of frames) socket.write(framed(frame))
  const expected = Buffer.concat(frames.map(framed))
  await eventually(() => answer().byteLength === expected.byteLength)
  expect(answer().equals(expected)).toBe(true)
})

test.each([
  ['0', 0],
  ['negative', -5],
  ['2^31 - 1', 0x7fff_ffff],
  ['a byte over the limit', 1_000_001],
])('F46: a frame size that is %s closes the connection', async (_what, size) => {
  await listen()
  serve()
  const socket = await connect()
  const bytes = Buffer.alloc(64)
  bytes.writeInt32BE(size)
  socket.write(bytes)
  await closing(socket)
  expect(served[0]!.frames).toEqual([])
  expect(listener.connectionErrors.value).toBe(1)
})

test('an attack is two lines of the log a second, and not one a connection', async () => {
  const lines: object[] = []
  const logger = { ...silentLogger, warn: (facts: object) => void lines.push(facts) }
  await listen({ logger })
  serve()
  for (let count = 0; count < 10; count++) {
    const socket = await connect()
    socket.write(Buffer.alloc(8))
    await closing(socket)
  }
  clock.advance(1_000)
  expect(lines).toEqual([{ host: '127.0.0.1', reason: 'a frame of 0 bytes' }, { connections: 9 }])
})

test('F46: a byte a second is closed within 10 s of the first', async () => {
  await listen()
  serve()
  const socket = await connect()
  const closed = closing(socket)
  const frame = framed(Buffer.alloc(1_000))
  for (let at = 0; at < 10; at++) {
    socket.write(frame.subarray(at, at + 1))
    await arrive()
    clock.advance(1_000)
  }
  await closed
})

test('a large frame on a slow line goes through', async () => {
  await listen()
  serve()
  const socket = await connect()
  const answer = received(socket)
  const frame = framed(Buffer.alloc(30_000, 1))
  for (let at = 0; at < frame.byteLength; at += 1_000) {
    socket.write(frame.subarray(at, at + 1_000))
    await arrive()
    clock.advance(1_000)
  }
  await eventually(() => answer().byteLength === frame.byteLength)
})

test('an idle connection is closed, and not one that waits for an answer', async () => {
  await listen()
  serve()
  const [idle, waiting] = [await connect(), await connect()]
  await eventually(() => served.length === 2)
  served[1]!.busy = true
  const closed = closing(idle)
  clock.advance(LIMITS.idleMs + 1_000)
  await closed
  expect(served[1]!.isClosed).toBe(false)
  waiting.destroy()
})

test('connections above the limits are closed as they come', async () => {
  await listen({ maxConnections: 3, maxConnectionsPerAddress: 2 })
  serve()
  await connect()
  await connect()
  const third = await connect()
  await closing(third)
  expect(listener.connectionCount).toBe(2)
  sockets[0]!.destroy()
  await eventually(() => listener.connectionCount === 1)
  await connect()
  await eventually(() => listener.connectionCount === 2)
})

test('while it is held nothing is read, however much comes', async () => {
  await listen()
  serve()
  const socket = await connect()
  socket.write(framed(Buffer.from('one')))
  await eventually(() => served[0]?.frames.length === 1)
  served[0]!.connection.hold()
  for (let count = 0; count < 100; count++) socket.write(framed(Buffer.alloc(100_000)))
  await arrive()
  expect(served[0]!.frames.length).toBe(1)
  served[0]!.connection.release()
  await eventually(() => served[0]!.frames.length === 101)
})

test('a large frame waits for memory that others use, and its time does not run meanwhile', async () => {
  await listen({ receiveBytes: 200_000 })
  serve()
  const first = await connect()
  await eventually(() => served.length === 1)
  served[0]!.answers = false
  first.write(framed(Buffer.alloc(300_000)))
  await eventually(() => served[0]!.frames.length === 1)
  expect(listener.budget.usedBytes).toBe(300_000)

  const second = await connect()
  second.write(framed(Buffer.alloc(80_000)))
  await arrive()
  clock.advance(60_000)
  expect(served[1]!.frames.length).toBe(0)
  served[0]!.connection.forget(300_000)
  served[0]!.frames.length = 0
  await eventually(() => served[1]!.frames.length === 1)
})

test('what a connection held of the memory is given back when it goes', async () => {
  await listen()
  serve()
  const socket = await connect()
  socket.write(framed(Buffer.alloc(500_000)).subarray(0, 200_000))
  await eventually(() => listener.budget.usedBytes === 500_000)
  socket.destroy()
  await eventually(() => listener.budget.usedBytes === 0)
})

test('an answer that is not read is told, and so is its end', async () => {
  await listen()
  serve()
  const socket = await connect()
  socket.pause()
  for (let count = 0; count < 40; count++) socket.write(framed(Buffer.alloc(500_000)))
  await eventually(() => (served[0]?.connection.unsentBytes ?? 0) > 1_000_000)
  const answer = received(socket)
  socket.resume()
  await eventually(() => served[0]!.drains > 0 && answer().byteLength === 40 * 500_004)
})

test('what was sent before the end still arrives', async () => {
  await listen()
  serve()
  const socket = await connect()
  const answer = received(socket)
  const ended = closing(socket)
  await eventually(() => served.length === 1)
  served[0]!.connection.send([Buffer.alloc(2_000_000, 7)])
  served[0]!.connection.end()
  await ended
  expect(answer().byteLength).toBe(2_000_000)
})

test('several batches are read at once, of clients that are known and send them', async () => {
  await listen({ receiveBytes: 10_000_000 })
  serve()
  const socket = await connect()
  await eventually(() => served.length === 1)
  const client = served[0]!
  client.answers = false
  const readBytes = async (frameBytes: number): Promise<number> => {
    const frames = client.frames.length
    socket.write(framed(Buffer.alloc(frameBytes)))
    await eventually(() => client.frames.length === frames + 1)
    return client.connection.memory().byteLength
  }
  expect(await readBytes(100)).toBe(16 * 1024)
  expect(await readBytes(10_000)).toBe(64 * 1024)
  expect(await readBytes(60_000)).toBe(16 * 1024) // such a one is read in place
  client.known = false
  expect(await readBytes(10_000)).toBe(16 * 1024)
  client.known = true
  expect(await readBytes(10_000)).toBe(64 * 1024)

  // However they come, they come whole.
  const sizes = Array.from({ length: 60 }, (_, at) => 4_000 + ((at * 7_919) % 30_000))
  const sent = sizes.map((size, at) => Buffer.alloc(size, at + 1))
  const before = client.frames.length
  socket.write(Buffer.concat(sent.map(framed)))
  await eventually(() => client.frames.length === before + sent.length)
  const came = client.frames.slice(before)
  expect(came.every((frame, at) => frame.equals(sent[at]!))).toBe(true)
})
