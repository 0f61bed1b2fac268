// One of the clients for Node through what it can do, for capture.mjs.
//
//   node capture-node-client.mjs <kafkajs|platformatic> <folder of packages> <bootstrap> <sasl bootstrap>

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [name, packages, bootstrap, saslBootstrap] = process.argv.slice(2)
const require = createRequire(join(packages, 'package.json'))

await (name === 'kafkajs' ? kafkajs() : platformatic())
process.exit(0)

async function kafkajs() {
  const {
    Kafka,
    CompressionTypes,
    AclOperationTypes,
    AclPermissionTypes,
    AclResourceTypes,
  } = require('kafkajs')
  const { ConfigResourceTypes, ResourcePatternTypes } = require('kafkajs')
  const options = { clientId: 'kafkajs-client', brokers: [bootstrap], logLevel: 0 }
  const kafka = new Kafka({ ...options, retry: { retries: 3 } })
  const topic = 'kafkajs-topic'
  const admin = kafka.admin()
  await admin.connect()
  await attempt(() => admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }))
  await attempt(() => admin.fetchTopicMetadata({ topics: [topic] }))
  await attempt(() => admin.describeCluster())

  const producer = kafka.producer()
  await producer.connect()
  const messages = [
    { key: 'a', value: '1', headers: { trace: 'x' } },
    { value: null, key: 'b' },
  ]
  for (const [acks, compression] of [
    [-1, CompressionTypes.None],
    [1, CompressionTypes.GZIP],
    [0, CompressionTypes.None],
  ]) {
    await attempt(() => producer.send({ topic, acks, compression, messages }))
  }
  const atomic = kafka.producer({ transactionalId: 'kafkajs-transactions', idempotent: true })
  await attempt(async () => {
    await atomic.connect()
    const transaction = await atomic.transaction()
    await transaction.send({ topic, messages })
    const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }]
    await transaction.sendOffsets({ consumerGroupId: 'kafkajs-group', topics })
    await transaction.commit()
  })

  const consumer = kafka.consumer({ groupId: 'kafkajs-group', rackId: 'rack-1' })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async () => {} })
  await wait(3000)
  await attempt(() => admin.describeGroups(['kafkajs-group']))
  await consumer.disconnect()

  await attempt(() => admin.listGroups())
  await attempt(() => admin.fetchOffsets({ groupId: 'kafkajs-group', topics: [topic] }))
  await attempt(() => admin.fetchTopicOffsets(topic))
  await attempt(() => admin.fetchTopicOffsetsByTimestamp(topic, 1_600_000_000_000))
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  await attempt(() => admin.describeConfigs({ includeSynonyms: true, resources: [resource] }))
  const configEntries = [{ name: 'retention.ms', value: '1000000' }]
  const resources = [{ ...resource, configEntries }]
  await attempt(() => admin.alterConfigs({ validateOnly: false, resources }))
  await attempt(() => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
  const partitions = [{ partition: 0, offset: '1' }]
  await attempt(() => admin.deleteTopicRecords({ topic, partitions }))
  await attempt(() => admin.listPartitionReassignments({ topics: [{ topic, partitions: [0] }] }))
  const rule = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: topic,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:ann',
    host: '*',
    operation: AclOperationTypes.READ,
    permissionType: AclPermissionTypes.ALLOW,
  }
  await attempt(() => admin.createAcls({ acl: [rule] }))
  await attempt(() => admin.describeAcls(rule))
  await attempt(() => admin.deleteAcls({ filters: [rule] }))
  await attempt(() => admin.deleteGroups(['kafkajs-group']))
  await attempt(() => admin.deleteTopics({ topics: [topic] }))
  await producer.disconnect()
  await admin.disconnect()

  const sasl = { mechanism: 'plain', username: 'ann', password: 'ann-secret' }
  const secure = new Kafka({ ...options, brokers: [saslBootstrap], sasl }).admin()
  await attempt(() => secure.connect())
  await attempt(() => secure.disconnect())
}

async function platformatic() {
  const entry = require.resolve('@platformatic/kafka')
  const { Admin, Consumer, Producer, stringSerializers } = await import(pathToFileURL(entry))
  const options = { clientId: 'platformatic-client', bootstrapBrokers: [bootstrap], retries: 2 }
  const topic = 'platformatic-topic'
  const admin = new Admin(options)
  await attempt(() => admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 }))
  await attempt(() => admin.metadata({ topics: [topic] }))
  await attempt(() => admin.listTopics())
  const producer = new Producer({ ...options, serializers: stringSerializers })
  const messages = [{ topic, key: 'a', value: '1', headers: { trace: 'x' } }]
  for (const [acks, compression] of [
    [1, 'none'],
    [-1, 'gzip'],
    [-1, 'zstd'],
    [0, 'none'],
  ]) {
    await attempt(() => producer.send({ messages, acks, compression }))
  }
  const idempotent = new Producer({ ...options, serializers: stringSerializers, idempotent: true })
  await attempt(() => idempotent.send({ messages }))
  for (const groupProtocol of ['classic', 'consumer']) {
    const groupId = `platformatic-${groupProtocol}`
    const consumer = new Consumer({ ...options, groupId, groupProtocol, maxWaitTime: 200 })
    await attempt(async () => {
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: 200 })
      stream.on('data', () => {})
      stream.on('error', () => {})
      await wait(5000)
      await stream.close()
    })
    await attempt(() => consumer.listOffsets({ topics: [topic] }))
    await attempt(() => consumer.close(true))
  }
  await attempt(() => admin.listGroups())
  await attempt(() => admin.describeGroups({ groups: ['platformatic-classic'] }))
  await attempt(() => admin.deleteGroups({ groups: ['platformatic-classic'] }))
  await attempt(() =>
    admin.describeClientQuotas({ components: [{ entityType: 'user', matchType: 2 }] }),
  )
  await attempt(() => admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] }))
  await attempt(() => admin.deleteTopics({ topics: [topic] }))
  await attempt(() => producer.close())
  await attempt(() => idempotent.close())
  await attempt(() => admin.close())
}

/** A call that is refused has its frames too. */
async function attempt(action) {
  try {
    await action()
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
  }
}

function wait(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
