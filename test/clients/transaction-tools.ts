// Kafka's own command-line tools where they have to do with transactions, of 3.9 and of 4.x. What they look
// at is a transaction that kafkajs has open.

import kafkajs, { type Producer, type Transaction } from 'kafkajs'
import { runCommand } from '../support/commands.ts'
import { runStep, type Client, type Place } from './client.ts'
import { classpathOf, JAVA_OPTIONS, javaMissing, NEW_KAFKA, OLD_KAFKA } from './java-clients.ts'
import type { KafkaRelease } from './java-clients.ts'
import { refusal, same, until } from './node/scenario.ts'
import { readTopic, withTopics } from './topics.ts'

const { Kafka, logLevel } = kafkajs

const STEPS = [
  'kafka-features describe',
  'kafka-console-consumer read_committed',
  'kafka-transactions list',
  'kafka-transactions describe',
  'kafka-transactions describe-producers',
  'kafka-transactions find-hanging',
  'kafka-transactions abort',
  'kafka-transactions forceTerminateTransaction',
  'transactional-message-copier',
  'kafka-producer-perf-test with transactions',
  'kafka-console-consumer of __transaction_state',
] as const

type Step = (typeof STEPS)[number]

/** What came with 4.0. */
const SINCE_NEW: readonly Step[] = ['kafka-transactions forceTerminateTransaction']
const COPIED = 300
const TOOLS = 'org.apache.kafka.tools'

export const TRANSACTION_TOOLS: readonly Client[] = [
  toolsOf(OLD_KAFKA, (step) => !SINCE_NEW.includes(step)),
  toolsOf(NEW_KAFKA, () => true),
]

function toolsOf(release: KafkaRelease, has: (step: Step) => boolean): Client {
  const steps = STEPS.filter(has)
  return {
    name: "Kafka's command-line tools, transactions",
    version: () => release.version,
    steps,
    isQuick: false,
    prepare: () => javaMissing(release),
    run: async (place, report) => {
      const tools = new TransactionTools(place, classpathOf(release))
      const topics = { [tools.topic]: 1, [tools.copied]: 1, [tools.perf]: 2 }
      await withTopics(place.bootstrap, topics, async () => {
        await tools.open()
        for (const step of steps) await runStep(step, report, () => tools[step]())
        await tools.close()
      })
    },
  }
}

class TransactionTools implements Record<Step, () => Promise<void>> {
  readonly topic: string
  readonly copied: string
  readonly perf: string
  readonly #place: Place
  readonly #classpath: string
  readonly #id: string
  readonly #producer: Producer
  #transaction!: Transaction

