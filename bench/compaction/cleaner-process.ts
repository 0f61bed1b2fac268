// A cleaner as a process that is told which log to clean: ours, or Kafka's. Both stand as far below
// others with the system's scheduler as our thread stands in a broker.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from '../../src/cli/node-flags.ts'
import { KAFKA_VERSION } from '../../tools/kafka/fetch.mjs'
import { JAVA_FLAGS } from '../kafka/versus/contestants.ts'
import { PARTITION, SEGMENT_BYTES } from './shapes.ts'

/** What one pass took. */
export interface PassFigures {
  readonly seconds: number
  /** Processor time of the whole process. */
  readonly cpuSeconds: number
  /** Of the first half, in which keys are mapped. */
  readonly mapSeconds: number
  /** Records whose keys were mapped. */
  readonly mapped: number
}

const NICENESS = 10

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export class CleanerProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>
  readonly #lineOf: (directory: string) => string

  private constructor(
    name: string,
    command: readonly string[],
    lineOf: (directory: string) => string,
  ) {
    const words = ['-n', String(NICENESS), ...command]
    this.name = name
    this.#lineOf = lineOf
    this.#child = spawn('nice', words, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
    process.once('exit', () => this.#child.kill('SIGKILL'))
  }

  static sluice(): CleanerProcess {
    const command = [process.execPath, ...NODE_FLAGS, here('sluice-cleaner.ts')]
    return new CleanerProcess('Sluice', command, (directory) => directory)
  }

  /**
   * @param classpath as fetchKafka gives it
   * @param directory where the classes may lie
   */
  static kafka(classpath: string, directory: string): CleanerProcess {
    const classes = join(directory, 'classes')
    const source = here('KafkaCleaner.java')
    const words = ['-nowarn', '-cp', classpath, '-d', classes, source]
    const javac = spawnSync('javac', words, { encoding: 'utf8' })
    if (javac.error !== undefined) throw new Error('javac is missing: install a JDK 17')
    if (javac.status !== 0) throw new Error(`javac: ${javac.stderr}`)
    const command = ['java', ...JAVA_FLAGS, '-cp', `${classes}:${classpath}`, 'KafkaCleaner']
    const lineOf = (data: string): string => `${join(data, PARTITION)} ${SEGMENT_BYTES}`
    return new CleanerProcess(`Apache Kafka ${KAFKA_VERSION}`, command, lineOf)
  }

  /** One pass over the log in a data directory: keys mapped, segments made and swapped in. */
  async clean(directory: string): Promise<PassFigures> {
    this.#child.stdin!.write(`${this.#lineOf(directory)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${this.name} ended with ${this.#child.exitCode}`)
    const answer = JSON.parse(value as string) as PassFigures & { error?: string }
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`)
    return answer
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await ended
  }
}
