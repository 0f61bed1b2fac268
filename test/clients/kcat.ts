// kcat, which is librdkafka as Debian has it: old. It has no call for administration, so that topics
// come from the side.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { isInstalled, runCommand } from '../support/commands.ts'
import { runStep, scenarioWithout, type Client, type Place } from './client.ts'
import { pause, same, sameValues, until } from './node/scenario.ts'
import { withTopics } from './topics.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** What kcat -J prints of a record. */
interface Line {
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly string[]
}

export const KCAT: Client = {
  name: 'kcat',
  version: () => {
    const { stdout } = spawnSync('kcat', ['-V'], { encoding: 'utf8' })
    const [, version, library] = /Version (\S+) .*librdkafka (\S+)/.exec(stdout ?? '') ?? []
    if (version === undefined) return 'not installed'
    return `${version} (librdkafka ${library})`
  },
  steps: scenarioWithout(
    ...(['newer group protocol', 'describe groups', 'delete records'] as const),
    ...(['alter configs', 'delete topics', 'create topics'] as const),
  ),
  isQuick: true,
  prepare: async () => (isInstalled('kcat', '-V') ? null : 'there is no kcat'),
  run: async (place, report) => {
    const kcat = new Kcat(place)
    const topics = { [kcat.data]: 1, [kcat.idempotent]: 1, [kcat.group]: 4 }
    await withTopics(place.bootstrap, topics, async () => {
      await runStep('produce', report, () => kcat.produce())
      await runStep('consume by assignment', report, () => kcat.consumeByAssignment())
      await runStep('seek by time', report, () => kcat.seekByTime())
      await runStep('group with a rebalance', report, () => kcat.groupWithRebalance())
      await runStep('commit and resume', report, () => kcat.commitAndResume())
      await runStep('idempotent producer', report, () => kcat.idempotentProducer())
    })
  },
}

