// What many partitions cost: the same small batches a second, to one partition and to a thousand.

import type { Admin } from '../../src/client/index.ts'
import { openTransport } from '../../src/client/open-transport.ts'
import { readyBatch } from './batches.ts'
import type { Target } from './load.ts'
import { newLatencies, percentileMs } from './measure.ts'

export interface PartitionsLatency {
  readonly partitions: number
  readonly batchesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

const RATE = 2_000
const SECONDS = 5

export async function manyPartitions(admin: Admin, target: Target): Promise<PartitionsLatency[]> {
  const results: PartitionsLatency[] = []
  for (const partitions of [1, 1_000]) {
    const topic = `bench-latency-${partitions}`
    await admin.createTopic({ name: topic, partitions })
    await paced(target, topic, partitions, 1) // opens what is opened once
    results.push(await paced(target, topic, partitions, SECONDS))
    await admin.deleteTopic(topic)
  }
  return results
}

/** Sends `RATE` batches of one record a second, to the partitions in turn. */
async function paced(
  target: Target,
  topic: string,
  partitions: number,
  seconds: number,
): Promise<PartitionsLatency> {
  const batch = readyBatch(100, 200).bytes
  const latency = newLatencies()
  const transport = openTransport({ bootstrap: [target.address] })
  const total = RATE * seconds
  const begun = performance.now()
  const dueAt = (number: number): number => begun + (number / RATE) * 1_000
  await new Promise<void>((resolve, reject) => {
    let acknowledged = 0
    const stream = transport.openProduceStream({
      acked: (number, [produced]) => {
        if (produced!.error !== null) reject(produced!.error)
        // From when it was due, so that a stall counts for all that it held up.
        const microseconds = Math.round((performance.now() - dueAt(number)) * 1_000)
        latency.record(Math.max(1, microseconds))
        acknowledged += 1
        if (acknowledged === total) resolve()
      },
      closed: reject,
    })
    let sent = 0
    const pace = (): void => {
      const now = performance.now()
      while (sent < total && dueAt(sent) <= now) {
        const batches = [{ topic, partition: sent % partitions, batch }]
        stream.send({ number: sent, acks: 'all', timeoutMs: 30_000, transaction: null, batches })
        sent += 1
      }
      if (sent < total) setTimeout(pace, 1)
    }
    pace()
  })
  transport.close()
  return {
    partitions,
    batchesPerSecond: RATE,
    p50Ms: percentileMs(latency, 50),
    p99Ms: percentileMs(latency, 99),
    p999Ms: percentileMs(latency, 99.9),
  }
}
