// The two brokers that are compared, each as its user starts it: Sluice with its defaults, Apache Kafka
// with the heap and collector that its own start script gives.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokerProcess } from '../../../test/support/broker-process.ts'
import { KAFKA_VERSION, runKafkaClass } from '../../../tools/kafka/fetch.mjs'
import { freePort, stopBroker } from '../../../tools/kafka/single-node.mjs'

export interface Contestant {
  readonly name: string
  /** "host:port" of the Kafka protocol. */
  readonly address: string
  readonly pid: number
  stop(): Promise<void>
}

/** What topics are made with, by both: one partition a producer, and no replicas. */
export type TopicSettings = Readonly<Record<string, string>>

/** By names that both know. */
export type BrokerSettings = Readonly<Record<string, string>>

/** Kafka's own: bin/kafka-server-start.sh and kafka-run-class.sh. */
export const JAVA_FLAGS = [
  ...['-Xmx1G', '-Xms1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
  ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
]

const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'

/**
 * Starts Sluice on a data directory, empty or not.
 *
 * @param directory holds the data
 * @param port      of the Kafka protocol
 * @param settings  of the broker, beside the defaults
 */
export async function startSluice(
  directory: string,
  port: number,
  settings: BrokerSettings = {},
): Promise<Contestant> {
  const address = `127.0.0.1:${port}`
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const flags = ['--kafka', address, '--log-level', 'warn', ...set]
  const broker = await BrokerProcess.start(join(directory, 'sluice'), flags)
  return {
    name: 'Sluice',
    address,
    pid: broker.pid,
    stop: async () => void (await broker.stop()),
  }
}

/**
 * Starts Apache Kafka on a data directory that `formatKafka` made. It may not answer yet.
 *
 * @param classpath as fetchKafka gives it
 */
export function startKafka(classpath: string, directory: string, port: number): Contestant {
  const java = [...JAVA_FLAGS, '-cp', classpath, 'kafka.Kafka', propertiesPath(directory)]
  const child: ChildProcess = spawn('java', java, { stdio: 'ignore' })
  const killed = (): void => void child.kill('SIGKILL')
  process.once('exit', killed)
  return {
    name: `Apache Kafka ${KAFKA_VERSION}`,
    address: `127.0.0.1:${port}`,
    pid: child.pid!,
    async stop() {
      process.off('exit', killed)
      if (child.exitCode !== null) return
      await stopBroker(child)
    },
  }
}

/**
 * Makes the data directory of a broker that is its own controller.
 *
 * @param extra settings of the broker, beside the defaults
 */
export async function formatKafka(
  classpath: string,
  directory: string,
  port: number,
  extra: BrokerSettings = {},
): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const controllerPort = await freePort()
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'log.dirs': join(directory, 'kafka'),
    ...extra,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(propertiesPath(directory), lines.join(''))
  const format = ['format', '-t', CLUSTER_ID, '-c', propertiesPath(directory)]
  const { status, stderr } = runKafkaClass(classpath, 'kafka.tools.StorageTool', format)
  if (status !== 0) throw new Error(`Kafka's storage tool: ${stderr}`)
}

function propertiesPath(directory: string): string {
  return join(directory, 'server.properties')
}
