// The proxy against a broker that answers each frame with its own bytes, in order.

import { once } from 'node:events'
import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../seeded-random.ts'
import { FrameSplitter, requestHead, type RequestHead } from './frame-splitter.ts'
import { KafkaProxy, PASS, type Action, type ProxyRules } from './kafka-proxy.ts'

const LONG_BODY = Buffer.alloc(300_000, 7)

let server: Server
/** Frames that reached the broker, without sizes. */
let arrived: string[]
let brokerSockets: Socket[]
let proxy: KafkaProxy | undefined
let clients: Socket[]

beforeEach(async () => {
  arrived = []
  brokerSockets = []
  clients = []
  server = createServer((socket) => {
    brokerSockets.push(socket)
    const splitter = new FrameSplitter()
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      for (const each of splitter.push(bytes)) {
        const { clientId, correlationId } = requestHead(each)
        arrived.push(`${clientId} ${correlationId}`)
        socket.write(answer(correlationId, each.byteLength))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  for (const each of clients) each.destroy()
  await proxy?.close()
  for (const each of brokerSockets) each.destroy()
  server.close()
})

async function start(rules: ProxyRules): Promise<KafkaProxy> {
  proxy = await KafkaProxy.start((server.address() as AddressInfo).port, rules)
  return proxy
}

function rulesOf(request: (head: RequestHead) => Action): ProxyRules {
  return { request }
}

async function connect(to: KafkaProxy): Promise<TestClient> {
  const socket = createConnection(Number(to.address.split(':')[1]), '127.0.0.1')
  await once(socket, 'connect')
  clients.push(socket)
  return new TestClient(socket)
}

class TestClient {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  readonly answers: number[] = []
  #changed: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = once(socket, 'close')
    socket.on('error', () => {})
    const splitter = new FrameSplitter()
    socket.on('data', (bytes: Buffer) => {
      for (const each of splitter.push(bytes)) this.answers.push(each.readInt32BE(4))
      this.#changed()
    })
  }

  async answered(count: number): Promise<number[]> {
    while (this.answers.length < count) {
      await new Promise<void>((resolve) => (this.#changed = resolve))
    }
    return this.answers
  }
}

function request(apiKey: number, correlationId: number, clientId: string, body = 'x'): Buffer {
  const head = Buffer.alloc(14)
  head.writeInt16BE(apiKey, 4)
  head.writeInt32BE(correlationId, 8)
  head.writeInt16BE(Buffer.byteLength(clientId), 12)
  const frame = Buffer.concat([head, Buffer.from(clientId), Buffer.from(body)])
  frame.writeInt32BE(frame.byteLength - 4, 0)
  return frame
}

function answer(correlationId: number, bodyBytes: number): Buffer {
  const frame = Buffer.alloc(8 + bodyBytes)
  frame.writeInt32BE(4 + bodyBytes, 0)
  frame.writeInt32BE(correlationId, 4)
  return frame
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2))
}

test('frames go through whole, in any pieces and of any size, and their heads are read', async () => {
  const heads: RequestHead[] = []
  const client = await connect(await start(rulesOf((head) => (heads.push(head), PASS))))
  const random = new SeededRandom(5)
  const bytes = Buffer.concat([
    request(0, 1, 'one'),
    request(3, 2, ''),
    request(22, 3, 'ä', LONG_BODY.toString('latin1')),
    request(26, 4, 'four'),
  ])
  for (let at = 0; at < bytes.byteLength;) {
    const count = 1 + random.below(at < 100 ? 7 : 50_000)
    client.socket.write(bytes.subarray(at, at + count))
    at += count
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await client.answered(4)).toEqual([1, 2, 3, 4])
  expect(heads.map(({ apiKey }) => apiKey)).toEqual([0, 3, 22, 26])
  expect(arrived).toEqual(['one 1', ' 2', 'ä 3', 'four 4'])
})

test('a request that is delayed holds those after it, and none of another connection', async () => {
  const through = await start(
    rulesOf(({ correlationId }) => {
      return correlationId === 1 ? { kind: 'delay', delayMs: 150 } : PASS
    }),
  )
  const client = await connect(through)
  const other = await connect(through)
  client.socket.write(Buffer.concat([request(0, 1, 'a'), request(0, 2, 'a')]))
  await until(() => through.connectionCount === 2)
  other.socket.write(request(0, 3, 'b'))
  await other.answered(1)
  expect(await client.answered(2)).toEqual([1, 2])
  expect(arrived).toEqual(['b 3', 'a 1', 'a 2'])
})

test('a request that is cut does not arrive; one that loses its answer does', async () => {
  const through = await start(
    rulesOf(({ clientId }) => (clientId === 'cut' ? { kind: 'cut' } : { kind: 'lose answer' })),
  )
  const cut = await connect(through)
  cut.socket.write(request(0, 1, 'cut'))
  await cut.closed
  const losing = await connect(through)
  losing.socket.write(request(0, 2, 'losing'))
  await losing.closed
  expect(arrived).toEqual(['losing 2'])
  expect(losing.answers).toEqual([])
})

test('a stranded request arrives when it is released, long after its client has gone', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const late: number[] = []
  let isFirst = true
  const through = await start({
    request: ({ apiKey }) => {
      if (apiKey !== 26 || !isFirst) return PASS
      isFirst = false
      return { kind: 'strand', released }
    },
    answeredLate: ({ correlationId }) => void late.push(correlationId),
  })
  const client = await connect(through)
  client.socket.write(Buffer.concat([request(0, 1, 'p'), request(26, 2, 'p'), request(0, 3, 'p')]))
  await client.closed
  const again = await connect(through)
  again.socket.write(Buffer.concat([request(26, 4, 'p'), request(0, 5, 'p')]))
  expect(await again.answered(2)).toEqual([4, 5])
  through.cutAll()
  await again.closed
  expect(arrived).toEqual(['p 1', 'p 4', 'p 5'])
  release()
  await until(() => late.length > 0)
  // What was sent behind it went with the client's connection.
  expect(arrived).toEqual(['p 1', 'p 4', 'p 5', 'p 2'])
  expect(late).toEqual([2])
  await until(() => through.connectionCount === 0)
})

test('nothing goes through while connections are held, all of it after that', async () => {
  const through = await start(rulesOf(() => PASS))
  const client = await connect(through)
  client.socket.write(request(0, 1, 'h'))
  await client.answered(1)
  through.hold()
  client.socket.write(request(0, 2, 'h'))
  const other = await connect(through)
  other.socket.write(request(0, 9, 'after'))
  await other.answered(1)
  expect(arrived).toEqual(['h 1', 'after 9'])
  through.goOn()
  expect(await client.answered(2)).toEqual([1, 2])
})

test('a client of a broker that is not there is told so by the end of its connection', async () => {
  const through = await start(rulesOf(() => PASS))
  const closed = once(server, 'close')
  server.close()
  await closed
  const client = await connect(through)
  await client.closed
})
