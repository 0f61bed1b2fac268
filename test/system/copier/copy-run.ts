// One run: a feeder fills the input, copiers in one group copy it to the output, in transactions, and a
// nemesis kills them and the broker. Then the histories and the logs are checked.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { freePort } from '../../../tools/kafka/single-node.mjs'
import { HistoryWriter } from '../../support/checker/history-file.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { Asking } from './asking.ts'
import { startBroker, type BrokerKind, type KillableBroker } from './killable-broker.ts'
import { dumpLogs, type DumpedLogs } from './log-dump.ts'
import { openNetwork, type Network, type NetworkKind } from './network.ts'
import { OffsetObserver } from './offset-observer.ts'
import { CLIENTS, GROUP, Participants, readToEnd, TOPICS } from './participants.ts'
import type { CopyRule, ReaderRule } from './participants.ts'
import { INPUT, OUTPUT } from './payload.ts'
import type { CopierKind } from './programs.ts'
import { StableReader } from './stable-reader.ts'
import { Nemesis, planStrikes } from './strikes.ts'
import { judge, type Verdict } from './verdict.ts'
import { Stalled, Watch } from './watch.ts'

export interface CopyRunOptions {
  readonly against: BrokerKind
  readonly seed: number
  readonly records: number
  readonly kills: number
  readonly pauses: number
  readonly copiers: readonly CopierKind[]
  /** Of the group: the classic one, which all clients have, or that of KIP-848. */
  readonly protocol: 'classic' | 'consumer'
  readonly network: NetworkKind
  readonly rule: CopyRule
  /** Of everything in the end; `shows aborted` is a planted bug. */
  readonly reader: ReaderRule
  /** Empty, or not there yet; gets histories, schedule, logs and the verdict. */
  readonly directory: string
  readonly progress: (line: string) => void
}

/** Of the kills, the rest is of copiers. */
const BROKER_SHARE = 0.3
/** Records that the input may be ahead of the output. */
const AHEAD = 20_000

/**
 * A run in which nothing moves any more is given up, and judged by what there is.
 *
 * @throws Error when a program ends as it should not
 */
export async function runCopy(options: CopyRunOptions): Promise<Verdict> {
  const { against, directory, seed } = options
  mkdirSync(directory, { recursive: true })
  const random = new SeededRandom(seed)
  const port = await freePort()
  const network = await openNetwork(options.network, port, random.split())
  const advertised = network.address
  const broker = await startBroker(against, { directory, port, advertised })
  await createTopics(broker.bootstrap)
  const run = new CopyRun(options, { broker, network, random })
  try {
    return await run.toEnd()
  } finally {
    await run.cleanUp()
    await network.close()
  }
}

async function createTopics(bootstrap: string): Promise<void> {
  const asking = new Asking(bootstrap)
  const topics = TOPICS.map(({ name, partitions }) => {
    // Small segments, so that kills meet rolls and indexes too.
    const configs = [{ name: 'segment.bytes', value: String(4 * 1024 * 1024) }]
    return { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs }
  })
  const request = { topics, timeoutMs: 30_000, validateOnly: false }
  const answer = await asking.ask(CREATE_TOPICS, 5, request)
  asking.close()
  const failed = answer!.topics.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) throw new Error(`${failed.name}: error ${failed.errorCode}`)
}

interface Surroundings {
  readonly broker: KillableBroker
  readonly network: Network
  readonly random: SeededRandom
}

class CopyRun {
  readonly #options: CopyRunOptions
  readonly #broker: KillableBroker
  readonly #network: Network
  readonly #random: SeededRandom
  readonly #begun = performance.now()
  readonly #participants: Participants
  readonly #reader: StableReader
  readonly #observer: OffsetObserver
  readonly #nemesis: Nemesis
  readonly #watch: Watch
  #isOver = false
  #stalled: string | null = null

