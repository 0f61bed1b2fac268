// One schedule, out of a seed: copiers of a small input on a broker in memory, in whose network requests
// of transactions come late, past the end of the next one, or twice. What clients did and saw is checked
// as the histories of real runs are (test/system/copier).

import { CREATE_TOPICS } from '../../../../src/protocol/kafka/gen/create-topics.ts'
import { LIST_TRANSACTIONS } from '../../../../src/protocol/kafka/gen/list-transactions.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import type { Api } from '../../../../src/protocol/kafka/message-codec.ts'
import { testBatch } from '../../../support/batches.ts'
import type { Finding } from '../../../support/checker/anomalies.ts'
import { checkHistory } from '../../../support/checker/check-history.ts'
import type { HistorySink } from '../../../support/checker/history-file.ts'
import { operation, type Operation } from '../../../support/checker/operation.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../../support/memory-file-system.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import type { Asks } from '../../../system/copier/asking.ts'
import { dumpLogs, type DumpedLogs } from '../../../system/copier/log-dump.ts'
import { OffsetObserver } from '../../../system/copier/offset-observer.ts'
import { INPUT, originalOf, OUTPUT } from '../../../system/copier/payload.ts'
import { StableReader } from '../../../system/copier/stable-reader.ts'
import { MemoryFront } from '../memory-front.ts'
import { GROUP, LateCopier, PARTITIONS, TRANSACTION_TIMEOUT_MS } from './late-copier.ts'
import type { ClientKind, Slot, Surroundings } from './late-copier.ts'
import { LateNetwork, Lost, type LateCount } from './late-network.ts'

export interface ScheduleOptions {
  readonly seed: number
  /** Counts from 0: with the seed it says what happens. */
  readonly number: number
  readonly kind: ClientKind
  /** Keys of APIs whose requests may come late. */
  readonly lateApis: ReadonlySet<number>
  /** Of the broker, beside those that schedules need. */
  readonly options?: Readonly<Record<string, string>>
}

export interface ScheduleReport {
  /** Empty when nothing is wrong. */
  readonly findings: readonly Finding[]
  /** What was still open in the end, and would stay so; null when nothing was. */
  readonly hangs: string | null
  /** By API. */
  readonly late: ReadonlyMap<string, LateCount>
  readonly logs: DumpedLogs
  /** Transactions that copiers know to be committed, lives of copiers, and power cuts. */
  readonly commits: number
  readonly lives: number
  readonly cuts: number
}

const TOPICS = [
  { name: 'in', partitions: PARTITIONS },
  { name: 'out', partitions: PARTITIONS },
]
/** Numbers of clients in histories; copiers are counted from the last one on. */
const CLIENTS = { feeder: 1, stableReader: 2, observer: 3, dump: 4, copier: 5 }

const OPTIONS = {
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
}

/** Records of the input in each partition. */
const RECORDS = 14
/** Steps in which the network is bad, and those after which what is not over never will be. */
const [BAD_STEPS, MAX_STEPS] = [4_000, 40_000]
/** Of the power: every so many schedules have cuts. */
const CUT_EVERY = 4

/** @throws Error when the schedule can't go on, which names it */
export async function runSchedule(options: ScheduleOptions): Promise<ScheduleReport> {
  const schedule = new Schedule(options)
  try {
    await schedule.begin()
    return await schedule.toEnd()
  } catch (error) {
    throw new Error(`seed ${options.seed}, schedule ${options.number}`, { cause: error })
  }
}

/** What never comes to its end. */
class Hangs extends Error {}

interface LivingSlot extends Slot {
  life: LateCopier | null
  isCopied: boolean
}

