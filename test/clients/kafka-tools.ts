// Kafka's own command-line tools, of 3.9 and of 4.x: one step a tool. Each is a process of its own, as
// its script in Kafka's bin/ would start it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../support/commands.ts'
import { runStep, type Client, type Place } from './client.ts'
import { classpathOf, JAVA_OPTIONS, javaMissing, NEW_KAFKA, OLD_KAFKA } from './java-clients.ts'
import type { KafkaRelease } from './java-clients.ts'
import { same } from './node/scenario.ts'

const STEPS = [
  'kafka-topics',
  'kafka-configs',
  'kafka-console-producer',
  'kafka-console-consumer',
  'kafka-consumer-groups',
  'kafka-get-offsets',
  'kafka-delete-records',
  'kafka-log-dirs',
  'kafka-producer-perf-test',
  'kafka-consumer-perf-test',
  'kafka-verifiable-producer',
  'kafka-verifiable-consumer',
] as const

/** What the tools of the two releases call the same thing. */
interface Words {
  readonly consoleProducer: string
  readonly reader: string
  readonly formatter: string
  readonly perfBootstrap: (bootstrap: string) => readonly string[]
  readonly perfCount: string
}

const OLD_WORDS: Words = {
  consoleProducer: 'kafka.tools.ConsoleProducer',
  reader: '--property',
  formatter: '--property',
  perfBootstrap: (bootstrap) => ['--producer-props', `bootstrap.servers=${bootstrap}`, 'acks=all'],
  perfCount: '--messages',
}

const NEW_WORDS: Words = {
  consoleProducer: 'org.apache.kafka.tools.ConsoleProducer',
  reader: '--reader-property',
  formatter: '--formatter-property',
  perfBootstrap: (bootstrap) => [
    ...['--bootstrap-server', bootstrap],
    ...['--command-property', 'acks=all'],
  ],
  perfCount: '--num-records',
}

export const KAFKA_TOOLS: readonly Client[] = [
  toolsOf(OLD_KAFKA, OLD_WORDS),
  toolsOf(NEW_KAFKA, NEW_WORDS),
]

function toolsOf(release: KafkaRelease, words: Words): Client {
  return {
    name: "Kafka's command-line tools",
    version: () => release.version,
    steps: STEPS,
    isQuick: false,
    prepare: () => javaMissing(release),
    run: async (place, report) => {
      const tools = new Tools(place, classpathOf(release), words)
      for (const step of STEPS) await runStep(step, report, () => tools[step]())
      await tools.close()
    },
  }
}

const LINES = ['k1:v1', 'k2:значение', 'k3:', 'k4:v4', 'k5:v5', 'k6:v6']
const PERF_RECORDS = 5_000
const VERIFIABLE_RECORDS = 300

class Tools implements Record<(typeof STEPS)[number], () => Promise<void>> {
  readonly #place: Place
  readonly #classpath: string
  readonly #words: Words
  readonly #topic: string
  readonly #perf: string
  readonly #verifiable: string
  readonly #group: string

  constructor(place: Place, classpath: string, words: Words) {
    this.#place = place
    this.#classpath = classpath
    this.#words = words
    this.#topic = `${place.prefix}-tools`
    this.#perf = `${place.prefix}-perf`
    this.#verifiable = `${place.prefix}-verifiable`
    this.#group = `${place.prefix}-group`
  }

