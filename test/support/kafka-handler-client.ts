// Handlers of the Kafka listener without its connections: a broker's core on a disk in memory, and
// requests that go through the codecs as they would over a wire.

import { loadBrokerConfig } from '../../src/config/broker-config.ts'
import { BrokerError } from '../../src/base/errors.ts'
import { AMPLE_MEMORY } from '../../src/broker/fetch/answer-memory.ts'
import { realClock } from '../../src/io/real-clock.ts'
import type { Clock } from '../../src/io/clock.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { FrameReader } from '../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import type { Api } from '../../src/protocol/kafka/message-codec.ts'
import { BrokerCore, type Services } from '../../src/server/broker-core.ts'
import { takeDataDirectory } from '../../src/server/data-directory.ts'
import type { KafkaContext, KafkaHandler, KafkaPeer } from '../../src/server/kafka/handler.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { SeededRandom } from './seeded-random.ts'

/** A connection that remembers what a handler did to it. */
export class MemoryPeer implements KafkaPeer {
  readonly localHost = '127.0.0.1'
  principal = 'User:ANONYMOUS'
  mustAuthenticate = false
  tokens: ((frame: Buffer) => Promise<Buffer | null>) | null = null
  /** What `pause` was called with, in milliseconds. */
  readonly pauses: number[] = []
  /** True once a handler has had it closed. */
  ended = false

  pause(durationMs: number): void {
    this.pauses.push(durationMs)
  }

  stop(): void {
    this.ended = true
  }
}

export class KafkaHandlerClient {
  readonly core: BrokerCore
  /** The connection that requests come on. */
  peer = new MemoryPeer()
  clientId = 'handler-client'
  readonly #handlers: ReadonlyMap<number, KafkaHandler>

  /**
   * @param handlersOf what answers, over the services of the core
   * @param options    of the broker
   */
  static async open(
    handlersOf: (services: Services) => readonly KafkaHandler[],
    options: Readonly<Record<string, string>> = {},
    clock: Clock = realClock,
    files = new MemoryFileSystem(),
  ): Promise<KafkaHandlerClient> {
    const random = new SeededRandom(7)
    const flags = new Map(Object.entries({ 'data.dir': '/data', ...options }))
    const core = await BrokerCore.open({
      ...{ files, clock, random, logger: silentLogger, version: '0.0.0' },
      config: loadBrokerConfig({ flags }),
      directory: takeDataDirectory(files, '/data', random),
      grpcAddress: '127.0.0.1:9094',
      kafkaAddress: '127.0.0.1:9092',
      onProgress: () => {},
    })
    return new KafkaHandlerClient(core, handlersOf(core.services))
  }

  private constructor(core: BrokerCore, handlers: readonly KafkaHandler[]) {
    this.core = core
    this.#handlers = new Map(handlers.map((handler) => [handler.api.key, handler]))
  }

  async call<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response> {
    const writer = new FrameWriter()
    const request = writer.collect((w) => api.request.write(w, message, version))
    const received = api.request.read(new FrameReader(request), version)
    const answer = await this.#answer(api.key, version, received)
    const response = writer.collect((w) => api.response.write(w, answer as never, version))
    return api.response.read(FrameReader.ofResponse(response), version)
  }

  async close(): Promise<void> {
    await this.core.close()
  }

  async #answer(key: number, version: number, request: unknown): Promise<unknown> {
    const handler = this.#handlers.get(key)
    if (handler === undefined) throw new Error(`nobody answers API ${key}`)
    const { principal } = this.peer
    const context: KafkaContext = {
      caller: { principal, clientId: this.clientId, host: '127.0.0.1' },
      version,
      signal: new AbortController().signal,
      patience: new AbortController().signal,
      memory: AMPLE_MEMORY,
      peer: this.peer,
    }
    try {
      const { begun, done } = handler.begin(request as never, context)
      await begun
      return await done
    } catch (error) {
      const refusal = BrokerError.from(error)
      if (refusal.code === 'UNKNOWN_SERVER_ERROR') throw error
      return handler.refuse(request as never, refusal, context)
    }
  }
}
