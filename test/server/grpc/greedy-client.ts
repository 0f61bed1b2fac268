// A client that asks for much and takes what it is told to, by HTTP/2 itself: many calls on one connection.

import http2 from 'node:http2'
import net from 'node:net'
import { once } from 'node:events'
import { create } from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'
import { encodeMessage } from '../../../src/protocol/grpc/codec.ts'
import { fetchStreamRequestCodec } from '../../../src/protocol/grpc/fetch-command-codec.ts'
import { FetchRequestSchema } from '../../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { FETCH_SERVICE } from '../../../src/protocol/grpc/services.ts'
import { framed } from '../../support/grpc-client.ts'

const MIB = 1024 * 1024

export class GreedyClient {
  readonly session: http2.ClientHttp2Session
  /** Bytes that were read, of all calls. */
  takenBytes = 0

  constructor(session: http2.ClientHttp2Session) {
    this.session = session
    session.on('error', () => {})
  }

  /** @param windowBytes that each call may be sent before any of it is read */
  static async connect(port: number, windowBytes: number): Promise<GreedyClient> {
    const settings = { initialWindowSize: windowBytes }
    const session = http2.connect(`http://127.0.0.1:${port}`, { settings })
    const client = new GreedyClient(session)
    await once(session, 'remoteSettings')
    // So that what one call does not read holds up no other.
    session.setLocalWindowSize(64 * MIB)
    await client.ping()
    return client
  }

  ping(): Promise<unknown> {
    return new Promise((resolve) => this.session.ping(resolve))
  }

  /** Begins a call, of which nothing is read. */
  open(path: string, headers: http2.OutgoingHttpHeaders = {}): http2.ClientHttp2Stream {
    const method = { ':method': 'POST', ':path': path }
    const stream = this.session.request({
      ...{ ...method, 'content-type': 'application/grpc', te: 'trailers' },
      ...headers,
    })
    stream.on('error', () => {})
    stream.pause()
    return stream
  }

  /** Begins a unary call. */
  call<I>(method: MethodDefinition<I, never>, request: I): http2.ClientHttp2Stream {
    const stream = this.open(method.path)
    stream.end(framed(method.requestSerialize(request)))
    return stream
  }

  /** A Fetch of this much of a topic, which waits for it for a minute. */
  fetch(topic: string, maxBytes: number): http2.ClientHttp2Stream {
    const partitions = [{ topic, partition: 0, fetchOffset: 0n, maxBytes }]
    const limits = { maxBytes, minBytes: 1, maxWaitMs: 60_000 }
    const request = create(FetchRequestSchema, { ...limits, partitions })
    return this.call(FETCH_SERVICE.fetch as never, request as never)
  }

  /** A FetchStream that may be sent all there is of a topic. */
  fetchStream(topic: string, headers: http2.OutgoingHttpHeaders = {}): http2.ClientHttp2Stream {
    const stream = this.open(FETCH_SERVICE.fetchStream.path, headers)
    const start = { kind: 'earliest' } as const
    const partitions = [{ topic, partition: 0, start, tag: 1 }]
    for (const command of [
      { kind: 'assign', partitions },
      { kind: 'credit', bytes: 1e9 },
    ] as const) {
      stream.write(framed(encodeMessage(fetchStreamRequestCodec, command)))
    }
    return stream
  }

  /** Reads a call until so much more has come, or it has ended. */
  async take(stream: http2.ClientHttp2Stream, sizeBytes: number): Promise<void> {
    let leftBytes = sizeBytes
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        stream.off('data', read).off('close', stop).pause()
        resolve()
      }
      const read = (chunk: Buffer): void => {
        this.takenBytes += chunk.byteLength
        leftBytes -= chunk.byteLength
        if (leftBytes <= 0) stop()
      }
      stream.on('data', read).on('close', stop).resume()
    })
  }

  close(): void {
    this.session.destroy()
  }
}

/** Between a client and a server: passes everything on until it is told to take nothing of the server's. */
export class DeafProxy {
  readonly #server: net.Server
  readonly #upstream = new Set<net.Socket>()

  private constructor(port: number) {
    this.#server = net.createServer((client) => {
      const server = net.connect(port, '127.0.0.1')
      this.#upstream.add(server)
      for (const socket of [client, server]) socket.on('error', () => {})
      client.pipe(server)
      server.pipe(client)
      client.on('close', () => server.destroy())
    })
  }

  static async start(port: number): Promise<DeafProxy> {
    const proxy = new DeafProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  goDeaf(): void {
    for (const socket of this.#upstream) socket.unpipe().pause()
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#upstream) socket.destroy()
  }
}
