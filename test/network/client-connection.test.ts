// Frames out of what a socket gives, however it is cut, and over real sockets.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { connectFrames, FrameInput } from '../../src/network/client-connection.ts'
import type { FrameConnection } from '../../src/network/client-connection.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const MAX_BYTES = 1024 * 1024

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.byteLength)
  return Buffer.concat([size, body])
}

describe('frames', () => {
  test.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'come out as they went in, however they are cut (seed %i)',
    (seed) => {
      const random = new SeededRandom(seed)
      const largest = random.pick([3, 1_000, 70_000, 1_000_000])
      // Small pieces of large frames would take long and show nothing more.
      const small = [0, 1, 3, random.below(300)]
      const sizes = largest === 3 ? small : [...small, random.below(200_000)]
      const bodies = Array.from({ length: 20 }, () => random.bytes(random.pick(sizes)))
      const stream = Buffer.concat(bodies.map(framed))
      const found: Buffer[] = []
      const input = new FrameInput(MAX_BYTES, (frame) => found.push(frame))
      for (let at = 0; at < stream.byteLength;) {
        const room = input.room()
        if (room.byteLength === 0) throw new Error('no room')
        const count = Math.min(1 + random.below(largest), room.byteLength, stream.byteLength - at)
        stream.copy(room, 0, at, at + count)
        input.received(count)
        at += count
      }
      expect(found).toHaveLength(bodies.length)
      // Each has memory that nothing writes to afterwards.
      for (const [index, body] of bodies.entries()) expect(found[index]!.equals(body)).toBe(true)
    },
  )

  test.each([-1, MAX_BYTES + 1, 0x7fff_ffff])('of %i bytes are refused', (sizeBytes) => {
    const input = new FrameInput(MAX_BYTES, () => {})
    input.room().writeInt32BE(sizeBytes)
    expect(() => input.received(4)).toThrow(RangeError)
  })

  test('of the largest size are taken', () => {
    const found: Buffer[] = []
    const input = new FrameInput(MAX_BYTES, (frame) => found.push(frame))
    input.room().writeInt32BE(MAX_BYTES)
    input.received(4)
    for (let left = MAX_BYTES; left > 0;) {
      const count = Math.min(left, input.room().byteLength)
      input.received(count)
      left -= count
    }
    expect(found.map(({ byteLength }) => byteLength)).toEqual([MAX_BYTES])
  })
})

describe('a connection over TCP', () => {
  const cleanUps: (() => void)[] = []

  afterEach(() => {
    for (const cleanUp of cleanUps.splice(0)) cleanUp()
  })

  async function serve(client: (socket: Socket) => void): Promise<number> {
    const server = createServer(client).listen(0, '127.0.0.1')
    cleanUps.push(() => server.close())
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  function open(
    port: number,
    frame: (bytes: Buffer) => void,
  ): { connection: FrameConnection; connected: Promise<void>; closed: Promise<Error | null> } {
    const connected = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<Error | null>()
    const connection = connectFrames({ host: '127.0.0.1', port }, MAX_BYTES, {
      connected: () => connected.resolve(),
      frame,
      closed: (cause) => closed.resolve(cause),
    })
    cleanUps.push(() => connection.close())
    return { connection, connected: connected.promise, closed: closed.promise }
  }

  test('carries small frames and large ones both ways', async () => {
    const port = await serve((socket) => void socket.pipe(socket))
    const random = new SeededRandom(1)
    const bodies = [1, 70_000, 500, MAX_BYTES, 0, 20].map((sizeBytes) => random.bytes(sizeBytes))
    const all = Promise.withResolvers<void>()
    const found: Buffer[] = []
    const { connection, connected } = open(port, (frame) => {
      found.push(frame)
      if (found.length === bodies.length) all.resolve()
    })
    await connected
    let sent = 0
    for (const body of bodies) {
      const whole = framed(body)
      connection.send([whole.subarray(0, 4), whole.subarray(4)], () => (sent += 1))
    }
    await all.promise
    expect(sent).toBe(bodies.length)
    for (const [index, body] of bodies.entries()) expect(found[index]!.equals(body)).toBe(true)
  })

  test('ends when a frame claims too much, and says why', async () => {
    const port = await serve((socket) => {
      socket.on('error', () => {})
      socket.write(Buffer.from('7fffffff', 'hex'))
    })
    const { closed } = open(port, () => {})
    expect((await closed)?.message).toMatch(/a frame of 2147483647 bytes/)
  })

  test('tells that nobody is there, that the other side has gone, and that it was closed', async () => {
    const port = await serve((socket) => socket.end())
    expect(await open(port, () => {}).closed).toBeNull()
    const quiet = await serve(() => {})
    const own = open(quiet, () => {})
    await own.connected
    own.connection.close()
    expect(await own.closed).toBeNull()
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port: free } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    expect((await open(free, () => {}).closed)?.message).toMatch(/ECONNREFUSED/)
  })
})
