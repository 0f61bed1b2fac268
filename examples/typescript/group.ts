// Prints the values of a topic's records as a member of a group: whoever runs it with the same group
// shares the partitions, and the next one goes on where the last one ended.
//
//   node group.ts GROUP TOPIC [HOST:PORT]

import { Consumer, stringSerde } from 'sluice'

const [groupId, topic, bootstrap = '127.0.0.1:9094'] = process.argv.slice(2)
if (groupId === undefined || topic === undefined) {
  console.error('usage: node group.ts GROUP TOPIC [HOST:PORT]')
  process.exit(2)
}

const consumer = new Consumer({
  bootstrap,
  groupId,
  autoOffsetReset: 'earliest',
  valueDeserializer: stringSerde,
})
// Commits what was printed, and lets the others have the partitions at once.
process.once('SIGINT', () => void consumer.close())
await consumer.subscribe(topic, {
  onAssigned: (partitions) => console.error('reads', partitions.map((p) => p.partition).join()),
  onRevoked: (partitions) => console.error('gives up', partitions.map((p) => p.partition).join()),
})
for await (const record of consumer) console.log(record.value)
