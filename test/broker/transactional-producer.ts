// A transactional producer over the services of a broker, as a client of either protocol is one.

import type { Appended } from '../../src/broker/produce/pending-produce.ts'
import type {
  Outcome,
  PartitionOutcome,
  ProducerIdentity,
  TransactionalProducer,
  TransactionVersion,
} from '../../src/coordination/transaction/messages.ts'
import { isControl, isTransactional } from '../../src/record/batch-header.ts'
import { decodeBatch, splitBatches } from '../../src/record/batch-reader.ts'
import { decodeMarker } from '../../src/record/control-record.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { testBatch } from '../support/batches.ts'
import { CALLER, type BrokerOfOne } from './broker-of-one.ts'

const core = StorageCore.load()

export class TestProducer {
  readonly #broker: BrokerOfOne
  readonly #version: TransactionVersion
  readonly transactionalId: string
  identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  /** Next sequence by partition. */
  readonly #sequences = new Map<string, number>()

  constructor(broker: BrokerOfOne, transactionalId: string, version: TransactionVersion = 2) {
    this.#broker = broker
    this.transactionalId = transactionalId
    this.#version = version
  }

  get #by(): TransactionalProducer {
    return { transactionalId: this.transactionalId, ...this.identity }
  }

  /** @param current who goes on; null for a new producer */
  async init(current: ProducerIdentity | null = null): Promise<void> {
    const request = { transactionalId: this.transactionalId, timeoutMs: 60_000, current }
    this.#become(await this.#broker.settled(this.#broker.transactions.init(CALLER, request)))
  }

  async add(topic: string, ...partitions: number[]): Promise<readonly PartitionOutcome[]> {
    const all = partitions.map((partition) => ({ topic, partition }))
    const request = { ...this.#by, partitions: all }
    return this.#broker.settled(this.#broker.transactions.addPartitions(CALLER, request))
  }

  /** Sends one record to a partition, in the transaction. */
  async send(topic: string, partition: number, value: string): Promise<Appended> {
    return this.#broker.settled(this.begin(topic, partition, value))
  }

  async begin(topic: string, partition: number, value: string): Promise<Appended> {
    const key = `${topic}-${partition}`
    const baseSequence = this.#sequences.get(key) ?? 0
    const attributes = TRANSACTIONAL_FLAG
    const batch = testBatch({ records: [{ value }], ...this.identity, baseSequence, attributes })
    const { transactionalId } = this
    const { done } = this.#broker.produce.produce(CALLER, {
      ...{ acks: -1, timeoutMs: 1_000, batches: [{ topic, partition, batch }] },
      transaction: { transactionalId, adds: this.#version === 2 },
    })
    const [result] = await done
    if (result!.error === null) this.#sequences.set(key, baseSequence + 1)
    return result!
  }

  async end(outcome: Outcome): Promise<void> {
    const request = { ...this.#by, outcome, transactionVersion: this.#version }
    this.#become(await this.#broker.settled(this.#broker.transactions.end(CALLER, request)))
  }

  /** A new epoch counts anew. */
  #become(identity: ProducerIdentity): void {
    const { producerId, producerEpoch } = this.identity
    const isSame = producerId === identity.producerId && producerEpoch === identity.producerEpoch
    if (!isSame) this.#sequences.clear()
    this.identity = identity
  }
}

/** What a reader of committed records sees of a partition: values in the order of their offsets. */
export async function committedValues(
  broker: BrokerOfOne,
  topic: string,
  index: number,
): Promise<string[]> {
  const partition = broker.replicas.partition(topic, index)
  const seen: { readonly values: string[]; isCommitted: boolean }[] = []
  const open = new Map<number, typeof seen>()
  for (let offset = partition.logStartOffset; offset < partition.highWatermark;) {
    const limits = { maxBytes: 1_000_000, atLeastOneBatch: true }
    const slice = await broker.settled(Promise.resolve(partition.read(offset, limits)))
    offset = slice.nextOffset
    for (const batch of splitBatches(slice.batches).batches) {
      const { attributes, producerId } = batch.header
      const records = decodeBatch(core, batch)
      const transaction = open.get(producerId) ?? []
      if (isControl(attributes)) {
        const { key, value } = records[0]!
        const isCommit = decodeMarker(key, value)!.type === 'commit'
        for (const entry of transaction) entry.isCommitted = isCommit
        open.delete(producerId)
      } else {
        const values = records.map(({ value }) => Buffer.from(value ?? []).toString())
        const entry = { values, isCommitted: !isTransactional(attributes) }
        seen.push(entry)
        if (isTransactional(attributes)) open.set(producerId, [...transaction, entry])
      }
    }
  }
  return seen.flatMap(({ values, isCommitted }) => (isCommitted ? values : []))
}
