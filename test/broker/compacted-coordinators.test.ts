// Groups and transactions whose logs are compacted all the time, by the real cleaner over a disk in memory:
// what coordinators load of what is left is what they load of the whole history, and what is in memory.
// And a record that should have been written and was not is found.

import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { ProducerIdentity } from '../../src/coordination/transaction/messages.ts'
import type { FileSystem } from '../../src/io/file-system.ts'
import { isInternalTopic } from '../../src/metadata/internal-topics.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import type {
  CleanerLimits,
  CleaningJob,
  KeysRead,
} from '../../src/storage/compaction/cleaner/cleaner.ts'
import { LogCleaner } from '../../src/storage/compaction/cleaner/log-cleaner.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { BrokerOfOne, CALLER, type BrokerParts } from './broker-of-one.ts'
import {
  CoordinatorHistory,
  differenceOf,
  stateInMemory,
  stateOfLogs,
} from './coordinator-history.ts'

/** Lives that run by default. SEEDS=n runs more of them, from SEED on. */
const SEEDS = Number(process.env['SEEDS'] ?? 6)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const STEPS = 250
const TIME = { timeout: 300_000 }

const GROUPS = ['a', 'b', 'c', 'd']
const TOPICS = ['t', 'u']
const PARTITIONS = 8
const PRODUCERS = ['p', 'q', 'r']

const OPTIONS = {
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.retention.minutes': '5',
  'offsets.retention.check.interval.ms': '5000',
  'transactional.id.expiration.ms': '120000',
  'transaction.remove.expired.transaction.cleanup.interval.ms': '5000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
}

/** Segments of a few batches, compacted as soon as there is anything to gain. */
const SMALL = {
  ...{ segmentBytes: 1_200, indexIntervalBytes: 200, minCleanableDirtyRatio: 0 },
  ...{ deleteRetentionMs: 5_000, fileDeleteDelayMs: 500 },
}

const NOBODY = { memberId: '', instanceId: null, generationOrEpoch: -1 } as const

interface Producer {
  readonly transactionalId: string
  identity: ProducerIdentity | null
  isBusy: boolean
}

class Life {
  readonly random: SeededRandom
  readonly #parts: BrokerParts
  readonly #history = new CoordinatorHistory()
  readonly #producers: readonly Producer[]
  /** Members of groups of the newer protocol: their epochs by group and id. */
  readonly #members = new Map<string, number>()
  broker!: BrokerOfOne
  #offset = 0
  #failure: unknown = null
  taken = 0

