// rsyslog, which ships logs by its omkafka module: librdkafka again, in another program's hands.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../tools/kafka/single-node.mjs'
import { runStep, type Client, type Place } from './client.ts'
import { same, until } from './node/scenario.ts'
import { readTopic, withTopics } from './topics.ts'

const LINES = 500
const MODULES = ['/usr/lib/*/rsyslog/omkafka.so', '/usr/lib/rsyslog/omkafka.so']

export const RSYSLOG: Client = {
  name: 'rsyslog (omkafka)',
  version: () => {
    const { stdout } = spawnSync('rsyslogd', ['-v'], { encoding: 'utf8' })
    return /rsyslogd\s+(\S+)/.exec(stdout ?? '')?.[1] ?? 'not installed'
  },
  steps: ['ship logs'],
  isQuick: true,
  prepare: async () => {
    if (spawnSync('rsyslogd', ['-v']).error !== undefined) return 'there is no rsyslogd'
    return MODULES.some((path) => globSync(path).length > 0) ? null : 'there is no rsyslog-kafka'
  },
  run: async (place, report) => {
    const topic = `${place.prefix}-logs`
    await withTopics(place.bootstrap, { [topic]: 1 }, () => {
      return runStep('ship logs', report, () => shipLogs(place, topic))
    })
  },
}

async function shipLogs(place: Place, topic: string): Promise<string> {
  const port = await freePort()
  const configuration = join(place.directory, 'rsyslog.conf')
  writeFileSync(configuration, configurationOf(place, topic, port))
  const pidFile = join(place.directory, 'rsyslog.pid')
  const daemon = spawn('rsyslogd', ['-n', '-f', configuration, '-i', pidFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(daemon, 'exit')
  try {
    await until('rsyslogd has started', () => existsSync(pidFile))
    await sendLines(port)
    const records = await readTopic(place.bootstrap, topic, LINES)
    const expected = Array.from({ length: LINES }, (_, n) => `app: line ${n} ключ`)
    same(
      'all lines in order',
      records.map(({ value }) => value),
      expected,
    )
    same('keys', [...new Set(records.map(({ key }) => key))], ['host-1'])
  } finally {
    daemon.kill('SIGTERM')
    await ended
  }
  return `${LINES} lines, compressed with lz4`
}

function configurationOf({ bootstrap, directory }: Place, topic: string, port: number): string {
  return `
global(workDirectory="${directory}")
module(load="imtcp")
module(load="omkafka")
template(name="line" type="string" string="%programname%: %msg%")
input(type="imtcp" address="127.0.0.1" port="${port}")
action(type="omkafka" broker=["${bootstrap}"] topic="${topic}" template="line" key="host-1"
  confParam=["compression.codec=lz4", "queue.buffering.max.ms=20"]
  topicConfParam=["request.required.acks=-1"] errorFile="${directory}/errors.txt")
`
}

async function sendLines(port: number): Promise<void> {
  let socket!: Socket
  await until('rsyslogd listens', async () => {
    socket = connect(port, '127.0.0.1')
    return await once(socket, 'connect').then(
      () => true,
      () => false,
    )
  })
  // Of now: what is older than the topic's retention would be deleted.
  const time = new Date().toISOString()
  for (let n = 0; n < LINES; n++) socket.write(`<14>1 ${time} host-1 app - - - line ${n} ключ\n`)
  socket.end()
  await once(socket, 'close')
}
