// A history in which nothing is wrong, out of a seed: a feeder, copiers that are killed, readers and an
// observer take turns at random over logs that keep every promise. Checkers must find nothing in it, and
// must find what planted.ts breaks in it.

import { SeededRandom } from '../seeded-random.ts'
import { LOGGED, operation, READ, type KindName, type Operation } from './operation.ts'
import type { Rules } from './passes.ts'
import { SimulatedLogs, type SimulatedRecord } from './simulated-logs.ts'

export const INPUT = 0
export const OUTPUT = 1
const PARTITIONS = 3
const COPIERS = 2

export interface MadeHistory {
  readonly operations: Operation[]
  readonly rules: Rules
}

/** @param size about how many records the input gets */
export function cleanHistory(seed: number, size: number): MadeHistory {
  const world = new World(new SeededRandom(seed), size)
  world.run()
  return { operations: world.operations, rules: world.rules }
}

/** How a transaction of a client ends. A client that is killed learns nothing more. */
type Fate =
  'commit' | 'abort' | 'killed before' | 'killed while it commits' | 'killed in its commit'

class World {
  readonly operations: Operation[] = []
  readonly #random: SeededRandom
  readonly #logs = new SimulatedLogs(PARTITIONS)
  readonly #size: number
  #clients = 0
  #steps = 0
  #numbers = 0
  #isFed = false
  #isCopied = false
  #copiersLeft = COPIERS
  readonly #observer = this.#newClient()
  readonly #reader = this.#newClient()

  constructor(random: SeededRandom, size: number) {
    this.#random = random
    this.#size = size
  }

