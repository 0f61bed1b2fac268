// Producers, a network that delays, repeats and loses, and partitions, around one coordinator that is
// killed between any two of its records. What is checked at the end is what Jepsen checks of transactions:
// nothing torn, nothing lost, nothing read that was aborted, nothing twice, nothing left hanging.

import { BrokerError } from '../../../src/base/errors.ts'
import type { PreparedTransaction } from '../../../src/coordination/transaction/env.ts'
import type {
  Outcome,
  PartitionOutcome,
  ProducerIdentity,
} from '../../../src/coordination/transaction/messages.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import type { Caller } from '../shard-fixture.ts'
import { TransactionFixture } from './transaction-fixture.ts'

/** One record, on its way or in a partition. */
interface Write extends ProducerIdentity {
  readonly transactionalId: string
  readonly partition: number
  readonly sequence: number
  readonly value: string
  readonly tag: string
}

interface Entry {
  readonly write: Write
  outcome: Outcome | null
}

type Guard = object

/** A partition as Kafka's log is one to transactional producers. */
export class ModelPartition {
  readonly entries: Entry[] = []
  readonly #epochs = new Map<number, number>()
  readonly #sequences = new Map<number, number>()
  readonly #open = new Map<number, { readonly epoch: number; readonly entries: Entry[] }>()
  readonly #guards = new Map<number, Guard>()

  get openCount(): number {
    return this.#open.size
  }