  constructor(seed: number, parts: BrokerParts) {
    this.random = new SeededRandom(seed)
    this.#parts = {
      ...parts,
      configOf: (topic, config) => (isInternalTopic(topic) ? { ...config, ...SMALL } : config),
    }
    this.#producers = PRODUCERS.map((transactionalId) => {
      return { transactionalId, identity: null, isBusy: false }
    })
  }

  async begin(files: MemoryFileSystem): Promise<void> {
    await this.#start(files)
    for (const topic of TOPICS) await this.broker.createTopic(topic, PARTITIONS)
    await this.broker.settled(this.broker.groups.ready(CALLER))
    await this.broker.settled(this.broker.transactions.ready(CALLER))
  }

  async step(): Promise<void> {
    const { random, broker } = this
    const dice = random.below(100)
    if (dice < 22) this.#attempt(this.#commit())
    else if (dice < 44) this.#attempt(this.#inTransaction(random.pick(this.#producers)))
    else if (dice < 54) this.#attempt(this.#consume())
    else if (dice < 59) this.#attempt(this.#joinClassic())
    else if (dice < 62) this.#attempt(this.#forget())
    else if (dice < 64) this.#attempt(this.#recreate(random.pick(TOPICS)))
    else if (dice < 78) broker.clock.advance(random.below(3_000))
    else if (dice < 82) broker.clock.advance(random.below(60_000))
    else if (dice < 83) broker.clock.advance(350_000)
    else if (dice < 96) await this.#compact()
    else await this.#restart()
    if (random.chance(0.8)) await broker.clock.settle()
    if (this.#failure !== null) throw this.#failure
  }

  /** Where two of the three states differ, in words; null where they are the same. */
  async difference(): Promise<string | null> {
    const { broker } = this
    await broker.clock.settle()
    await this.#history.note(broker)
    // Segments are swapped while it is read.
    const compaction = this.random.chance(0.7) ? broker.compact() : Promise.resolve()
    const [ofLogs] = await Promise.all([stateOfLogs(broker), compaction])
    const inMemory = stateInMemory(broker)
    const loaded = differenceOf(ofLogs, inMemory)
    if (loaded !== null) return `loaded, and in memory: ${loaded}`
    const written = differenceOf(this.#history.state(broker), inMemory)
    return written === null ? null : `written, and in memory: ${written}`
  }

  async end(): Promise<void> {
    this.taken = await this.#history.takenCount(this.broker)
    await this.broker.stop()
  }

  #attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof BrokerError)) this.#failure ??= error
    })
  }

  #named() {
    const { random } = this
    const [topic, partition] = [random.pick(TOPICS), random.below(PARTITIONS)]
    return { topic, partition, offset: (this.#offset += 1), leaderEpoch: -1, metadata: '' }
  }

  async #commit(): Promise<void> {
    const groupId = this.random.pick(GROUPS)
    const offsets = [this.#named(), this.#named()]
    const request = { groupId, ...NOBODY, retentionMs: -1, offsets }
    await this.broker.groups.commitOffsets(CALLER, request)
  }

  /** Begins a transaction, carries offsets in it, or ends it. */
  async #inTransaction(producer: Producer): Promise<void> {
    const { random, broker } = this
    const { transactionalId } = producer
    if (producer.isBusy) return
    producer.isBusy = true
    const { groups, transactions } = broker
    try {
      const init = { transactionalId, timeoutMs: 20_000, current: null }
      producer.identity ??= await transactions.init(CALLER, init)
      const by = { transactionalId, ...producer.identity }
      if (random.chance(0.7)) {
        const transaction = { ...by, adds: true }
        const offsets = [this.#named(), this.#named()]
        const request = { groupId: random.pick(GROUPS), ...NOBODY, transaction, offsets }
        await groups.commitInTransaction(CALLER, request)
      } else {
        const outcome = random.pick(['commit', 'commit', 'abort'] as const)
        const end = { ...by, outcome, transactionVersion: 2 } as const
        producer.identity = await transactions.end(CALLER, end)
      }
    } catch (error) {
      producer.identity = null
      throw error
    } finally {
      if (this.broker === broker) producer.isBusy = false
    }
  }

  /** A member of the newer protocol comes, goes on, or leaves. */
  async #consume(): Promise<void> {
    const { random } = this
    const [groupId, memberId] = [random.pick(GROUPS), random.pick(['m', 'n'])]
    const known = this.#members.get(`${groupId} ${memberId}`)
    const isJoin = known === undefined
    const topicRegex = random.chance(0.3) ? random.pick(['t.*', 'u', '[tu]']) : null
    const instanceId = memberId === 'n' ? `static-${groupId}` : null
    const isLeaving = !isJoin && random.chance(0.4)
    const leaving = instanceId !== null && random.chance(0.5) ? -2 : -1
    const memberEpoch = isJoin ? 0 : isLeaving ? leaving : known
    this.#members.delete(`${groupId} ${memberId}`)
    const answer = await this.broker.groups.consumerHeartbeat(CALLER, {
      ...{ groupId, memberId, memberEpoch, instanceId, rackId: null, serverAssignor: null },
      rebalanceTimeoutMs: isJoin ? 30_000 : -1,
      topicNames: isJoin ? [random.pick(TOPICS)] : null,
      ...{ topicRegex, owned: isJoin ? [] : null, clientId: 'c', clientHost: '/127.0.0.1' },
    })
    if (!isLeaving) this.#members.set(`${groupId} ${memberId}`, answer.memberEpoch)
  }

  /** A member of the classic protocol joins, is given everything, and mostly leaves. */
  async #joinClassic(): Promise<void> {
    const { random, broker } = this
    const { groups } = broker
    const groupId = random.pick(GROUPS)
    const joined = await groups.join(CALLER, {
      ...{ groupId, memberId: '', instanceId: null, clientId: 'c', clientHost: '/127.0.0.1' },
      ...{ sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 6_000, protocolType: 'test' },
      protocols: [{ name: 'p', metadata: new Uint8Array(0) }],
      ...{ requireMemberId: false, canSkipAssignment: true },
    })
    if (joined.outcome !== 'joined') return
    const { memberId, generation } = joined
    const by = { groupId, memberId, instanceId: null, generation }
    const assignments = [{ memberId, assignment: Buffer.from('everything') }]
    const names = { protocolType: null, protocol: null }
    await groups.sync(CALLER, { ...by, ...names, assignments })
    if (random.chance(0.7)) {
      await groups.leave(CALLER, { groupId, members: [{ memberId, instanceId: null }] })
    }
  }

  async #forget(): Promise<void> {
    const { groups } = this.broker
    const groupId = this.random.pick(GROUPS)
    const partitions = [{ topic: this.random.pick(TOPICS), partition: 0 }]
    if (this.random.chance(0.5)) await groups.deleteGroup(CALLER, groupId)
    else await groups.deleteOffsets(CALLER, { groupId, partitions })
  }

  async #recreate(topic: string): Promise<void> {
    await this.broker.topics.delete(CALLER, topic)
    await this.broker.topics.create(
      CALLER,
      { name: topic, partitions: PARTITIONS, replicationFactor: 1, configs: new Map() },
      { validateOnly: false },
    )
  }

  /** As much as is due; what goes on beside it goes on. */
  async #compact(): Promise<void> {
    await this.broker.clock.settle()
    await this.#history.note(this.broker)
    if (this.random.chance(0.5)) await this.broker.compact()
    else void this.broker.logs.runCompaction()
  }

  async #restart(): Promise<void> {
    const { broker, random } = this
    await broker.clock.settle()
    await this.#history.note(broker)
    if (random.chance(0.3)) await broker.stop()
    else broker.files.crash(random.chance(0.5) ? random.split() : null)
    await this.#start(broker.files, broker.clock.now() + 1_000)
  }

  async #start(files: MemoryFileSystem, nowMs?: number): Promise<void> {
    this.#members.clear()
    for (const producer of this.#producers) {
      producer.identity = null
      producer.isBusy = false
    }
    this.broker = await BrokerOfOne.start(files, nowMs, OPTIONS, this.#parts)
    // Coordinators load, and compaction may begin before they have.
    if (this.random.chance(0.5)) void this.broker.logs.runCompaction()
    await this.broker.clock.settle()
  }
}

