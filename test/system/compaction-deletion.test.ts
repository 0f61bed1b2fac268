// Topics are deleted and made anew, and their records deleted, while threads compact them: over Kafka's protocol,
// at moments that chance picks.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { silentLogger, type Logger } from '../../src/observability/logger.ts'
import { TestBroker } from '../support/broker.ts'
import { alterConfigs, deleteRecords, deleteTopic, offsetAt } from '../support/kafka-admin.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { readTable } from '../support/table-reader.ts'
import { TableWriter } from '../support/table-writer.ts'
import { valuesOf, WrittenTable } from '../support/written-table.ts'

const ROUNDS = 12
const TOPICS = ['first', 'second']
const SEGMENT_BYTES = 1_048_576
const CONFIGS = {
  'cleanup.policy': 'compact,delete',
  'retention.ms': '-1',
  'segment.bytes': String(SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0.01',
  'file.delete.delay.ms': '50',
}
const EARLIEST = -2

async function written(client: KafkaClient, topic: string): Promise<WrittenTable> {
  const table = new WrittenTable()
  const writer = new TableWriter(client, topic, table, new SeededRandom(1))
  await writer.create(CONFIGS)
  await writer.write(2.5 * SEGMENT_BYTES)
  return table
}

async function expectTable(client: KafkaClient, topic: string, table: WrittenTable): Promise<void> {
  const start = await offsetAt(client, topic, EARLIEST)
  const found = await readTable(client, topic, start)
  expect(table.problems(found, 0, start)).toEqual([])
  expect(valuesOf(found)).toEqual(table.values(start))
}

test('a topic of the same name is another one', { timeout: 120_000 }, async () => {
  const random = new SeededRandom(Number(process.env['SLUICE_SEED'] ?? 1))
  const options = { 'log.cleaner.backoff.ms': '5', 'log.cleaner.threads': '2' }
  const complaints: string[] = []
  const complain = (facts: Readonly<Record<string, unknown>>, text: string): void => {
    complaints.push(`${text}: ${String(facts['err'])}`)
  }
  const logger: Logger = { ...silentLogger, warn: complain, error: complain, child: () => logger }
  const broker = await TestBroker.start({ options, logger })
  const client = await KafkaClient.connect(broker.kafkaPort)
  try {
    // Slow, so that most of what happens comes in the middle of a pass.
    const rate = { 'log.cleaner.io.max.bytes.per.second': '4000000' }
    await alterConfigs(client, 'broker', '1', rate)
    for (let round = 0; round < ROUNDS; round++) {
      for (const topic of TOPICS) {
        const table = await written(client, topic)
        await delay(random.below(300))
        if (random.chance(0.5)) {
          const offset = random.between(1, table.endOffset)
          expect(await deleteRecords(client, topic, offset)).toBe(0)
          expect(await offsetAt(client, topic, EARLIEST)).toBe(offset)
          await delay(random.below(100))
        }
        await expectTable(client, topic, table)
      }
      if (round === ROUNDS - 1) break
      for (const topic of TOPICS) expect(await deleteTopic(client, topic)).toBe(0)
    }
    await alterConfigs(client, 'broker', '1', { 'log.cleaner.io.max.bytes.per.second': null })
    const text = await (await fetch(`${broker.url}/metrics`)).text()
    expect(text).toContain('sluice_uncleanable_partitions 0')
    expect(text).toContain('sluice_offline_partitions 0')
    expect(complaints).toEqual([])
  } finally {
    client.close()
    await broker.remove()
  }
})
