// What is in the logs at the end: every record with what became of its transaction, as the markers in
// the log say, and every transaction in every partition.

import { isControl, isTransactional } from '../../../src/record/batch-header.ts'
import { decodeBatch, type BatchView } from '../../../src/record/batch-reader.ts'
import { decodeMarker } from '../../../src/record/control-record.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import type { HistorySink } from '../../support/checker/history-file.ts'
import { LOGGED, operation, READ, type Operation } from '../../support/checker/operation.ts'
import type { Asks } from './asking.ts'
import { FetchedPartitions, type FetchedPartition, type TopicOfRun } from './fetched-partitions.ts'
import { readPayload } from './payload.ts'
import { asBuffer } from './stable-reader.ts'

/** Records of a transaction whose marker was not met yet. */
interface OpenTransaction {
  readonly first: number
  readonly records: Operation[]
}

export interface DumpedLogs {
  readonly records: number
  /** Transactions in partitions, by how they ended. */
  readonly transactions: { committed: number; aborted: number; open: number }
}

/** Writes the logs to a history. Nobody may write to them meanwhile. */
export async function dumpLogs(
  asking: Asks,
  topics: readonly TopicOfRun[],
  { client, history }: { client: number; history: HistorySink },
): Promise<DumpedLogs> {
  const fetched = new FetchedPartitions(asking, topics, 'uncommitted')
  const dumps = topics.flatMap(({ partitions }, topic) => {
    return Array.from({ length: partitions }, (_, partition) => {
      return new PartitionDump(history, { topic, partition, client })
    })
  })
  while (dumps.some(({ isWhole }) => !isWhole)) {
    for (const each of await fetched.next()) {
      const { topic, partition } = each
      const dump = dumps.find(
        ({ place }) => place.topic === topic && place.partition === partition,
      )!
      dump.take(each, fetched.offsetOf(topic, partition))
    }
  }
  for (const dump of dumps) dump.end()
  fetched.close()
  history.close()
  const sum = (of: (dump: PartitionDump) => number): number => {
    return dumps.reduce((total, dump) => total + of(dump), 0)
  }
  const transactions = {
    committed: sum(({ committed }) => committed),
    aborted: sum(({ aborted }) => aborted),
    open: sum(({ open }) => open),
  }
  return { records: sum(({ records }) => records), transactions }
}

class PartitionDump {
  readonly place: { readonly topic: number; readonly partition: number; readonly client: number }
  isWhole = false
  records = 0
  committed = 0
  aborted = 0
  open = 0
  readonly #core = StorageCore.load()
  readonly #history: HistorySink
  readonly #open = new Map<number, OpenTransaction>()

  constructor(history: HistorySink, place: PartitionDump['place']) {
    this.#history = history
    this.place = place
  }

  /** @param nextOffset after the last batch that was fetched */
  take(fetched: FetchedPartition, nextOffset: number): void {
    for (const batch of fetched.batches) {
      if (isControl(batch.header.attributes)) this.#takeMarker(batch)
      else this.#takeRecords(batch)
    }
    this.isWhole = nextOffset === fetched.highWatermark
  }

  /** Writes the transactions that have no marker. */
  end(): void {
    this.open = this.#open.size
    for (const [producerId] of this.#open) this.#decide(producerId, -1, LOGGED.open)
  }

  #takeRecords(batch: BatchView): void {
    const { attributes, producerId, baseOffset } = batch.header
    const transaction = isTransactional(attributes) ? this.#opened(producerId, baseOffset) : null
    for (const { offset, value } of decodeBatch(this.#core, batch)) {
      const { isDamaged, ...payload } = readPayload(asBuffer(value))
      const detail = isDamaged ? READ.damaged : 0
      const record = operation('logged', { ...this.place, ...payload, offset, detail })
      if (transaction === null) this.#write(record, LOGGED.visible)
      else transaction.records.push(record)
    }
  }

  #opened(producerId: number, first: number): OpenTransaction {
    const known = this.#open.get(producerId)
    if (known !== undefined) return known
    const opened: OpenTransaction = { first, records: [] }
    this.#open.set(producerId, opened)
    return opened
  }

  #takeMarker(batch: BatchView): void {
    const [record] = decodeBatch(this.#core, batch)
    const marker = decodeMarker(record!.key, record!.value)
    // A marker of a partition that got no record of the transaction decides nothing.
    if (marker === null || !this.#open.has(batch.header.producerId)) return
    if (marker.type === 'abort') this.aborted += 1
    else this.committed += 1
    const state = marker.type === 'abort' ? LOGGED.aborted : LOGGED.visible
    this.#decide(batch.header.producerId, record!.offset, state)
  }

  #decide(producerId: number, marker: number, state: number): void {
    const { first, records } = this.#open.get(producerId)!
    this.#open.delete(producerId)
    for (const record of records) this.#write(record, state)
    const ended = { ...this.place, offset: marker, otherOffset: first }
    this.#history.add(operation('ended', ended))
  }

  #write(record: Operation, state: number): void {
    this.records += 1
    this.#history.add({ ...record, detail: record.detail | state })
  }
}
