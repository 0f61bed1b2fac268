// The Kafka front of a broker in memory, without its listener: handlers, dispatch and connections over
// the twins of disk, clock and chance.

import { loadBrokerConfig } from '../../../src/config/broker-config.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { type Logger, silentLogger } from '../../../src/observability/logger.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../../src/protocol/kafka/frames.ts'
import type { Api } from '../../../src/protocol/kafka/message-codec.ts'
import { BrokerCore } from '../../../src/server/broker-core.ts'
import { takeDataDirectory } from '../../../src/server/data-directory.ts'
import { Crowd, type CrowdOptions } from '../../../src/server/kafka/crowd/crowd.ts'
import { Dispatch, type DispatchOptions } from '../../../src/server/kafka/dispatch.ts'
import { kafkaHandlers } from '../../../src/server/kafka/kafka-front.ts'
import { ManualClock, microtasks } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { MemoryClient } from './memory-client.ts'

export interface MemoryFrontOptions {
  readonly random: SeededRandom
  /** Default: a new one. */
  readonly clock?: ManualClock
  readonly files?: MemoryFileSystem
  /** Of the broker, by their names. */
  readonly options?: Readonly<Record<string, string>>
  /** Clients have to say who they are. Default: false. */
  readonly sasl?: boolean
  readonly crowd?: Partial<Omit<CrowdOptions, 'slices'>>
  readonly dispatch?: Pick<DispatchOptions, 'maxReadAtOnce' | 'maxWrittenAtOnce'>
}

const CROWD_BYTES = 64 * 1024 * 1024

export class MemoryFront {
  readonly core: BrokerCore
  readonly clock: ManualClock
  /** What was logged as a fault of ours. */
  readonly faults: unknown[]
  readonly crowd: Crowd
  readonly #dispatch: Dispatch
  readonly #sasl: boolean

  static async open(options: MemoryFrontOptions): Promise<MemoryFront> {
    const { random, clock = new ManualClock(), files = new MemoryFileSystem() } = options
    const faults: unknown[] = []
    const logger: Logger = {
      ...silentLogger,
      error: (facts, text) => void faults.push(facts['err'] ?? text),
      child: () => logger,
    }
    const flags = new Map(Object.entries({ 'data.dir': '/data', ...options.options }))
    const opening = BrokerCore.open({
      ...{ files, clock, random, logger, version: '0.0.0' },
      config: loadBrokerConfig({ flags }),
      directory: takeDataDirectory(files, '/data', random),
      ...{ grpcAddress: '127.0.0.1:9094', kafkaAddress: '127.0.0.1:9092' },
      onProgress: () => {},
    })
    const core = await settled(clock, opening)
    const tools = { clock, random, logger }
    const { slices } = core.services
    const dispatch = new Dispatch({
      ...tools,
      handlers: kafkaHandlers(core.services, tools),
      apis: new ApiCounterSet(),
      crowd: new Crowd({ maxBytes: CROWD_BYTES, ...options.crowd, slices }),
      ...options.dispatch,
    })
    return new MemoryFront(core, dispatch, clock, faults, options.sasl ?? false)
  }

  private constructor(
    core: BrokerCore,
    dispatch: Dispatch,
    clock: ManualClock,
    faults: unknown[],
    sasl: boolean,
  ) {
    this.core = core
    this.clock = clock
    this.faults = faults
    this.crowd = dispatch.crowd
    this.#dispatch = dispatch
    this.#sasl = sasl
  }

  connect(): MemoryClient {
    const limits = { maxRequestBytes: 1e8, maxUnknownRequestBytes: 1e5 }
    const front = { dispatch: this.#dispatch, ...limits, closed: () => {} }
    return new MemoryClient(front, this.#sasl)
  }

  /** Asks once, on a connection of its own whose client is known. */
  async ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response> {
    const client = this.connect()
    client.authenticated()
    client.send(requestFrame(api, version, message))
    while (client.fate === 'waiting') await this.endTurn()
    const [answer] = client.answers
    client.close()
    return readAnswer(api, version, answer!)
  }

  endTurn(): Promise<void> {
    return endTurn(this.clock)
  }

  async close(): Promise<void> {
    await settled(this.clock, this.core.close())
  }
}

/** A request without its size. */
export function requestFrame<Init>(
  api: Api<unknown, Init, unknown, never>,
  version: number,
  message: Init,
): Buffer {
  const facts = { version, correlationId: 1, clientId: 'memory' }
  return Buffer.concat(writeRequest(new FrameWriter(1_024), api, facts, message)).subarray(4)
}

/** @param answer with its size */
export function readAnswer<Response>(
  api: Api<unknown, never, Response, never>,
  version: number,
  answer: Buffer,
): Response {
  return readResponse(FrameReader.ofResponse(answer, 4), api, version).message
}

async function endTurn(clock: ManualClock): Promise<void> {
  clock.endTurn()
  await microtasks()
}

/** What `work` gives, with turns of the clock until it does. */
async function settled<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  done.catch(() => {}) // awaited below
  while (!isDone) await endTurn(clock)
  return done
}
