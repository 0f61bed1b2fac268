// The command against a broker, each a process of its own, as a user runs them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrokerProcess, NODE, SLUICE } from '../support/broker-process.ts'
import { isInstalled, runCommand } from '../support/commands.ts'
import { sluice, SluiceCommand, type CommandResult } from '../support/sluice-command.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
let broker: BrokerProcess

beforeAll(async () => {
  broker = await BrokerProcess.start(join(directory, 'data'))
})

afterAll(async () => {
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** Runs a command against the broker. */
function run(words: readonly string[], input: string | Uint8Array = ''): Promise<CommandResult> {
  return sluice(words, { input, env: { SLUICE_BOOTSTRAP: broker.addresses.grpc } })
}

/** Standard output of a command that has to succeed. */
async function output(words: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { code, stdout, stderr } = await run(words, input)
  expect(code, stderr).toBe(0)
  return stdout
}

async function json(words: readonly string[], input = ''): Promise<unknown> {
  return JSON.parse(await output([...words, '--json'], input))
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

test('speaks Kafka’s protocol where the address says so', async () => {
  const bootstrap = ['--bootstrap', `kafka://${broker.addresses.kafka}`]
  await output(['topic', 'create', 'over-kafka', ...bootstrap])
  await output(['produce', 'over-kafka', '-q', ...bootstrap], 'one\ntwo\n')
  const from = ['-b', '--no-follow']
  expect(await output(['consume', 'over-kafka', ...from, ...bootstrap])).toBe('one\ntwo\n')
  expect(await output(['consume', 'over-kafka', ...from])).toBe('one\ntwo\n')
  expect(await json(['cluster', ...bootstrap])).toMatchObject({ brokers: [{ brokerId: 1 }] })
  await output(['topic', 'delete', 'over-kafka', '--yes', ...bootstrap])
})

describe('topic', () => {
  test('is made, listed, described, altered and deleted', async () => {
    expect(await output(['topic', 'create', 'life', '-p', '2', '-c', 'retention.ms=7d'])).toBe(
      'created topic life with 2 partitions\n',
    )
    expect(await json(['topic', 'list'])).toEqual([
      expect.objectContaining({
        name: 'life',
        partitions: 2,
        configs: { 'retention.ms': '604800000' },
      }),
    ])
    expect(await output(['topic', 'ls'])).toMatch(
      /^TOPIC .*\nlife +2 +1 +retention\.ms=604800000\n/,
    )
    await output(['produce', 'life', '-p', '1', '-q'], 'one\ntwo\nthree\n')

    const altered = ['topic', 'alter', 'life', '-p', '3', '-c', 'segment.bytes=256MiB']
    const more = ['--unset', 'retention.ms', '--partition', '1', '--delete-before', '2']
    const would =
      'segment.bytes=268435456, retention.ms unset, 3 partitions, partition 1 starts at offset 2'
    expect(await output([...altered, ...more, '--dry-run'])).toBe(
      `would alter topic life: ${would}\n`,
    )
    expect(await json(['topic', 'describe', 'life'])).toMatchObject({
      partitions: 2,
      configs: { 'retention.ms': '604800000' },
    })
    expect(await output([...altered, ...more])).toBe(`altered topic life: ${would}\n`)
    expect(await json(['topic', 'describe', 'life'])).toMatchObject({
      partitions: 3,
      configs: { 'segment.bytes': '268435456' },
      partitionDescriptions: [{}, { logStartOffset: 2, highWatermark: 3, error: null }, {}],
    })
    const described = await output(['topic', 'describe', 'life', '--configs'])
    expect(described).toMatch(/^ +1 +1 +0 +1 +1 +2 +3 +\d+ B  online$/m)
    expect(described).toMatch(/^segment\.bytes=268435456 {2}\[/m)
    expect(described.split('\n').filter((line) => line.length > 100)).toEqual([])

    expect(await run(['topic', 'delete', 'life'])).toMatchObject({
      code: 2,
      stderr: 'sluice: not deleted: there is no terminal to ask on; --yes deletes without asking\n',
    })
    expect(await output(['topic', 'delete', 'life', '--yes'])).toBe('deleted topic life\n')
    expect(await json(['topic', 'list'])).toEqual([])
  })

  test('changes nothing when one of several changes is wrong', async () => {
    await output(['topic', 'create', 'whole'])
    const { code, stderr } = await run([
      'topic',
      'alter',
      'whole',
      '-c',
      'retention.ms=1h',
      '-p',
      '1',
    ])
    expect([code, stderr]).toEqual([1, expect.stringContaining('INVALID_PARTITIONS')])
    expect(await json(['topic', 'describe', 'whole'])).toMatchObject({ configs: {} })
  })

  test('tolerates what is there or is not, when told to', async () => {
    expect(await json(['topic', 'create', 'again'])).toMatchObject({ created: true, partitions: 1 })
    expect(await json(['topic', 'create', 'again', '--if-not-exists'])).toMatchObject({
      created: false,
    })
    expect(await json(['topic', 'create', 'unborn', '--dry-run'])).toMatchObject({ created: false })
    const gone = ['topic', 'delete', 'unborn', '-y', '--if-exists']
    expect(await json(gone)).toEqual({ topic: 'unborn', deleted: false })
  })
})

describe('produce and consume', () => {
  test('take and give lines: empty ones, bytes of any kind, one without a line feed', async () => {
    const bytes = Buffer.concat([
      Buffer.from('one\n\n'),
      Buffer.from([0xff, 0x00, 0x0d, 0x0a]),
      Buffer.from('last'),
    ])
    const path = file('lines', bytes)
    expect(await json(['produce', 'lines', '--file', path])).toEqual({
      ...{ topic: 'lines', records: 4, bytes: 14 },
    })
    await output(['produce', 'lines', '-q'], bytes)
    const read = await new SluiceCommand(
      ['consume', 'lines', '-b', '--no-follow', '--bootstrap', broker.addresses.grpc],
      '',
      {},
    ).ended
    expect(Buffer.from(read.stdout)).toEqual(Buffer.from(`${bytes}\n`.repeat(2)))
  })

  test('carry 100,000 lines through each compression, identical', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `${i} ${'x'.repeat(i % 60)}`).join('\n')
    const path = file('many', `${lines}\n`)
    const all = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(async (codec) => {
      await output(['produce', `many-${codec}`, '-f', path, '-z', codec, '-q'])
      expect(await output(['consume', `many-${codec}`, '-b', '--no-follow'])).toBe(`${lines}\n`)
    })
    await Promise.all(all)
    const sizes = await Promise.all(
      ['none', 'zstd'].map(async (codec) => {
        const topic = (await json(['topic', 'describe', `many-${codec}`])) as {
          partitionDescriptions: { sizeBytes: number }[]
        }
        return topic.partitionDescriptions[0]!.sizeBytes
      }),
    )
    expect(sizes[1]).toBeLessThan(sizes[0]! / 3)
  })

  test('read by offset, time, partition, and end after a count', async () => {
    await output(['topic', 'create', 'places', '-p', '3'])
    for (const partition of ['0', '1', '2']) {
      const lines = [0, 1, 2, 3].map(
        (n) => `{"value":"${partition}.${n}","timestamp":${1e12 + n * 1e6}}`,
      )
      await output(
        ['produce', 'places', '--format', 'json', '-p', partition, '-q'],
        lines.join('\n'),
      )
    }
    const read = async (...flags: string[]): Promise<string[]> => {
      const text = await output(['consume', 'places', '--no-follow', ...flags])
      return text.split('\n').slice(0, -1).toSorted()
    }
    expect(await read('--from', 'beginning')).toHaveLength(12)
    expect(await read('--from', '2')).toEqual(['0.2', '0.3', '1.2', '1.3', '2.2', '2.3'])
    expect(await read('--from', '3', '-p', '0', '-p', '2')).toEqual(['0.3', '2.3'])
    expect(await read('--from', new Date(1e12 + 1.5e6).toISOString(), '-p', '1')).toEqual([
      '1.2',
      '1.3',
    ])
    expect(await read('-b', '-n', '5')).toHaveLength(5)
    expect(await read('--from', 'end')).toEqual([])
    expect(await read('--from', '1h')).toEqual([])
    const { stdout, stderr } = await run([
      'consume',
      'places',
      '--from',
      '99',
      '-p',
      '0',
      '--no-follow',
    ])
    expect([stdout, stderr]).toEqual([
      '',
      'sluice: places-0 has offsets from 0, and the next will be 4; it is read from 4\n',
    ])
  })

  test('follow what comes, until a count or Ctrl-C', async () => {
    await output(['topic', 'create', 'live'])
    const connection = ['--bootstrap', broker.addresses.grpc]
    const counted = new SluiceCommand(['consume', 'live', '-b', '-n', '2', ...connection], '', {})
    const followed = new SluiceCommand(['consume', 'live', '-b', ...connection], '', {})
    const typed = new SluiceCommand(['produce', 'live', '--linger', '0', ...connection], null, {})
    typed.write('one\n')
    await followed.until(({ stdout }) => stdout === 'one\n')
    typed.write('two\nhalf a li')
    expect(await counted.ended).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' })
    await followed.until(({ stdout }) => stdout === 'one\ntwo\n')
    followed.signal('SIGINT')
    expect(await followed.ended).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' })
    typed.signal('SIGINT')
    expect(await typed.ended).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/^produced 2 records \(8 B\) in /),
    })
  })

  test('keep keys, headers, times, null and empty through JSON, both ways', async () => {
    const records = [
      {
        key: 'k',
        value: 'größer\n',
        headers: [
          { name: 'a', value: '1' },
          { name: 'a', value: null },
        ],
      },
      { key: null, value: null },
      { key: '', value: '', headers: [{ name: '', value: '' }] },
      { keyBase64: '/wA=', valueBase64: 'w/8=', headers: [{ name: 'b', valueBase64: '/w==' }] },
    ].map((record, i) => ({ ...record, timestamp: 1_700_000_000_000 + i }))
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    await output(['produce', 'json', '--format', 'json', '-q'], lines)
    const first = await output(['consume', 'json', '-b', '--no-follow', '--json'])
    expect(
      first
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(records.map((record, offset) => ({ topic: 'json', partition: 0, offset, ...record })))

    await output(['produce', 'copy', '--format', 'json', '-q'], first)
    const second = await output(['consume', 'copy', '-b', '--no-follow', '--json'])
    expect(second.replaceAll('"topic":"copy"', '"topic":"json"')).toBe(first)
  })

  test('split keys from values, add headers, and show all of a record', async () => {
    const flags = ['-k', '::', '-H', 'from=test', '-H', 'empty=', '-q', '--acks', '1']
    await output(['produce', 'keyed', ...flags], 'a::1\nno key\n::2\nb::3::4\n')
    const read = (...words: string[]): Promise<string> => {
      return output(['consume', 'keyed', '-b', '--no-follow', ...words])
    }
    expect(await read('--format', 'key-value', '--key-separator', ' > ')).toBe(
      'a > 1\n > no key\n > 2\nb > 3::4\n',
    )
    expect(await read('--format', 'full', '-n', '2')).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z {2}keyed-0@0 {2}a {2}1 {2}from=test {2}empty=\n.*@1 {2}\(no key\) {2}no key {2}from=test/,
    )
  })

  test('send equal keys to one partition, and different keys to several', async () => {
    await output(['topic', 'create', 'spread', '-p', '3'])
    const lines = Array.from({ length: 30 }, (_, i) => `key-${i % 10}:${i}\n`).join('')
    await output(['produce', 'spread', '-k', ':', '-q'], lines)
    const text = await output(['consume', 'spread', '-b', '--no-follow', '--json'])
    const records = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { key: string; partition: number })
    const partitions = new Map(records.map(({ key, partition }) => [key, partition]))
    expect(records).toHaveLength(30)
    for (const { key, partition } of records) expect(partitions.get(key)).toBe(partition)
    expect(new Set(partitions.values()).size).toBeGreaterThan(1)
  })

  test('end in silence when the reader of a pipe has enough', async () => {
    const words = ['consume', 'many-none', '-b', '--bootstrap', broker.addresses.grpc]
    const child = new SluiceCommand(words, '', {})
    await child.until(({ stdout }) => stdout.includes('\n'))
    child.stopReading()
    expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

// `script` of util-linux gives a command a terminal.
describe.skipIf(!isInstalled('script', '--version'))('in a terminal', () => {
  const inTerminal = (words: readonly string[], input = ''): Promise<string> => {
    const line = [NODE, SLUICE, ...words, '--bootstrap', broker.addresses.grpc].join(' ')
    return runCommand(
      'script',
      ['-qec', `stty cols 100; env -u NO_COLOR -u CI ${line}`, '/dev/null'],
      {
        input,
        env: { TERM: 'xterm' },
      },
    )
  }

  test('produce shows a bar that ends in a sentence', async () => {
    const path = file('bar', 'a line of some length, many times\n'.repeat(300_000))
    const shown = stripVTControlCharacters(await inTerminal(['produce', 'bar', '--file', path]))
    expect(shown).toMatch(/produced \[[█░]{24}\] \d+% \| [\d,]+ records\/s, .* left/)
    expect(shown).toMatch(/produced 300,000 records \(9\.7 MiB\) in [\d.]+ m?s, /)
  })

  test('topic delete asks, and takes anything but yes for a no', async () => {
    await output(['topic', 'create', 'asked'])
    const no = inTerminal(['topic', 'delete', 'asked'], 'n\n')
    await expect(no).rejects.toThrow(/delete topic asked .*\? \[y\/N\][^]*sluice: not deleted/)
    expect(await inTerminal(['topic', 'delete', 'asked'], 'y\n')).toContain('deleted topic asked')
  })

  test('headings are bold', async () => {
    await output(['topic', 'create', 'bold'])
    expect(await inTerminal(['topic', 'list'])).toContain('\u001b[1mTOPIC')
  })
})

describe('what goes wrong', () => {
  test('in a line ends the command, and the lines before it are there', async () => {
    const lines = '{"value":"good"}\n{"value":"better"}\nbad\n{"value":"never"}\n'
    const { code, stderr } = await run(['produce', 'half', '--format', 'json'], lines)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^produced 2 records .*\nsluice: line 3: it is no JSON: .*; the lines before it were produced\n$/,
    )
    expect(await output(['consume', 'half', '-b', '--no-follow'])).toBe('good\nbetter\n')
  })

  test('with a record names its line, also when it is the last one', async () => {
    const { code, stderr } = await run(
      ['produce', 'large', '-q'],
      `small\n${'x'.repeat(2_000_000)}`,
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^sluice: MESSAGE_TOO_LARGE: .*line=2.*\n {8}sluice topic alter/)
  })

  test.concurrent.each([
    [['consume', 'nowhere'], 1, /UNKNOWN_TOPIC_OR_PARTITION.*nowhere.*\n.*sluice topic list/],
    [['consume', 'again', '-p', '7'], 2, /--partition 7: topic again has partition 0 only/],
    [['consume', 'again', '-b', '--from', '3'], 2, /--from-beginning and --from are both given/],
    [['produce', 'again', '-f', '/nowhere'], 1, /can't read --file \/nowhere: no such file/],
    [['produce', 'again', '-f', '/tmp'], 1, /can't read --file \/tmp: .*directory/],
    [['produce', 'again', '--batch-bytes', '1GB'], 2, /--batch-bytes must be a whole number, 1024/],
    [['produce', 'a b'], 0, /^produced 0 records/],
    [['topic', 'create', 'a b'], 1, /INVALID_TOPIC_EXCEPTION: The topic name "a b" has characters/],
    [['topic', 'create', 'again'], 1, /TOPIC_ALREADY_EXISTS.*\n.*--if-not-exists/],
    [
      ['topic', 'create', 'n', '-c', 'retention.mss=1'],
      1,
      /retention.mss.*Did you mean retention.ms/,
    ],
    [
      ['topic', 'create', 'n', '-c', 'retention.ms=x'],
      1,
      /retention.ms = x: Allowed is -1 or more/,
    ],
    [
      ['topic', 'create', 'n', '-p', '0'],
      2,
      /--partitions <count>' argument '0' is invalid. It is a whole/,
    ],
    [['topic', 'alter', 'again'], 2, /nothing to alter; give --config/],
    [
      ['topic', 'alter', 'again', '--partition', '0', '-p', '2'],
      2,
      /--partition is for --delete-before/,
    ],
    [['topic', 'alter', 'again', '--delete-before', '9'], 1, /--delete-before 9 is beyond the end/],
    [['topic', 'describe'], 2, /missing required argument 'name'\n.*sluice topic describe --help/],
    [['cluster', '--bootstrap', ':9'], 2, /--bootstrap.*':9' is invalid. It is host:port/],
    [
      ['cluster', '--bootstrap', '127.0.0.1:1'],
      1,
      /No broker answers: .*127.0.0.1:1\n.*sluice start/,
    ],
    [
      ['health', '--http', '127.0.0.1:1'],
      1,
      /no broker answers at http:\/\/127.0.0.1:1\/readyz: .*--http/,
    ],
  ])('with %j ends with %i and says why', async (words, code, reason) => {
    const result = await run(words)
    expect(result.stderr).toMatch(reason)
    expect(result.stderr).not.toMatch(/^ +at /m)
    expect(result.code).toBe(code)
    expect(result.stdout).toBe('')
  })
})

describe('the broker', () => {
  test('is healthy, and shows itself and its options', async () => {
    expect(await output(['health', '--http', broker.addresses.http])).toBe('ready\n')
    const { grpc } = broker.addresses
    expect(await json(['cluster'])).toMatchObject({ brokers: [{ brokerId: 1, address: grpc }] })
    const text = await output(['cluster', '--configs'])
    expect(text).toMatch(/^BROKER {2}ADDRESS .*\n +1 {2}127\.0\.0\.1:/m)
    expect(text).toMatch(
      /^log\.retention\.ms=.*\n {2}retention\.ms of topics .* Age at which records/m,
    )
  })

  test('is measured by bench, which leaves no topic behind', async () => {
    const flags = ['-n', '5000', '--producers', '2', '--partitions', '2', '--record-size', '1KiB']
    const { topic, phases } = (await json(['bench', ...flags])) as {
      topic: string
      phases: { phase: string; records: number; latencyMs: Record<string, number> | null }[]
    }
    expect(phases).toMatchObject([
      { phase: 'produce', records: 5000, latencyMs: { p50: expect.any(Number) } },
      { phase: 'consume', records: 5000, latencyMs: null },
    ])
    const { 'p99.9': p999, max, p50 } = phases[0]!.latencyMs!
    expect(0 < p50! && p50! <= p999! && p999! <= max!).toBe(true)
    expect(await output(['topic', 'list'])).not.toContain(topic)
    const paced = await output(['bench', '-n', '500', '--rate', '5000', '--no-consume'])
    expect(paced).toMatch(/RECORDS\/S.*\nproduce +[\d,]+ .* ms\n$/)
  })
})
