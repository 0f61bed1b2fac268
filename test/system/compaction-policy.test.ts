// cleanup.policy is changed while records come in, over Kafka's protocol: what a policy says holds from the
// answer on, and what another one says holds no more.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SerialQueue } from '../../src/base/serial-queue.ts'
import { TestBroker } from '../support/broker.ts'
import { alterConfigs, offsetAt } from '../support/kafka-admin.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { readTable } from '../support/table-reader.ts'
import { Refused, TableWriter } from '../support/table-writer.ts'
import { valuesOf, WrittenTable, type PlacedRecord } from '../support/written-table.ts'

const TOPIC = 'table'
const SEGMENT_BYTES = 1_048_576
const INVALID_RECORD = 87
const EARLIEST = -2

const OPTIONS = { 'log.cleaner.backoff.ms': '50', 'log.retention.check.interval.ms': '100' }
const CONFIGS = {
  'segment.bytes': String(SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0.01',
  'retention.ms': '-1',
  'file.delete.delay.ms': '100',
}

/** A broker, and a topic that is written to all the time, until `stop`. */
class Traffic {
  readonly table = new WrittenTable()
  readonly broker: TestBroker
  /** For everything but records that are written. */
  readonly client: KafkaClient
  readonly #writer: TableWriter
  readonly #turns = new SerialQueue(2)
  #isStopped = false
  readonly #done: Promise<void>

  private constructor(broker: TestBroker, client: KafkaClient, writing: KafkaClient) {
    this.broker = broker
    this.client = client
    this.#writer = new TableWriter(writing, TOPIC, this.table, new SeededRandom(1))
    this.#done = this.#run().finally(() => writing.close())
    this.#done.catch(() => undefined)
  }

  static async start(): Promise<Traffic> {
    const broker = await TestBroker.start({ options: OPTIONS })
    const client = await KafkaClient.connect(broker.kafkaPort)
    return new Traffic(broker, client, await KafkaClient.connect(broker.kafkaPort))
  }

  async #run(): Promise<void> {
    await this.#writer.create(CONFIGS)
    while (!this.#isStopped) await this.#turns.run(() => this.#writer.write(20_000))
  }

  /** Waits until this many records more came in. @returns how many there are then */
  async written(count: number): Promise<number> {
    const end = this.table.endOffset + count
    while (this.table.endOffset < end) await Promise.race([delay(20), this.#done])
    return this.table.endOffset
  }

  async setPolicy(policy: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
    await alterConfigs(this.client, 'topic', TOPIC, { 'cleanup.policy': policy, ...more })
  }

  /** What a record without a key is answered: an error's number; 0: it was taken. */
  async withoutKey(): Promise<number> {
    return await this.#turns.run(async () => {
      const refused = await this.#writer.writeBatch([{ key: null, value: 'x' }]).then(
        () => null,
        (error: unknown) => error as Error,
      )
      if (refused === null) return 0
      if (refused instanceof Refused) return refused.errorCode
      throw refused
    })
  }

  /** All from an offset on, and it is in order. */
  async read(fromOffset = 0): Promise<readonly PlacedRecord[]> {
    return await this.#turns.run(async () => {
      const clean = this.#cleanOffset()
      const { startOffset, found } = await this.#readFrom(fromOffset)
      if (fromOffset === 0) {
        expect(this.table.problems(found, clean, startOffset)).toEqual([])
        expect(valuesOf(found)).toEqual(this.table.values(startOffset))
      }
      return found
    })
  }

  /** Retention may move the start meanwhile: then it is read again. */
  async #readFrom(
    fromOffset: number,
  ): Promise<{ startOffset: number; found: readonly PlacedRecord[] }> {
    for (;;) {
      const startOffset = await offsetAt(this.client, TOPIC, EARLIEST)
      const from = Math.max(fromOffset, startOffset)
      const found = await readTable(this.client, TOPIC, from).catch((error: Error) => error)
      if ((await offsetAt(this.client, TOPIC, EARLIEST)) !== startOffset) continue
      if (found instanceof Error) throw found
      return { startOffset, found }
    }
  }

  /** Up to where the log is said to be clean. */
  #cleanOffset(): number {
    const path = join(this.broker.directory, 'cleaner-offset-checkpoint')
    if (!existsSync(path)) return 0
    const line = new RegExp(`^${TOPIC} 0 (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))
    return Number(line?.[1] ?? 0)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }
}

function countIn(found: readonly PlacedRecord[], from: number, to: number): number {
  return found.filter(({ offset }) => offset >= from && offset < to).length
}

test('each policy holds from its answer on', { timeout: 180_000 }, async () => {
  const traffic = await Traffic.start()
  try {
    const SEGMENT = 1_200 // records that fill more than one
    expect(await traffic.withoutKey()).toBe(0)
    const first = await traffic.written(3 * SEGMENT)
    expect(await traffic.withoutKey()).toBe(0)

    await traffic.setPolicy('compact')
    expect(await traffic.withoutKey()).toBe(INVALID_RECORD)
    // What came before is compacted too; what has no key goes.
    for (let left = first; left > first / 2;) {
      await traffic.written(10)
      const found = await traffic.read()
      left = countIn(found, 0, first)
      expect(countIn(found, first, Infinity)).toBeGreaterThan(0)
    }
    const keyless = async (): Promise<number> => {
      return (await traffic.read()).filter(({ key }) => key === null).length
    }
    while ((await keyless()) > 0) await traffic.written(10)

    await traffic.setPolicy('delete')
    const deleting = traffic.table.endOffset
    expect(await traffic.withoutKey()).toBe(0)
    const again = await traffic.written(4 * SEGMENT)
    expect(countIn(await traffic.read(deleting), deleting, again)).toBe(again - deleting)

    await traffic.setPolicy('compact,delete')
    expect(await traffic.withoutKey()).toBe(INVALID_RECORD)
    const compacting = again - deleting
    while (countIn(await traffic.read(), deleting, again) > compacting / 2)
      await traffic.written(10)

    await traffic.setPolicy('compact,delete', { 'retention.bytes': String(SEGMENT_BYTES) })
    while ((await offsetAt(traffic.client, TOPIC, EARLIEST)) === 0) await traffic.written(SEGMENT)
    await traffic.read()

    await traffic.setPolicy('compact')
    await traffic.written(2 * SEGMENT)
    await traffic.stop()
    const start = await offsetAt(traffic.client, TOPIC, EARLIEST)
    const written = traffic.table.endOffset - start
    while ((await traffic.read()).length === written) await delay(50)
  } finally {
    await traffic.stop().catch(() => undefined)
    traffic.client.close()
    await traffic.broker.remove()
  }
})
