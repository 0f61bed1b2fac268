// The least Kafka client that can time a broker: one connection, one request at a time.

import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../../src/protocol/kafka/frames.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { DELETE_TOPICS } from '../../../src/protocol/kafka/gen/delete-topics.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import type { Api } from '../../../src/protocol/kafka/message-codec.ts'

const TIMEOUT_MS = 60_000

export class ProbeClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on('close', () => this.#wake())
    socket.on('error', () => this.#wake())
  }

  /** @throws Error when nobody listens there */
  static async connect(address: string): Promise<ProbeClient> {
    const [host, port] = address.split(':')
    const socket = createConnection({ host: host!, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return new ProbeClient(socket)
  }

  /** @throws Error when the connection ends before the answer */
  async ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response> {
    const correlationId = this.#correlationId++
    const facts = { version, correlationId, clientId: 'bench' }
    const writer = new FrameWriter(1024)
    for (const part of writeRequest(writer, api as never, facts, message)) {
      this.#socket.write(Buffer.from(part))
    }
    while (this.#received.byteLength < 4 || this.#received.byteLength < 4 + this.#frameBytes) {
      if (this.#socket.destroyed) throw new Error('the broker closed the connection')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const frame = this.#received.subarray(4, 4 + this.#frameBytes)
    this.#received = this.#received.subarray(4 + frame.byteLength)
    return readResponse(FrameReader.ofResponse(frame), api, version).message
  }

  close(): void {
    this.#socket.destroy()
  }

  get #frameBytes(): number {
    return this.#received.readInt32BE(0)
  }
}

/** Resolves when the broker has made the topic. Asks again until it answers at all. */
export async function createTopic(
  address: string,
  name: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  await untilDone(address, async (client) => {
    const settings = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topic = {
      ...{ name, numPartitions: partitions, replicationFactor: 1 },
      ...{ assignments: [], configs: settings },
    }
    const request = { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly: false }
    const { topics } = await client.ask(CREATE_TOPICS, 4, request)
    return topics[0]!.errorCode
  })
}

export async function deleteTopic(address: string, name: string): Promise<void> {
  await untilDone(address, async (client) => {
    const request = { topicNames: [name], timeoutMs: TIMEOUT_MS }
    const { responses } = await client.ask(DELETE_TOPICS, 4, request)
    return responses[0]!.errorCode
  })
}

/** Resolves when the broker has acknowledged one batch with acks=all. Asks again until it does. */
export async function produceOnce(address: string, topic: string, batch: Buffer): Promise<void> {
  await untilDone(address, async (client) => {
    const partitionData = [{ index: 0, records: batch }]
    const request = { acks: -1, timeoutMs: TIMEOUT_MS, topicData: [{ name: topic, partitionData }] }
    const { responses } = await client.ask(PRODUCE, 7, request)
    return responses[0]!.partitionResponses[0]!.errorCode
  })
}

async function untilDone(
  address: string,
  ask: (client: ProbeClient) => Promise<number>,
): Promise<void> {
  const end = performance.now() + TIMEOUT_MS
  let last: unknown = 'nothing'
  while (performance.now() < end) {
    try {
      const client = await ProbeClient.connect(address)
      try {
        const errorCode = await ask(client)
        if (errorCode === 0) return
        last = `error ${errorCode}`
      } finally {
        client.close()
      }
    } catch (error) {
      last = error
    }
    await delay(5)
  }
  throw new Error(`${address} did not do it in time; the last answer was: ${String(last)}`)
}
