// Asks for the committed offsets of the copiers' group, again and again: those that are stable, and
// those that are there whatever transactions may do.

import { ERRORS } from '../../../src/base/errors.ts'
import { OFFSET_FETCH } from '../../../src/protocol/kafka/gen/offset-fetch.ts'
import type { HistorySink } from '../../support/checker/history-file.ts'
import { operation } from '../../support/checker/operation.ts'
import type { Asks } from './asking.ts'
import type { TopicOfRun } from './fetched-partitions.ts'
import { INPUT } from './payload.ts'

const OFFSET_FETCH_VERSION = 7

export interface ObservedGroup {
  readonly group: string
  readonly input: TopicOfRun
  readonly client: number
  readonly history: HistorySink
}

export class OffsetObserver {
  readonly #watched: ObservedGroup
  readonly #asking: Asks
  readonly #history: HistorySink
  readonly #ended: Promise<void>
  readonly #offsets: number[]
  #isStopped = false
  #step = 0
  /** Answers that had all partitions. */
  answers = 0

  constructor(asking: Asks, watched: ObservedGroup) {
    this.#watched = watched
    this.#asking = asking
    this.#history = watched.history
    this.#offsets = Array.from({ length: watched.input.partitions }, () => -1)
    this.#ended = this.#run()
  }

  /** By partition; -1 where nothing is committed. */
  get offsets(): readonly number[] {
    return this.#offsets
  }

  /** Stops where it is. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#asking.close()
    await this.#ended
    this.#history.close()
  }

  async #run(): Promise<void> {
    for (let requireStable = true; !this.#isStopped; requireStable = !requireStable) {
      await this.#askOnce(requireStable)
      this.#history.flush()
      await this.#asking.pause()
    }
  }

  async #askOnce(requireStable: boolean): Promise<void> {
    const { group: groupId, input } = this.#watched
    const partitionIndexes = this.#offsets.map((_, partition) => partition)
    const topics = [{ name: input.name, partitionIndexes }]
    const request = { groupId, topics, requireStable }
    const answer = await this.#asking.ask(OFFSET_FETCH, OFFSET_FETCH_VERSION, request)
    // Its coordinator may be loading, or may not be there before the first member is.
    if (answer === null || answer.errorCode !== 0) return
    let isWhole = true
    for (const { partitionIndex, errorCode, ...told } of answer.topics[0]!.partitions) {
      if (errorCode === ERRORS.UNSTABLE_OFFSET_COMMIT.id) isWhole = false
      else if (errorCode !== 0) throw new Error(`committed offsets: error ${errorCode}`)
      else this.#take(partitionIndex, told.committedOffset, told.metadata ?? '')
    }
    if (isWhole) this.answers += 1
  }

  #take(partition: number, offset: number, metadata: string): void {
    this.#offsets[partition] = offset
    // Copiers say with each offset of which transaction it is. librdkafka sends a zero after it.
    const [, sender, number] = /^(\d+):(\d+)\0?$/.exec(metadata) ?? ['', 0, 0]
    const { client } = this.#watched
    const of = { sender: Number(sender), number: Number(number), client, step: ++this.#step }
    const told = { topic: INPUT, partition, offset, ...of }
    this.#history.add(operation('moved', told))
  }
}
