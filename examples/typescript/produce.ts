// Sends each line of the standard input as a record.
//
//   node produce.ts TOPIC [HOST:PORT] < FILE

import { createInterface } from 'node:readline'
import { Producer, type SluiceError } from 'sluice'

const [topic, bootstrap = '127.0.0.1:9094'] = process.argv.slice(2)
if (topic === undefined) {
  console.error('usage: node produce.ts TOPIC [HOST:PORT] < FILE')
  process.exit(2)
}

const producer = new Producer({ bootstrap, compression: 'lz4' })
let stored = 0
let failure: SluiceError | null = null

for await (const value of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  // Not awaited one by one: records of many sends travel together.
  producer.send({ topic, value }).then(
    () => (stored += 1),
    (error: SluiceError) => (failure ??= error),
  )
  const room = producer.ready()
  if (room !== null) await room
  if (failure !== null) break
}
await producer.close()
if (failure !== null) throw failure
console.log(`${stored} records are stored in ${topic}`)
