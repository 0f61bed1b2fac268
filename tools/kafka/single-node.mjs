// One Apache Kafka broker of our own on loopback, for tools that need a real one.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runKafkaClass } from './fetch.mjs'

/** Fixed, so that a new run differs from the last in as few bytes as may be. */
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'

const DEADLINE_MS = 180_000

const FIRST_PORT = 20_000
const PORTS = 12_000
const PORT_TRIES = 100

/**
 * Formats a data directory and starts a broker that is its own controller.
 *
 * @param classpath what fetchKafka gave
 * @param directory is emptied; holds server.properties and the data
 * @param settings  of the broker, with `listeners` and `controller.quorum.voters`
 * @param port      the port that it will listen on
 * @param features  levels of features that are not the newest, as in `{ 'transaction.version': 1 }`
 * @returns the broker's process
 */
export async function startSingleNode(classpath, directory, settings, port, features = {}) {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const properties = join(directory, 'server.properties')
  const all = { ...settings, 'log.dirs': join(directory, 'data') }
  writeFileSync(
    properties,
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const levels = Object.entries(features).flatMap(([name, level]) => [
    '--feature',
    `${name}=${level}`,
  ])
  const format = ['format', '-t', CLUSTER_ID, '-c', properties, ...levels]
  const formatted = runKafkaClass(classpath, 'kafka.tools.StorageTool', format)
  if (formatted.status !== 0) throw new Error(formatted.stderr)
  const java = ['-Xmx512m', '-cp', classpath, 'kafka.Kafka', properties]
  const broker = spawn('java', java, { stdio: 'ignore' })
  process.once('exit', () => broker.kill('SIGKILL'))
  await answers(broker, port)
  return broker
}

export async function stopBroker(broker) {
  broker.kill('SIGTERM')
  await once(broker, 'exit')
}

/**
 * A port that nobody listens on, for as long as nobody else takes it: below those that Linux gives to clients, of
 * whom one could have it a moment later.
 */
export async function freePort() {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free`)
}

async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

async function answers(broker, port) {
  const end = Date.now() + DEADLINE_MS
  for (;;) {
    if (broker.exitCode !== null) throw new Error(`the broker ended with ${broker.exitCode}`)
    if (Date.now() > end) throw new Error('the broker does not answer')
    const socket = createConnection(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    await delay(200)
  }
}