  constructor(place: Place, classpath: string) {
    this.#place = place
    this.#classpath = classpath
    this.topic = `${place.prefix}-topic`
    this.copied = `${place.prefix}-copied`
    this.perf = `${place.prefix}-perf`
    this.#id = `${place.prefix}-id`
    const kafka = new Kafka({ brokers: [place.bootstrap], logLevel: logLevel.NOTHING })
    const options = { transactionalId: this.#id, maxInFlightRequests: 1, idempotent: true }
    this.#producer = kafka.producer(options)
  }

  /** Two records that are committed, two that are aborted, and two of a transaction that stays open. */
  async open(): Promise<void> {
    await this.#producer.connect()
    for (const end of ['commit', 'abort', null] as const) {
      const transaction = await this.#producer.transaction()
      const messages = ['1', '2'].map((n) => ({ partition: 0, value: `${end ?? 'open'} ${n}` }))
      await transaction.send({ topic: this.topic, messages })
      if (end === null) this.#transaction = transaction
      else await transaction[end]()
    }
  }

  async 'kafka-features describe'(): Promise<void> {
    const words = ['--bootstrap-server', this.#place.bootstrap, 'describe']
    const output = await this.#run(`${TOOLS}.FeatureCommand`, words)
    const versions = 'SupportedMinVersion: 0\\s+SupportedMaxVersion: 2\\s+FinalizedVersionLevel: 2'
    found(output, new RegExp(`Feature: transaction\\.version\\s+${versions}`))
  }

  async 'kafka-console-consumer read_committed'(): Promise<void> {
    const read = async (level: string, count: number) => {
      const words = ['--topic', this.topic, '--from-beginning', '--isolation-level', level]
      const end = ['--timeout-ms', '5000', '--max-messages', String(count)]
      const output = await this.#at(`${TOOLS}.consumer.ConsoleConsumer`, ...words, ...end)
      return output.trim().split('\n')
    }
    // One more than there are: it ends for lack of more.
    same('committed', await read('read_committed', 3), ['commit 1', 'commit 2'])
    const all = ['commit', 'abort', 'open'].flatMap((what) => [`${what} 1`, `${what} 2`])
    same('uncommitted', await read('read_uncommitted', 6), all)
  }

  async 'kafka-transactions list'(): Promise<void> {
    found(await this.#transactions('list'), this.#row('\\d+', '\\d+', 'Ongoing'))
    const old = await this.#transactions('list', '--duration-filter', '3600000')
    same('older than an hour', old.includes(this.#id), false)
    const recent = await this.#transactions('list', '--duration-filter', '1')
    same('older than a moment', recent.includes(this.#id), true)
  }

  async 'kafka-transactions describe'(): Promise<void> {
    const output = await this.#transactions('describe', '--transactional-id', this.#id)
    const state = ['\\d+', '\\d+', 'Ongoing', '60000', '\\d+', '\\d+', `${this.topic}-0`]
    found(output, new RegExp(`^\\d+\\s+${this.#id}\\s+${state.join('\\s+')}`, 'm'))
    const unknown = ['describe', '--transactional-id', `${this.#id}-unknown`]
    const { message } = await refusal(() => this.#transactions(...unknown))
    found(message, /TransactionalIdNotFound|transactional ?id/i)
  }

  async 'kafka-transactions describe-producers'(): Promise<void> {
    const output = await this.#transactions('describe-producers', ...this.#partition())
    // Two records were committed before it, and two aborted, and each of both has a marker.
    found(output, /^\d+\s+\d+\s+\S+\s+\S+\s+\d+\s+6\b/m)
  }

  async 'kafka-transactions find-hanging'(): Promise<void> {
    const broker = await this.#transactions('describe', '--transactional-id', this.#id)
    const brokerId = /^(\d+)\s/m.exec(broker)![1]!
    const words = ['--broker-id', brokerId, '--max-transaction-timeout', '0']
    const output = await this.#transactions('find-hanging', ...words)
    // It is open, and its coordinator knows: it does not hang.
    same('hanging', output.includes(this.topic), false)
    found(output, /Topic\s+Partition\s+ProducerId/)
  }

  async 'kafka-transactions abort'(): Promise<void> {
    const producers = await this.#transactions('describe-producers', ...this.#partition())
    const start = ['--start-offset', '6']
    found(producers, /\d/)
    await this.#transactions('abort', ...this.#partition(), ...start)
    const after = await this.#transactions('describe-producers', ...this.#partition())
    found(after, /^\d+\s+.*\bNone\b/m)
    await this.#transaction.abort()
  }

  async 'kafka-transactions forceTerminateTransaction'(): Promise<void> {
    const transaction = await this.#producer.transaction()
    await transaction.send({ topic: this.topic, messages: [{ value: 'terminated' }] })
    await this.#transactions('forceTerminateTransaction', '--transactionalId', this.#id)
    await until('it is ended', async () => {
      const output = await this.#transactions('describe', '--transactional-id', this.#id)
      // The id is taken over when what was open is aborted.
      return /\tEmpty\s/.test(output)
    })
    const refused = (await refusal(() => transaction.commit())) as Error & { type?: string }
    same('the producer', refused.type, 'INVALID_PRODUCER_EPOCH')
  }

  async 'transactional-message-copier'(): Promise<void> {
    const values = Array.from({ length: COPIED }, (_, n) => `value ${n}`)
    const source = `${this.#place.prefix}-source`
    await withTopics(this.#place.bootstrap, { [source]: 1 }, async () => {
      const lines = values.join('\n')
      await this.#run(this.#consoleProducer(), this.#words('--topic', source), lines)
      for (const more of [['--enable-random-aborts'], ['--group-mode', '--use-group-metadata']]) {
        await this.#copy(source, more)
      }
      const twice = await readTopic(this.#place.bootstrap, this.copied, 2 * COPIED)
      const copied = twice.map(({ value }) => value)
      same('copied with aborts', copied.slice(0, COPIED), values)
      same('copied in a group', copied.slice(COPIED), values)
    })
  }

  async 'kafka-producer-perf-test with transactions'(): Promise<void> {
    const load = ['--topic', this.perf, '--num-records', '2000', '--record-size', '100']
    const transactions = [
      '--transactional-id',
      `${this.#id}-perf`,
      '--transaction-duration-ms',
      '50',
    ]
    const servers = this.#isOld()
      ? ['--producer-props', `bootstrap.servers=${this.#place.bootstrap}`]
      : ['--bootstrap-server', this.#place.bootstrap]
    const words = [...load, '--throughput', '4000', ...transactions, ...servers]
    found(await this.#run(`${TOOLS}.ProducerPerformance`, words), /^2000 records sent/m)
    const described = await this.#transactions('describe', '--transactional-id', `${this.#id}-perf`)
    found(described, /CompleteCommit/)
  }

  async 'kafka-console-consumer of __transaction_state'(): Promise<void> {
    const formatter = `${TOOLS}.consumer.TransactionLogMessageFormatter`
    const words = ['--topic', '__transaction_state', '--from-beginning', '--timeout-ms', '5000']
    const output = await this.#at(
      `${TOOLS}.consumer.ConsoleConsumer`,
      ...words,
      ...['--formatter', formatter],
    )
    // It prints one behind the other.
    const states = output
      .replaceAll('}{', '}\n{')
      .split('\n')
      .filter((line) => line.includes(`"${this.#id}"`))
      .map((line) => JSON.parse(line) as TransactionLogLine)
    const kinds = new Set(states.map(({ value }) => value?.data.transactionStatus))
    // Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort.
    same(
      'states',
      [...kinds].filter((kind) => kind !== undefined).sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5],
    )
    const open = states.find(({ value }) => value?.data.transactionStatus === 1)
    same('its partitions', open?.value?.data.transactionPartitions, [
      { topic: this.topic, partitionIds: [0] },
    ])
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }

  async #copy(source: string, more: readonly string[]): Promise<void> {
    const group = ['--consumer-group', `${this.#place.prefix}-${more.length}`]
    const topics = [
      '--input-topic',
      source,
      '--input-partition',
      '0',
      '--output-topic',
      this.copied,
    ]
    const id = ['--transactional-id', `${this.#id}-copier`, '--transaction-size', '40']
    const brokers = ['--broker-list', this.#place.bootstrap]
    const words = [...topics, ...id, ...group, ...brokers, ...more]
    const output = await this.#run(`${TOOLS}.TransactionalMessageCopier`, words)
    const last = output.trim().split('\n').at(-1)!
    const { remaining, consumed } = JSON.parse(last) as { remaining: number; consumed: number }
    same('left to copy', [remaining, consumed], [0, COPIED])
  }

  #row(...cells: readonly string[]): RegExp {
    return new RegExp(`^${[this.#id, ...cells].join('\\s+')}`, 'm')
  }

  #partition(): readonly string[] {
    return ['--topic', this.topic, '--partition', '0']
  }

  #isOld(): boolean {
    return this.#classpath === classpathOf(OLD_KAFKA)
  }

  #consoleProducer(): string {
    return this.#isOld() ? 'kafka.tools.ConsoleProducer' : `${TOOLS}.ConsoleProducer`
  }

  #transactions(...words: readonly string[]): Promise<string> {
    return this.#at(`${TOOLS}.TransactionsCommand`, ...words)
  }

  #words(...words: readonly string[]): readonly string[] {
    return ['--bootstrap-server', this.#place.bootstrap, ...words]
  }

  #at(command: string, ...words: readonly string[]): Promise<string> {
    return this.#run(command, this.#words(...words))
  }

  #run(command: string, words: readonly string[], input = ''): Promise<string> {
    const java = [...JAVA_OPTIONS, '-cp', this.#classpath, command, ...words]
    return runCommand('java', java, { input })
  }
}

interface TransactionLogLine {
  readonly value: {
    readonly data: {
      readonly transactionStatus: number
      readonly transactionPartitions: readonly unknown[] | null
    }
  } | null
}

function found(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in: ${text.slice(0, 600)}`)
}
