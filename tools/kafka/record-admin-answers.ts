// Makes test/golden/kafka-admin-answers.json anew: what a real Apache Kafka broker answers to the
// requests of an administrator that test/server/kafka/admin-requests.ts lists.
//
//   node tools/kafka/record-admin-answers.ts
//
// Needs Java and Maven, as all of tools/kafka.

import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ADMIN_STEPS } from '../../test/server/kafka/admin-requests.ts'
import { KafkaClient } from '../../test/support/kafka-client.ts'
import { fetchKafka } from './fetch.mjs'
import { freePort, startSingleNode, stopBroker } from './single-node.mjs'

const TARGET = fileURLToPath(new URL('../../test/golden/kafka-admin-answers.json', import.meta.url))

/** Kafka answers before its broker has heard of what its controller did. */
const SETTLE_MS = 500

const { classpath, missing } = fetchKafka()
if (classpath === null) throw new Error(missing)
const directory = join(tmpdir(), `kafka-admin-answers-${process.pid}`)
const port = await freePort()
const controllerPort = await freePort()
const settings = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'offsets.topic.replication.factor': '1',
}
const broker = await startSingleNode(classpath, directory, settings, port)
try {
  const client = await KafkaClient.connect(port)
  const answers: Record<string, unknown> = {}
  for (const { title, ask } of ADMIN_STEPS) {
    if (title in answers) throw new Error(`two steps are called ${title}`)
    answers[title] = await ask(client)
    await delay(SETTLE_MS)
  }
  client.close()
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
  writeFileSync(TARGET, `${JSON.stringify(answers, plain, 2)}\n`)
  process.stdout.write(`${Object.keys(answers).length} answers\n`)
} finally {
  await stopBroker(broker)
  rmSync(directory, { recursive: true, force: true })
}