  constructor(options: CopyRunOptions, { broker, network, random }: Surroundings) {
    const { copiers, protocol, rule, directory } = options
    this.#options = options
    this.#broker = broker
    this.#network = network
    this.#random = random
    const bootstrap = network.address ?? broker.bootstrap
    // What stands before the broker knows of Kafka's protocol alone.
    const grpc = network.address === null ? broker.grpc : null
    const told = { bootstrap, grpc, copiers, protocol, rule, directory }
    this.#participants = new Participants(told, random)
    this.#reader = new StableReader(new Asking(broker.bootstrap), TOPICS, {
      client: CLIENTS.stableReader,
      history: new HistoryWriter(join(directory, 'history-stable-reader')),
    })
    this.#observer = new OffsetObserver(new Asking(broker.bootstrap), {
      ...{ group: GROUP, input: TOPICS[INPUT]!, client: CLIENTS.observer },
      history: new HistoryWriter(join(directory, 'history-observer')),
    })
    this.#nemesis = new Nemesis({
      ...{ broker, copiers: this.#participants.copiers, copied: () => this.#copied },
      schedule: join(directory, 'schedule.jsonl'),
      isOver: () => this.#isOver,
    })
    this.#watch = new Watch(() => this.#state, options.progress)
  }

  async toEnd(): Promise<Verdict> {
    try {
      await Promise.race([this.#copyAll(), this.#participants.failed()])
      await this.#watch.until('every transaction to be over', () => this.#reader.isDecided)
      const wanted = this.#observer.answers + 2
      await this.#watch.until('offsets', () => this.#observer.answers >= wanted)
    } catch (error) {
      if (!(error instanceof Stalled)) throw error
      this.#stalled = error.message
      this.#options.progress(error.message)
      this.#isOver = true
      await this.#participants.kill()
    }
    await this.#observer.stop()
    await this.#reader.stop()
    const { bootstrap } = this.#broker
    const { directory, reader: rule } = this.#options
    await readToEnd({ bootstrap, directory, client: CLIENTS.reader, rule })
    const history = new HistoryWriter(join(directory, 'history-dump'))
    const asking = new Asking(bootstrap)
    return this.#judge(await dumpLogs(asking, TOPICS, { client: CLIENTS.dump, history }))
  }

  /** Ends whatever runs still, however the run went. */
  async cleanUp(): Promise<void> {
    this.#isOver = true
    this.#watch.fail(new Error('the run has ended'))
    await this.#participants.kill()
    await Promise.all([this.#observer.stop(), this.#reader.stop()])
    if (this.#broker.pid !== null) await this.#broker.kill()
  }

  get #copied(): number {
    return this.#reader.count(OUTPUT)
  }

  get #state(): string {
    const { feeder, lives } = this.#participants
    const struck = Object.entries(this.#nemesis.counts).map(([what, count]) => `${what} ${count}`)
    const late = Object.values(this.#network.counts().arrived).reduce((sum, each) => sum + each, 0)
    const copies = `${this.#copied} of ${this.#options.records} copied, ${feeder.fed} fed`
    return `${copies}, ${struck.join(', ')}, ${lives} lives, ${late} late requests`
  }

  /** Until every record of the input is copied, and the plan of the nemesis is carried out. */
  async #copyAll(): Promise<void> {
    const { records, kills, pauses } = this.#options
    const { feeder, copiers } = this.#participants
    const plan = planStrikes(this.#random.split(), {
      ...{ records, kills, pauses, brokerShare: BROKER_SHARE, copiers: copiers.length },
    })
    const struck = this.#nemesis.carryOut(plan)
    struck.catch((error: Error) => this.#watch.fail(error))
    await this.#watch.until('all to be fed', () => {
      feeder.allow(Math.min(records, this.#copied + AHEAD))
      return feeder.fed >= records
    })
    await feeder.end()
    await this.#watch.until('all to be copied', () => this.#isCopied)
    await struck
    await this.#watch.until('all to be copied', () => this.#isCopied)
    await Promise.all(copiers.map((copier) => copier.stop()))
  }

  /** The group has committed what comes after the last record of each partition of the input. */
  get #isCopied(): boolean {
    const input = this.#reader.partitions.filter(({ topic }) => topic === INPUT)
    return input.every(({ partition, isDecided, nextOffset }) => {
      return isDecided && this.#observer.offsets[partition]! >= nextOffset
    })
  }

  #judge(logs: DumpedLogs): Verdict {
    const { directory, seed, records, protocol, copiers, network } = this.#options
    const readers = [CLIENTS.stableReader, CLIENTS.reader]
    const completeReaders = readers.flatMap((client) => {
      return TOPICS.map((_, topic) => ({ client, topic }))
    })
    const copy = { input: INPUT, output: OUTPUT }
    const rules = { copy, completeReaders, finalObserver: CLIENTS.observer }
    const { lives, handedOver } = this.#participants
    return judge(directory, rules, {
      ...{ broker: this.#broker.name, copiers, protocol, network, seed },
      ...{ records, copied: this.#copied, lives, handedOver, logs },
      kills: this.#nemesis.counts['kill broker'] + this.#nemesis.counts['kill copier'],
      struck: { ...this.#nemesis.counts },
      late: this.#network.counts(),
      stalled: this.#stalled,
      runSeconds: Math.round((performance.now() - this.#begun) / 100) / 10,
    })
  }
}
