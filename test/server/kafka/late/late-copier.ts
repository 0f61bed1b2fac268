// A copier of one partition as a client program is one, on frames: takes its transactional id, reads from
// where the group has committed, copies some in a transaction, and commits the offset in it. It may stop
// at any moment, and another life may begin while it goes on.

import { ERRORS, errorCodeOf, type ErrorCode } from '../../../../src/base/errors.ts'
import { ADD_OFFSETS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../../src/protocol/kafka/gen/end-txn.ts'
import { INIT_PRODUCER_ID } from '../../../../src/protocol/kafka/gen/init-producer-id.ts'
import { OFFSET_FETCH } from '../../../../src/protocol/kafka/gen/offset-fetch.ts'
import { PRODUCE } from '../../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { WRITE_TXN_MARKERS } from '../../../../src/protocol/kafka/gen/write-txn-markers.ts'
import type { Api } from '../../../../src/protocol/kafka/message-codec.ts'
import { TRANSACTIONAL_FLAG } from '../../../../src/record/layout.ts'
import { testBatch } from '../../../support/batches.ts'
import {
  operation,
  READ,
  type KindName,
  type Operation,
} from '../../../support/checker/operation.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import { copyOf, INPUT, OUTPUT, readPayload } from '../../../system/copier/payload.ts'
import { Lost, type LateNetwork, type Sender } from './late-network.ts'

export const GROUP = 'copiers'
/** Of the input; the output has as many. */
export const PARTITIONS = 2
export const TRANSACTION_TIMEOUT_MS = 10_000
const MAX_TRANSACTION = 4

/** Versions of requests, by the version of transactions that a client has. */
const VERSIONS = {
  tv1: { init: 4, produce: 11, offsets: 3, end: 3 },
  tv2: { init: 5, produce: 12, offsets: 5, end: 5 },
} as const
export type ClientKind = keyof typeof VERSIONS

/** What a copier needs of its schedule. */
export interface Surroundings {
  readonly network: LateNetwork
  readonly random: SeededRandom
  readonly kind: ClientKind
  /** Values of the input, by partition and offset. */
  readonly input: readonly (readonly Buffer[])[]
  readonly operations: Operation[]
  pause(): Promise<void>
  /** Epoch of the coordinator of transactions. */
  coordinatorEpoch(): number
  /** A transaction was committed, as its client knows. */
  committed(): void
}

/** One copier after another, under one transactional id. */
export interface Slot extends Sender {
  readonly transactionalId: string
  /** That is copied. */
  readonly partition: number
}

class Refused extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    super(code)
    this.code = code
  }
}

/** The producer does not wait for the answer any longer. */
class GaveUp extends Error {}

/** The process was killed. */
class Gone extends Error {}

interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

const NOBODY: Identity = { producerId: -1, producerEpoch: -1 }

export class LateCopier {
  readonly #around: Surroundings
  readonly #slot: Slot
  readonly #client: number
  #identity = NOBODY
  /** By partition of the output. */
  readonly #sequences = new Map<number, number>()
  /** Partitions that are part of the transaction, and whether the group is. */
  readonly #added = new Set<number>()
  #hasOffsets = false
  #hasBegun = false
  #position = 0
  #transaction = 0
  #numbers = 0
  #step = 0
  #isGone = false

  /** @param client the number of this life, which no other has */
  constructor(around: Surroundings, slot: Slot, client: number) {
    this.#around = around
    this.#slot = slot
    this.#client = client
  }

  /** From now on it does nothing more. */
  kill(): void {
    this.#isGone = true
  }

