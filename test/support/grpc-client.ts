// A plain grpc-js client for tests of the gRPC front: one call or one stream at a time, and what came
// of it. It knows nothing of src/client.

import http2 from 'node:http2'
import {
  Client,
  credentials,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { expect } from 'vitest'
import type { BrokerError } from '../../src/base/errors.ts'
import { errorOfStatus, STATUS_DETAILS_KEY } from '../../src/protocol/grpc/status-details.ts'

/** How a call ended. */
export interface CallEnd {
  readonly code: number
  readonly details: string
  /** Null when it ended well. */
  readonly error: BrokerError | null
}

function endOf({
  code,
  details,
  metadata,
}: Pick<ServiceError, 'code' | 'details' | 'metadata'>): CallEnd {
  const trailer = metadata.get(STATUS_DETAILS_KEY)[0]
  const bytes = Buffer.isBuffer(trailer) ? trailer : null
  return { code, details, error: code === status.OK ? null : errorOfStatus(code, details, bytes) }
}

export class TestStream<I, O> {
  readonly received: O[] = []
  /** Settles when the call has ended, well or not. */
  readonly end: Promise<CallEnd>
  readonly #call: ReturnType<Client['makeBidiStreamRequest']>
  #wake: (() => void)[] = []

  constructor(call: unknown) {
    this.#call = call as ReturnType<Client['makeBidiStreamRequest']>
    this.#call.on('error', () => {})
    this.end = new Promise((resolve) => this.#call.on('status', (end) => resolve(endOf(end))))
  }

  /** Takes what comes. Without it the stream stands still once its window is full. */
  read(): this {
    this.#call.on('data', (message: O) => {
      this.received.push(message)
      for (const wake of this.#wake.splice(0)) wake()
    })
    return this
  }

  write(message: I): this {
    this.#call.write(message)
    return this
  }

  /** Resolves when `count` messages in all have come. */
  async until(count: number): Promise<readonly O[]> {
    while (this.received.length < count) {
      const ended = await Promise.race([
        this.end,
        new Promise<null>((resolve) => this.#wake.push(() => resolve(null))),
      ])
      if (ended !== null && this.received.length < count) {
        expect.fail(`ended with ${ended.code} ${ended.details} after ${this.received.length}`)
      }
    }
    return this.received
  }

  /** Says that no more requests will come. */
  halfClose(): void {
    this.#call.end()
  }

  cancel(): void {
    this.#call.cancel()
  }
}

export class TestClient {
  readonly #client: Client

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  call<I, O>(method: MethodDefinition<I, O>, request: I): Promise<O> {
    const { path, requestSerialize, responseDeserialize } = method
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: O): void => {
        if (error === null) resolve(answer!)
        else reject(error)
      }
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done)
    })
  }

  /** A call that is to be refused. */
  async refusal<I, O>(method: MethodDefinition<I, O>, request: I): Promise<CallEnd> {
    const outcome = await this.call(method, request).then(
      () => null,
      (error: ServiceError) => endOf(error),
    )
    return outcome ?? expect.fail('the call succeeded')
  }

  /** Sends bytes as if they were the method's message. */
  refusalOfBytes(path: string, bytes: Buffer): Promise<CallEnd> {
    const asIs = (value: Buffer): Buffer => value
    const method = { path, requestSerialize: asIs, responseDeserialize: asIs }
    return this.refusal(method as never, bytes as never)
  }

  /** Begins a unary call. @returns a function that cancels it */
  begin<I, O>(method: MethodDefinition<I, O>, request: I): () => void {
    const { path, requestSerialize, responseDeserialize } = method
    const ignore = (): void => {}
    const call = this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      ignore,
    )
    return () => call.cancel()
  }

  bidi<I, O>(method: MethodDefinition<I, O>): TestStream<I, O> {
    const { path, requestSerialize, responseDeserialize } = method
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    return new TestStream(call)
  }

  serverStream<I, O>(method: MethodDefinition<I, O>, request: I): TestStream<never, O> {
    const { path, requestSerialize, responseDeserialize } = method
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    )
    return new TestStream(call)
  }

  close(): void {
    this.#client.close()
  }
}

/** Resolves when `condition` holds. The event loop turns until then; the test's own limit ends it. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

/** A message in gRPC's frame: not compressed, length, bytes. */
export function framed(message: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + message.byteLength)
  bytes.writeUInt32BE(message.byteLength, 1)
  // Large messages are written where they are copied to: they are no buffers, but for this.
  message.copy(bytes, 5)
  return bytes
}

/**
 * A streaming call that takes nothing of what it is sent until it is told to: by HTTP/2 itself, since
 * grpc-js's client buffers without end what nobody has begun to read.
 */
export class SlowCall {
  readonly #session: http2.ClientHttp2Session
  readonly #stream: http2.ClientHttp2Stream
  receivedBytes = 0

  constructor(port: number, path: string) {
    this.#session = http2.connect(`http://127.0.0.1:${port}`)
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    this.#session.on('error', () => {})
    this.#stream.on('error', () => {})
    this.#stream.pause()
  }

  write(message: Buffer): void {
    this.#stream.write(framed(message))
  }

  halfClose(): void {
    this.#stream.end()
  }

  read(): void {
    this.#stream.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.byteLength
    })
    this.#stream.resume()
  }

  close(): void {
    this.#session.destroy()
  }
}

/** Waits until a number has stood still for many turns of the event loop, above zero. */
export async function settled(value: () => number): Promise<number> {
  let before = 0
  for (let still = 0; still < 300;) {
    const now = value()
    still = now === before && now > 0 ? still + 1 : 0
    before = now
    await new Promise((resolve) => setImmediate(resolve))
  }
  return before
}
