// Readers on both fronts that go slowly through a topic while it is compacted again and again: whatever becomes
// of the segments that they read, they meet each record as it was written, and end with the right table.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Consumer } from '../../src/client/index.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { TableWriter } from '../support/table-writer.ts'
import { TestBroker } from '../support/broker.ts'
import { valuesOf, WrittenTable, type PlacedRecord } from '../support/written-table.ts'

const SEGMENT_BYTES = 1_048_576
/** Written before the readers begin, and while they read. */
const [BEFORE_BYTES, MEANWHILE_BYTES] = [5 * SEGMENT_BYTES, 8 * SEGMENT_BYTES]
/** Pauses: of who writes after so many bytes, of who reads after so many records. */
const [STEP_BYTES, WRITER_MS] = [120_000, 40]
const [STEP_RECORDS, READER_MS] = [100, 20]
/** The key of the last record. */
const END = 'end'

class Traffic {
  readonly table = new WrittenTable()
  readonly #writer: TableWriter

  constructor(client: KafkaClient) {
    this.#writer = new TableWriter(client, 'table', this.table, new SeededRandom(1))
  }

  async begin(): Promise<void> {
    // Old files go at once. Tombstones stay, so that who reads slowly meets them.
    await this.#writer.create({
      ...{ 'cleanup.policy': 'compact', 'segment.bytes': String(SEGMENT_BYTES) },
      ...{ 'min.cleanable.dirty.ratio': '0.01', 'file.delete.delay.ms': '0' },
    })
    await this.#writer.write(BEFORE_BYTES)
  }

  async goOn(): Promise<void> {
    for (let bytes = 0; bytes < MEANWHILE_BYTES; bytes += STEP_BYTES) {
      await this.#writer.write(STEP_BYTES)
      await delay(WRITER_MS)
    }
    await this.#writer.writeBatch([{ key: END, value: END }])
  }
}

/** Reads from the beginning to the end. */
async function readSlowly(bootstrap: string): Promise<PlacedRecord[]> {
  const consumer = new Consumer({ bootstrap: [bootstrap], prefetchBytes: 65_536 })
  const found: PlacedRecord[] = []
  try {
    const start = { kind: 'offset', offset: 0 } as const
    await consumer.assign([{ topic: 'table', partition: 0, start }])
    for await (const batch of consumer.batches()) {
      for (const { offset, key, value } of batch.records()) {
        found.push({ offset, key: key!.toString(), value: value?.toString() ?? null })
        if (found.length % STEP_RECORDS === 0) await delay(READER_MS)
      }
      if (found.at(-1)?.key === END) return found
    }
  } finally {
    await consumer.close()
  }
  throw new Error('the consumer has ended')
}

test('readers on both fronts', { timeout: 120_000 }, async () => {
  const broker = await TestBroker.start({ options: { 'log.cleaner.backoff.ms': '10' } })
  try {
    const client = await KafkaClient.connect(broker.kafkaPort)
    const traffic = new Traffic(client)
    await traffic.begin()
    const passes = async (): Promise<number> => {
      const text = await (await fetch(`${broker.url}/metrics`)).text()
      return Number(/^sluice_compactions_total (.*)$/m.exec(text)![1])
    }
    const before = await passes()
    const [, ...read] = await Promise.all([
      traffic.goOn(),
      readSlowly(`127.0.0.1:${broker.grpcPort}`),
      readSlowly(`kafka://127.0.0.1:${broker.kafkaPort}`),
    ])
    expect(await passes()).toBeGreaterThan(before)
    for (const found of read) {
      // What is gone by now may have been there, and the other way round: no offset is said to be clean.
      expect(traffic.table.problems(found, 0)).toEqual([])
      expect(valuesOf(found)).toEqual(traffic.table.values())
    }
    client.close()
  } finally {
    await broker.remove()
  }
})
