// A compacted topic as kcat and Kafka's own kafka-get-offsets see it. What is left of it is read once, and
// everything that is asked afterwards has to agree with that.

import { isInstalled, runCommand } from '../support/commands.ts'
import { valuesOf, type PlacedRecord, type TableRecord } from '../support/written-table.ts'
import { runStep, type Client, type Place } from './client.ts'
import { classpathOf, JAVA_OPTIONS, javaMissing, NEW_KAFKA } from './java-clients.ts'
import { KCAT } from './kcat.ts'
import { pause, same, until } from './node/scenario.ts'
import { withTopics } from './topics.ts'

const KEYS = 200
const RECORDS = 4_000
const VALUE_BYTES = 1_000
/** Between two looks at how many records there are: more than the pause of the cleaner. */
const LOOK_MS = 1_500

const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
}

export const COMPACTED_TOOLS: Client = {
  name: 'kcat and kafka-get-offsets, compacted topics',
  version: () => `${KCAT.version()}, ${NEW_KAFKA.version}`,
  steps: ['table of a compacted topic', 'offsets in a gap', 'offsets by time', 'kafka-get-offsets'],
  isQuick: false,
  prepare: async () => {
    return isInstalled('kcat', '-V') ? await javaMissing(NEW_KAFKA) : 'there is no kcat'
  },
  run: async (place, report) => {
    const tools = new CompactedTools(place)
    await withTopics(
      place.bootstrap,
      { [tools.topic]: 1 },
      async () => {
        await runStep('table of a compacted topic', report, () => tools.table())
        await runStep('offsets in a gap', report, () => tools.offsetsInGap())
        await runStep('offsets by time', report, () => tools.offsetsByTime())
        await runStep('kafka-get-offsets', report, () => tools.getOffsets())
      },
      CONFIGS,
    )
  },
}

/** A record as kcat prints it. */
interface Line extends PlacedRecord {
  readonly timestamp: number
}

class CompactedTools {
  readonly topic: string
  readonly #place: Place
  /** What is there when nothing is compacted any more. */
  #left: readonly Line[] = []

  constructor(place: Place) {
    this.#place = place
    this.topic = `${place.prefix}-compacted`
  }

  async table(): Promise<string> {
    const records = Array.from({ length: RECORDS }, (_, n) => recordOf(n))
    // By -Z nothing behind the delimiter is null.
    const lines = records.map(({ key, value }) => `${key}:${value ?? ''}\n`)
    await this.#kcat(['-P', '-t', this.topic, '-K', ':', '-Z'], lines.join(''))
    let before = -1
    await until(
      'it is compacted',
      async () => {
        this.#left = await this.#read('beginning')
        const isSettled = this.#left.length === before && before < RECORDS
        before = this.#left.length
        if (!isSettled) await pause(LOOK_MS)
        return isSettled
      },
      60_000,
    )
    for (const { offset, key, value } of this.#left) {
      same(`the record at ${offset}`, { key, value }, recordOf(offset))
    }
    same('the table', tableOf(this.#left), tableOf(records))
    return ''
  }

  async offsetsInGap(): Promise<void> {
    const offsets = this.#left.map(({ offset }) => offset)
    for (const from of this.#gone()) {
      const read = (await this.#read(String(from))).map(({ offset }) => offset)
      same(
        `from ${from}`,
        read,
        offsets.filter((offset) => offset >= from),
      )
    }
  }

  async offsetsByTime(): Promise<void> {
    for (const timestamp of this.#times()) {
      const found = await this.#kcat(['-Q', '-t', `${this.topic}:0:${timestamp}`])
      const expected = this.#firstAt(timestamp)
      same(`at ${timestamp}`, found.trim(), `${this.topic} [0] offset ${expected}`)
    }
  }

  async getOffsets(): Promise<void> {
    const [first] = this.#times()
    const newest = Math.max(...this.#left.map(({ timestamp }) => timestamp))
    const asked: readonly (readonly [time: string, offset: number])[] = [
      ['earliest', 0],
      ['latest', RECORDS],
      [String(first), this.#firstAt(first!)],
    ]
    for (const [time, offset] of asked) {
      same(time, (await this.#offsetsAt(time)).trim(), `${this.topic}:0:${offset}`)
    }
    const told = Number((await this.#offsetsAt('max-timestamp')).trim().split(':')[2])
    same('max-timestamp', this.#left.find(({ offset }) => offset === told)?.timestamp, newest)
  }

  #offsetsAt(time: string): Promise<string> {
    const at = ['--bootstrap-server', this.#place.bootstrap, '--topic', this.topic, '--time', time]
    const command = 'org.apache.kafka.tools.GetOffsetShell'
    return runCommand('java', [...JAVA_OPTIONS, '-cp', classpathOf(NEW_KAFKA), command, ...at])
  }

  /** Some offsets of records that are gone, the first one among them. */
  #gone(): number[] {
    const there = new Set(this.#left.map(({ offset }) => offset))
    const gone = Array.from({ length: RECORDS }, (_, offset) => offset).filter((offset) => {
      return !there.has(offset)
    })
    return [0, 0.3, 0.6, 0.99].map((part) => gone[Math.floor(part * gone.length)]!)
  }

  /** Times of some records that are there, and times between: records came and are gone. */
  #times(): number[] {
    const at = (part: number): number => {
      return this.#left[Math.floor(part * this.#left.length)]!.timestamp
    }
    return [at(0.2) + 1, at(0), at(0) - 1, at(0.5), at(0.9)]
  }

  #firstAt(timestamp: number): number {
    return this.#left.find((line) => line.timestamp >= timestamp)!.offset
  }

  async #read(from: string): Promise<Line[]> {
    const words = ['-C', '-t', this.topic, '-p', '0', '-o', from, '-e', '-q']
    const output = await this.#kcat([...words, '-f', '%o %T %k %S %s\\n'])
    return output
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [, offset, time, key, size, value] = /^(\d+) (\d+) (\S+) (-?\d+) (.*)$/.exec(line)!
        const isNull = size === '-1'
        return {
          ...{ offset: Number(offset), timestamp: Number(time) },
          ...{ key: key!, value: isNull ? null : value! },
        }
      })
  }

  #kcat(words: readonly string[], input = ''): Promise<string> {
    return runCommand('kcat', ['-b', this.#place.bootstrap, '-m', '20', ...words], { input })
  }
}

function tableOf(records: readonly TableRecord[]): string[] {
  return [...valuesOf(records)].map(([key, value]) => `${key} ${value}`).sort()
}

/** What record n is: most keys again and again, some once; some deleted. */
function recordOf(n: number): TableRecord {
  if (n % 10 === 7) return { key: `cold-${n}`, value: `${n} `.padEnd(VALUE_BYTES, 'c') }
  const value = n % 11 === 3 ? null : `${n} `.padEnd(VALUE_BYTES, 'h')
  return { key: `hot-${(n * 7) % KEYS}`, value }
}
