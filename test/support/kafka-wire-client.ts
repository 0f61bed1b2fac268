// A client that speaks frames: sends what a test wrote, one request after the other, and reads what
// comes back. Bare tokens too, as they follow SaslHandshake 0.

import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { FrameReader } from '../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../src/protocol/kafka/frames.ts'
import type { Api } from '../../src/protocol/kafka/message-codec.ts'

export class KafkaWireClient {
  readonly #socket: Socket
  readonly #clientId: string
  readonly #writer = new FrameWriter()
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}
  #closed = false
  #correlationId = 0

  /** @param address "host:port" */
  static async connect(address: string, clientId = 'wire'): Promise<KafkaWireClient> {
    const colon = address.lastIndexOf(':')
    const port = Number(address.slice(colon + 1))
    const socket = createConnection({ host: address.slice(0, colon), port, noDelay: true })
    await once(socket, 'connect')
    return new KafkaWireClient(socket, clientId)
  }

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket
    this.#clientId = clientId
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  /** @throws Error when the connection is closed before the answer has come */
  async call<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response> {
    const correlationId = ++this.#correlationId
    const facts = { version, correlationId, clientId: this.#clientId }
    this.#socket.write(Buffer.concat(writeRequest(this.#writer, api, facts, message)))
    const answer = readResponse(FrameReader.ofResponse(await this.#frame()), api, version)
    if (answer.correlationId !== correlationId) throw new Error('an answer to something else')
    return answer.message
  }

  /** Sends a token without a header, and returns the token that comes back. */
  async token(bytes: Uint8Array): Promise<Buffer> {
    const size = Buffer.alloc(4)
    size.writeInt32BE(bytes.byteLength)
    this.#socket.write(Buffer.concat([size, bytes]))
    return await this.#frame()
  }

  /** Resolves when the broker has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#closed) await this.#more()
  }

  close(): void {
    this.#socket.destroy()
  }

  async #frame(): Promise<Buffer> {
    for (;;) {
      if (this.#received.byteLength >= 4) {
        const end = 4 + this.#received.readInt32BE(0)
        if (this.#received.byteLength >= end) {
          const frame = Buffer.from(this.#received.subarray(4, end))
          this.#received = this.#received.subarray(end)
          return frame
        }
      }
      if (this.#closed) throw new Error('the broker closed the connection')
      await this.#more()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}