  async 'kafka-topics'(): Promise<void> {
    const create = ['--create', '--partitions', '1', '--config', 'retention.ms=3600000']
    await this.#topics('--topic', this.#topic, ...create)
    await this.#topics('--topic', this.#perf, '--create', '--partitions', '3')
    const described = await this.#topics('--describe', '--topic', this.#topic)
    found(described, /PartitionCount: 1\tReplicationFactor: 1\tConfigs: .*retention\.ms=3600000/)
    found(described, /Partition: 0\tLeader: (\d+)\tReplicas: \1\tIsr: \1/)
    await this.#topics('--topic', this.#perf, '--alter', '--partitions', '4')
    found(await this.#topics('--describe', '--topic', this.#perf), /PartitionCount: 4/)
    const listed = (await this.#topics('--list')).split('\n')
    same(
      'listed',
      [this.#topic, this.#perf].filter((name) => !listed.includes(name)),
      [],
    )
    const again = await failure(this.#topics('--topic', this.#topic, '--create'))
    found(again, /TopicExists|already exists|exists already/)
  }

  async 'kafka-configs'(): Promise<void> {
    const entity = ['--entity-type', 'topics', '--entity-name', this.#topic]
    const configs = (...words: string[]) => this.#at('kafka.admin.ConfigCommand', ...words)
    await configs('--alter', ...entity, '--add-config', 'max.message.bytes=123456')
    const described = await configs('--describe', ...entity)
    found(described, /max\.message\.bytes=123456 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG/)
    await configs('--alter', ...entity, '--delete-config', 'max.message.bytes')
    const after = await configs('--describe', ...entity, '--all')
    found(after, /max\.message\.bytes=1048588 /)
    const wrong = configs('--alter', ...entity, '--add-config', 'max.message.bytes=many')
    found(await failure(wrong), /InvalidConfiguration|Invalid value many/)
  }

  async 'kafka-console-producer'(): Promise<void> {
    const { reader, consoleProducer } = this.#words
    const keys = [reader, 'parse.key=true', reader, 'key.separator=:']
    const send = (lines: readonly string[], ...words: string[]) => {
      const all = ['--bootstrap-server', this.#place.bootstrap, '--topic', this.#topic, ...words]
      return this.#run(consoleProducer, [...all, ...keys], lines.join('\n'))
    }
    await send(LINES.slice(0, 3))
    await send(LINES.slice(3), '--compression-codec', 'zstd')
  }

  async 'kafka-console-consumer'(): Promise<void> {
    const { formatter } = this.#words
    const print = [formatter, 'print.key=true', formatter, 'key.separator=:']
    const read = (...words: string[]) => {
      const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
      return this.#at(consumer, '--topic', this.#topic, ...print, ...words)
    }
    const all = await read('--from-beginning', '--max-messages', String(LINES.length))
    same('all', all.trim().split('\n'), LINES)
    const rest = await read('--partition', '0', '--offset', '4', '--max-messages', '2')
    same('from offset 4', rest.trim().split('\n'), LINES.slice(4))
    const group = ['--group', this.#group, '--from-beginning']
    const first = await read(...group, '--max-messages', '4')
    same('in a group', first.trim().split('\n'), LINES.slice(0, 4))
    const resumed = await read(...group, '--max-messages', '2')
    same('where it stopped', resumed.trim().split('\n'), LINES.slice(4))
  }

  async 'kafka-consumer-groups'(): Promise<void> {
    const groups = (...words: string[]) => {
      return this.#at('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', ...words)
    }
    const one = ['--group', this.#group]
    const topic = ['--topic', this.#topic]
    found(await groups('--list'), new RegExp(`^${this.#group}$`, 'm'))
    const described = await groups('--describe', ...one)
    found(described, new RegExp(`${this.#topic} +0 +6 +6 +0 `)) // offset, end, lag
    found(await groups('--describe', ...one, '--state'), / Empty +0/)
    await groups('--reset-offsets', ...one, ...topic, '--to-offset', '2', '--execute')
    found(await groups('--describe', ...one), new RegExp(`${this.#topic} +0 +2 +6 +4 `))
    await groups('--delete-offsets', ...one, ...topic)
    await groups('--delete', ...one)
    same('left', (await groups('--list')).split('\n').includes(this.#group), false)
  }

  async 'kafka-get-offsets'(): Promise<void> {
    const offsets = (...words: string[]) => {
      return this.#at('org.apache.kafka.tools.GetOffsetShell', '--topic', this.#topic, ...words)
    }
    same('latest', (await offsets()).trim(), `${this.#topic}:0:6`)
    same('earliest', (await offsets('--time', 'earliest')).trim(), `${this.#topic}:0:0`)
    const newest = await offsets('--time', 'max-timestamp')
    found(newest, new RegExp(`^${this.#topic}:0:[345]$`, 'm'))
  }

  async 'kafka-delete-records'(): Promise<void> {
    const file = join(this.#place.directory, 'delete-records.json')
    const partitions = [{ topic: this.#topic, partition: 0, offset: 3 }]
    writeFileSync(file, JSON.stringify({ partitions, version: 1 }))
    const command = 'org.apache.kafka.tools.DeleteRecordsCommand'
    const deleted = await this.#at(command, '--offset-json-file', file)
    found(deleted, new RegExp(`${this.#topic}-0\\s+low_watermark: 3`))
  }

  async 'kafka-log-dirs'(): Promise<void> {
    const command = 'org.apache.kafka.tools.LogDirsCommand'
    const output = await this.#at(command, '--describe', '--topic-list', this.#topic)
    const json = output.split('\n').find((line) => line.startsWith('{'))!
    const { brokers } = JSON.parse(json) as {
      brokers: { logDirs: { error: null; partitions: { partition: string; size: number }[] }[] }[]
    }
    const partitions = brokers.flatMap(({ logDirs }) => logDirs.flatMap((each) => each.partitions))
    same(
      'partitions',
      partitions.map(({ partition }) => partition),
      [`${this.#topic}-0`],
    )
    same('it has bytes', partitions[0]!.size > 100, true)
  }

  async 'kafka-producer-perf-test'(): Promise<void> {
    const { perfBootstrap } = this.#words
    const load = ['--num-records', String(PERF_RECORDS), '--record-size', '100']
    const words = ['--topic', this.#perf, ...load, '--throughput', '-1']
    const all = [...words, ...perfBootstrap(this.#place.bootstrap)]
    const output = await this.#run('org.apache.kafka.tools.ProducerPerformance', all)
    found(output, new RegExp(`^${PERF_RECORDS} records sent`, 'm'))
    const offsets = 'org.apache.kafka.tools.GetOffsetShell'
    const lines = (await this.#at(offsets, '--topic', this.#perf)).trim().split('\n')
    const ends = lines.map((line) => Number(line.split(':')[2]))
    same(
      'all are there',
      ends.reduce((sum, end) => sum + end, 0),
      PERF_RECORDS,
    )
  }

  async 'kafka-consumer-perf-test'(): Promise<void> {
    const count = [this.#words.perfCount, String(PERF_RECORDS)]
    const command = 'org.apache.kafka.tools.ConsumerPerformance'
    const output = await this.#at(command, '--topic', this.#perf, ...count)
    const fields = output.trim().split('\n').at(-1)!.split(', ')
    same('records', Number(fields[4]), PERF_RECORDS)
  }

  async 'kafka-verifiable-producer'(): Promise<void> {
    await this.#topics('--topic', this.#verifiable, '--create', '--partitions', '2')
    const command = 'org.apache.kafka.tools.VerifiableProducer'
    const load = ['--max-messages', String(VERIFIABLE_RECORDS), '--throughput', '1000']
    const output = await this.#at(command, '--topic', this.#verifiable, '--acks', '-1', ...load)
    const events = eventsOf(output)
    const stored = events.filter(({ name }) => name === 'producer_send_success')
    same('stored', new Set(stored.map(({ value }) => value)).size, VERIFIABLE_RECORDS)
    same('errors', events.filter(({ name }) => name === 'producer_send_error').length, 0)
  }

  async 'kafka-verifiable-consumer'(): Promise<void> {
    const command = 'org.apache.kafka.tools.VerifiableConsumer'
    const words = ['--topic', this.#verifiable, '--group-id', `${this.#group}-verifiable`]
    const load = ['--max-messages', String(VERIFIABLE_RECORDS), '--verbose']
    const output = await this.#at(command, ...words, '--reset-policy', 'earliest', ...load)
    const events = eventsOf(output)
    const values = events.filter(({ name }) => name === 'record_data').map(({ value }) => value)
    same('read', new Set(values).size, VERIFIABLE_RECORDS)
    const assigned = events.find(({ name }) => name === 'partitions_assigned')
    same('partitions', assigned?.partitions?.length, 2)
    same(
      'commits',
      events.some(({ name, success }) => name === 'offsets_committed' && success),
      true,
    )
  }

  async close(): Promise<void> {
    for (const topic of [this.#topic, this.#perf, this.#verifiable]) {
      await this.#topics('--delete', '--topic', topic)
    }
  }

  #topics(...words: string[]): Promise<string> {
    return this.#at('org.apache.kafka.tools.TopicCommand', ...words)
  }

  #at(command: string, ...words: string[]): Promise<string> {
    return this.#run(command, ['--bootstrap-server', this.#place.bootstrap, ...words])
  }

  #run(command: string, words: readonly string[], input = ''): Promise<string> {
    const java = [...JAVA_OPTIONS, '-cp', this.#classpath, command, ...words]
    return runCommand('java', java, { input })
  }
}

interface VerifiableEvent {
  readonly name: string
  readonly value?: string
  readonly partitions?: readonly unknown[]
  readonly success?: boolean
}

function eventsOf(output: string): VerifiableEvent[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as VerifiableEvent)
}

function found(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in: ${text.slice(0, 600)}`)
}

/** What a command said that has to fail. */
async function failure(command: Promise<string>): Promise<string> {
  let output: string
  try {
    output = await command
  } catch (error) {
    return (error as Error).message
  }
  throw new Error(`it was not refused: ${output.slice(0, 300)}`)
}
