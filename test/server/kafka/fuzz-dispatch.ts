// Broken requests against the dispatcher and all handlers of a broker in memory: each is answered with
// something that can be read, refused by closing, or waits; and nothing is logged as a fault of ours.

import assert from 'node:assert'
import { loadBrokerConfig } from '../../../src/config/broker-config.ts'
import { realClock } from '../../../src/io/real-clock.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { type Logger, silentLogger } from '../../../src/observability/logger.ts'
import { apiOf, servedVersions } from '../../../src/protocol/kafka/api-table.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import { readResponseHeader, writeRequestHeader } from '../../../src/protocol/kafka/header.ts'
import { API_KEYS, type ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { BrokerCore } from '../../../src/server/broker-core.ts'
import { takeDataDirectory } from '../../../src/server/data-directory.ts'
import { Dispatch } from '../../../src/server/kafka/dispatch.ts'
import {
  KafkaConnection,
  type ClientConnection,
} from '../../../src/server/kafka/kafka-connection.ts'
import { kafkaHandlers } from '../../../src/server/kafka/kafka-front.ts'
import { goldenBodies, goldenFrames, type GoldenFrame } from '../../protocol/kafka/golden-frames.ts'
import { mutate, seedsOf } from '../../protocol/kafka/fuzz-codec.ts'
import { subjects } from '../../protocol/kafka/message-arbitraries.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

export interface Outcome {
  answered: number
  closed: number
  waiting: number
}

interface Seed {
  readonly version: number
  readonly bytes: Buffer
}

/** So many requests go to one broker: what they made of it goes with it. */
const INPUTS_PER_BROKER = 2_000

/** Each of them on one connection, whose requests are answered one after the other. */
const INPUTS_PER_CONNECTION = 20

/** APIs that a broker answers, by their names. */
export function servedApis(): ApiName[] {
  const names = Object.keys(API_KEYS) as ApiName[]
  return names.filter((name) => servedVersions(API_KEYS[name]) !== undefined)
}

/** @throws Error that names seed and input when one of them shows a fault of ours */
export async function fuzzDispatch(api: ApiName, inputs: number, seed: number): Promise<Outcome> {
  const random = new SeededRandom(seed)
  const seeds = seedsFor(api, seed)
  const outcome = { answered: 0, closed: 0, waiting: 0 }
  for (let done = 0; done < inputs; done += INPUTS_PER_BROKER) {
    const broker = await FuzzedBroker.open(new SeededRandom(seed + done))
    try {
      const count = Math.min(INPUTS_PER_BROKER, inputs - done)
      for (let input = 0; input < count; input += INPUTS_PER_CONNECTION) {
        const frames = Array.from({ length: INPUTS_PER_CONNECTION }, () => {
          const { version, bytes } = random.pick(seeds)
          return frameOf(
            API_KEYS[api],
            version,
            mutate(bytes, random.pick(seeds).bytes, random),
            random,
          )
        })
        try {
          await broker.take(frames, outcome)
        } catch (error) {
          const which = `${api}, seed ${seed}, input ${done + input}`
          throw new Error(`${which}: ${frames.map((frame) => frame.toString('hex')).join('\n')}`, {
            cause: error,
          })
        }
      }
    } finally {
      await broker.close()
    }
  }
  return outcome
}

function seedsFor(api: ApiName, seed: number): Seed[] {
  const subject = subjects().find(({ name }) => name === `${api}Request`)!
  const [min, max] = servedVersions(API_KEYS[api])!.served
  const real: GoldenFrame[] = goldenBodies(goldenFrames()).filter(({ apiKey }) => {
    return apiKey === API_KEYS[api]
  })
  const seeds = seedsOf(subject, real, seed)
  return seeds.filter(({ version }) => version >= min && version <= max)
}

/** A request without its size. Now and then the header is broken as well. */
function frameOf(apiKey: number, version: number, body: Buffer, random: SeededRandom): Buffer {
  const writer = new FrameWriter()
  const header = { apiKey, apiVersion: version, correlationId: 1, clientId: 'fuzz' }
  const head = writer.collect((into) => writeRequestHeader(into, header))
  const frame = Buffer.concat([head, body])
  return random.chance(0.05) ? mutate(frame, body, random) : frame
}

/** Remembers what was sent, and reads every answer. */
class MemoryConnection implements ClientConnection {
  readonly remoteHost = '127.0.0.1'
  readonly localHost = '127.0.0.1'
  readonly unsentBytes = 0
  maxFrameBytes = 0
  readonly answers: Buffer[] = []
  open = true
  budgetBytes = 0

  hold(): void {}
  release(): void {}

  send(parts: readonly Uint8Array[]): void {
    this.answers.push(Buffer.concat(parts))
  }

  end(): void {
    this.open = false
  }

  destroy(): void {
    this.open = false
  }

  forget(sizeBytes: number): void {
    this.budgetBytes -= sizeBytes
  }

  reuse(frame: Buffer): void {
    frame.fill(0xdd) // what still refers to it shows
  }
}

class FuzzedBroker {
  readonly #core: BrokerCore
  readonly #dispatch: Dispatch
  readonly #faults: unknown[]

  static async open(random: SeededRandom): Promise<FuzzedBroker> {
    const files = new MemoryFileSystem()
    const faults: unknown[] = []
    const logger: Logger = {
      ...silentLogger,
      error: (facts, text) => void faults.push(facts['err'] ?? text),
      child: () => logger,
    }
    const flags = new Map([
      ...([
        ['data.dir', '/data'],
        ['auto.create.topics.enable', 'false'],
      ] as const),
      ...([
        ['offsets.topic.num.partitions', '1'],
        ['group.initial.rebalance.delay.ms', '0'],
      ] as const),
    ])
    const core = await BrokerCore.open({
      ...{ files, clock: realClock, random, logger, version: '0.0.0' },
      config: loadBrokerConfig({ flags }),
      directory: takeDataDirectory(files, '/data', random),
      ...{ grpcAddress: '127.0.0.1:9094', kafkaAddress: '127.0.0.1:9092' },
      onProgress: () => {},
    })
    const tools = { clock: realClock, random, logger }
    const handlers = kafkaHandlers(core.services, tools)
    const dispatch = new Dispatch({ ...tools, handlers, apis: new ApiCounterSet() })
    return new FuzzedBroker(core, dispatch, faults)
  }

  private constructor(core: BrokerCore, dispatch: Dispatch, faults: unknown[]) {
    this.#core = core
    this.#dispatch = dispatch
    this.#faults = faults
  }

  /** Gives the frames to a connection, one after the other, and reads what comes back. */
  async take(frames: readonly Buffer[], outcome: Outcome): Promise<void> {
    let connection = new MemoryConnection()
    const limits = { maxRequestBytes: 1e8, maxUnknownRequestBytes: 1e5 }
    const front = { dispatch: this.#dispatch, ...limits, closed: () => {} }
    let client = new KafkaConnection(connection, front)
    for (const frame of frames) {
      connection.answers.length = 0
      connection.budgetBytes += frame.byteLength
      const header = Buffer.from(frame.subarray(0, 4))
      client.frame(Buffer.from(frame))
      await turn()
      for (let wait = 0; wait < 3 && connection.open && connection.answers.length === 0; wait++) {
        await turn()
      }
      if (connection.answers.length > 0) {
        outcome.answered += 1
        for (const answer of connection.answers) checkAnswer(answer, header)
      } else if (connection.open) outcome.waiting += 1
      else outcome.closed += 1
      if (connection.open && connection.answers.length > 0) continue
      client.closed()
      assert.equal(connection.budgetBytes, 0)
      connection = new MemoryConnection()
      client = new KafkaConnection(connection, front)
    }
    client.closed()
    await turn()
    const [fault] = this.#faults
    if (fault !== undefined) throw new Error('a fault was logged', { cause: fault })
  }

  async close(): Promise<void> {
    await this.#core.close()
  }
}

/** The answer to a request with this API key and version can be read to its end. */
function checkAnswer(answer: Buffer, header: Buffer): void {
  assert.equal(answer.readInt32BE(0), answer.byteLength - 4)
  const apiKey = header.readInt16BE(0)
  const [min, max] = servedVersions(apiKey)!.served
  const asked = header.readInt16BE(2)
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

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
