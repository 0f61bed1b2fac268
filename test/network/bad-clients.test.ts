// F46 at the listener: clients that do not take their answers, that begin frames and do not end them,
// and that never say who they are. Real sockets, a clock by hand; what counts is bytes.

import { afterEach, expect, test } from 'vitest'
import type { CloseCause } from '../../src/network/server-connection.ts'
import { eventually } from '../support/grpc-client.ts'
import {
  arrive,
  clock,
  closing,
  connect,
  framed,
  listen,
  listener,
  received,
  serve,
  served,
  sockets,
} from './echo-listener.ts'

const MIB = 1024 * 1024

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  listener.close()
  await listener.allClosed()
  expect(listener.sendBudget.heldBytes).toBe(0)
})

function refusals(cause: CloseCause): number {
  return listener.refusals.get(cause)!.value
}

/** A client that reads nothing, and is sent this much. @returns where it is served */
async function stuck(sizeBytes: number): Promise<number> {
  const socket = await connect()
  socket.pause()
  await eventually(() => served.length === sockets.length)
  served.at(-1)!.connection.send([Buffer.alloc(sizeBytes)])
  await arrive()
  return served.length - 1
}

/** The client takes of a large answer until the system takes more for it. */
async function takeSome(at: number): Promise<void> {
  const { connection } = served[at]!
  const socket = sockets[at]!
  const hasTaken = (): boolean => connection.stalledMs(clock.monotonicMs()) === 0
  hasTaken() // what was taken before does not count
  clock.advance(1)
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!hasTaken()) return
      socket.pause()
      socket.off('data', look)
      resolve()
    }
    socket.on('data', look)
    socket.resume()
  })
}

test('what clients have not taken counts over all connections, and no more when it is out', async () => {
  await listen()
  serve()
  await stuck(20 * MIB)
  await stuck(20 * MIB)
  const { heldBytes } = listener.sendBudget
  expect(heldBytes).toBe(served[0]!.connection.unsentBytes + served[1]!.connection.unsentBytes)
  expect(heldBytes).toBeGreaterThan(20 * MIB)
  served[0]!.connection.park(1_000)
  expect(listener.sendBudget.heldBytes).toBe(heldBytes + 1_000)
  served[0]!.connection.park(-1_000)
  const answer = received(sockets[0]!)
  sockets[0]!.resume()
  await eventually(() => answer().byteLength === 20 * MIB)
  await eventually(() => {
    return listener.sendBudget.heldBytes === served[1]!.connection.unsentBytes
  })
  sockets[1]!.destroy()
  await eventually(() => listener.sendBudget.heldBytes === 0)
})

test('of one large answer, what was taken is told to the byte', async () => {
  await listen()
  serve()
  await stuck(20 * MIB)
  await arrive()
  const { connection } = served[0]!
  const first = connection.takenBytes
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThan(20 * MIB)
  await takeSome(0)
  expect(connection.takenBytes).toBeGreaterThan(first)
  expect(connection.takenBytes).toBeLessThan(20 * MIB)
  expect(connection.unsentBytes).toBe(20 * MIB)
  const answer = received(sockets[0]!)
  sockets[0]!.resume()
  await eventually(() => connection.unsentBytes === 0 && answer().byteLength > 0)
  expect(connection.takenBytes).toBe(20 * MIB)
})

test('who takes nothing of its answers for 60 s is closed, and not who takes some', async () => {
  await listen()
  serve()
  await stuck(20 * MIB)
  await stuck(20 * MIB)
  for (let second = 0; second < 62; second += 1) {
    clock.advance(1_000)
    if (second % 20 === 10) await takeSome(1)
  }
  await eventually(() => served[0]!.isClosed)
  expect(served[1]!.isClosed).toBe(false)
  expect(refusals('slow_reader')).toBe(1)
})

test('when answers leave no memory, who has taken nothing for longest is closed, until there is', async () => {
  await listen({ sendBytes: 20 * MIB })
  serve()
  const oldest = await stuck(18 * MIB)
  clock.advance(1_000)
  const next = await stuck(18 * MIB)
  expect(listener.sendBudget.full).toBe(false)
  clock.advance(2_000)
  const last = await stuck(18 * MIB)
  expect(listener.sendBudget.full).toBe(true)
  // The newest has not been stuck for a second when it is looked at next.
  clock.advance(250)
  await eventually(() => served[oldest]!.isClosed)
  await eventually(() => served[next]!.isClosed)
  expect(served[last]!.isClosed).toBe(false)
  expect(refusals('send_memory')).toBe(2)
  expect(listener.sendBudget.tight).toBe(false)
})

test('who takes something is not closed, however little memory there is', async () => {
  await listen({ sendBytes: 8 * MIB })
  serve()
  await stuck(100 * MIB)
  for (let look = 0; look < 5; look++) {
    clock.advance(250)
    await takeSome(0)
  }
  expect(listener.sendBudget.full).toBe(true)
  expect(served[0]!.isClosed).toBe(false)
})

test('a frame size alone takes no memory from others', async () => {
  await listen({ receiveBytes: 200_000 })
  serve()
  for (let count = 0; count < 20; count++) {
    const liar = await connect()
    liar.write(framed(Buffer.alloc(900_000)).subarray(0, 100))
  }
  await eventually(() => listener.budget.usedBytes === 20 * 1_024)
  const honest = await connect()
  const answer = received(honest)
  honest.write(framed(Buffer.alloc(150_000)))
  await eventually(() => answer().byteLength === 150_004)
})

test('frames that leave no memory to others are closed after 10 s, if they are not whole then', async () => {
  await listen({ receiveBytes: 200_000 })
  serve()
  // Both come so fast that they are not slow; there is room for one half of them.
  const frame = framed(Buffer.alloc(400_000))
  const clients = [await connect(), await connect(), await connect()]
  for (const client of clients) client.write(frame.subarray(0, 20_000))
  await arrive()
  expect(listener.budget.clogged).toBe(true)
  for (let second = 0; second < 10; second++) {
    for (const client of clients) client.write(Buffer.alloc(1_000))
    await arrive()
    clock.advance(1_000)
  }
  await eventually(() => served.every(({ isClosed }) => isClosed))
  expect(refusals('slow_frame')).toBe(3)
  expect(listener.budget.usedBytes).toBe(0)
})

test('frames that are too many for the memory come whole all the same, one after the other', async () => {
  await listen({ receiveBytes: 200_000 })
  serve()
  const clients = [await connect(), await connect(), await connect(), await connect()]
  const answers = clients.map((client) => received(client))
  for (const client of clients) client.write(framed(Buffer.alloc(400_000)))
  await eventually(() => answers.every((answer) => answer().byteLength === 400_004))
  expect(listener.budget.usedBytes).toBe(0)
})

test('who has to say who it is, and does not, is closed within 10 s', async () => {
  await listen()
  serve()
  const unknown = await connect()
  await eventually(() => served.length === 1)
  served[0]!.known = false
  await connect()
  await eventually(() => served.length === 2)
  const closed = closing(unknown)
  for (let second = 0; second < 10; second++) {
    unknown.write(framed(Buffer.from('busy')))
    await arrive()
    clock.advance(1_000)
  }
  await closed
  expect(refusals('unknown_client')).toBe(1)
  expect(served[1]!.isClosed).toBe(false)
})
