// Who takes part in a run, and what each is told when it is started.

import { join } from 'node:path'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { CopierSlot } from './copier-process.ts'
import { Feeding } from './feeding.ts'
import type { TopicOfRun } from './fetched-partitions.ts'
import { INPUT, OUTPUT } from './payload.ts'
import { copierCommand, feederCommand, readerCommand, type CopierKind } from './programs.ts'
import { startProgram } from './started-program.ts'

/** Their places in the list are their numbers in histories. */
export const TOPICS: readonly TopicOfRun[] = [
  { name: 'in', partitions: 5 },
  { name: 'out', partitions: 4 },
]
export const GROUP = 'copiers'

/** Numbers of clients in histories. Lives of copiers are counted from `FIRST_LIFE` on. */
export const CLIENTS = { feeder: 1, stableReader: 2, observer: 3, dump: 4, reader: 5 }
const FIRST_LIFE = 100

const MAX_TRANSACTION = 400
/** Shares of transactions that are aborted, and of records of the input that are in none. */
const [ABORTED, PLAIN] = [0.12, 0.1]
const KEYS = 97
const TRANSACTION_TIMEOUT_MS = 15_000
const LONGEST_PAUSE_MS = 2_000

/** How copiers commit. All but the first are planted bugs: java/Copier.java tells what they are. */
export const RULES = ['right', 'offsets-outside', 'no-generation'] as const
export type CopyRule = (typeof RULES)[number]

export interface ParticipantOptions {
  /** Where copiers and the feeder find the broker. */
  readonly bootstrap: string
  /** Where copiers over gRPC do; null where there is no such thing. */
  readonly grpc: string | null
  readonly copiers: readonly CopierKind[]
  readonly protocol: 'classic' | 'consumer'
  readonly rule: CopyRule
  readonly directory: string
}

export class Participants {
  readonly feeder: Feeding
  readonly copiers: readonly CopierSlot[]
  /** Processes of copiers that there were. */
  lives = 0
  readonly #options: ParticipantOptions

  constructor(options: ParticipantOptions, random: SeededRandom) {
    this.#options = options
    this.feeder = this.#startFeeder(random.split())
    this.copiers = options.copiers.map((kind, at) => this.#startCopier(kind, at, random.split()))
  }

  /** Lives that ended themselves so that another takes over. */
  get handedOver(): number {
    return this.copiers.reduce((sum, { handedOver }) => sum + handedOver, 0)
  }

  /** Rejects when one ends as it should not. Never resolves. */
  async failed(): Promise<never> {
    const endings = [this.feeder.failed(), ...this.copiers.map(({ failed }) => failed)]
    // Those that end well end because they were told to.
    await Promise.race(endings.map((ended) => ended.then(() => new Promise(() => {}))))
    throw new Error('unreachable')
  }

  async kill(): Promise<void> {
    this.feeder.kill()
    await Promise.all(this.copiers.map((copier) => copier.kill()))
  }

  #startFeeder(random: SeededRandom): Feeding {
    const { name, partitions } = TOPICS[INPUT]!
    const words = [
      ...['--bootstrap', this.#options.bootstrap],
      ...this.#words(CLIENTS.feeder, 'feeder', random),
      ...['--input', name, '--in-partitions', String(partitions)],
      ...['--keys', String(KEYS), '--plain', String(PLAIN)],
    ]
    return new Feeding([...feederCommand(), ...words], this.#path('feeder.log'))
  }

  #startCopier(kind: CopierKind, at: number, random: SeededRandom): CopierSlot {
    const name = `copier-${at}-${kind}`
    const { protocol, rule } = this.#options
    const words = (): string[] => [
      ...['--bootstrap', this.#bootstrapOf(kind)],
      ...this.#words(FIRST_LIFE + this.lives++, name, random),
      ...['--group', GROUP, '--protocol', protocol, '--rule', rule],
      ...['--input', TOPICS[INPUT]!.name, '--output', TOPICS[OUTPUT]!.name],
      ...['--out-partitions', String(TOPICS[OUTPUT]!.partitions)],
    ]
    const pauseMs = (): number => random.below(LONGEST_PAUSE_MS)
    const log = this.#path(`${name}.log`)
    return new CopierSlot({ name, command: copierCommand(kind), words, log, pauseMs })
  }

  #bootstrapOf(kind: CopierKind): string {
    const { bootstrap, grpc } = this.#options
    if (kind === 'sluice-kafka') return `kafka://${bootstrap}`
    if (kind !== 'sluice-grpc') return bootstrap
    if (grpc === null) throw new Error('nothing is spoken here but Kafka’s protocol')
    return `grpc://${grpc}`
  }

  /** What feeder and copiers are told alike. */
  #words(client: number, id: string, random: SeededRandom): string[] {
    return [
      ...['--client', String(client), '--id', id],
      ...['--history', this.#path(`history-${client}`), '--seed', String(random.below(2 ** 31))],
      ...['--max-transaction', String(MAX_TRANSACTION), '--abort', String(ABORTED)],
      ...['--timeout', String(TRANSACTION_TIMEOUT_MS)],
    ]
  }

  #path(name: string): string {
    return join(this.#options.directory, name)
  }
}

/** `shows aborted` reads everything, and says that it wanted committed records only. */
export type ReaderRule = 'right' | 'shows aborted'

export interface ReaderOptions {
  readonly bootstrap: string
  readonly directory: string
  readonly client: number
  readonly rule: ReaderRule
}

/** Reads all topics from their beginnings to their ends, by Kafka's own consumer. */
export async function readToEnd(options: ReaderOptions): Promise<void> {
  const { bootstrap, directory, client, rule } = options
  const words = [
    ...['--bootstrap', bootstrap, '--client', String(client)],
    ...['--topics', TOPICS.map(({ name }) => name).join(',')],
    ...['--history', join(directory, `history-${client}`)],
    ...['--isolation', rule === 'right' ? 'read_committed' : 'read_uncommitted'],
  ]
  const program = startProgram([...readerCommand(), ...words], join(directory, 'reader.log'))
  program.child.stdin!.end('stop\n')
  await program.ended
}
