// Makes test/golden/kafka-frames/ anew: frames between real clients and a real Apache Kafka broker.
//
//   node tools/kafka/capture.mjs [client...]      all clients when none is named
//
// Starts one broker on loopback, with proxies before it that remember what goes by, and runs every
// client through what it can do (capture-scripts.mjs). Needs Java and Maven; kcat and the
// clients for Node and Python are left out, with a line that says so, where they are missing.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SCRIPTS } from './capture-scripts.mjs'
import { fetchKafka } from './fetch.mjs'
import { Recording, startProxy } from './recording-proxy.mjs'
import { freePort, startSingleNode, stopBroker } from './single-node.mjs'

const TARGET = fileURLToPath(new URL('../../test/golden/kafka-frames', import.meta.url))
/** Not in the checkout: the broker tells its path to clients that ask for log directories. */
const WORK = join(tmpdir(), 'kafka-capture')

const { classpath, missing } = fetchKafka()
if (missing !== null) throw new Error(missing)
const wanted = process.argv.slice(2)

const ports = {
  plain: await freePort(),
  sasl: await freePort(),
  controller: await freePort(),
  plainProxy: await freePort(),
  saslProxy: await freePort(),
}
const broker = await startSingleNode(classpath, WORK, settings(), ports.plain)
const plain = await startProxy(ports.plainProxy, ports.plain)
const sasl = await startProxy(ports.saslProxy, ports.sasl)
mkdirSync(TARGET, { recursive: true })

const environment = {
  classpath,
  bootstrap: `127.0.0.1:${ports.plainProxy}`,
  saslBootstrap: `127.0.0.1:${ports.saslProxy}`,
  directory: WORK,
}
for (const [client, { missing: lacks, run }] of Object.entries(SCRIPTS)) {
  if (wanted.length > 0 && !wanted.includes(client)) continue
  const reason = lacks()
  if (reason !== null) {
    process.stdout.write(`${client} is left out: ${reason}\n`)
    continue
  }
  const recording = new Recording()
  plain.record(recording)
  sasl.record(recording)
  await run(environment)
  const lines = recording.lines()
  writeFileSync(join(TARGET, `${client}.txt`), lines.join(''))
  process.stdout.write(`${client}: ${lines.length} frames\n`)
}

await plain.close()
await sasl.close()
await stopBroker(broker)
rmSync(WORK, { recursive: true, force: true })

function settings() {
  const jaas =
    'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
    'username="admin" password="admin-secret" user_admin="admin-secret" user_ann="ann-secret";'
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: [
      `PLAINTEXT://127.0.0.1:${ports.plain}`,
      `SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`,
      `CONTROLLER://127.0.0.1:${ports.controller}`,
    ].join(','),
    'advertised.listeners': [
      `PLAINTEXT://127.0.0.1:${ports.plainProxy}`,
      `SASL_PLAINTEXT://127.0.0.1:${ports.saslProxy}`,
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': jaas,
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS;User:admin',
    'allow.everyone.if.no.acl.found': true,
    'broker.rack': 'rack-1',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 100,
  }
}
