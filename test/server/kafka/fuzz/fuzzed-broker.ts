// A broker in memory under broken requests of many connections at once: each is answered with
// something that can be read, refused by closing, or waits; and nothing is logged as a fault of ours.

import { loadBrokerConfig } from '../../../../src/config/broker-config.ts'
import { ApiCounterSet } from '../../../../src/observability/api-counters.ts'
import { type Logger, silentLogger } from '../../../../src/observability/logger.ts'
import { FrameReader } from '../../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../../../src/protocol/kafka/frames.ts'
import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/offset-commit.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { SASL_HANDSHAKE } from '../../../../src/protocol/kafka/gen/sasl-handshake.ts'
import type { Api } from '../../../../src/protocol/kafka/message-codec.ts'
import { BrokerCore } from '../../../../src/server/broker-core.ts'
import { takeDataDirectory } from '../../../../src/server/data-directory.ts'
import { Dispatch } from '../../../../src/server/kafka/dispatch.ts'
import { kafkaHandlers } from '../../../../src/server/kafka/kafka-front.ts'
import { batchOf } from '../../../support/batches.ts'
import { ManualClock, microtasks } from '../../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../../support/memory-file-system.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import { Lane } from './lane.ts'
import { GROUP, type KnownNames, PASSWORD, TOPICS, USER } from './names.ts'

/** Connections that ask at once. */
const LANES = 32

/** Requests of one connection; then another takes its place. */
const REQUESTS_PER_LANE = 20

/** Turns of the event loop that an answer may take before time goes on. */
const TURNS = 8

/** How far time goes on for those that wait, in milliseconds. */
const WAITS = [1, 100, 5_000, 700_000] as const

const USERS_FILE = '/users.properties'

export interface FuzzOutcome {
  answered: number
  closed: number
  waiting: number
}

export interface FuzzedBrokerOptions {
  /** Clients say who they are, and send this first of all. */
  readonly sasl: boolean
  readonly random: SeededRandom
}

export class FuzzedBroker {
  /** What there is from the start. */
  readonly names: KnownNames
  readonly #core: BrokerCore
  readonly #dispatch: Dispatch
  readonly #clock: ManualClock
  readonly #options: FuzzedBrokerOptions
  readonly #faults: unknown[]
  #lanes: Lane[] = []