class Kcat {
  readonly data: string
  readonly group: string
  readonly idempotent: string
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
    this.data = `${place.prefix}-data`
    this.group = `${place.prefix}-group`
    this.idempotent = `${place.prefix}-idempotent`
  }

  async produce(): Promise<string> {
    const topics = await this.#run(['-L', '-J'])
    const { topics: listed } = JSON.parse(topics) as { topics: { topic: string }[] }
    same('listed', listed.filter(({ topic }) => topic === this.data).length, 1)
    for (const codec of CODECS) {
      // No value after the delimiter: null, by -Z.
      const lines = `${codec}-a:1 ключ漢🎉\n${codec}-b:\n${codec}-c:${codec.repeat(50)}\n`
      const words = ['-K', ':', '-Z', '-z', codec, '-H', 'trace=id', '-H', 'empty=']
      await this.#send(this.data, lines, words)
      await pause(5) // so that times differ
    }
    return CODECS.join(' ')
  }

  async consumeByAssignment(): Promise<void> {
    const lines = await this.#read('beginning')
    const expected = CODECS.flatMap((codec, at) => [
      [at * 3, `${codec}-a`, '1 ключ漢🎉'],
      [at * 3 + 1, `${codec}-b`, null],
      [at * 3 + 2, `${codec}-c`, codec.repeat(50)],
    ])
    same(
      'records',
      lines.map(({ offset, key, payload }) => [offset, key, payload]),
      expected,
    )
    for (const { headers } of lines) same('headers', headers, ['trace', 'id', 'empty', ''])
    const rest = await this.#read('7')
    same(
      'from offset 7',
      rest.map(({ offset }) => offset),
      [7, 8, 9, 10, 11, 12, 13, 14],
    )
    const last = await this.#read('-2')
    same(
      'the last two',
      last.map(({ offset }) => offset),
      [13, 14],
    )
  }

  async seekByTime(): Promise<void> {
    const { ts } = (await this.#read('beginning'))[6]!
    const found = await this.#run(['-Q', '-t', `${this.data}:0:${ts}`])
    same('offset at the time', found.trim(), `${this.data} [0] offset 6`)
    const read = await this.#read(`s@${ts}`)
    same(
      'from the time',
      read.map(({ offset }) => offset),
      [6, 7, 8, 9, 10, 11, 12, 13, 14],
    )
  }

  async groupWithRebalance(): Promise<string> {
    await this.#sendRound(0)
    const first = new Member(this.#place, this.group)
    await until('the first round is read', () => first.values.length === 40)
    const second = new Member(this.#place, this.group)
    await until('both have two', () => first.owned === 2 && second.owned === 2)
    await this.#sendRound(1)
    const count = () => new Set([...first.values, ...second.values]).size
    await until('the second round is read', () => count() === 80)
    const shared = second.values.filter((value) => value.startsWith('round 1 '))
    same('the second member read', shared.length, 20)
    await second.leave()
    await until('the first member has all again', () => first.owned === 4)
    await this.#sendRound(2)
    await until('the third round is read', () => count() === 120)
    await first.leave()
    const sent = [0, 1, 2].flatMap((round) => roundOfGroup(round).flat())
    return sameValues([...first.values, ...second.values], sent)
  }

  async commitAndResume(): Promise<void> {
    const read = async (count: number): Promise<number[]> => {
      const start = ['-X', 'auto.offset.reset=earliest', '-J', '-q', '-c', String(count)]
      const output = await this.#run([...start, '-G', `${this.#place.prefix}-resume`, this.data])
      return linesOf(output).map(({ offset }) => offset)
    }
    same('first', await read(6), [0, 1, 2, 3, 4, 5])
    same('after it', await read(9), [6, 7, 8, 9, 10, 11, 12, 13, 14])
  }

  async idempotentProducer(): Promise<void> {
    const values = Array.from({ length: 200 }, (_, n) => `value ${n}`)
    const options = ['-X', 'enable.idempotence=true', '-X', 'batch.num.messages=7']
    await this.#send(this.idempotent, values.join('\n'), options)
    const read = await this.#read('beginning', this.idempotent)
    same(
      'all in order',
      read.map(({ payload }) => payload),
      values,
    )
  }

  async #sendRound(round: number): Promise<void> {
    for (const [partition, values] of roundOfGroup(round).entries()) {
      await this.#send(this.group, values.join('\n'), ['-p', String(partition)])
    }
  }

  async #send(topic: string, input: string, words: readonly string[]): Promise<void> {
    await this.#run(['-P', '-t', topic, ...words], input)
  }

  async #read(from: string, topic = this.data): Promise<Line[]> {
    return linesOf(await this.#run(['-C', '-t', topic, '-p', '0', '-o', from, '-e', '-q', '-J']))
  }

  #run(words: readonly string[], input = ''): Promise<string> {
    return runCommand('kcat', ['-b', this.#place.bootstrap, '-m', '20', ...words], { input })
  }
}

/** One kcat -G: prints values, and on its standard error what it owns. */
class Member {
  readonly values: string[] = []
  owned = 0
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor({ bootstrap, prefix }: Place, topic: string) {
    const options = ['auto.offset.reset=earliest', 'heartbeat.interval.ms=300']
    const words = [...options, 'fetch.wait.max.ms=200', 'auto.commit.interval.ms=100']
    const given = words.flatMap((option) => ['-X', option])
    const all = ['-b', bootstrap, ...given, '-u', '-f', '%s\n', '-G', `${prefix}-members`, topic]
    this.#child = spawn('kcat', all, { stdio: ['ignore', 'pipe', 'pipe'] })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.values.push(line))
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      if (line.includes('revoked')) this.owned = 0
      else if (line.includes('assigned')) this.owned = line.match(/\[\d+\]/g)?.length ?? 0
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', resolve)
    })
  }

  async leave(): Promise<void> {
    await pause(300) // until what it has read is committed
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}

/** Ten values for each of four partitions. */
function roundOfGroup(round: number): string[][] {
  return [0, 1, 2, 3].map((partition) => {
    return Array.from({ length: 10 }, (_, n) => `round ${round} partition ${partition} record ${n}`)
  })
}

function linesOf(output: string): Line[] {
  const lines = output.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Line)
}