class Schedule {
  readonly #options: ScheduleOptions
  readonly #random: SeededRandom
  readonly #network: LateNetwork
  readonly #files = new MemoryFileSystem()
  readonly #operations: Operation[] = []
  readonly #slots: LivingSlot[]
  readonly #around: Surroundings
  #front!: MemoryFront
  #reader!: StableReader
  #observer!: OffsetObserver
  #pauses: { readonly untilStep: number; readonly goOn: () => void }[] = []
  #failure: unknown = null
  #steps = 0
  #commits = 0
  #lives = 0
  #cuts = 0

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#random = new SeededRandom(Math.imul(options.seed, 0x9e37_79b1) + options.number)
    this.#network = new LateNetwork(this.#random.split(), options.lateApis)
    this.#slots = Array.from({ length: PARTITIONS }, (_, partition) => {
      const transactionalId = `copier-${partition}`
      return { transactionalId, partition, ended: 0, life: null, isCopied: false }
    })
    this.#around = {
      ...{ network: this.#network, random: this.#random.split(), kind: options.kind },
      ...{ operations: this.#operations, input: inputOf() },
      pause: () => this.#pause(this.#random.between(3, 20)),
      coordinatorEpoch: () => {
        return this.#front.core.replicas.partition('__transaction_state', 0).leaderEpoch
      },
      committed: () => void (this.#commits += 1),
    }
  }

  async begin(): Promise<void> {
    await this.#open(new ManualClock())
    await this.#feed()
    this.#reader = new StableReader(this.#newAsks(), TOPICS, {
      ...{ client: CLIENTS.stableReader, history: this.#newSink() },
    })
    this.#observer = new OffsetObserver(this.#newAsks(), {
      ...{ group: GROUP, input: TOPICS[INPUT]!, client: CLIENTS.observer },
      history: this.#newSink(),
    })
    for (const slot of this.#slots) this.#newLife(slot)
  }

  async toEnd(): Promise<ScheduleReport> {
    const isCopied = (): boolean => this.#slots.every((slot) => slot.isCopied)
    let hangs: string | null = null
    try {
      while (this.#steps < BAD_STEPS && !isCopied()) await this.#step()
      this.#network.isBad = false
      await this.#until('all to be copied', isCopied)
      await this.#until('what is late', () => {
        this.#network.deliverRest(this.#front)
        return this.#network.keptCount === 0
      })
      await this.#allOver()
    } catch (error) {
      if (!(error instanceof Hangs)) throw error
      hangs = error.message
    }
    for (const { life } of this.#slots) life?.kill()
    return await this.#report(hangs)
  }

  /** Nothing is open any more: what its client has left open has timed out. */
  async #allOver(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      this.#front.clock.advance(TRANSACTION_TIMEOUT_MS)
      for (let step = 0; step < 50; step++) await this.#step()
    }
    const request = { stateFilters: [], producerIdFilters: [] }
    const asks = this.#newAsks()
    const asked = asks.ask(LIST_TRANSACTIONS, 1, request)
    const listed = await this.#during(asked, 'transactions to be listed')
    const open = listed!.transactionStates.filter(({ transactionState: state }) => {
      return !['Empty', 'CompleteCommit', 'CompleteAbort'].includes(state)
    })
    if (open.length > 0) throw new Hangs(`it stays ${open[0]!.transactionState}`)
    await this.#until('every transaction to be over', () => this.#reader.isDecided)
    const wanted = this.#observer.answers + 2
    await this.#until('offsets that are stable', () => this.#observer.answers >= wanted)
  }

  async #report(hangs: string | null): Promise<ScheduleReport> {
    const stopped = Promise.all([this.#reader.stop(), this.#observer.stop()])
    await this.#during(stopped, 'readers to stop')
    const client = { client: CLIENTS.dump, history: this.#newSink() }
    const logs = await this.#during(dumpLogs(this.#newAsks(), TOPICS, client), 'the logs')
    const findings = checkHistory(
      { operations: () => this.#operations },
      {
        copy: { input: INPUT, output: OUTPUT },
        completeReaders: TOPICS.map((_, topic) => ({ client: CLIENTS.stableReader, topic })),
        finalObserver: CLIENTS.observer,
      },
      // All of it fits into memory: nothing is written there.
      { directory: '/dev/null', chunkRows: 1_000_000 },
    )
    const counts = { commits: this.#commits, lives: this.#lives, cuts: this.#cuts }
    return { ...{ findings, hangs, logs, late: this.#network.counts }, ...counts }
  }

  async #step(): Promise<void> {
    this.#steps += 1
    const random = this.#random
    const dice = random.below(1_000)
    if (dice < 600) this.#network.deliver(this.#front)
    else if (dice < 680) this.#network.deliverLate(this.#front)
    else if (dice < 780) this.#front.clock.advance(random.between(1, 60))
    else if (this.#network.isBad && dice < 783) this.#front.clock.advance(random.below(15_000))
    else if (this.#network.isBad && dice < 788) this.#replace(random.pick(this.#slots))
    else if (this.#network.isBad && dice < 790) await this.#cutPower()
    await this.#front.endTurn()
    this.#network.collect()
    const due = this.#pauses.filter(({ untilStep }) => untilStep <= this.#steps)
    this.#pauses = this.#pauses.filter(({ untilStep }) => untilStep > this.#steps)
    for (const { goOn } of due) goOn()
    if (this.#failure !== null) throw this.#failure
    const [fault] = this.#front.faults
    if (fault !== undefined) throw new Error('a fault was logged', { cause: fault })
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    const last = this.#steps + MAX_STEPS
    while (!isTrue()) {
      if (this.#steps === last) throw new Hangs(`waited for ${what}`)
      await this.#step()
    }
  }

  /** What `work` gives, with steps until it does. */
  async #during<T>(work: Promise<T>, what: string): Promise<T> {
    let isDone = false
    const done = work.finally(() => (isDone = true))
    done.catch(() => {}) // awaited below
    await this.#until(what, () => isDone)
    return await done
  }

  #pause(steps: number): Promise<void> {
    return new Promise((goOn) => void this.#pauses.push({ untilStep: this.#steps + steps, goOn }))
  }

  /** A copier is killed, or overtaken: then the one before goes on until it hears of it. */
  #replace(slot: LivingSlot): void {
    if (slot.isCopied) return
    if (this.#random.chance(0.5)) slot.life?.kill()
    this.#newLife(slot)
  }

  #newLife(slot: LivingSlot): void {
    const life = new LateCopier(this.#around, slot, CLIENTS.copier + this.#lives++)
    slot.life = life
    life.run().then(
      (isCopied) => {
        if (slot.life !== life) return
        if (isCopied) slot.isCopied = true
        else this.#newLife(slot)
      },
      (error: unknown) => (this.#failure ??= error),
    )
  }

  async #cutPower(): Promise<void> {
    if (this.#options.number % CUT_EVERY > 0) return
    this.#cuts += 1
    this.#files.crash(this.#random.chance(0.5) ? this.#random.split() : null)
    this.#network.cut()
    await this.#open(new ManualClock(this.#front.clock.now() + 1_000))
  }

  async #open(clock: ManualClock): Promise<void> {
    this.#front = await MemoryFront.open({
      ...{ random: this.#random.split(), clock, files: this.#files },
      options: { ...OPTIONS, ...this.#options.options },
    })
  }

  async #feed(): Promise<void> {
    const topics = TOPICS.map(({ name, partitions: numPartitions }) => {
      return { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
    })
    await this.#front.ask(CREATE_TOPICS, 5, { topics, timeoutMs: 1_000, validateOnly: false })
    let step = 0
    const partitionData = this.#around.input.map((values, partition) => {
      values.forEach((_, at) => {
        const value = { sender: CLIENTS.feeder, number: numberOf(partition, at) }
        const place = { topic: INPUT, partition }
        const by = { client: CLIENTS.feeder, step: ++step }
        this.#operations.push(operation('send', { ...value, ...place, ...by }))
      })
      return {
        index: partition,
        records: testBatch({ records: values.map((value) => ({ value })) }),
      }
    })
    const topicData = [{ name: 'in', partitionData }]
    await this.#front.ask(PRODUCE, 9, { acks: -1, timeoutMs: 1_000, topicData })
  }

  #newSink(): HistorySink {
    return { add: (each) => void this.#operations.push({ ...each }), flush() {}, close() {} }
  }

  /** Asks until there is an answer; the network does nothing to it. */
  #newAsks(): Asks {
    let isClosed = false
    return {
      ask: async <Init, Response>(
        api: Api<unknown, Init, Response, never>,
        version: number,
        message: Init,
      ): Promise<Response | null> => {
        while (!isClosed) {
          try {
            return await this.#network.call(api, version, message, null)
          } catch (error) {
            if (!(error instanceof Lost)) throw error
            await this.#pause(10)
          }
        }
        return null
      },
      pause: () => this.#pause(10),
      close: () => {
        isClosed = true
      },
    }
  }
}

/** Of a record of the input: the number that its feeder has given it. */
function numberOf(partition: number, at: number): number {
  return 1 + partition * RECORDS + at
}

function inputOf(): Buffer[][] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    return Array.from({ length: RECORDS }, (_, at) => {
      return originalOf(CLIENTS.feeder, numberOf(partition, at))
    })
  })
}
