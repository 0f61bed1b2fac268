// Makes test/golden/kafka-<version>/ anew: partition directories as a real Apache Kafka leaves them,
// and what its own consumer reads from them.
//
//   node tools/kafka/golden.mjs
//
// Starts one broker of its own (KRaft, loopback, free ports, data under build/kafka/), fills topics
// with Kafka's own producer (Golden.java), stops the broker cleanly and copies all partitions; then
// starts it again, fills one more topic, kills it (SIGKILL) and copies that one.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KAFKA_DIRECTORY, KAFKA_VERSION, fetchKafka, runKafkaClass } from './fetch.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const TARGET = join(HERE, '../../test/golden', `kafka-${KAFKA_VERSION}`)
const WORK = join(KAFKA_DIRECTORY, 'golden')
const DATA = join(WORK, 'data')

/** Fixed, so that a new run differs from the last in as few bytes as may be. */
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'

const CLEAN = [
  ...['none', 'gzip', 'snappy', 'lz4', 'zstd', 'index-full'],
  ...['append-time', 'idempotent', 'transactions', 'compacted'],
]
const CHECKPOINTS = [
  ...['meta.properties', 'recovery-point-offset-checkpoint', 'log-start-offset-checkpoint'],
  ...['replication-offset-checkpoint', 'cleaner-offset-checkpoint', '.kafka_cleanshutdown'],
]

const DEADLINE_MS = 60_000

const { classpath, missing } = fetchKafka()
if (missing !== null) throw new Error(missing)

rmSync(WORK, { recursive: true, force: true })
mkdirSync(WORK, { recursive: true })
const bootstrap = await configure()
const format = ['format', '-t', CLUSTER_ID, '-c', join(WORK, 'server.properties')]
const formatted = runKafkaClass(classpath, 'kafka.tools.StorageTool', format)
if (formatted.status !== 0) throw new Error(formatted.stderr)

const clean = await startBroker()
golden('write')
await until('the compacted topic is cleaned', isCompacted)
golden('read', join(WORK, 'clean.jsonl'), ...CLEAN)
clean.kill('SIGTERM')
await once(clean, 'exit')
rmSync(TARGET, { recursive: true, force: true })
copy('clean', CLEAN)

const killed = await startBroker()
golden('append')
golden('read', join(WORK, 'killed.jsonl'), 'killed')
killed.kill('SIGKILL')
await once(killed, 'exit')
copy('killed', ['killed'])
rmSync(WORK, { recursive: true, force: true })
process.stdout.write(`wrote ${TARGET}\n`)

/** Writes server.properties with free ports. @returns the broker's address */
async function configure() {
  const [port, controllerPort] = [await freePort(), await freePort()]
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': DATA,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'log.cleaner.backoff.ms': 200,
    'log.initial.task.delay.ms': 500,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(WORK, 'server.properties'), lines.join(''))
  return `127.0.0.1:${port}`
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function startBroker() {
  const java = ['-Xmx512m', '-cp', classpath, 'kafka.Kafka', join(WORK, 'server.properties')]
  const broker = spawn('java', java, { stdio: 'ignore' })
  process.once('exit', () => broker.kill('SIGKILL'))
  await until('the broker answers', () => {
    if (broker.exitCode !== null) throw new Error(`the broker ended with ${broker.exitCode}`)
    return answers()
  })
  return broker
}

function answers() {
  const tool = 'org.apache.kafka.tools.BrokerApiVersionsCommand'
  return runKafkaClass(classpath, tool, ['--bootstrap-server', bootstrap]).status === 0
}

function golden(command, ...args) {
  const source = join(HERE, 'Golden.java')
  execFileSync('java', ['-Xmx256m', '-cp', classpath, source, command, bootstrap, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
}

/** True when the cleaner has reached the active segment of the compacted topic. */
function isCompacted() {
  const checkpoint = join(DATA, 'cleaner-offset-checkpoint')
  if (!existsSync(checkpoint)) return false
  const cleaned = /^compacted 0 (\d+)$/m.exec(readFileSync(checkpoint, 'utf8'))
  const logs = readdirSync(join(DATA, 'compacted-0')).filter((name) => name.endsWith('.log'))
  const active = Math.max(...logs.map((name) => Number.parseInt(name, 10)))
  return cleaned !== null && Number(cleaned[1]) === active
}

async function until(what, isTrue) {
  const end = Date.now() + DEADLINE_MS
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`waited too long: ${what}`)
    await delay(200)
  }
}

/** Copies partitions byte for byte, and the checkpoints beside them. */
function copy(state, topics) {
  const target = join(TARGET, state)
  mkdirSync(target, { recursive: true })
  for (const topic of topics) {
    cpSync(join(DATA, `${topic}-0`), join(target, `${topic}-0`), { recursive: true })
  }
  for (const name of CHECKPOINTS) {
    if (existsSync(join(DATA, name))) cpSync(join(DATA, name), join(target, name))
  }
  cpSync(join(WORK, `${state}.jsonl`), join(TARGET, `${state}.jsonl`))
}
