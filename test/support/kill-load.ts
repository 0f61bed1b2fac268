// Eight producers that never send a record twice, for tests that take the broker away under them.

import { Admin, Consumer } from '../../src/client/index.ts'
import { openTransport } from '../../src/client/open-transport.ts'
import type { ProduceStream, Transport } from '../../src/client/transport.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import type { History } from './history.ts'

/** Few partitions, whose logs are synced themselves, and many, which go through the commit journal. */
const TOPICS = [
  { name: 'few', partitions: 2 },
  { name: 'many', partitions: 48 },
]

const PRODUCERS = 8
const IN_FLIGHT = 4

/** Batches of small segments and short index intervals, so that kills meet rolls and indexes too. */
const CONFIGS = { 'segment.bytes': '1048576', 'index.interval.bytes': '512' }

export async function createTopics(address: string): Promise<void> {
  const admin = new Admin({ bootstrap: [address] })
  for (const topic of TOPICS) await admin.createTopic({ ...topic, configs: CONFIGS })
  await admin.close()
}

/** Numbers of records, over all loads of this process: no sender gets one twice. */
let nextNumber = 0

export class KillLoad {
  readonly #history: History
  readonly #ended: Promise<void>[] = []
  readonly #builder = new BatchBuilder(StorageCore.load(), 64 * 1024)
  #acknowledged = 0
  #wanted = Number.POSITIVE_INFINITY
  #reached: () => void = () => {}
  #failure: unknown = null

  constructor(address: string, history: History) {
    this.#history = history
    for (let producer = 0; producer < PRODUCERS; producer++) {
      this.#ended.push(this.#produce(address, producer))
    }
  }

  /** Resolves when this many batches were acknowledged since the load began. */
  acknowledged(batches: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wanted = batches
      this.#reached = () => (this.#failure === null ? resolve() : reject(this.#failure))
      if (this.#acknowledged >= batches || this.#failure !== null) this.#reached()
    })
  }

  /** Resolves when every producer has lost its connection. */
  async ended(): Promise<void> {
    await Promise.all(this.#ended)
  }

  #produce(address: string, producer: number): Promise<void> {
    const transport: Transport = openTransport({ bootstrap: [address] })
    const topic = TOPICS[producer % TOPICS.length]!
    const sent: { readonly partition: number; readonly values: readonly string[] }[] = []
    let turn = producer
    return new Promise((resolve) => {
      const send = (number: number): void => {
        const partition = turn++ % topic.partitions
        const { bytes, values } = this.#batch(producer, 1 + (turn % 4))
        sent.push({ partition, values })
        const batches = [{ topic: topic.name, partition, batch: bytes }]
        stream.send({ number, acks: 'all', timeoutMs: 30_000, transaction: null, batches })
      }
      let number = 0
      const stream: ProduceStream = transport.openProduceStream({
        acked: (_, [produced]) => {
          const { partition, values } = sent.shift()!
          if (produced!.error !== null) return this.#fail(produced!.error)
          values.forEach((value, index) => {
            const offset = produced!.baseOffset + index
            this.#history.acknowledge(`${topic.name}-${partition}`, offset, value)
          })
          this.#acknowledged += 1
          if (this.#acknowledged >= this.#wanted) this.#reached()
          send(number++)
        },
        closed: () => {
          transport.close()
          resolve()
        },
      })
      while (number < IN_FLIGHT) send(number++)
    })
  }

  /** The broker lives when this is called: a refusal is a failure of the test. */
  #fail(error: unknown): void {
    this.#failure ??= error
    this.#reached()
  }

  #batch(producer: number, count: number): { bytes: Buffer; values: string[] } {
    const values = Array.from({ length: count }, () => `${producer}:${nextNumber++}`)
    this.#builder.reset()
    for (const value of values) this.#builder.append(null, value, Date.now())
    return { bytes: Buffer.from(this.#builder.build()), values }
  }
}

/** Reads everything above what the history has read before. */
export async function readNewRecords(address: string, history: History): Promise<void> {
  const admin = new Admin({ bootstrap: [address] })
  const consumer = new Consumer({ bootstrap: [address] })
  try {
    const ends = new Map<string, number>()
    const assignments = []
    for (const { name: topic } of TOPICS) {
      const { partitionDescriptions } = await admin.describeTopic(topic)
      for (const { partition, highWatermark } of partitionDescriptions) {
        const key = `${topic}-${partition}`
        const offset = history.nextOffset(key)
        if (highWatermark <= offset) continue
        ends.set(key, highWatermark)
        assignments.push({ topic, partition, start: { kind: 'offset' as const, offset } })
      }
    }
    if (assignments.length === 0) return
    await consumer.assign(assignments)
    for await (const batch of consumer.batches()) {
      for (const record of batch.records()) {
        const key = `${record.topic}-${record.partition}`
        history.read(key, record.offset, record.value!.toString())
        if (record.offset + 1 >= ends.get(key)!) ends.delete(key)
      }
      if (ends.size === 0) return
    }
  } finally {
    await consumer.close()
    await admin.close()
  }
}
