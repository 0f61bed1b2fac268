// Prints the values of a topic's records, one a line, from the earliest on.
//
//   node consume.ts TOPIC [HOST:PORT]

import { Consumer, stringSerde } from 'sluice'

const [topic, bootstrap = '127.0.0.1:9094'] = process.argv.slice(2)
if (topic === undefined) {
  console.error('usage: node consume.ts TOPIC [HOST:PORT]')
  process.exit(2)
}

const consumer = new Consumer({ bootstrap, valueDeserializer: stringSerde })
await consumer.subscribe(topic, { start: { kind: 'earliest' } })
for await (const batch of consumer.batches({ untilEnd: true })) {
  let lines = ''
  for (const { value } of batch) lines += `${value ?? ''}\n`
  process.stdout.write(lines)
}
await consumer.close()