  static async open(options: FuzzedBrokerOptions): Promise<FuzzedBroker> {
    const { random, sasl } = options
    const files = new MemoryFileSystem()
    const clock = new ManualClock()
    const faults: unknown[] = []
    const logger: Logger = {
      ...silentLogger,
      error: (facts, text) => void faults.push(facts['err'] ?? text),
      child: () => logger,
    }
    files.open(USERS_FILE, 'create').write([Buffer.from(`${USER}=${PASSWORD}\n`)], 0)
    const flags = new Map([
      ['data.dir', '/data'],
      ['auto.create.topics.enable', 'false'],
      ['offsets.topic.num.partitions', '1'],
      ['group.initial.rebalance.delay.ms', '0'],
      ['sasl.enabled.mechanisms', sasl ? 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' : ''],
      ['sasl.plain.users.file', sasl ? USERS_FILE : ''],
    ])
    const opening = BrokerCore.open({
      ...{ files, clock, random, logger, version: '0.0.0' },
      config: loadBrokerConfig({ flags }),
      directory: takeDataDirectory(files, '/data', random),
      ...{ grpcAddress: '127.0.0.1:9094', kafkaAddress: '127.0.0.1:9092' },
      onProgress: () => {},
    })
    const core = await settled(clock, opening)
    const tools = { clock, random, logger }
    const handlers = kafkaHandlers(core.services, tools)
    const dispatch = new Dispatch({ ...tools, handlers, apis: new ApiCounterSet() })
    const topicIds: string[] = []
    const broker = new FuzzedBroker(core, dispatch, clock, options, faults, topicIds)
    topicIds.push(...(await broker.#furnish()))
    return broker
  }

  private constructor(
    core: BrokerCore,
    dispatch: Dispatch,
    clock: ManualClock,
    options: FuzzedBrokerOptions,
    faults: unknown[],
    topicIds: readonly string[],
  ) {
    this.#core = core
    this.#dispatch = dispatch
    this.#clock = clock
    this.#options = options
    this.#faults = faults
    this.names = { topicIds }
  }

  /**
   * Sends a request on each of many connections, and adds up what became of them.
   *
   * @param first what a new connection sends before the others; null for nothing
   * @throws Error with the requests when one of them shows a fault of ours
   */
  async round(
    count: number,
    next: () => Buffer,
    first: (() => Buffer) | null,
    outcome: FuzzOutcome,
  ): Promise<void> {
    const lanes = await this.#lanesFor(Math.min(count, LANES), first)
    for (const lane of lanes) lane.send(next())
    try {
      await this.#wait(lanes)
      const kept: Lane[] = []
      for (const lane of lanes) {
        outcome[lane.fate] += 1
        if (lane.check() && lane.sent < REQUESTS_PER_LANE) kept.push(lane)
        else lane.close()
      }
      this.#lanes = kept
      const [fault] = this.#faults
      if (fault !== undefined) throw new Error('a fault was logged', { cause: fault })
    } catch (error) {
      const requests = lanes.map(({ frame }) => frame.toString('hex')).join('\n')
      throw new Error(`one of these requests:\n${requests}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) lane.close()
    await settled(this.#clock, this.#core.close())
  }

  /** Connections that can take a request. */
  async #lanesFor(count: number, first: (() => Buffer) | null): Promise<Lane[]> {
    const fresh: Lane[] = []
    const kept = this.#lanes.splice(count)
    for (const lane of kept) lane.close()
    while (this.#lanes.length + fresh.length < count) fresh.push(this.#newLane())
    if (first !== null && fresh.length > 0) {
      for (const lane of fresh) lane.send(first())
      await this.#wait(fresh)
    }
    return [...this.#lanes, ...fresh]
  }

  #newLane(): Lane {
    const limits = { maxRequestBytes: 1e8, maxUnknownRequestBytes: 1e5 }
    const front = { dispatch: this.#dispatch, ...limits, closed: () => {} }
    return new Lane(front, this.#options.sasl)
  }

  /** Until all are answered or closed, or no time would change that. */
  async #wait(lanes: readonly Lane[]): Promise<void> {
    const waits = (): boolean => lanes.some(({ fate }) => fate === 'waiting')
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < TURNS && waits(); turn++) await endTurn(this.#clock)
    }
    await turns()
    if (!waits()) return
    this.#clock.advance(this.#options.random.pick(WAITS))
    await turns()
  }

  /** Makes the topics, with a record, and a group. @returns the ids of the topics */
  async #furnish(): Promise<string[]> {
    const topics = Object.entries(TOPICS).map(([name, numPartitions]) => ({
      ...{ name, numPartitions, replicationFactor: 1, assignments: [] },
      configs: name === 'table' ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
    }))
    const made = await this.#ask(CREATE_TOPICS, 7, { topics, validateOnly: false })
    await this.#ask(PRODUCE, 9, {
      ...{ acks: -1, timeoutMs: 1_000 },
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf(3, 100) }] }],
    })
    const offsets = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
    await this.#ask(OFFSET_COMMIT, 8, {
      ...{ groupId: GROUP, memberId: '', generationIdOrMemberEpoch: -1 },
      topics: [{ name: 'orders', partitions: offsets }],
    })
    return made.topics.map(({ topicId }) => topicId)
  }

  async #ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response> {
    const lane = this.#newLane()
    lane.authenticated()
    lane.send(requestFrame(api, version, message))
    while (lane.fate === 'waiting') await endTurn(this.#clock)
    const [answer] = lane.answers
    const read = readResponse(FrameReader.ofResponse(answer!, 4), api, version)
    lane.close()
    return read.message
  }
}

/** A good SaslHandshake. */
export function handshakeFrame(random: SeededRandom): Buffer {
  const mechanism = random.pick(['PLAIN', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
  return requestFrame(SASL_HANDSHAKE, 1, { mechanism })
}

function requestFrame<Init>(
  api: Api<unknown, Init, unknown, never>,
  version: number,
  message: Init,
): Buffer {
  const facts = { version, correlationId: 1, clientId: 'fuzz' }
  return Buffer.concat(writeRequest(new FrameWriter(1_024), api, facts, message)).subarray(4)
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