  get rules(): Rules {
    const topics = [INPUT, OUTPUT]
    return {
      copy: { input: INPUT, output: OUTPUT },
      completeReaders: topics.map((topic) => ({ client: this.#reader, topic })),
      finalObserver: this.#observer,
    }
  }

  run(): void {
    const actors = [
      ...[this.#feed(), this.#observe(), this.#read(this.#reader, true)],
      this.#read(this.#newClient(), false),
      ...Array.from({ length: COPIERS }, (_, slot) => this.#copy(slot)),
    ]
    while (actors.length > 0) {
      const at = this.#random.below(actors.length)
      if (actors[at]!.next().done === true) actors.splice(at, 1)
    }
    this.#dump()
  }

  #newClient(): number {
    return ++this.#clients
  }

  #did(kind: KindName, client: number, fields: Partial<Operation>): void {
    this.operations.push(operation(kind, { ...fields, client, step: ++this.#steps }))
  }

  /** Sends to the input, in transactions and outside of them. */
  *#feed(): Generator<void> {
    const client = this.#newClient()
    for (let transaction = 0; this.#numbers < this.#size;) {
      const isPlain = this.#random.chance(0.3)
      if (!isPlain) transaction += 1
      const inTransaction = isPlain ? 0 : transaction
      for (let count = this.#random.between(1, 6); count > 0; count--) {
        const partition = this.#random.below(PARTITIONS)
        this.#send(client, inTransaction, { topic: INPUT, partition })
        yield
      }
      if (isPlain) continue
      const fate = this.#random.chance(0.7) ? 'commit' : 'abort'
      this.#end(client, transaction, fate)
      yield
    }
    this.#isFed = true
  }

  #send(client: number, transaction: number, sent: Partial<Operation>): void {
    const value = { sender: client, number: ++this.#numbers }
    const fields = { ...sent, ...value, transaction }
    this.#did('send', client, fields)
    const offset = this.#logs.append({ ...operation('logged', fields), client })
    // An answer may be lost without harm where the outcome of the transaction tells.
    if (transaction === 0 || this.#random.chance(0.9))
      this.#did('acked', client, { ...fields, offset })
  }

  /** @returns whether the client lives on */
  #end(client: number, transaction: number, fate: Fate): boolean {
    const isCommit = fate === 'commit' || fate === 'killed in its commit'
    if (fate !== 'abort' && fate !== 'killed before')
      this.#did('committing', client, { transaction })
    this.#logs.end(client, transaction, isCommit)
    if (fate === 'commit') this.#did('committed', client, { transaction })
    if (fate === 'abort') this.#did('aborted', client, { transaction })
    return fate === 'commit' || fate === 'abort'
  }

  /** One copier after another in a slot, each until it is killed. */
  *#copy(slot: number): Generator<void> {
    const owned = this.#logs.partitions.filter((partition) => partition % COPIERS === slot)
    while (!this.#isDoneWith(owned)) yield* this.#copierLife(owned)
    this.#copiersLeft -= 1
    this.#isCopied = this.#copiersLeft === 0
  }

  #isDoneWith(owned: readonly number[]): boolean {
    const isRead = (partition: number): boolean => {
      const at = this.#logs.committedOffset(partition).offset
      return this.#logs.readable(INPUT, partition, Math.max(0, at)).length === 0
    }
    return this.#isFed && owned.every(isRead)
  }

  *#copierLife(owned: readonly number[]): Generator<void> {
    const client = this.#newClient()
    const positions = new Map<number, number>()
    for (const partition of owned) this.#position(client, partition, positions)
    for (let transaction = 1; !this.#isDoneWith(owned); transaction++) {
      yield
      const moved = new Set<number>()
      for (let count = this.#random.between(1, 8); count > 0; count--) {
        const partition = this.#random.pick(owned)
        if (this.#copyOne(client, transaction, partition, positions)) moved.add(partition)
        yield
      }
      if (moved.size === 0) continue
      for (const partition of moved) {
        const offset = positions.get(partition)!
        this.#did('moving', client, { transaction, topic: INPUT, partition, offset })
        this.#logs.move(client, transaction, partition, offset)
      }
      yield
      const fate = this.#fate()
      if (!this.#end(client, transaction, fate)) return
      if (fate === 'abort') for (const each of moved) this.#position(client, each, positions)
    }
  }

  #fate(): Fate {
    const draw = this.#random.below(10)
    if (draw < 6) return 'commit'
    if (draw < 7) return 'abort'
    if (draw < 8) return 'killed before'
    return draw < 9 ? 'killed while it commits' : 'killed in its commit'
  }

  #position(client: number, partition: number, positions: Map<number, number>): void {
    const offset = Math.max(0, this.#logs.committedOffset(partition).offset)
    positions.set(partition, offset)
    this.#did('position', client, { topic: INPUT, partition, offset, detail: READ.committed })
  }

  #copyOne(
    client: number,
    transaction: number,
    partition: number,
    positions: Map<number, number>,
  ): boolean {
    const [record] = this.#logs.readable(INPUT, partition, positions.get(partition)!)
    if (record === undefined) return false
    this.#did('read', client, { ...placeAndValue(record), transaction, detail: READ.committed })
    positions.set(partition, record.offset + 1)
    const origin = { otherPartition: partition, otherOffset: record.offset }
    const to = (partition + (record.number % 2)) % PARTITIONS
    this.#send(client, transaction, { topic: OUTPUT, partition: to, ...origin })
    return true
  }

  /** Reads everything, to the end. Of a partition some records at a time, as of an answer. */
  *#read(client: number, isCommitted: boolean): Generator<void> {
    const detail = isCommitted ? READ.committed : 0
    const places = [INPUT, OUTPUT].flatMap((topic) => {
      return this.#logs.partitions.map((partition) => ({ topic, partition, offset: 0 }))
    })
    for (const place of places) this.#did('position', client, { ...place, detail })
    for (let isLast = false; ; isLast = this.#isCopied) {
      for (const place of places) {
        const { topic, partition } = place
        const records = isCommitted
          ? this.#logs.readable(topic, partition, place.offset)
          : this.#logs.all(topic, partition, place.offset)
        const few = isLast ? records : records.slice(0, this.#random.below(5))
        for (const record of few) this.#did('read', client, { ...placeAndValue(record), detail })
        place.offset = (few.at(-1)?.offset ?? place.offset - 1) + 1
        if (isCommitted) this.#tellStable(client, topic, partition)
        if (!isLast) yield
      }
      if (isLast) return
    }
  }

  #tellStable(client: number, topic: number, partition: number): void {
    const offset = this.#logs.stable(topic, partition)
    const otherOffset = this.#logs.endOffset(topic, partition)
    this.#did('stable', client, { topic, partition, offset, otherOffset })
  }

  /** Asks for committed offsets and for what is stable, to the end. */
  *#observe(): Generator<void> {
    for (let isLast = false; ; isLast = this.#isCopied) {
      for (const partition of this.#logs.partitions) {
        const { offset, client, transaction } = this.#logs.committedOffset(partition)
        const place = { topic: INPUT, partition, offset }
        this.#did('moved', this.#observer, { ...place, sender: client, number: transaction })
        this.#tellStable(this.#observer, this.#random.pick([INPUT, OUTPUT]), partition)
        if (!isLast) yield
      }
      if (isLast) return
    }
  }

  #dump(): void {
    const client = this.#newClient()
    for (const topic of [INPUT, OUTPUT]) {
      for (const partition of this.#logs.partitions) {
        for (const record of this.#logs.all(topic, partition, 0)) {
          const detail = record.isVisible ? LOGGED.visible : LOGGED.aborted
          this.#did('logged', client, { ...record.operation, detail, offset: record.offset })
        }
        for (const { first, marker } of this.#logs.transactionsOf(topic, partition)) {
          this.#did('ended', client, { topic, partition, offset: marker, otherOffset: first })
        }
      }
    }
  }
}

function placeAndValue({ operation: sent, offset }: SimulatedRecord): Partial<Operation> {
  const { topic, partition, sender, number, otherPartition, otherOffset } = sent
  return { topic, partition, sender, number, otherPartition, otherOffset, offset }
}
