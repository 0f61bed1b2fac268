// A byte of a closed segment is flipped while the broker is stopped: it is found by the thread that compacts,
// told of, and counted; the rest of the topic, and all others, go on.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'
import { alterConfigs, deleteRecords } from '../support/kafka-admin.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { readTable } from '../support/table-reader.ts'
import { TableWriter } from '../support/table-writer.ts'
import { valuesOf, WrittenTable } from '../support/written-table.ts'

const SEGMENT_BYTES = 1_048_576
const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0.01',
}
const CORRUPT_MESSAGE = 2

test('a damaged topic is left alone, and others are compacted', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'compaction-damage-'))
  const tables = { damaged: new WrittenTable(), sound: new WrittenTable() }
  const names = ['damaged', 'sound'] as const
  let broker = await BrokerProcess.start(directory, ['--set', 'log.cleaner.enable=false'])
  try {
    let client = await KafkaClient.connect(broker.addresses.kafka)
    for (const name of names) {
      const writer = new TableWriter(client, name, tables[name], new SeededRandom(1))
      await writer.create(CONFIGS)
      await writer.write(3.5 * SEGMENT_BYTES)
    }
    client.close()
    await broker.stop()

    const folder = join(directory, 'damaged-0')
    const logs = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .sort()
    const path = join(folder, logs[1]!)
    const bytes = readFileSync(path)
    bytes[100]! ^= 1
    writeFileSync(path, bytes)

    broker = await BrokerProcess.start(directory, ['--set', 'log.cleaner.backoff.ms=50'])
    client = await KafkaClient.connect(broker.addresses.kafka)
    while ((await broker.metric('sluice_uncleanable_partitions')) < 1) await delay(50)
    while ((await broker.metric('sluice_compactions_total')) < 1) await delay(50)
    for (const name of names) {
      const writer = new TableWriter(client, name, tables[name], new SeededRandom(2))
      await writer.write(2 * SEGMENT_BYTES)
    }
    while ((await broker.metric('sluice_compactions_total')) < 2) await delay(50)

    const sound = await readTable(client, 'sound')
    expect(tables.sound.problems(sound, 0)).toEqual([])
    expect(valuesOf(sound)).toEqual(tables.sound.values())
    expect(sound.length).toBeLessThan(tables.sound.endOffset)

    const [damagedFrom, damagedTo] = [logs[1]!, logs[2]!].map((name) => Number.parseInt(name, 10))
    await expect(readTable(client, 'damaged', damagedFrom)).rejects.toThrow(
      `error ${CORRUPT_MESSAGE}`,
    )
    const rest = await readTable(client, 'damaged', damagedTo)
    expect(rest.map(({ offset }) => offset)).toEqual(
      Array.from({ length: tables.damaged.endOffset - damagedTo! }, (_, n) => damagedTo! + n),
    )
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(await broker.metric('sluice_uncleanable_partitions')).toBe(1)
    const told = broker.log.filter((line) => line.includes('not compacted any more'))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(path)
    expect(told[0]).toContain(`delete the records before offset ${damagedTo}`)

    // What it says can be done, and helps.
    const policy = { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' }
    await alterConfigs(client, 'topic', 'damaged', policy)
    expect(await deleteRecords(client, 'damaged', damagedTo!)).toBe(0)
    while ((await broker.metric('sluice_uncleanable_partitions')) > 0) await delay(50)
    let left = rest
    while (left.length === rest.length) {
      await delay(50)
      left = await readTable(client, 'damaged', damagedTo)
    }
    expect(tables.damaged.problems(left, 0, damagedTo)).toEqual([])
    expect(valuesOf(left)).toEqual(tables.damaged.values(damagedTo))
    client.close()
    expect(await broker.stop()).toBe(0)
  } finally {
    await broker.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})
