// One Apache Kafka broker on loopback, of the version that tools/kafka/pom.xml names: for tests of what
// has to work with any broker.

import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchKafka } from '../../tools/kafka/fetch.mjs'
import { freePort, startSingleNode, stopBroker } from '../../tools/kafka/single-node.mjs'

/**
 * Whether this machine has what it takes. A test that needs it is left out where it has not, with a
 * line that says so; a continuous-integration run must have it.
 */
export function hasApacheKafka(test: string): boolean {
  const { missing } = fetchKafka()
  if (missing === null) return true
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`${test} is left out: ${missing}\n`)
  return false
}

export class ApacheKafka {
  readonly #directory: string
  readonly #broker: ChildProcess
  /** Its plain listener. */
  readonly bootstrap: string
  /** The listener that wants to know who one is: PLAIN for `ann`, SCRAM for whoever is added. */
  readonly saslBootstrap: string

  private constructor(directory: string, broker: ChildProcess, plain: number, sasl: number) {
    this.#directory = directory
    this.#broker = broker
    this.bootstrap = `kafka://127.0.0.1:${plain}`
    this.saslBootstrap = `kafka://127.0.0.1:${sasl}`
  }

  /** @param features levels of those that are not to be the newest */
  static async start(features: Readonly<Record<string, number>> = {}): Promise<ApacheKafka> {
    const { classpath } = fetchKafka()
    const directory = mkdtempSync(join(tmpdir(), 'apache-kafka-'))
    const [plain, sasl, controller] = [await freePort(), await freePort(), await freePort()]
    const settings = settingsOf(plain, sasl, controller)
    const broker = await startSingleNode(classpath!, directory, settings, plain, features)
    return new ApacheKafka(directory, broker, plain, sasl)
  }

  /** Stops it and deletes its data. */
  async remove(): Promise<void> {
    await stopBroker(this.#broker)
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function settingsOf(
  plain: number,
  sasl: number,
  controller: number,
): Record<string, string | number> {
  const plainUsers =
    'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
    'username="admin" password="admin-secret" user_admin="admin-secret" user_ann="ann-secret";'
  const scramUsers = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const listener = 'listener.name.sasl_plaintext'
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: [
      `PLAINTEXT://127.0.0.1:${plain}`,
      `SASL_PLAINTEXT://127.0.0.1:${sasl}`,
      `CONTROLLER://127.0.0.1:${controller}`,
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: plainUsers,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: scramUsers,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: scramUsers,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
  }
}
