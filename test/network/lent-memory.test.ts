// Memory that answers lie in: it is used again when the system has their bytes, and not before; and it comes
// back whatever becomes of the connection.

import type net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FrameMemory } from '../../src/network/frame-memory.ts'
import type { ServerConnection } from '../../src/network/server-connection.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { eventually } from '../support/grpc-client.ts'
import {
  connect,
  framed,
  listen,
  listener,
  received,
  serve,
  served,
  sockets,
} from './echo-listener.ts'

/** More than the system takes of one connection whose client does not read. */
const ANSWERS = 40
const ANSWER_BYTES = 1_000_000

const { resident } = StorageCore.load()
const SLOTS = resident.freeSlots

/** Where memory begins: in a region of many pieces, or in one of its own. */
type Start = ArrayBufferLike | number

let lent: Set<Start>
let takes: number

function startOf({ buffer, byteOffset }: Buffer): Start {
  return byteOffset === 0 ? buffer : byteOffset
}

/** @param withResident the memory of the storage core is lent while there is some */
async function begin(withResident: boolean): Promise<void> {
  await listen(withResident ? { resident } : {})
  serve()
  lent = new Set()
  takes = 0
  const { frameMemory } = listener
  const lend = frameMemory.lend.bind(frameMemory)
  const give = frameMemory.give.bind(frameMemory)
  frameMemory.lend = (sizeBytes) => {
    const memory = lend(sizeBytes)
    expect(lent.has(startOf(memory))).toBe(false)
    lent.add(startOf(memory))
    takes += 1
    return memory
  }
  frameMemory.give = (memory) => {
    expect(lent.delete(startOf(memory))).toBe(true)
    memory.fill(0xdd) // what still refers to it shows
    give(memory)
  }
}

async function connected(): Promise<{ socket: net.Socket; connection: ServerConnection }> {
  const socket = await connect()
  await eventually(() => served.length === sockets.length)
  return { socket, connection: served.at(-1)!.connection }
}

/** An answer in two parts, of which the larger lies in lent memory. */
function answer(connection: ServerConnection, value: number): void {
  const memory = connection.lend(ANSWER_BYTES)
  memory.fill(value)
  const size = Buffer.alloc(4)
  size.writeInt32BE(ANSWER_BYTES)
  connection.send([size, memory], [memory])
}

describe.each([
  ['of its own', false],
  ['of the storage core, and more', true],
])('memory %s:', (_, withResident) => {
  beforeEach(() => begin(withResident))

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    listener.close()
    await listener.allClosed()
    expect(resident.freeSlots).toBe(SLOTS)
  })

  test('what a slow reader gets is what was sent, whatever others are lent meanwhile', async () => {
    const slow = await connected()
    const fast = await connected()
    slow.socket.pause()
    const fastBytes = received(fast.socket)
    for (let at = 0; at < ANSWERS; at++) {
      answer(slow.connection, at)
      if (at % 4 === 0) answer(fast.connection, 100 + at)
      await new Promise(setImmediate)
    }
    const expected = (values: number[]): Buffer => {
      return Buffer.concat(values.map((value) => framed(Buffer.alloc(ANSWER_BYTES, value))))
    }
    const all = Array.from({ length: ANSWERS }, (_, at) => at)
    const fastExpected = expected(all.filter((at) => at % 4 === 0).map((at) => 100 + at))
    await eventually(() => fastBytes().byteLength === fastExpected.byteLength)
    expect(fastBytes().equals(fastExpected)).toBe(true)
    expect(lent.size).toBeGreaterThan(ANSWERS / 2)
    const slowBytes = received(slow.socket)
    slow.socket.resume()
    const slowExpected = expected(all)
    await eventually(() => slowBytes().byteLength === slowExpected.byteLength)
    expect(slowBytes().equals(slowExpected)).toBe(true)
    await eventually(() => lent.size === 0)
    expect(takes).toBe(ANSWERS + ANSWERS / 4)
  })

  test.each([
    ['its client goes', ({ socket }: { socket: net.Socket }) => socket.destroy()],
    ['it is cut', ({ connection }: { connection: ServerConnection }) => connection.destroy()],
  ])(
    'all of it comes back when a connection that is behind is closed because %s',
    async (_, close) => {
      const both = await connected()
      both.socket.pause()
      for (let at = 0; at < ANSWERS; at++) {
        answer(both.connection, at)
        if (at % 2 === 0) await new Promise(setImmediate)
      }
      expect(lent.size).toBeGreaterThan(ANSWERS / 2)
      close(both)
      answer(both.connection, 1) // behind its back
      await eventually(() => listener.connectionCount === 0)
      answer(both.connection, 2) // after its end
      await eventually(() => lent.size === 0)
    },
  )

  test('small answers that leave as one give theirs back', async () => {
    const { socket, connection } = await connected()
    const bytes = received(socket)
    const memory = connection.lend(20_000)
    memory.write('some')
    connection.send([Buffer.from([0, 0, 0, 4]), memory.subarray(0, 4)], [memory])
    await eventually(() => bytes().byteLength === 8)
    expect(bytes().toString('latin1', 4)).toBe('some')
    await eventually(() => lent.size === 0)
  })
})

test('memory that is not kept is freed at once', () => {
  const memory = new FrameMemory()
  const large = memory.take(3_000_000)
  memory.give(large)
  expect(large.buffer.byteLength).toBe(0)
  const all = Array.from({ length: 20 }, () => memory.take(1_000_000))
  for (const each of all) memory.give(each)
  expect(memory.keptBytes).toBeGreaterThan(15_000_000)
  expect(all.filter(({ buffer }) => buffer.byteLength === 0).length).toBeGreaterThan(0)
  expect(memory.take(1_000_000).byteLength).toBe(1_000_000)
})
