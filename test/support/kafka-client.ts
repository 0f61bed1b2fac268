// A Kafka client that knows only frames and codecs: it sends what it is told, and reads what comes.

import net from 'node:net'
import { FrameReader } from '../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../src/protocol/kafka/frames.ts'
import type { Api } from '../../src/protocol/kafka/message-codec.ts'

export class KafkaClient {
  readonly #socket: net.Socket
  readonly #writer = new FrameWriter()
  readonly #closed: Promise<void>
  #isClosed = false
  #chunks: Buffer[] = []
  #arrivedBytes = 0
  /** Bytes to wait for: the size of a frame, or a whole one. */
  #wantedBytes = 4
  #frames: Buffer[] = []
  #waiting: ((frame: Buffer | null) => void)[] = []
  #correlationId = 0

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => {})
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true
        for (const waiting of this.#waiting.splice(0)) waiting(null)
        resolve()
      })
    })
  }

  /** @param at port on 127.0.0.1, alone or as in "127.0.0.1:9092" */
  static async connect(at: number | string): Promise<KafkaClient> {
    const port = typeof at === 'number' ? at : Number(at.slice(at.lastIndexOf(':') + 1))
    const socket = net.connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    socket.setNoDelay(true)
    return new KafkaClient(socket)
  }

  /** Resolves when the broker, or `close`, has closed the connection. */
  get closed(): Promise<void> {
    return this.#closed
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Sends a request. @returns its correlation id */
  send<Init>(
    api: Api<unknown, Init, unknown, never>,
    version: number,
    message: Init,
    clientId = 'test',
  ): number {
    const correlationId = ++this.#correlationId
    const facts = { version, correlationId, clientId }
    this.sendBytes(Buffer.concat(writeRequest(this.#writer, api, facts, message)))
    return correlationId
  }

  /** A request as `send` sends it, size first. */
  frameOf<Init>(api: Api<unknown, Init, unknown, never>, version: number, message: Init): Buffer {
    const facts = { version, correlationId: ++this.#correlationId, clientId: 'test' }
    return Buffer.concat(writeRequest(this.#writer, api, facts, message))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next frame without its size; null when the connection is closed before it comes. */
  receive(): Promise<Buffer | null> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#isClosed) return Promise.resolve(null)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The next answer, which must be of this API and version. @throws when the connection is closed */
  async answer<Response>(
    api: Api<unknown, never, Response, never>,
    version: number,
  ): Promise<{ correlationId: number; message: Response }> {
    const frame = await this.receive()
    if (frame === null) throw new Error(`the broker closed the connection, ${api.name} unanswered`)
    return readResponse(FrameReader.ofResponse(frame), api, version)
  }

  /** Sends a request and gives its answer. */
  async call<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
    clientId?: string,
  ): Promise<Response> {
    const sent = this.send(api as never, version, message, clientId)
    const { correlationId, message: answer } = await this.answer(api as never, version)
    if (correlationId !== sent) throw new Error(`answer to ${correlationId} in place of ${sent}`)
    return answer as Response
  }

  /** Reads nothing any more, so that answers pile up. */
  stopReading(): void {
    this.#socket.pause()
  }

  startReading(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#arrivedBytes += bytes.byteLength
    while (this.#arrivedBytes >= this.#wantedBytes) {
      const arrived = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      const end = 4 + arrived.readInt32BE(0)
      this.#chunks = [arrived]
      this.#wantedBytes = end
      if (arrived.byteLength < end) return
      this.#chunks = [arrived.subarray(end)]
      this.#arrivedBytes -= end
      this.#wantedBytes = 4
      const frame = arrived.subarray(4, end)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(frame)
      else waiting(frame)
    }
  }
}