  /** @returns whether all is copied; else this life is over, and another has to take over */
  async run(): Promise<boolean> {
    try {
      await this.#init(NOBODY)
      await this.#findPosition()
      const { length } = this.#around.input[this.#slot.partition]!
      while (this.#position < length) await this.#copySome()
      return true
    } catch (error) {
      if (error instanceof Refused || error instanceof Gone) return false
      throw error
    }
  }

  /** @param current who goes on, under a new epoch; nobody: a new producer */
  async #init(current: Identity): Promise<void> {
    const { transactionalId } = this.#slot
    const request = { transactionalId, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS, ...current }
    const { init } = VERSIONS[this.#around.kind]
    this.#become(await this.#ask(INIT_PRODUCER_ID, init, request, ({ errorCode }) => errorCode))
  }

  async #findPosition(): Promise<void> {
    const { partition } = this.#slot
    const topics = [{ name: 'in', partitionIndexes: [partition] }]
    const request = { groupId: GROUP, topics, requireStable: true }
    const answer = await this.#ask(OFFSET_FETCH, 7, request, ({ errorCode, topics: told }) => {
      return errorCode === 0 ? told[0]!.partitions[0]!.errorCode : errorCode
    })
    this.#position = Math.max(0, answer.topics[0]!.partitions[0]!.committedOffset)
    this.#tellPosition()
  }

  async #copySome(): Promise<void> {
    const { random, input } = this.#around
    const values = input[this.#slot.partition]!
    const count = Math.min(random.between(1, MAX_TRANSACTION), values.length - this.#position)
    this.#transaction += 1
    this.#added.clear()
    this.#hasOffsets = this.#hasBegun = false
    try {
      await this.#copy(this.#position, count)
      await this.#move(this.#position + count)
      if (random.chance(0.25)) return await this.#abort()
    } catch (error) {
      const isAbortable = error instanceof Refused && error.code === 'TRANSACTION_ABORTABLE'
      if (!isAbortable && !(error instanceof GaveUp)) throw error
      return await this.#abort(true)
    }
    this.#did('committing', { transaction: this.#transaction })
    await this.#end(true)
    this.#did('committed', { transaction: this.#transaction })
    this.#around.committed()
    this.#position += count
  }

  /** @param isUnsure whether a record failed, and may come in later: clients go on under another epoch */
  async #abort(isUnsure = false): Promise<void> {
    if (this.#hasBegun) await this.#end(false)
    if (isUnsure && this.#around.kind === 'tv1') await this.#init(this.#identity)
    this.#did('aborted', { transaction: this.#transaction })
    this.#tellPosition()
  }

  async #copy(from: number, count: number): Promise<void> {
    const { partition } = this.#slot
    const transaction = this.#transaction
    const batches = Map.groupBy(
      this.#around.input[partition]!.slice(from, from + count).map((value, at) => {
        const offset = from + at
        const { isDamaged, ...read } = readPayload(value)
        const detail = READ.committed | (isDamaged ? READ.damaged : 0)
        this.#did('read', { ...read, topic: INPUT, partition, offset, detail, transaction })
        const number = ++this.#numbers
        const copy = {
          sender: this.#client,
          number,
          otherPartition: partition,
          otherOffset: offset,
        }
        const target = (partition + (read.number % PARTITIONS)) % PARTITIONS
        this.#did('send', { ...copy, topic: OUTPUT, partition: target, transaction })
        return { copy, target, bytes: copyOf(value, read, copy) }
      }),
      ({ target }) => target,
    )
    for (const [target, records] of batches) {
      // More than one batch of a partition, now and then.
      const cut = this.#around.random.between(1, records.length)
      for (const some of [records.slice(0, cut), records.slice(cut)]) {
        if (some.length > 0) await this.#produce(target, some)
      }
    }
  }

  async #produce(
    index: number,
    records: readonly { readonly copy: Partial<Operation>; readonly bytes: Buffer }[],
  ): Promise<void> {
    if (this.#around.kind === 'tv1') await this.#addPartition(index)
    const { transactionalId } = this.#slot
    const baseSequence = this.#sequences.get(index) ?? 0
    const batch = testBatch({
      ...{ ...this.#identity, baseSequence, attributes: TRANSACTIONAL_FLAG },
      records: records.map(({ bytes }) => ({ value: bytes })),
    })
    this.#hasBegun = true
    this.#added.add(index)
    const topicData = [{ name: 'out', partitionData: [{ index, records: batch }] }]
    const request = { transactionalId, acks: -1, timeoutMs: 1_000, topicData }
    const { produce } = VERSIONS[this.#around.kind]
    const answer = await this.#ask(
      PRODUCE,
      produce,
      request,
      ({ responses: [topic] }) => topic!.partitionResponses[0]!.errorCode,
      { mayGiveUp: true },
    )
    this.#sequences.set(index, baseSequence + records.length)
    const { baseOffset } = answer.responses[0]!.partitionResponses[0]!
    records.forEach(({ copy }, at) => {
      const place = { topic: OUTPUT, partition: index, offset: baseOffset + at }
      this.#did('acked', { ...copy, ...place, transaction: this.#transaction })
    })
  }

  async #addPartition(partition: number): Promise<void> {
    if (this.#added.has(partition)) return
    const { producerId, producerEpoch } = this.#identity
    this.#hasBegun = true
    const request = {
      v3AndBelowTransactionalId: this.#slot.transactionalId,
      ...{ v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: producerEpoch },
      v3AndBelowTopics: [{ name: 'out', partitions: [partition] }],
    }
    await this.#ask(ADD_PARTITIONS_TO_TXN, 3, request, ({ resultsByTopicV3AndBelow: [topic] }) => {
      return topic!.resultsByPartition[0]!.partitionErrorCode
    })
  }

  async #move(offset: number): Promise<void> {
    const { partition, transactionalId } = this.#slot
    const by = { transactionalId, groupId: GROUP, ...this.#identity }
    this.#did('moving', { topic: INPUT, partition, offset, transaction: this.#transaction })
    this.#hasBegun = true
    if (this.#around.kind === 'tv1') {
      await this.#ask(ADD_OFFSETS_TO_TXN, 3, by, ({ errorCode }) => errorCode)
    }
    this.#hasOffsets = true
    const committedMetadata = `${this.#client}:${this.#transaction}`
    const row = { partitionIndex: partition, committedOffset: offset, committedMetadata }
    const request = { ...by, memberId: '', topics: [{ name: 'in', partitions: [row] }] }
    const { offsets } = VERSIONS[this.#around.kind]
    await this.#ask(TXN_OFFSET_COMMIT, offsets, request, ({ topics: [topic] }) => {
      return topic!.partitions[0]!.errorCode
    })
  }

  async #end(committed: boolean): Promise<void> {
    const { kind, network, random } = this.#around
    const request = {
      ...{ transactionalId: this.#slot.transactionalId, ...this.#identity, committed },
    }
    const { end } = VERSIONS[kind]
    const answer = await this.#ask(END_TXN, end, request, ({ errorCode }) => errorCode)
    if (kind === 'tv2') this.#become(answer)
    if (random.chance(0.4)) network.keep(WRITE_TXN_MARKERS, 2, this.#markers(committed), this.#slot)
    this.#slot.ended += 1
  }

  /** What the coordinator has sent to partitions, were they with another broker. */
  #markers(transactionResult: boolean) {
    const outputs = [...this.#added]
    const topics = outputs.length === 0 ? [] : [{ name: 'out', partitionIndexes: outputs }]
    if (this.#hasOffsets) topics.push({ name: '__consumer_offsets', partitionIndexes: [0] })
    const coordinatorEpoch = this.#around.coordinatorEpoch()
    const transactionVersion = this.#around.kind === 'tv2' ? 2 : 1
    const marker = { ...this.#identity, transactionResult, coordinatorEpoch, transactionVersion }
    return { markers: [{ ...marker, topics }] }
  }

  #become({ producerId, producerEpoch }: Identity): void {
    const { producerId: id, producerEpoch: epoch } = this.#identity
    if (id !== producerId || epoch !== producerEpoch) this.#sequences.clear()
    this.#identity = { producerId, producerEpoch }
  }

  /** Asks until there is an answer. @throws Refused · Gone · GaveUp */
  async #ask<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
    errorOf: (answer: Response) => number,
    { mayGiveUp = false } = {},
  ): Promise<Response> {
    const { network, random } = this.#around
    for (;;) {
      if (this.#isGone) throw new Gone()
      try {
        const answer = await network.call(api, version, message, this.#slot)
        if (this.#isGone) throw new Gone()
        const error = errorOf(answer)
        if (error === 0) return answer
        const code = errorCodeOf(error)
        if (!ERRORS[code].retriable) throw new Refused(code)
        await this.#around.pause()
      } catch (error) {
        if (!(error instanceof Lost)) throw error
        if (mayGiveUp && network.isBad && random.chance(0.3)) throw new GaveUp()
      }
    }
  }

  #tellPosition(): void {
    const { partition } = this.#slot
    const place = { topic: INPUT, partition, offset: this.#position }
    this.#did('position', { ...place, detail: READ.committed })
  }

  #did(kind: KindName, fields: Partial<Operation>): void {
    const by = { client: this.#client, step: ++this.#step }
    this.#around.operations.push(operation(kind, { ...fields, ...by }))
  }
}
