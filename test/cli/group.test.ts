// Groups from the command line, against a broker: each a process of its own, as a user runs them.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Admin, Producer } from '../../src/client/index.ts'
import { BrokerProcess, NODE, SLUICE } from '../support/broker-process.ts'
import { isInstalled } from '../support/commands.ts'
import { SluiceCommand, sluice, type CommandResult } from '../support/sluice-command.ts'

const WITHIN_MS = 120_000
const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-groups-'))
let broker: BrokerProcess
let admin: Admin
let producer: Producer

beforeAll(async () => {
  const quick = [
    'group.consumer.session.timeout.ms=3000',
    'group.consumer.heartbeat.interval.ms=100',
  ]
  const flags = quick.flatMap((option) => ['--set', option])
  broker = await BrokerProcess.start(join(directory, 'data'), flags)
  admin = new Admin({ bootstrap: broker.addresses.grpc })
  producer = new Producer({ bootstrap: broker.addresses.grpc })
}, WITHIN_MS)

afterAll(async () => {
  await producer.close()
  await admin.close()
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

function environment(): Record<string, string> {
  return { SLUICE_BOOTSTRAP: broker.addresses.grpc }
}

function run(words: readonly string[], input = ''): Promise<CommandResult> {
  return sluice(words, { input, env: environment() })
}

async function output(words: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run(words, input)
  expect(code, stderr).toBe(0)
  return stdout
}

/** Records whose values are these numbers, as text. */
async function send(topic: string, from: number, to: number, partition?: number): Promise<void> {
  const place = partition === undefined ? {} : { partition }
  const sends = numbers(from, to).map((value) => {
    return producer.send({ topic, key: value, value, ...place })
  })
  await Promise.all(sends)
}

async function lagOf(group: string): Promise<number[]> {
  const { partitions } = await admin.describeGroup(group)
  return partitions.map(({ lag }) => lag)
}

function start(words: readonly string[]): SluiceCommand {
  return new SluiceCommand(words, null, environment())
}

async function stop(command: SluiceCommand): Promise<CommandResult> {
  command.signal('SIGINT')
  const result = await command.ended
  expect(result.code, result.stderr).toBe(0)
  return result
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `${from + n}`)
}

function lines(from: number, to: number): string {
  return numbers(from, to)
    .map((n) => `${n}\n`)
    .join('')
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** The lines of several outputs, in the order of their numbers. */
function sorted(...texts: readonly string[]): string {
  const all = texts.flatMap(linesOf).map(Number)
  return all
    .toSorted((a, b) => a - b)
    .map((n) => `${n}\n`)
    .join('')
}

describe('consume --group', () => {
  test(
    'goes on where it was ended, to the record',
    async () => {
      await admin.createTopic({ name: 'resume' })
      await send('resume', 0, 100)
      const words = ['consume', 'resume', '-g', 'resume', '-b']
      expect(await output([...words, '-n', '7'])).toBe(lines(0, 7))
      expect(await output([...words, '-n', '3'])).toBe(lines(7, 10))
      expect(await output([...words, '--no-follow'])).toBe(lines(10, 100))
      expect(await output([...words, '--no-follow'])).toBe('')
      const following = start(words)
      await send('resume', 100, 110)
      await following.until(({ stdout }) => linesOf(stdout).length === 10)
      const { stdout } = await stop(following)
      expect(stdout).toBe(lines(100, 110))
      expect(await admin.describeGroup('resume')).toMatchObject({ state: 'Empty' })
      expect(await lagOf('resume')).toEqual([0])
    },
    WITHIN_MS,
  )

  test(
    'shares partitions, and takes over from one that is killed',
    async () => {
      await admin.createTopic({ name: 'share', partitions: 4 })
      const words = ['consume', 'share', '--group', 'share', '--from-beginning', '-v']
      const first = start(words)
      await first.until(({ stderr }) => stderr.includes('group share: reads share:0-3\n'))
      const second = start(words)
      await second.until(({ stderr }) => stderr.includes('group share: reads share:'))
      await first.until(({ stderr }) => stderr.includes('group share: gives up share:'))
      await send('share', 0, 400)
      const count = (): number => linesOf(first.stdout).length + linesOf(second.stdout).length
      await Promise.race([first.until(() => count() >= 400), second.until(() => count() >= 400)])
      expect(sorted(first.stdout, second.stdout)).toBe(lines(0, 400))
      expect(linesOf(first.stdout).length).toBeGreaterThan(0)
      expect(linesOf(second.stdout).length).toBeGreaterThan(0)

      second.signal('SIGKILL')
      const { stdout: byDead } = await second.ended
      await first.until(({ stderr }) => stderr.split('reads share:').length > 2)
      await send('share', 400, 500)
      // What the dead one had printed and not committed may come again, and nothing is left out.
      const seen = (): Set<string> => new Set([...linesOf(first.stdout), ...linesOf(byDead)])
      await first.until(() => seen().size >= 500)
      await stop(first)
      expect(await lagOf('share')).toEqual([0, 0, 0, 0])
    },
    WITHIN_MS,
  )

  test(
    'reads all topics that match',
    async () => {
      for (const topic of ['match-a', 'match-b', 'no-match']) {
        await admin.createTopic({ name: topic })
        await producer.send({ topic, value: topic })
      }
      const words = ['consume', '-g', 'match', '--pattern', 'match-.*', '-b', '--no-follow']
      expect(linesOf(await output(words)).toSorted()).toEqual(['match-a', 'match-b'])
      const both = ['consume', 'match-a', 'no-match', '-b', '--no-follow']
      expect(linesOf(await output(both)).toSorted()).toEqual(['match-a', 'no-match'])
      expect(await run(['consume', '-g', 'match', '--pattern', '(a'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^sluice: INVALID_REGULAR_EXPRESSION: .*\n +--pattern takes the syntax of RE2/,
        ),
      })
    },
    WITHIN_MS,
  )
})

describe('group', () => {
  test(
    'is listed, described and deleted',
    async () => {
      await admin.createTopic({ name: 'life', partitions: 2 })
      await send('life', 0, 10, 0)
      const words = ['consume', 'life', '-g', 'life', '-b', '--instance-id', 'blue']
      await output([...words, '-n', '4'])
      const reader = start(words)
      await reader.until(({ stdout }) => linesOf(stdout).length === 6)
      expect(await output(['group', 'ls', '--state', 'Stable'])).toMatch(
        /^GROUP +STATE +PROTOCOL +TYPE\nlife +Stable +consumer +consumer\n$/,
      )
      expect(JSON.parse(await output(['group', 'list', '--type', 'classic', '--json']))).toEqual([])
      const text = await output(['group', 'describe', 'life'])
      expect(text).toMatch(/^group life: Stable, 1 member, lag \d\nconsumer protocol, assignor/)
      expect(text).toMatch(/^life +0 +(4|10) +10 +[06] +blue$/m)
      expect(text).toMatch(/^blue +sluice-cli +\S+ +\d+ +life:0-1 +- +- +life$/m)

      expect(await run(['group', 'delete', 'life', '--yes'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/NON_EMPTY_GROUP: .*\n +sluice group describe life shows/),
      })
      await stop(reader)
      // Its name is kept for it until its session is over.
      await waitUntil(async () => (await admin.describeGroup('life')).members.length === 0)
      expect(await run(['group', 'delete', 'life'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--yes deletes without asking'),
      })
      const part = ['group', 'delete', 'life', '--topic', 'life:0', '-y']
      expect(await output(part)).toBe('deleted 1 offset of group life in life\n')
      expect(await output(['group', 'delete', 'life', '-y'])).toBe('deleted group life\n')
      expect(await run(['group', 'describe', 'life'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/GROUP_ID_NOT_FOUND: .*\n +sluice group list shows/),
      })
      const again = ['group', 'delete', 'life', 'other', '-y', '--if-exists', '--json']
      expect(JSON.parse(await output(again))).toEqual([
        { group: 'life', deleted: false },
        { group: 'other', deleted: false },
      ])
    },
    WITHIN_MS,
  )

  test(
    'is reset, once that was looked at',
    async () => {
      await admin.createTopic({ name: 'move', partitions: 2 })
      for (const partition of [0, 1]) await send('move', 0, 10, partition)
      const to = { kind: 'latest' } as const
      await admin.resetGroupOffsets('move', { to, only: ['move'] })
      const plan = await run(['group', 'reset', 'move', '--shift-by', '-3', '-t', 'move:1'])
      expect(plan).toEqual({
        code: 0,
        stdout: 'TOPIC  PARTITION  FROM  TO  RECORDS\nmove           1    10   7  reads 3 again\n',
        stderr: 'nothing was changed; --execute makes it so\n',
      })
      expect(await lagOf('move')).toEqual([0, 0])
      const offsets = async (): Promise<number[]> => {
        const { partitions } = await admin.describeGroup('move')
        return partitions.map(({ committedOffset }) => committedOffset)
      }
      const steps: [string[], number[]][] = [
        [
          ['--shift-by', '-3', '-t', 'move:1'],
          [10, 7],
        ],
        [
          ['--to-earliest', '--topic', 'move:0'],
          [0, 7],
        ],
        [
          ['--to-offset', '99'],
          [10, 10],
        ],
        [
          ['--to-datetime', '2020-01-01'],
          [0, 0],
        ],
        [['--to-latest'], [10, 10]],
        [
          ['--by-duration', 'PT1H'],
          [0, 0],
        ],
      ]
      for (const [flags, expected] of steps) {
        await output(['group', 'reset', 'move', ...flags, '--execute'])
        expect([flags, await offsets()]).toEqual([flags, expected])
      }
      const json = ['group', 'reset', 'new', '--to-latest', '-t', 'move', '--execute', '--json']
      expect(JSON.parse(await output(json))).toEqual({
        groupId: 'new',
        executed: true,
        partitions: [0, 1].map((partition) => {
          return { topic: 'move', partition, before: -1, after: 10, error: null }
        }),
      })
    },
    WITHIN_MS,
  )

  test('says what is in the way', { timeout: WITHIN_MS }, async () => {
    expect(await run(['group', 'reset', 'nobody', '--to-latest'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('GROUP_ID_NOT_FOUND'),
    })
    expect(await run(['group', 'reset', 'g', '--to-latest', '-t', 'nothing'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('UNKNOWN_TOPIC_OR_PARTITION'),
    })
    const alone = ['consume', 'a', '-g', 'g', '--bootstrap', '127.0.0.1:1']
    expect(await run(alone)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: NETWORK_EXCEPTION: .*\n +is a broker there/),
    })
    const waiting = start(['consume', 'not-yet', '-g', 'waits', '-b'])
    await waiting.until(({ stderr }) => stderr.includes('there is no topic not-yet yet'))
    await send('not-yet', 0, 1)
    await waiting.until(({ stdout }) => stdout === lines(0, 1))
    await stop(waiting)
    expect(await run(['consume', 'a', '-g', ''])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--group must not be empty'),
    })
  })

  test(
    'is watched on a pipe as one snapshot behind the other, through its beginning',
    async () => {
      const watch = start(['group', 'describe', 'watched', '--watch', '--interval', '100ms'])
      await watch.until(({ stdout }) => stdout.includes('GROUP_ID_NOT_FOUND'))
      await admin.createTopic({ name: 'watched' })
      await send('watched', 0, 5)
      await output(['consume', 'watched', '-g', 'watched', '-b', '-n', '5'])
      await watch.until(({ stdout }) => /^watched +0 +5 +5 +0 +-$/m.test(stdout))
      const { stdout } = await stop(watch)
      expect(stdout).not.toContain('\x1b')
      const snapshots = stdout.trim().split(/\n\n(?=\d{4}-)/)
      expect(snapshots.length).toBeGreaterThan(2)
      for (const snapshot of snapshots) {
        expect(snapshot).toMatch(/^\d{4}-\d\d-\d\dT\S+Z\ngroup watched: /)
      }
      const json = start(['group', 'describe', 'watched', '-w', '--interval', '100ms', '--json'])
      await json.until(({ stdout: text }) => linesOf(text).length >= 2)
      const [line] = linesOf((await stop(json)).stdout)
      expect(JSON.parse(line!)).toMatchObject({ groupId: 'watched', totalLag: 0 })
    },
    WITHIN_MS,
  )

  test.skipIf(!isInstalled('script', '--version'))(
    'is watched on a terminal in one place',
    async () => {
      await admin.createTopic({ name: 'screen' })
      const to = { kind: 'latest' } as const
      await admin.resetGroupOffsets('screen', { to, only: ['screen'] })
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      const watch = `${NODE} ${SLUICE} group describe screen --watch --interval 100ms`
      const terminal = spawn('script', ['-qec', watch, '/dev/null'], {
        env: { ...process.env, ...environment(), TERM: 'xterm' },
      })
      onTestFinished(() => void terminal.kill())
      let shown = ''
      let isTold = false
      terminal.once('close', () => resolve())
      terminal.stdout.on('data', (bytes: Buffer) => {
        shown += bytes.toString()
        if (isTold || shown.split('group screen: Empty').length < 4) return
        isTold = true
        terminal.stdin.write('\x03')
      })
      await ended
      const [first, ...later] = shown.split('group screen: Empty')
      expect(first).toContain('\x1b[?25l')
      // Each frame goes up to where the one before began, and blanks nothing.
      for (const frame of later.slice(0, 2)) expect(plainEnd(frame)).toMatch(/ESC\[J\rESC\[\d+A$/)
      expect(shown).not.toContain('\x1b[2J')
      expect(plainEnd(shown.trimEnd())).toMatch(/ESC\[\?25h$/)
    },
    WITHIN_MS,
  )
})

/** The last of a text, with the escape character written out. */
function plainEnd(text: string): string {
  return text.slice(-40).replaceAll('\x1b', 'ESC')
}

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50))
}
