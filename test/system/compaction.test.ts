// A broker compacts a topic in its thread while it is written to, and is killed now and then: the last
// value of every key is there, and the topic is small.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Admin, Consumer, Producer } from '../../src/client/index.ts'
import { BrokerProcess } from '../support/broker-process.ts'

const KEYS = 500
const ROUNDS = 4
const VALUE_BYTES = 300

const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0.01',
  'file.delete.delay.ms': '100',
}
const FLAGS = ['--set', 'log.cleaner.backoff.ms=50', '--set', 'log.cleaner.dedupe.buffer.size=8192']

/** Values by key, and how many records there are. */
async function tableOf(address: string): Promise<{ table: Map<string, string>; count: number }> {
  const admin = new Admin({ bootstrap: [address] })
  const { partitionDescriptions } = await admin.describeTopic('table')
  await admin.close()
  const { highWatermark } = partitionDescriptions[0]!
  const consumer = new Consumer({ bootstrap: [address] })
  const table = new Map<string, string>()
  let count = 0
  await consumer.assign([{ topic: 'table', partition: 0, start: { kind: 'offset', offset: 0 } }])
  for await (const batch of consumer.batches()) {
    let last = -1
    for (const { offset, key, value } of batch.records()) {
      table.set(key!.toString(), value!.toString())
      count += 1
      last = offset
    }
    if (last + 1 >= highWatermark) break
  }
  await consumer.close()
  return { table, count }
}

test('a table is compacted beside the event loop, over kills', { timeout: 300_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-compaction-'))
  let broker = await BrokerProcess.start(directory, FLAGS)
  const expected = new Map<string, string>()
  try {
    const admin = new Admin({ bootstrap: [broker.addresses.grpc] })
    await admin.createTopic({ name: 'table', partitions: 1, configs: CONFIGS })
    await admin.close()
    for (let round = 0; round < ROUNDS; round++) {
      const producer = new Producer({ bootstrap: [broker.addresses.grpc] })
      const sends: Promise<unknown>[] = []
      for (let n = 0; n < 12_000; n++) {
        const [key, value] = [`k${(n * 7) % KEYS}`, `${round}:${n}:`.padEnd(VALUE_BYTES, 'v')]
        sends.push(producer.send({ topic: 'table', partition: 0, key, value }))
        expected.set(key, value)
        if (n % 1_000 === 0) await producer.ready()
      }
      await Promise.all(sends)
      await producer.close()
      if (round === ROUNDS - 1) break
      await broker.stop('SIGKILL')
      broker = await BrokerProcess.start(directory, FLAGS)
    }
    for (let tries = 0; tries < 600; tries++) {
      const [passes, ratio] = await Promise.all([
        broker.metric('sluice_compactions_total'),
        broker.metric('sluice_compaction_dirty_ratio_max'),
      ])
      if (passes > 0 && ratio === 0) break
      await delay(100)
    }
    const { table, count } = await tableOf(broker.addresses.grpc)
    expect(table).toEqual(expected)
    expect(count).toBeLessThan(12_000)
    expect(await broker.metric('sluice_uncleanable_partitions')).toBe(0)
    expect(await broker.stop()).toBe(0)
  } finally {
    await broker.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})
