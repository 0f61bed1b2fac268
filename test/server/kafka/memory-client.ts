// A client over a connection in memory: what it sends goes to the Kafka front, and every answer is read.

import assert from 'node:assert'
import { apiOf, servedVersions } from '../../../src/protocol/kafka/api-table.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { API_KEYS } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { SendBudget } from '../../../src/network/send-budget.ts'
import { readResponseHeader } from '../../../src/protocol/kafka/header.ts'
import {
  type ClientConnection,
  type ConnectionFront,
  KafkaConnection,
} from '../../../src/server/kafka/kafka-connection.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/** What became of a request. */
export type Fate = 'answered' | 'closed' | 'waiting'

/** A connection that remembers what was sent to its client. */
class MemoryConnection implements ClientConnection {
  readonly remoteHost = '127.0.0.1'
  readonly localHost = '127.0.0.1'
  readonly unsentBytes = 0
  readonly behind = false
  readonly sendBudget = new SendBudget({
    ...{ limitBytes: 1e9, clock: new ManualClock() },
    onFull: () => {},
  })
  /** Bytes of answers that the front has and has not sent. */
  parkedBytes = 0
  maxFrameBytes = 0
  readonly answers: Buffer[] = []
  open = true
  /** Bytes of requests that the front has and has not let go of. */
  heldBytes = 0
  /** Memory that the front was lent and has not given back. */
  readonly lent = new Set<Buffer>()

  hold(): void {}
  release(): void {}

  lend(sizeBytes: number): Buffer {
    const memory = Buffer.alloc(sizeBytes)
    this.lent.add(memory)
    return memory
  }

  send(parts: readonly Uint8Array[], lent: readonly Buffer[] | null): void {
    this.answers.push(Buffer.concat(parts))
    for (const memory of lent ?? []) this.reuse(memory)
  }

  end(): void {
    this.open = false
  }

  destroy(): void {
    this.open = false
  }

  park(deltaBytes: number): void {
    this.parkedBytes += deltaBytes
  }

  refuse(): void {
    this.open = false
  }

  forget(sizeBytes: number): void {
    this.heldBytes -= sizeBytes
  }

  reuse(frame: Buffer): void {
    this.lent.delete(frame)
    frame.fill(0xdd) // what still refers to it shows
  }
}

export class MemoryClient {
  readonly #connection = new MemoryConnection()
  readonly #client: KafkaConnection
  #frame: Buffer = Buffer.alloc(0)
  #isToken = false
  #sent = 0

  constructor(front: ConnectionFront, mustAuthenticate: boolean) {
    this.#client = new KafkaConnection(this.#connection, front)
    this.#client.mustAuthenticate = mustAuthenticate
  }

  /** What was sent to the client since its last request. */
  get answers(): readonly Buffer[] {
    return this.#connection.answers
  }

  /** Memory of answers that was lent and has not come back. */
  get lent(): ReadonlySet<Buffer> {
    return this.#connection.lent
  }

  /** Requests so far. */
  get sent(): number {
    return this.#sent
  }

  /** The last request, as it was sent. */
  get frame(): Buffer {
    return this.#frame
  }

  /** As if the client had said who it is. */
  authenticated(): void {
    this.#client.mustAuthenticate = false
  }

  send(frame: Buffer): void {
    this.#sent += 1
    this.#frame = frame
    this.#isToken = this.#client.tokens !== null
    this.#connection.answers.length = 0
    this.#connection.heldBytes += frame.byteLength
    this.#client.frame(Buffer.from(frame))
  }

  /** Sends one more right behind the last, whose answers are kept apart by nobody. */
  sendBehind(frame: Buffer): void {
    this.#connection.heldBytes += frame.byteLength
    this.#client.frame(Buffer.from(frame))
  }

  get fate(): Fate {
    if (this.#connection.answers.length > 0) return 'answered'
    return this.#connection.open ? 'waiting' : 'closed'
  }

  /** @returns whether the connection can take another request */
  check(): boolean {
    const { answers, open } = this.#connection
    if (!this.#isToken) for (const answer of answers) checkAnswer(answer, this.#frame)
    return open && answers.length > 0
  }

  /** The client goes, and everything that was its own with it. */
  close(): void {
    this.#client.closed()
    assert.equal(this.#connection.heldBytes, 0)
  }
}

/** The answer to the request can be read to its end. */
function checkAnswer(answer: Buffer, request: Buffer): void {
  assert.equal(answer.readInt32BE(0), answer.byteLength - 4)
  const apiKey = request.readInt16BE(0)
  const [min, max] = servedVersions(apiKey)!.served
  const asked = request.readInt16BE(2)
  const reader = FrameReader.ofResponse(answer, 4)
  readResponseHeader(reader, apiKey, asked)
  const api = apiOf(apiKey)!
  // ApiVersions that could not be read is answered in version 0.
  if (apiKey === API_KEYS.ApiVersions && (asked < min || asked > max || isVersion0(answer))) {
    assert.equal((api.response.read(reader, 0) as { errorCode: number }).errorCode, 35)
  } else {
    api.response.read(reader, asked)
  }
  assert.equal(reader.remaining, 0)
}

function isVersion0(answer: Buffer): boolean {
  return answer.readInt16BE(8) === 35
}
