// Kills under a producer that tries again, as users have it: no record is lost that was acknowledged,
// none is there twice, all are in the order in which they were sent.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Admin, Consumer, Producer } from '../../src/client/index.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { History } from '../support/history.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const KILLS = 10
const PARTITIONS = 6
const CONFIGS = { 'segment.bytes': '1048576', 'index.interval.bytes': '512' }

/** Sends records without an end, to all partitions in turn. */
class Load {
  readonly #producer: Producer
  readonly #history: History
  readonly #sends: Promise<void>[] = []
  #number = 0
  acknowledged = 0
  failed: unknown[] = []
  #stopped = false

  constructor(address: string, history: History) {
    // Small batches, so that some of a partition are in flight when the broker dies.
    const options = { batchBytes: 1_024, lingerMs: 0, deliveryTimeoutMs: 120_000 }
    this.#producer = new Producer({ bootstrap: [address], ...options })
    this.#history = history
    void this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#producer.flush()
    await Promise.all(this.#sends)
    await this.#producer.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      for (let count = 0; count < 60; count++) this.#send()
      await this.#producer.ready()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  #send(): void {
    const number = this.#number++
    const partition = number % PARTITIONS
    const value = `p:${number}`
    const sent = this.#producer.send({ topic: 'clicks', partition, value }).then(
      ({ offset }) => {
        this.#history.acknowledge(`clicks-${partition}`, offset, value)
        this.acknowledged += 1
      },
      (error: unknown) => void this.failed.push(error),
    )
    this.#sends.push(sent)
  }
}

async function readAll(address: string, history: History): Promise<number> {
  const admin = new Admin({ bootstrap: [address] })
  const consumer = new Consumer({ bootstrap: [address] })
  const { partitionDescriptions } = await admin.describeTopic('clicks')
  const left = new Map(
    partitionDescriptions.map(({ partition, highWatermark }) => {
      return [partition, highWatermark]
    }),
  )
  const total = [...left.values()].reduce((sum, end) => sum + end, 0)
  const start = { kind: 'offset', offset: 0 } as const
  await consumer.assign(
    [...left.keys()].map((partition) => ({ topic: 'clicks', partition, start })),
  )
  for await (const batch of consumer.batches()) {
    for (const { partition, offset, value } of batch.records()) {
      history.read(`clicks-${partition}`, offset, value!.toString())
      if (offset + 1 >= left.get(partition)!) left.delete(partition)
    }
    if (left.size === 0) break
  }
  await consumer.close()
  await admin.close()
  return total
}

test(
  `a producer that tries again stores nothing twice over ${KILLS} kills`,
  { timeout: 300_000 },
  async () => {
    const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_125)
    const random = new SeededRandom(seed)
    const directory = mkdtempSync(join(tmpdir(), 'sluice-kill-'))
    const history = new History()
    let broker = await BrokerProcess.start(directory)
    const { grpc } = broker.addresses
    // The producer has to find it again, so it listens where it did.
    const again = ['--grpc', grpc, '--http', broker.addresses.http]
    try {
      const admin = new Admin({ bootstrap: [grpc] })
      await admin.createTopic({ name: 'clicks', partitions: PARTITIONS, configs: CONFIGS })
      await admin.close()
      const load = new Load(grpc, history)
      for (let kill = 0; kill < KILLS; kill++) {
        const { acknowledged } = load
        while (load.acknowledged < acknowledged + 200 + random.below(400)) {
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
        await broker.stop('SIGKILL')
        broker = await BrokerProcess.start(directory, again)
      }
      await load.stop()
      expect(load.failed, `seed ${seed}`).toEqual([])
      const total = await readAll(grpc, history)
      expect(history.problems(), `seed ${seed}`).toEqual([])
      expect(total).toBe(load.acknowledged)
      expect(total).toBeGreaterThan(KILLS * 200)
    } finally {
      await broker.stop('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    }
  },
)
