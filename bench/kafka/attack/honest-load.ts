// A load at a fixed rate, whose latencies are told to whoever measures: a record of 1 KB that is produced
// and fetched again, and batches of 256 KB. What is late counts from when it was due.

import type { RecordableHistogram } from 'node:perf_hooks'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { SASL_AUTHENTICATE } from '../../../src/protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../src/protocol/kafka/gen/sasl-handshake.ts'
import { KafkaClient } from '../../../test/support/kafka-client.ts'
import { readyBatch, type ReadyBatch } from '../../broker/batches.ts'
import { LARGE_TOPIC, PASSWORD, USER } from './kinds.ts'

const SMALL_EVERY_MS = 10
const LARGE_EVERY_MS = 200

/** What attackers fetch. */
const LARGE_TOPIC_BATCHES = 8

export class HonestLoad {
  #small: RecordableHistogram | null = null
  #large: RecordableHistogram | null = null
  #stopped = false
  #done: Promise<unknown> = Promise.resolve()

  static async start(port: number): Promise<HonestLoad> {
    const load = new HonestLoad()
    const [roundTrips, uploads] = [await signedIn(port), await signedIn(port)]
    const batch = readyBatch(1_000, 900_000)
    for (let count = 0; count < LARGE_TOPIC_BATCHES; count++) {
      await produce(uploads, LARGE_TOPIC, batch)
    }
    load.#done = Promise.all([load.#roundTrips(roundTrips), load.#uploads(uploads)])
    return load
  }

  /** From now on latencies go there, in µs. */
  measure(small: RecordableHistogram, large: RecordableHistogram): void {
    this.#small = small
    this.#large = large
  }

  /** Rejects when anything was refused, or a connection closed. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #roundTrips(client: KafkaClient): Promise<void> {
    const batch = readyBatch(1_000, 1_200)
    await this.#atRate(SMALL_EVERY_MS, async () => {
      const offset = await produce(client, 'small', batch)
      await fetchOne(client, 'small', offset)
      return this.#small
    })
    client.close()
  }

  async #uploads(client: KafkaClient): Promise<void> {
    const batch = readyBatch(1_000, 256 * 1024)
    await this.#atRate(LARGE_EVERY_MS, async () => {
      await produce(client, 'uploads', batch)
      return this.#large
    })
    client.close()
  }

  async #atRate(everyMs: number, once: () => Promise<RecordableHistogram | null>): Promise<void> {
    let dueMs = performance.now()
    while (!this.#stopped) {
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      const begunMs = Math.max(dueMs, performance.now() - everyMs)
      const latencies = await once()
      latencies?.record(Math.max(1, Math.round((performance.now() - begunMs) * 1_000)))
      // Who is far behind does not catch up with a burst.
      dueMs = Math.max(dueMs + everyMs, performance.now() - everyMs)
    }
  }
}

async function signedIn(port: number): Promise<KafkaClient> {
  const client = await KafkaClient.connect(port)
  await client.call(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' })
  const authBytes = Buffer.from(`\0${USER}\0${PASSWORD}`)
  const { errorCode } = await client.call(SASL_AUTHENTICATE, 1, { authBytes })
  if (errorCode !== 0) throw new Error(`signing in was refused with ${errorCode}`)
  return client
}

/** @returns the offset of the first record */
async function produce(client: KafkaClient, topic: string, batch: ReadyBatch): Promise<number> {
  const partitionData = [{ index: 0, records: batch.bytes }]
  const message = { acks: -1, timeoutMs: 30_000, topicData: [{ name: topic, partitionData }] }
  const { responses } = await client.call(PRODUCE, 9, message)
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
  if (errorCode !== 0) throw new Error(`produce was refused with ${errorCode}`)
  return baseOffset
}

async function fetchOne(client: KafkaClient, topic: string, fetchOffset: number): Promise<void> {
  for (;;) {
    const { responses } = await client.call(FETCH, 11, {
      ...{ maxWaitMs: 500, minBytes: 1, maxBytes: 65_536, isolationLevel: 0 },
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 65_536 }] }],
    } as never)
    const { errorCode, records } = responses[0]!.partitions[0]!
    if (errorCode !== 0) throw new Error(`fetch was refused with ${errorCode}`)
    if ((records?.byteLength ?? 0) > 0) return
  }
}
