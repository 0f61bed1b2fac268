// The broker that the clients run against: Sluice as a process, as a user starts it; or a real Apache
// Kafka, which shows whether the scenario is right.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchKafka, KAFKA_VERSION } from '../../tools/kafka/fetch.mjs'
import { freePort, startSingleNode, stopBroker } from '../../tools/kafka/single-node.mjs'
import { BrokerProcess } from '../support/broker-process.ts'

/** Kafka's default of three seconds, for each group, would be most of the time that clients take. */
const REBALANCE_DELAY = 'group.initial.rebalance.delay.ms=100'

/** And its default of ten seconds would be that of tests of timeouts. */
const ABORT_INTERVAL = 'transaction.abort.timed.out.transaction.cleanup.interval.ms=500'

/** And its default of fifteen that of tests of compaction. */
const CLEANER_BACKOFF = 'log.cleaner.backoff.ms=500'

export interface RunningBroker {
  readonly name: string
  readonly bootstrap: string
  /** The last lines of its log, where it has one. */
  readonly log: () => readonly string[]
  stop(): Promise<void>
}

export async function startSluice(): Promise<RunningBroker> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-clients-'))
  const settings = [REBALANCE_DELAY, ABORT_INTERVAL, CLEANER_BACKOFF].flatMap((setting) => [
    '--set',
    setting,
  ])
  const broker = await BrokerProcess.start(dataDir, settings)
  return {
    name: 'Sluice',
    bootstrap: broker.addresses.kafka,
    log: () => broker.log,
    stop: async () => {
      await broker.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** @throws Error with what this machine lacks */
export async function startKafka(): Promise<RunningBroker> {
  const { classpath, missing } = fetchKafka()
  if (classpath === null) throw new Error(missing)
  const [port, controllerPort] = [await freePort(), await freePort()]
  const directory = mkdtempSync(join(tmpdir(), 'kafka-clients-'))
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 100,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'log.cleaner.backoff.ms': 500,
  }
  const broker = await startSingleNode(classpath, directory, settings, port)
  return {
    name: `Apache Kafka ${KAFKA_VERSION}`,
    bootstrap: `127.0.0.1:${port}`,
    log: () => [],
    stop: async () => {
      await stopBroker(broker)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
