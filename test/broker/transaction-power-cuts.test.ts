// A copier over a whole broker on a disk that forgets: it reads its position from its group, writes what is
// next, commits the position with it. Power is cut at any moment, syncs hang, others take over and the ones
// before them go on. At the end everything is there once, in order.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { ProducerIdentity } from '../../src/coordination/transaction/messages.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { testBatch } from '../support/batches.ts'
import { microtasks } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { BrokerOfOne, CALLER } from './broker-of-one.ts'
import { committedValues } from './transactional-producer.ts'

const WALKS = 20
const STEPS = 800
const OUTPUTS = 2

const OPTIONS = {
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '100',
}

const BY = { groupId: 'g', memberId: '', instanceId: null, generationOrEpoch: -1 } as const

class Copier {
  readonly #walk: Walk
  readonly #broker: BrokerOfOne
  #identity: ProducerIdentity | null = null
  #isGone = false

  constructor(walk: Walk) {
    this.#walk = walk
    this.#broker = walk.broker
    void this.#run()
  }

  /** The broker is gone with everything that was asked of it. */
  brokerGone(): void {
    this.#isGone = true
  }

  async #run(): Promise<void> {
    while (!this.#isGone) {
      try {
        await this.#copy()
      } catch (error) {
        if (!(error instanceof BrokerError)) return this.#walk.fail(error)
        // Whoever has been overtaken stops; else it begins anew, as a new producer.
        if (this.#walk.copier !== this) return
        this.#identity = null
        await new Promise<void>((resolve) => void this.#broker.clock.after(20, resolve))
      }
    }
  }

  async #copy(): Promise<void> {
    const { random } = this.#walk
    const { transactions } = this.#broker
    this.#identity ??= await transactions.init(CALLER, {
      ...{ transactionalId: 'copier', timeoutMs: 5_000, current: null },
    })
    const from = await this.#position()
    this.#walk.position = from
    const to = Math.min(from + random.between(1, 4), this.#walk.total)
    if (from === to) return this.brokerGone()
    const by = { transactionalId: 'copier', ...this.#identity }
    const sequences = Array.from({ length: OUTPUTS }, () => 0)
    for (let n = from; n < to; n++) await this.#write(n, sequences)
    const offsets = [{ topic: 'in', partition: 0, offset: to, leaderEpoch: -1, metadata: '' }]
    const transaction = { ...by, adds: true }
    const request = { ...BY, transaction, offsets }
    const { partitions } = await this.#broker.groups.commitInTransaction(CALLER, request)
    if (partitions[0]!.error !== null) throw new BrokerError(partitions[0]!.error)
    const outcome = random.chance(0.2) ? 'abort' : 'commit'
    const end = { ...by, outcome, transactionVersion: 2 } as const
    this.#identity = await transactions.end(CALLER, end)
  }

  async #position(): Promise<number> {
    const request = { groupId: 'g', memberId: null, memberEpoch: -1, partitions: null }
    const asked = { ...request, requireStable: true }
    const { partitions } = await this.#broker.groups.fetchOffsets(CALLER, asked)
    const [row] = partitions
    if (row?.error) throw new BrokerError(row.error)
    return row?.committed?.offset ?? 0
  }

  async #write(n: number, sequences: number[]): Promise<void> {
    const partition = n % OUTPUTS
    const header = { ...this.#identity!, baseSequence: sequences[partition]!++ }
    const attributes = TRANSACTIONAL_FLAG
    const batch = testBatch({ records: [{ value: `${n}` }], ...header, attributes })
    const { done } = this.#broker.produce.produce(CALLER, {
      ...{ acks: -1, timeoutMs: 1_000, batches: [{ topic: 'out', partition, batch }] },
      transaction: { transactionalId: 'copier', adds: true },
    })
    const [result] = await done
    if (result!.error !== null) throw result!.error
  }
}

class Walk {
  readonly random: SeededRandom
  broker!: BrokerOfOne
  copier!: Copier
  position = 0
  /** Where the input ends. */
  total = Infinity
  cuts = 0
  #copiers: Copier[] = []
  #release: (() => void) | null = null
  #failure: unknown = null

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  async start(): Promise<void> {
    this.broker = await BrokerOfOne.start(new MemoryFileSystem(), undefined, OPTIONS)
    await this.broker.createTopic('in')
    await this.broker.createTopic('out', OUTPUTS)
    this.#newCopier()
  }

  fail(error: unknown): void {
    this.#failure ??= error
  }

  async step(): Promise<void> {
    const { random, broker } = this
    const dice = random.below(1_000)
    if (dice < 800) await this.#turn()
    else if (dice < 870) broker.clock.advance(random.below(40))
    else if (dice < 872) broker.clock.advance(random.below(8_000))
    else if (dice < 890) this.#release ??= broker.files.holdSyncs()
    else if (dice < 980) this.#letSyncsGo()
    else if (dice < 988) this.#newCopier()
    else await this.#cutPower()
    if (this.#failure !== null) throw this.#failure
  }

  /** All is quiet: the copier comes to its end. */
  async finish(): Promise<void> {
    this.#letSyncsGo()
    this.total = this.position + 10
    this.#newCopier()
    for (let round = 0; round < 2_000 && this.position < this.total; round++) {
      await this.broker.clock.settle()
      this.broker.clock.advance(20)
      if (this.#failure !== null) throw this.#failure
    }
    for (const copier of this.#copiers) copier.brokerGone()
    expect(this.position).toBe(this.total)
  }

  async check(): Promise<void> {
    for (let partition = 0; partition < OUTPUTS; partition++) {
      const numbers = Array.from({ length: this.total }, (_, n) => n)
      const all = numbers.filter((n) => n % OUTPUTS === partition)
      expect(await committedValues(this.broker, 'out', partition)).toEqual(all.map(String))
    }
  }

  async #turn(): Promise<void> {
    this.broker.clock.endTurn()
    await microtasks()
  }

  async #cutPower(): Promise<void> {
    const { broker, random } = this
    this.cuts += 1
    broker.files.crash(random.chance(0.5) ? random.split() : null)
    this.#letSyncsGo()
    for (const copier of this.#copiers) copier.brokerGone()
    this.#copiers = []
    this.broker = await BrokerOfOne.start(broker.files, broker.clock.now() + 1_000, OPTIONS)
    this.#newCopier()
  }

  /** The one before goes on until it is told that it was overtaken. */
  #newCopier(): void {
    this.copier = new Copier(this)
    this.#copiers.push(this.copier)
  }

  #letSyncsGo(): void {
    this.#release?.()
    this.#release = null
  }
}

test('a copy is exactly once, whatever is cut, held back and taken over', async () => {
  let [cuts, copied] = [0, 0]
  for (let seed = 1; seed <= WALKS; seed++) {
    const walk = new Walk(seed)
    try {
      await walk.start()
      for (let step = 0; step < STEPS; step++) await walk.step()
      await walk.finish()
      await walk.check()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    cuts += walk.cuts
    copied += walk.total
  }
  // It does what it is to be tested at.
  expect(cuts).toBeGreaterThan(WALKS)
  expect(copied).toBeGreaterThan(20 * WALKS)
})
