// TransactionLoad.java as a process that is told what to do: one for both brokers.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cpuSeconds } from '../broker/measure.ts'
import type { Contestant } from '../kafka/versus/contestants.ts'

const SOURCE = fileURLToPath(new URL('TransactionLoad.java', import.meta.url))

/** What producers are to do. */
export interface FillLoad {
  readonly transactions: number
  readonly recordsPerTransaction: number
  readonly bytes: number
  /** Of each ten transactions. */
  readonly aborted: number
}

export interface WriteLoad {
  readonly topic: string
  readonly partitions: number
  readonly recordsPerTransaction: number
  readonly recordBytes: number
  readonly producers: number
  /** Whether offsets of a group are in each transaction. */
  readonly withOffsets: boolean
  readonly seconds: number
  /** Before what is measured. */
  readonly warmSeconds: number
}

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

export interface WriteFigures {
  readonly transactions: number
  readonly seconds: number
  /** From beginTransaction until commitTransaction returned. */
  readonly whole: Percentiles
  /** Of commitTransaction alone, which sends what is left to send. */
  readonly commit: Percentiles
  /** Processor seconds of the broker. */
  readonly brokerCpu: number
}

export interface ReadFigures {
  /** What the reader got. */
  readonly records: number
  /** Offsets that it went over: aborted records and markers as well. */
  readonly scanned: number
  readonly seconds: number
  readonly brokerCpu: number
}

export type Isolation = 'read_committed' | 'read_uncommitted'

interface Answer {
  readonly mark?: 'begin' | 'end'
  readonly error?: string
}

export class LoadDriver {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  /**
   * Compiles and starts it.
   *
   * @param classpath as fetchKafka gives it
   * @param directory where the classes may lie
   */
  static start(classpath: string, directory: string): LoadDriver {
    const classes = join(directory, 'classes')
    const javac = spawnSync('javac', ['-nowarn', '-cp', classpath, '-d', classes, SOURCE], {
      encoding: 'utf8',
    })
    if (javac.error !== undefined) throw new Error('javac is missing: install a JDK 17')
    if (javac.status !== 0) throw new Error(`javac: ${javac.stderr}`)
    const words = ['-Xmx512m', '-cp', `${classes}:${classpath}`, 'TransactionLoad']
    const child = spawn('java', words, { stdio: ['pipe', 'pipe', 'inherit'] })
    process.once('exit', () => child.kill('SIGKILL'))
    return new LoadDriver(child)
  }

  async write(broker: Contestant, load: WriteLoad): Promise<WriteFigures> {
    const { topic, partitions, recordsPerTransaction, recordBytes, producers } = load
    const group = load.withOffsets ? `${topic}-group` : '-'
    const size = [partitions, recordsPerTransaction, recordBytes, producers]
    const words = [...size, load.seconds, load.warmSeconds, group]
    return await this.#measured(broker, ['write', broker.address, topic, ...words])
  }

  /** Fills a topic of one partition; of each ten transactions some are aborted. */
  async fill({ address }: Contestant, topic: string, load: FillLoad): Promise<void> {
    const { transactions, recordsPerTransaction, bytes, aborted } = load
    const words = [transactions, recordsPerTransaction, bytes, aborted]
    await this.#ask(['fill', address, topic, ...words], () => {})
  }

  /** Reads all that a topic of one partition shows, again and again. */
  async read(
    broker: Contestant,
    topic: string,
    isolation: Isolation,
    seconds: number,
  ): Promise<ReadFigures> {
    return await this.#measured(broker, ['read', broker.address, topic, isolation, seconds])
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await ended
  }

  /** Does one thing, with the broker's processor time between its marks. */
  async #measured<T>({ pid }: Contestant, words: readonly unknown[]): Promise<T> {
    let [before, brokerCpu] = [0, 0]
    const answer = await this.#ask(words, (mark) => {
      if (mark === 'begin') before = cpuSeconds(pid)
      else brokerCpu = cpuSeconds(pid) - before
    })
    return { ...answer, brokerCpu } as T
  }

  async #ask(words: readonly unknown[], onMark: (mark: string) => void): Promise<object> {
    this.#child.stdin!.write(`${words.join(' ')}\n`)
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done === true) throw new Error(`the load ended with ${this.#child.exitCode}`)
      const answer = JSON.parse(value as string) as Answer
      if (answer.error !== undefined) throw new Error(`${words.join(' ')}: ${answer.error}`)
      if (answer.mark === undefined) return answer
      onMark(answer.mark)
    }
  }
}
