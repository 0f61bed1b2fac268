// Reads input and output while they are written, as a reader of committed records does that we did not
// take from a client library: it drops what the broker says was aborted, and writes down what it was
// told of last stable offsets.

import { isControl, isTransactional, lastOffsetOf } from '../../../src/record/batch-header.ts'
import { decodeBatch, type BatchView } from '../../../src/record/batch-reader.ts'
import { decodeMarker } from '../../../src/record/control-record.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import type { HistorySink } from '../../support/checker/history-file.ts'
import { operation, READ } from '../../support/checker/operation.ts'
import type { Asks } from './asking.ts'
import { FetchedPartitions, type FetchedPartition, type TopicOfRun } from './fetched-partitions.ts'
import { INPUT, readPayload } from './payload.ts'

/** What was seen of a partition. */
export interface SeenPartition {
  readonly topic: number
  readonly partition: number
  /** Records that were read. */
  count: number
  /** After the last record that was read. */
  nextOffset: number
  /** Everything of the log was read, and no transaction in it is open. */
  isDecided: boolean
  /** Producers whose transaction here is known to be aborted, up to its marker. */
  readonly aborting: Set<number>
}

export class StableReader {
  readonly partitions: readonly SeenPartition[]
  readonly #client: number
  readonly #core = StorageCore.load()
  readonly #fetched: FetchedPartitions
  readonly #history: HistorySink
  readonly #ended: Promise<void>
  #isStopped = false
  #step = 0

  constructor(
    asking: Asks,
    topics: readonly TopicOfRun[],
    { client, history }: { client: number; history: HistorySink },
  ) {
    this.#client = client
    this.#history = history
    this.#fetched = new FetchedPartitions(asking, topics, 'committed')
    this.partitions = topics.flatMap(({ partitions }, topic) => {
      return Array.from({ length: partitions }, (_, partition) => {
        this.#write('position', { topic, partition, offset: 0, detail: READ.committed })
        const nothing = { count: 0, nextOffset: 0, isDecided: false, aborting: new Set<number>() }
        return { topic, partition, ...nothing }
      })
    })
    this.#ended = this.#run()
  }

  /** Records of a topic that were read. */
  count(topic: number): number {
    const here = this.partitions.filter((each) => each.topic === topic)
    return here.reduce((sum, { count }) => sum + count, 0)
  }

  get isInputDecided(): boolean {
    return this.partitions.every(({ topic, isDecided }) => topic !== INPUT || isDecided)
  }

  /** True when all that was written was read, and every transaction is over. */
  get isDecided(): boolean {
    return this.partitions.every(({ isDecided }) => isDecided)
  }

  /** Stops where it is. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#fetched.close()
    await this.#ended
    this.#history.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      for (const each of await this.#fetched.next()) this.#take(each)
      this.#history.flush()
    }
  }

  #take(fetched: FetchedPartition): void {
    const { topic, partition, lastStableOffset, highWatermark } = fetched
    const seen = this.partitions.find((each) => {
      return each.topic === topic && each.partition === partition
    })!
    const aborted = [...fetched.abortedTransactions].toSorted((a, b) => {
      return a.firstOffset - b.firstOffset
    })
    for (const batch of fetched.batches) {
      while (aborted.length > 0 && aborted[0]!.firstOffset <= lastOffsetOf(batch.bytes)) {
        seen.aborting.add(aborted.shift()!.producerId)
      }
      this.#takeBatch(seen, batch)
    }
    const told = { topic, partition, offset: lastStableOffset, otherOffset: highWatermark }
    this.#write('stable', told)
    const isRead = this.#fetched.offsetOf(topic, partition) === highWatermark
    seen.isDecided = isRead && lastStableOffset === highWatermark
  }

  #takeBatch(seen: SeenPartition, batch: BatchView): void {
    const { attributes, producerId } = batch.header
    const records = decodeBatch(this.#core, batch)
    if (isControl(attributes)) {
      const marker = decodeMarker(records[0]!.key, records[0]!.value)
      if (marker?.type === 'abort') seen.aborting.delete(producerId)
      return
    }
    if (isTransactional(attributes) && seen.aborting.has(producerId)) return
    const { topic, partition } = seen
    for (const { offset, value } of records) {
      const { isDamaged, ...payload } = readPayload(asBuffer(value))
      const detail = READ.committed | (isDamaged ? READ.damaged : 0)
      this.#write('read', { topic, partition, offset, detail, ...payload })
      seen.nextOffset = offset + 1
    }
    seen.count += records.length
  }

  #write(...[kind, fields]: Parameters<typeof operation>): void {
    const step = ++this.#step
    this.#history.add(operation(kind, { ...fields, client: this.#client, step }))
  }
}

export function asBuffer(value: Uint8Array | null): Buffer | null {
  return value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
