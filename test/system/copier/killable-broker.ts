// A broker that is killed and comes back with its data and at its port: Sluice, or a real Apache Kafka,
// which shows whether copiers and checkers are right.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fetchKafka, KAFKA_VERSION, runKafkaClass } from '../../../tools/kafka/fetch.mjs'
import { freePort } from '../../../tools/kafka/single-node.mjs'
import { BrokerProcess } from '../../support/broker-process.ts'

/** Short where the defaults would make most of a run waiting. Names and meanings are Kafka's. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  'group.initial.rebalance.delay.ms': 100,
  'group.consumer.session.timeout.ms': 6_000,
  'group.consumer.heartbeat.interval.ms': 1_000,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.num.partitions': 4,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
}

export interface KillableBroker {
  readonly name: string
  /** "127.0.0.1:port" where it listens, whoever stands before it. */
  readonly bootstrap: string
  /** The same of its gRPC front; null where it has none. */
  readonly grpc: string | null
  /** Null while it is down. */
  readonly pid: number | null
  kill(): Promise<void>
  start(): Promise<void>
}

export const BROKER_KINDS = ['sluice', 'kafka'] as const
export type BrokerKind = (typeof BROKER_KINDS)[number]

export interface BrokerOptions {
  readonly directory: string
  /** Where it is to listen on 127.0.0.1, in every life. */
  readonly port: number
  /** What clients are told of where it is; null: where it is. */
  readonly advertised: string | null
}

/** Starts a broker of the kind that is asked for. */
export async function startBroker(
  kind: BrokerKind,
  options: BrokerOptions,
): Promise<KillableBroker> {
  const broker = await (kind === 'sluice' ? sluiceBroker(options) : kafkaBroker(options))
  await broker.start()
  return broker
}

async function sluiceBroker(options: BrokerOptions): Promise<KillableBroker> {
  const { directory, port, advertised } = options
  const bootstrap = `127.0.0.1:${port}`
  const grpc = `127.0.0.1:${await freePort()}`
  const told = advertised === null ? {} : { 'advertised.listeners.kafka': advertised }
  const all = { ...SETTINGS, ...told }
  const settings = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  let running: BrokerProcess | null = null
  return {
    name: 'Sluice',
    bootstrap,
    grpc,
    get pid() {
      return running?.pid ?? null
    },
    async start() {
      running = await BrokerProcess.start(join(directory, 'data'), [
        ...['--kafka', bootstrap, '--grpc', grpc, '--http', '127.0.0.1:0'],
        ...settings,
      ])
    },
    async kill() {
      const killed = running!
      running = null
      await killed.stop('SIGKILL')
      appendFileSync(join(directory, 'broker.log'), `${killed.log.join('\n')}\n`)
    },
  }
}

/** @throws Error with what this machine lacks */
async function kafkaBroker(options: BrokerOptions): Promise<KillableBroker> {
  const { directory, port, advertised } = options
  const { classpath, missing } = fetchKafka()
  if (classpath === null) throw new Error(missing)
  const controller = await freePort()
  const bootstrap = `127.0.0.1:${port}`
  const properties = join(directory, 'server.properties')
  const settings = kafkaSettings(bootstrap, controller, advertised)
  const all = { ...SETTINGS, ...settings, 'log.dirs': join(directory, 'data') }
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(properties, lines.join(''))
  const format = ['format', '--standalone', '-t', '4L6g3nShT-eMCtK--X86sw', '-c', properties]
  const formatted = runKafkaClass(classpath, 'kafka.tools.StorageTool', format)
  if (formatted.status !== 0) throw new Error(formatted.stderr)
  let running: ChildProcess | null = null
  return {
    name: `Apache Kafka ${KAFKA_VERSION}`,
    bootstrap,
    grpc: null,
    get pid() {
      return running?.pid ?? null
    },
    async start() {
      const flags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
      const words = [...flags, '-cp', classpath, 'kafka.Kafka', properties]
      const log = openSync(join(directory, 'broker.log'), 'a')
      running = spawn('java', words, { stdio: ['ignore', log, log] })
      closeSync(log)
      const started = running
      process.once('exit', () => started.kill('SIGKILL'))
      await listens(started, port)
    },
    async kill() {
      const killed = running!
      running = null
      killed.kill('SIGKILL')
      await once(killed, 'exit')
    },
  }
}

function kafkaSettings(
  bootstrap: string,
  controllerPort: number,
  advertised: string | null,
): Record<string, string | number> {
  const told = advertised ?? bootstrap
  const controller = `127.0.0.1:${controllerPort}`
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://${bootstrap},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${told},CONTROLLER://${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.bootstrap.servers': controller,
    'group.consumer.min.session.timeout.ms': 6_000,
    'group.consumer.min.heartbeat.interval.ms': 1_000,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'auto.create.topics.enable': 'false',
  }
}

async function listens(broker: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (broker.exitCode !== null) throw new Error(`the broker ended with ${broker.exitCode}`)
    const socket = createConnection(port, '127.0.0.1')
    const isConnected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isConnected) return
    await delay(100)
  }
}
