// The TypeScript client, one record at a time: `send()` with every acknowledgement awaited, and reading
// every record back.

import { Consumer, Producer, type Admin } from '../../src/client/index.ts'

export interface SendRate {
  readonly what: string
  readonly recordBytes: number
  readonly recordsPerSecond: number
}

const SIZES = [
  { recordBytes: 100, count: 3_000_000 },
  { recordBytes: 1024, count: 600_000 },
]

export async function sendRates(address: string, admin: Admin): Promise<SendRate[]> {
  const rates: SendRate[] = []
  for (const { recordBytes, count } of SIZES) {
    for (const flushPolicy of ['disk', 'os']) {
      const topic = `bench-send-${recordBytes}-${flushPolicy}`
      await admin.createTopic({ name: topic, configs: { 'flush.policy': flushPolicy } })
      await sendAll(address, topic, recordBytes, count / 10) // compiles
      const recordsPerSecond = await sendAll(address, topic, recordBytes, count)
      rates.push({ what: `send, ${flushPolicy}`, recordBytes, recordsPerSecond })
      if (flushPolicy === 'os') {
        await readAll(address, topic, count / 10)
        const read = await readAll(address, topic, count)
        rates.push({ what: 'consume', recordBytes, recordsPerSecond: read })
      }
      await admin.deleteTopic(topic)
    }
  }
  return rates
}

async function sendAll(
  address: string,
  topic: string,
  recordBytes: number,
  count: number,
): Promise<number> {
  const value = Buffer.alloc(recordBytes, 'x')
  const producer = new Producer({ bootstrap: [address] })
  let acknowledged = 0
  const done = (): void => {
    acknowledged += 1
  }
  let failure: unknown = null
  const failed = (error: unknown): void => {
    failure ??= error
  }
  const begun = performance.now()
  for (let number = 0; number < count; number++) {
    producer.send({ topic, value }).then(done, failed)
    const room = producer.ready()
    if (room !== null) await room
  }
  await producer.flush()
  const seconds = (performance.now() - begun) / 1_000
  await producer.close()
  if (failure !== null) throw failure
  if (acknowledged !== count) throw new Error(`${acknowledged} of ${count} were acknowledged`)
  return count / seconds
}

async function readAll(address: string, topic: string, count: number): Promise<number> {
  const consumer = new Consumer({ bootstrap: [address] })
  const begun = performance.now()
  await consumer.assign([{ topic, partition: 0, start: { kind: 'earliest' } }])
  let read = 0
  let bytes = 0
  reading: for await (const batch of consumer.batches()) {
    for (const record of batch.records()) {
      bytes += record.value!.byteLength
      read += 1
      if (read === count) break reading
    }
  }
  const seconds = (performance.now() - begun) / 1_000
  await consumer.close()
  if (bytes === 0) throw new Error('nothing was read')
  return count / seconds
}