/** @returns what is wrong first, or null; and how many entries compaction took */
async function live(
  seed: number,
  parts: BrokerParts = {},
  files = new MemoryFileSystem(),
): Promise<{ difference: string | null; taken: number }> {
  const life = new Life(seed, parts)
  await life.begin(files)
  for (let step = 0; step < STEPS; step++) {
    await life.step()
    if (step % 25 < 24) continue
    const difference = await life.difference()
    if (difference !== null) return { difference: `step ${step}: ${difference}`, taken: 0 }
  }
  await life.end()
  return { difference: null, taken: life.taken }
}

test('coordinators load of compacted logs what they have in memory', TIME, async () => {
  let taken = 0
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const life = await live(seed)
    expect(life.difference, `seed ${seed}`).toBe(null)
    taken += life.taken
  }
  // It does what it is to be tested at.
  expect(taken).toBeGreaterThan(100 * SEEDS)
})

/** Forgets to write tombstones of keys of one type. */
function forgetful(keyType: number): BrokerParts {
  class Forgetful extends BatchBuilder {
    override append(...record: Parameters<BatchBuilder['append']>): boolean {
      const [key, value] = record
      const isForgotten =
        value === null && Buffer.from(key as Uint8Array).readInt16BE(0) === keyType
      return isForgotten || super.append(...record)
    }
  }
  return { newBuilder: (limitBytes) => new Forgetful(StorageCore.load(), limitBytes) }
}

/** Compacts with one thing that it is not told. */
function mistaken(
  change: (job: CleaningJob) => Partial<CleaningJob>,
): (files: FileSystem) => BrokerParts {
  class Mistaken extends LogCleaner {
    override begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
      return super.begin({ ...job, ...change(job) }, limits)
    }
  }
  return (files) => {
    const parts = { files, clock: new ManualClock(), random: new SeededRandom(5) }
    const openCleaner = () => new Mistaken({ ...parts, storageCore: StorageCore.load() })
    return { manager: { openCleaner } }
  }
}

const MISTAKES: readonly [what: string, parts: (files: FileSystem) => BrokerParts][] = [
  ['a tombstone of an offset that is not written', () => forgetful(1)],
  ['a tombstone of a classic group that is not written', () => forgetful(2)],
  ['a tombstone of an epoch that is not written', () => forgetful(6)],
  ['a tombstone of a member that is not written', () => forgetful(5)],
  ['a tombstone of a transactional id that is not written', () => forgetful(0)],
  ['an aborted offset that is taken for the last of its key', mistaken(() => ({ aborted: [] }))],
  [
    'tombstones that go before what they delete',
    mistaken(({ firstDirtyOffset, segments }) => {
      const end = segments.at(-1)!.endOffset
      return { firstDirtyOffset: Math.floor((firstDirtyOffset + end) / 2), deleteRetentionMs: 0 }
    }),
  ],
]

test.each(MISTAKES)('what finds the difference finds %s', TIME, async (_, partsOf) => {
  for (let seed = 1; seed <= 30; seed++) {
    const files = new MemoryFileSystem()
    const { difference } = await live(seed, partsOf(files), files)
    if (difference !== null) return
  }
  expect.fail('no state differed')
})
