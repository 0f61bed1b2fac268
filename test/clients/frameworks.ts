// What is built on Kafka's clients: Kafka Streams, and Kafka Connect with its file connectors.

import { spawn, type ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaVersionOf } from '../../tools/kafka/fetch.mjs'
import { freePort } from '../../tools/kafka/single-node.mjs'
import { runProgram, runStep, type Client, type Place } from './client.ts'
import { classpathOf, compiled, JAVA_OPTIONS, javaMissing } from './java-clients.ts'
import type { KafkaRelease } from './java-clients.ts'
import { same, until } from './node/scenario.ts'
import { readTopic, withTopics } from './topics.ts'

const POM = fileURLToPath(new URL('java/pom-frameworks.xml', import.meta.url))
const WORD_COUNT = fileURLToPath(new URL('java/WordCount.java', import.meta.url))
const RELEASE: KafkaRelease = { version: kafkaVersionOf(POM), pom: POM }
/** A worker starts a web server, and looks through all its classes. */
const WORKER_MS = 150_000

const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'

const STREAMS: Client = {
  name: 'Kafka Streams (word count, at least once)',
  version: () => RELEASE.version,
  steps: [
    ...['word count', 'internal topics', 'restored from the changelog'],
    'purged repartition topic',
  ],
  isQuick: false,
  prepare: () => javaMissing(RELEASE),
  run: ({ bootstrap, prefix, directory }, report) => {
    const program = [WORD_COUNT, bootstrap, prefix, join(directory, 'streams')]
    const words = [...JAVA_OPTIONS, QUIET, '-cp', classpathOf(RELEASE), ...program]
    return runProgram('java', words, report)
  },
}

const CONNECT: Client = {
  name: 'Kafka Connect standalone (file source and sink)',
  version: () => RELEASE.version,
  steps: ['file to topic to file', 'goes on after a restart'],
  isQuick: false,
  prepare: () => javaMissing(RELEASE),
  run: async (place, report) => {
    const topic = `${place.prefix}-lines`
    await withTopics(place.bootstrap, { [topic]: 1 }, async () => {
      const files = await connectFiles(place, topic)
      await runStep('file to topic to file', report, () => pass(place, topic, files, 0))
      await runStep('goes on after a restart', report, () => pass(place, topic, files, 1))
    })
  },
}

export const FRAMEWORKS: readonly Client[] = [
  CONNECT,
  STREAMS,
  streamsOf('exactly once', 'ExactlyOnce', [
    ...['word count, killed', 'restored from the changelog', 'two instances, one killed'],
    'no transaction is left open',
  ]),
]

export const TABLES: readonly Client[] = [
  streamsOf('compacted topics as tables', 'Tables', [
    ...['a record without a key is refused', 'KTable of a compacted topic'],
    ...['GlobalKTable joined with a stream', 'the same when it is compacted'],
  ]),
]

/** A program of `java/` over Kafka Streams. */
function streamsOf(what: string, program: string, steps: readonly string[]): Client {
  return {
    name: `Kafka Streams (${what})`,
    version: () => RELEASE.version,
    steps,
    isQuick: false,
    prepare: () => javaMissing(RELEASE),
    run: async ({ bootstrap, prefix, directory }, report) => {
      const java = [...(await compiled(RELEASE, program)), program]
      const words = [QUIET, ...java, bootstrap, prefix, join(directory, 'streams')]
      await runProgram('java', words, report)
    },
  }
}

interface ConnectFiles {
  readonly source: string
  readonly sink: string
  /** Of the worker and its two connectors. */
  readonly properties: readonly string[]
}

async function connectFiles(place: Place, topic: string): Promise<ConnectFiles> {
  const at = (name: string) => join(place.directory, name)
  const [source, sink] = [at('source.txt'), at('sink.txt')]
  const text = 'org.apache.kafka.connect.storage.StringConverter'
  const worker = {
    'bootstrap.servers': place.bootstrap,
    'key.converter': text,
    'value.converter': text,
    'offset.storage.file.filename': at('offsets'),
    'offset.flush.interval.ms': '200',
    'consumer.metadata.max.age.ms': '1000',
    listeners: `http://127.0.0.1:${await freePort()}`,
  }
  const file = 'org.apache.kafka.connect.file.FileStream'
  const name = place.prefix
  const sourceOf = { name: `${name}-source`, 'connector.class': `${file}SourceConnector`, topic }
  const sinkOf = { name: `${name}-sink`, 'connector.class': `${file}SinkConnector`, topics: topic }
  const properties = [
    write(at('worker.properties'), worker),
    write(at('source.properties'), { ...sourceOf, file: source }),
    write(at('sink.properties'), { ...sinkOf, file: sink }),
  ]
  return { source, sink, properties }
}

function write(path: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(path, lines.join(''))
  return path
}

/** Appends 100 lines to the source, and waits until the sink has all that were ever appended. */
async function pass(place: Place, topic: string, files: ConnectFiles, round: number) {
  // ASCII: the file source counts characters where it stopped, and seeks bytes.
  const lines = (of: number) => Array.from({ length: 100 }, (_, n) => `round ${of} line ${n}`)
  appendFileSync(
    files.source,
    lines(round)
      .map((line) => `${line}\n`)
      .join(''),
  )
  const expected = Array.from({ length: round + 1 }, (_, of) => lines(of)).flat()
  const worker = new Worker(files.properties)
  try {
    const copied = () => (existsSync(files.sink) ? readFileSync(files.sink, 'utf8') : '')
    await until(
      `the sink has ${expected.length} lines`,
      () => {
        worker.throwIfEnded()
        return copied().split('\n').length > expected.length
      },
      WORKER_MS,
    )
    same('the sink', copied().trimEnd().split('\n'), expected)
    const records = await readTopic(place.bootstrap, topic, expected.length)
    same(
      'the topic',
      records.map(({ value }) => value),
      expected,
    )
  } finally {
    await worker.stop()
  }
}

/** A Connect worker: a process of its own. */
class Worker {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(properties: readonly string[]) {
    const main = 'org.apache.kafka.connect.cli.ConnectStandalone'
    const words = [...JAVA_OPTIONS, QUIET, '-cp', classpathOf(RELEASE), main, ...properties]
    this.#child = spawn('java', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = `${this.#output}${text}`.slice(-2_000)
      })
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', resolve)
    })
  }

  throwIfEnded(): void {
    const { exitCode } = this.#child
    if (exitCode !== null) throw new Error(`the worker ended with ${exitCode}: ${this.#output}`)
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}
