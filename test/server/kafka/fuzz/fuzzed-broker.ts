// A broker in memory under broken requests of many connections at once: each is answered with
// something that can be read, refused by closing, or waits; and nothing is logged as a fault of ours.

import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/offset-commit.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { SASL_HANDSHAKE } from '../../../../src/protocol/kafka/gen/sasl-handshake.ts'
import { batchOf } from '../../../support/batches.ts'
import { MemoryFileSystem } from '../../../support/memory-file-system.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import type { MemoryClient } from '../memory-client.ts'
import { MemoryFront, requestFrame } from '../memory-front.ts'
import { GROUP, type KnownNames, PASSWORD, TOPICS, USER } from './names.ts'

/** Connections that ask at once. */
const LANES = 32

/** Requests of one connection; then another takes its place. */
const REQUESTS_PER_LANE = 20

/** Turns of the event loop that an answer may take before time goes on. */
const TURNS = 8

/** The same where each turn has a slice of one request alone. */
const CROWDED_TURNS = 500

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
  /** Two names are very many already: see src/server/kafka/crowd. */
  readonly crowded: boolean
  readonly random: SeededRandom
}

export class FuzzedBroker {
  /** What there is from the start. */
  readonly names: KnownNames
  readonly #front: MemoryFront
  readonly #options: FuzzedBrokerOptions
  #lanes: MemoryClient[] = []

  static async open(options: FuzzedBrokerOptions): Promise<FuzzedBroker> {
    const { random, sasl, crowded } = options
    const files = new MemoryFileSystem()
    files.open(USERS_FILE, 'create').write([Buffer.from(`${USER}=${PASSWORD}\n`)], 0)
    const front = await MemoryFront.open({
      ...{ random, files, sasl },
      options: {
        'auto.create.topics.enable': 'false',
        'offsets.topic.num.partitions': '1',
        'group.initial.rebalance.delay.ms': '0',
        'sasl.enabled.mechanisms': sasl ? 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' : '',
        'sasl.plain.users.file': sasl ? USERS_FILE : '',
      },
      crowd: crowded ? { partSize: 2 } : {},
      dispatch: crowded ? { maxReadAtOnce: 1, maxWrittenAtOnce: 3 } : {},
    })
    return new FuzzedBroker(front, options, { topicIds: await furnish(front) })
  }

  private constructor(front: MemoryFront, options: FuzzedBrokerOptions, names: KnownNames) {
    this.#front = front
    this.#options = options
    this.names = names
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
      const kept: MemoryClient[] = []
      for (const lane of lanes) {
        outcome[lane.fate] += 1
        if (lane.check() && lane.sent < REQUESTS_PER_LANE) kept.push(lane)
        else lane.close()
      }
      this.#lanes = kept
      const [fault] = this.#front.faults
      if (fault !== undefined) throw new Error('a fault was logged', { cause: fault })
    } catch (error) {
      const requests = lanes.map(({ frame }) => frame.toString('hex')).join('\n')
      throw new Error(`one of these requests:\n${requests}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) lane.close()
    await this.#front.close()
  }

  /** Connections that can take a request. */
  async #lanesFor(count: number, first: (() => Buffer) | null): Promise<MemoryClient[]> {
    const fresh: MemoryClient[] = []
    const kept = this.#lanes.splice(count)
    for (const lane of kept) lane.close()
    while (this.#lanes.length + fresh.length < count) fresh.push(this.#front.connect())
    if (first !== null && fresh.length > 0) {
      for (const lane of fresh) lane.send(first())
      await this.#wait(fresh)
    }
    return [...this.#lanes, ...fresh]
  }

  /** Until all are answered or closed, or no time would change that. */
  async #wait(lanes: readonly MemoryClient[]): Promise<void> {
    const waits = (): boolean => lanes.some(({ fate }) => fate === 'waiting')
    const limit = this.#options.crowded ? CROWDED_TURNS : TURNS
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < limit && waits(); turn++) await this.#front.endTurn()
    }
    await turns()
    if (!waits()) return
    this.#front.clock.advance(this.#options.random.pick(WAITS))
    await turns()
  }
}

/** Makes the topics, with a record, and a group. @returns the ids of the topics */
export async function furnish(front: MemoryFront): Promise<string[]> {
  const topics = Object.entries(TOPICS).map(([name, numPartitions]) => ({
    ...{ name, numPartitions, replicationFactor: 1, assignments: [] },
    configs: name === 'table' ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
  }))
  const made = await front.ask(CREATE_TOPICS, 7, { topics, validateOnly: false })
  await front.ask(PRODUCE, 9, {
    ...{ acks: -1, timeoutMs: 1_000 },
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf(3, 100) }] }],
  })
  const offsets = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  await front.ask(OFFSET_COMMIT, 8, {
    ...{ groupId: GROUP, memberId: '', generationIdOrMemberEpoch: -1 },
    topics: [{ name: 'orders', partitions: offsets }],
  })
  return made.topics.map(({ topicId }) => topicId)
}

/** A good SaslHandshake. */
export function handshakeFrame(random: SeededRandom): Buffer {
  const mechanism = random.pick(['PLAIN', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
  return requestFrame(SASL_HANDSHAKE, 1, { mechanism })
}