  /** Null: the transaction is open, nothing is to be verified. */
  guard({ producerId, producerEpoch }: ProducerIdentity): Guard | null {
    if (this.#open.get(producerId)?.epoch === producerEpoch) return null
    const guard = this.#guards.get(producerId) ?? {}
    this.#guards.set(producerId, guard)
    return guard
  }

  /** @returns null, or why not */
  append(write: Write, guard: Guard | null): string | null {
    const { producerId, producerEpoch, sequence } = write
    const known = this.#epochs.get(producerId) ?? -1
    const next = producerEpoch === known ? (this.#sequences.get(producerId) ?? 0) : 0
    if (producerEpoch < known) return 'INVALID_PRODUCER_EPOCH'
    if (sequence < next) return null
    const open = this.#open.get(producerId)
    const isOpen = open?.epoch === producerEpoch
    if (!isOpen && (guard === null || this.#guards.get(producerId) !== guard)) {
      return 'INVALID_TXN_STATE'
    }
    if (sequence > next) return 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    const entry: Entry = { write, outcome: null }
    this.entries.push(entry)
    this.#open.set(producerId, { epoch: producerEpoch, entries: [...(open?.entries ?? []), entry] })
    this.#epochs.set(producerId, producerEpoch)
    this.#sequences.set(producerId, sequence + 1)
    this.#guards.delete(producerId)
    return null
  }

  /** A marker. One that is refused has nothing left to end. */
  end({ value }: PreparedTransaction): void {
    const { producerId, producerEpoch, clientVersion, state } = value
    const known = this.#epochs.get(producerId) ?? -1
    const open = this.#open.get(producerId)
    const isStale =
      clientVersion === 2 && open !== undefined ? producerEpoch <= known : producerEpoch < known
    if (isStale) return
    const outcome = state === 'PrepareCommit' ? 'commit' : 'abort'
    for (const entry of open?.entries ?? []) entry.outcome = outcome
    this.#open.delete(producerId)
    if (producerEpoch > known) this.#sequences.set(producerId, 0)
    this.#epochs.set(producerId, producerEpoch)
    this.#guards.delete(producerId)
  }
}

/** What a producer knows of one of its transactions. */
interface Told {
  readonly acked: Set<string>
  outcome: Outcome | 'unknown'
}

type Done = (error: string | null, identity?: ProducerIdentity) => void

/** A request on its way. */
interface Message {
  readonly deliver: (done: Done) => void
  readonly done: Done
}

export interface ModelOptions {
  readonly version: 1 | 2
  /** False plants the bug that transactions of version 2 are there against: ends leave the epoch. */
  readonly bumps?: boolean
  /** False plants another: nobody is asked before a transaction begins in a partition. */
  readonly verifies?: boolean
  /** Chance that the network keeps a copy of a request, and delivers it some other time. */
  readonly repeats: number
  /** Whether new producers come for ids that have one, and fence those. */
  readonly successors: boolean
}

const PARTITIONS = 3
const IDS = ['a', 'b']
const FATAL = new Set(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING'])
const AGAIN = new Set(['COORDINATOR_NOT_AVAILABLE', 'CONCURRENT_TRANSACTIONS', 'LOST'])

export class ModelCluster {
  readonly fixture = new TransactionFixture()
  readonly partitions = Array.from({ length: PARTITIONS }, () => new ModelPartition())
  readonly told = new Map<string, Told>()
  readonly random: SeededRandom
  readonly options: ModelOptions
  #clients: ModelProducer[] = []
  #wire: Message[] = []
  /** Copies that the network holds back. */
  #late: Message[] = []
  readonly #asked: { caller: Caller<unknown>; answered: () => void }[] = []
  readonly #left = new WeakMap<PreparedTransaction, number[]>()

  constructor(random: SeededRandom, options: ModelOptions) {
    this.random = random
    this.options = options
    this.fixture.isAutomatic = false
    this.#clients = IDS.map((id) => new ModelProducer(this, id))
  }

  step(): void {
    const { random, fixture } = this
    const choice = random.below(100)
    if (choice < 40) random.pick(this.#clients).act()
    else if (choice < 67) this.#deliver(this.#wire)
    else if (choice < 70) this.#deliver(this.#late)
    else if (choice < 82) this.#writeMarker()
    else if (choice < 95) fixture.sync()
    else if (choice < 96) fixture.advance(random.pick([10, 200, 30_000]))
    else if (choice < 98) fixture.kill(random.below(fixture.unsafeCount + 1))
    else if (this.options.successors) {
      this.#clients.push(new ModelProducer(this, random.pick(IDS)))
    }
    this.#answer()
  }

  /** Everything comes to its end: the network is quiet, what is open times out. */
  drain(): void {
    const { fixture } = this
    this.#clients = []
    for (let round = 0; round < 20; round++) {
      for (const from of [this.#wire, this.#late]) while (from.length > 0) this.#deliver(from)
      fixture.sync()
      this.#answer()
      while (fixture.prepared.length > 0) this.#writeMarker()
      fixture.advance(20_000)
    }
  }

  send({ deliver, done }: Message): void {
    const { random } = this
    const isLost = random.chance(0.08)
    this.#wire.push({ deliver, done: isLost ? () => done('LOST') : done })
    if (random.chance(this.options.repeats)) this.#late.push({ deliver, done: () => {} })
  }

  /** Calls back once a coordinator's answer is there. */
  ask<T>(caller: Caller<T>, then: (error: string | null, value: T | null) => void): void {
    this.#asked.push({
      caller: caller as Caller<unknown>,
      answered: () => {
        const { answer } = caller
        if (answer instanceof BrokerError) then(answer.code, null)
        else then(null, answer as T)
      },
    })
  }

  write(write: Write, done: Done): void {
    const { fixture, options } = this
    const partition = this.partitions[write.partition]!
    const guard = partition.guard(write)
    if (guard === null || options.verifies === false) return done(partition.append(write, guard))
    const { producerId, producerEpoch, transactionalId } = write
    const where = [{ topic: 't', partition: write.partition }]
    const given = { transactionalId, partitions: where, adds: options.version === 2 }
    const caller = fixture.admit({ producerId, producerEpoch }, given)
    this.ask<readonly PartitionOutcome[]>(caller, (error, outcomes) => {
      const refusal = error ?? outcomes![0]!.error?.code ?? null
      done(refusal ?? partition.append(write, guard))
    })
  }

  #deliver(from: Message[]): void {
    if (from.length === 0) return
    const [message] = from.splice(this.random.below(from.length), 1)
    message!.deliver(message!.done)
    this.#answer()
  }

  #answer(): void {
    for (const asked of this.#asked.splice(0)) {
      if (asked.caller.isWaiting) this.#asked.push(asked)
      else asked.answered()
    }
  }

  #writeMarker(): void {
    const { fixture, random } = this
    if (fixture.prepared.length === 0) return
    const prepared = random.pick(fixture.prepared)
    const left = this.#left.get(prepared) ?? [...prepared.value.partitions].map((p) => p.partition)
    this.#left.set(prepared, left)
    if (left.length > 0) {
      const [partition] = left.splice(random.below(left.length), 1)
      return this.partitions[partition!]!.end(prepared)
    }
    fixture.prepared.splice(fixture.prepared.indexOf(prepared), 1)
    fixture.completed(prepared)
  }
}

/** A producer as clients are written: one request after the other, and again when it may be. */
class ModelProducer {
  readonly #cluster: ModelCluster
  readonly #id: string
  readonly #name: string
  #identity: ProducerIdentity | null = null
  #sequences = new Map<number, number>()
  #count = 0
  #values = 0
  #tag: string | null = null
  /** Partitions that it has said it will write to in this transaction. */
  readonly #added = new Set<number>()
  #mustAbort = false
  #isBusy = false
  #isDead = false
  #again: (() => void) | null = null
  static #names = 0

  constructor(cluster: ModelCluster, id: string) {
    this.#cluster = cluster
    this.#id = id
    this.#name = `${id}${ModelProducer.#names++}`
  }

  act(): void {
    if (this.#isBusy || this.#isDead) return
    const { random } = this.#cluster
    if (this.#again !== null) return this.#again()
    if (this.#identity === null) return this.#init()
    if (this.#tag !== null && (this.#mustAbort || random.chance(0.3))) {
      return this.#end(this.#mustAbort || random.chance(0.3) ? 'abort' : 'commit')
    }
    this.#write(random.below(PARTITIONS))
  }

  #init(): void {
    const deliver = (done: Done): void => {
      const { fixture } = this.#cluster
      const caller = fixture.init(null, { transactionalId: this.#id, timeoutMs: 60_000 })
      this.#cluster.ask<ProducerIdentity>(caller, (error, value) => done(error, value ?? undefined))
    }
    this.#request(deliver, (_error, identity) => this.#become(identity!))
  }

  #write(partition: number): void {
    const sequence = this.#sequences.get(partition) ?? 0
    const isAdded = this.#cluster.options.version === 2 || this.#added.has(partition)
    if (!isAdded) return this.#add(partition)
    this.#tag ??= this.#begin()
    const [tag, value] = [this.#tag, `${this.#name}-${this.#values++}`]
    const write = { ...this.#identity!, transactionalId: this.#id, partition, sequence, value, tag }
    this.#request(
      (done) => this.#cluster.write(write, done),
      () => {
        this.#cluster.told.get(tag)!.acked.add(value)
        this.#sequences.set(partition, sequence + 1)
      },
      () => (this.#mustAbort = true),
    )
  }

  /** Clients of version 1 say first where they will write, as they come to it. */
  #add(partition: number): void {
    const partitions = [{ topic: 't', partition }]
    const by = { transactionalId: this.#id, ...this.#identity! }
    const request = { ...by, partitions, version: 1 as const }
    this.#request(
      (done) => {
        const caller = this.#cluster.fixture.run<null>((shard, call, now) => {
          return shard.addPartitions(request, call, now)
        })
        this.#cluster.ask(caller, (error) => done(error))
      },
      () => {
        this.#added.add(partition)
        this.#tag ??= this.#begin()
      },
    )
  }

  #begin(): string {
    const tag = `${this.#name}#${this.#count++}`
    this.#cluster.told.set(tag, { acked: new Set(), outcome: 'unknown' })
    return tag
  }

  #end(outcome: Outcome): void {
    const [identity, tag] = [this.#identity!, this.#tag!]
    const { fixture, options } = this.#cluster
    const deliver = (done: Done): void => {
      const version = options.bumps === false ? 1 : options.version
      const caller = fixture.end(identity, outcome, version, this.#id)
      this.#cluster.ask<ProducerIdentity>(caller, (error, value) => done(error, value ?? undefined))
    }
    this.#request(deliver, (_error, given) => {
      this.#cluster.told.get(tag)!.outcome = outcome
      this.#tag = null
      this.#added.clear()
      this.#mustAbort = false
      this.#become(given!)
    })
  }

  #become(identity: ProducerIdentity): void {
    const { producerId, producerEpoch } = this.#identity ?? {}
    const isSame = producerId === identity.producerId && producerEpoch === identity.producerEpoch
    if (!isSame) this.#sequences = new Map()
    this.#identity = identity
  }

  #request(deliver: Message['deliver'], onDone: Done, onRefused?: () => void): void {
    this.#isBusy = true
    const done: Done = (error, identity) => {
      this.#isBusy = false
      this.#again = null
      if (error === null) onDone(null, identity)
      else if (AGAIN.has(error)) this.#again = () => this.#request(deliver, onDone, onRefused)
      else if (FATAL.has(error) || onRefused === undefined) this.#isDead = true
      else onRefused()
    }
    this.#cluster.send({ deliver, done })
  }
}
