// A broker is killed at each step by which compaction puts segments in the place of others, and at each step
// of the start that finishes it. What was acknowledged is there, at its offset, and nothing is left over.
// The steps: src/storage/compaction/README.md.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'
import { isInstalled, prepared, runCommand } from '../support/commands.ts'
import { KafkaClient } from '../support/kafka-client.ts'
import { killAt, type KillPoint } from '../support/kill-at.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { TableWriter } from '../support/table-writer.ts'
import { valuesOf, WrittenTable, type PlacedRecord } from '../support/written-table.ts'

const TOPIC = 'table'
const SEGMENT_BYTES = 1_048_576
const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(SEGMENT_BYTES),
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
  'file.delete.delay.ms': '200',
}
const COMPACTING = ['--set', 'log.cleaner.backoff.ms=50']
const NOT_COMPACTING = ['--set', 'log.cleaner.enable=false']

/** Files of the log after a kill, by kind: how many of each. */
interface Left {
  /** Made, and not committed. */
  readonly cleaned: number
  /** Committed, and not in place. */
  readonly swap: number
  /** Indexes that were made, and do not have their names. */
  readonly indexes: number
  /** Old logs that still have their names: those of the first group, which has several. */
  readonly old: number
  /** Old logs that gave up their names. */
  readonly retired: number
}

interface Step {
  readonly name: string
  readonly at: KillPoint
  readonly left: Partial<Left>
}

/** The first group of a pass is made of this many segments. */
const GROUP = 4

const at = (
  when: KillPoint['when'],
  call: KillPoint['call'],
  path: RegExp,
  nth = 1,
): KillPoint => ({ when, call, path, nth })

const CLEANED = /\.log\.cleaned$/
const COMMIT = /\.log\.swap$/
const RETIRE = /\.log\.deleted$/
/** An old file whose blocks are being freed. */
const FREED = /\.log\.deleted\.deleted$/
const FINISH = /\/table-0\/0{20}\.log$/
const CHECKPOINT = /\/cleaner-offset-checkpoint$/

const STEPS: readonly Step[] = [
  { name: 'a segment begun', at: at('after', 'make', CLEANED), left: { cleaned: 1, indexes: 0 } },
  {
    name: 'its indexes begun',
    at: at('after', 'make', /\.txnindex\.swap$/),
    left: { cleaned: 1, swap: 0 },
  },
  { name: 'made', at: at('before', 'rename', COMMIT), left: { cleaned: 1, indexes: 3, swap: 0 } },
  {
    name: 'committed',
    at: at('after', 'rename', COMMIT),
    left: { cleaned: 0, indexes: 3, swap: 1, old: GROUP, retired: 0 },
  },
  {
    name: 'the last old log retired',
    at: at('after', 'rename', RETIRE, 1),
    left: { swap: 1, indexes: 3, old: GROUP - 1, retired: 1 },
  },
  {
    name: 'two retired',
    at: at('before', 'rename', RETIRE, 3),
    left: { swap: 1, indexes: 3, old: GROUP - 2, retired: 2 },
  },
  {
    name: 'the first old log retired, and not its indexes',
    at: at('after', 'rename', RETIRE, GROUP),
    left: { swap: 1, indexes: 3, old: 0, retired: GROUP },
  },
  {
    name: 'all retired',
    at: at('before', 'rename', /\/0{20}\.index$/),
    left: { swap: 1, indexes: 3, old: 0 },
  },
  {
    name: 'an index settled',
    at: at('after', 'rename', /\/0{20}\.index$/),
    left: { swap: 1, indexes: 2 },
  },
  {
    name: 'two indexes settled',
    at: at('after', 'rename', /\/0{20}\.timeindex$/),
    left: { swap: 1, indexes: 1 },
  },
  {
    name: 'an empty index of transactions settled',
    at: at('before', 'remove', /\/0{20}\.txnindex$/),
    left: { swap: 1, indexes: 0 },
  },
  { name: 'settled', at: at('before', 'rename', FINISH), left: { swap: 1, indexes: 0, old: 0 } },
  { name: 'finished', at: at('after', 'rename', FINISH), left: { swap: 0, indexes: 0, old: 1 } },
  {
    name: 'the next group made',
    at: at('before', 'rename', COMMIT, 2),
    left: { cleaned: 1, indexes: 3, swap: 0 },
  },
  { name: 'the next group committed', at: at('after', 'rename', COMMIT, 2), left: { swap: 1 } },
  {
    name: 'the third group retired',
    at: at('after', 'rename', RETIRE, GROUP + 2),
    left: { swap: 1, indexes: 3 },
  },
  {
    name: 'all swapped, and no checkpoint of it',
    at: at('before', 'rename', CHECKPOINT),
    left: { cleaned: 0, swap: 0, indexes: 0 },
  },
  {
    name: 'the checkpoint written',
    at: at('after', 'rename', CHECKPOINT),
    left: { cleaned: 0, swap: 0, indexes: 0 },
  },
  {
    name: 'old files that are about to go',
    at: at('before', 'rename', FREED),
    left: { cleaned: 0, swap: 0, indexes: 0 },
  },
  { name: 'an old log freed', at: at('before', 'remove', FREED), left: { swap: 0, indexes: 0 } },
  { name: 'an old log gone', at: at('after', 'remove', FREED), left: { swap: 0, indexes: 0 } },
]

/** Where the start is killed that finds the log as another step left it. */
const STARTS: readonly { readonly after: string; readonly name: string; readonly at: KillPoint }[] =
  [
    {
      after: 'made',
      name: 'what was made is removed',
      at: at('after', 'remove', /\.timeindex\.swap$/),
    },
    {
      after: 'committed',
      name: 'old indexes are removed',
      at: at('after', 'remove', /\.index$/, 2),
    },
    { after: 'committed', name: 'old logs are removed', at: at('after', 'remove', /\.log$/, 2) },
    {
      after: 'two retired',
      name: 'an index is settled',
      at: at('after', 'rename', /\/0{20}\.index$/),
    },
    { after: 'settled', name: 'the log gets its name', at: at('before', 'rename', FINISH) },
    {
      after: 'an empty index of transactions settled',
      name: 'the log has its name',
      at: at('after', 'rename', FINISH),
    },
  ]

let root: string
/** A log with several small clean segments and several dirty ones, stopped. */
let template: string
const written = new WrittenTable()

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'compaction-kill-'))
  template = join(root, 'template')
  const random = new SeededRandom(1)
  let broker = await BrokerProcess.start(template, NOT_COMPACTING)
  let client = await KafkaClient.connect(broker.addresses.kafka)
  const writer = new TableWriter(client, TOPIC, written, random)
  await writer.create(CONFIGS)
  await writer.write((GROUP + 0.2) * SEGMENT_BYTES)
  client.close()
  await broker.stop()
  broker = await BrokerProcess.start(template, COMPACTING)
  await compacted(broker)
  await broker.stop()
  broker = await BrokerProcess.start(template, NOT_COMPACTING)
  client = await KafkaClient.connect(broker.addresses.kafka)
  await new TableWriter(client, TOPIC, written, random).write(3 * SEGMENT_BYTES)
  client.close()
  await broker.stop()
}, 120_000)

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Waits until a pass has ended, and nothing is dirty. */
async function compacted(broker: BrokerProcess): Promise<void> {
  for (;;) {
    const passes = await broker.metric('sluice_compactions_total')
    const ratio = await broker.metric('sluice_compaction_dirty_ratio_max')
    if (passes > 0 && ratio === 0) return
    await delay(50)
  }
}

function filesOf(directory: string): string[] {
  return readdirSync(join(directory, `${TOPIC}-0`)).sort()
}

function leftIn(directory: string): Left {
  const names = filesOf(directory)
  const count = (pattern: RegExp): number => names.filter((name) => pattern.test(name)).length
  const first = filesOf(template)
    .filter((name) => name.endsWith('.log'))
    .slice(0, GROUP)
  return {
    cleaned: count(/\.log\.cleaned$/),
    swap: count(/\.log\.swap$/),
    indexes: count(/index\.swap$/),
    old: first.filter((name) => names.includes(name)).length,
    retired: count(/\.log\.deleted$/),
  }
}

/** Lets compaction begin, and records come in meanwhile, until the process has killed itself. */
async function killed(directory: string, table: WrittenTable, point: KillPoint): Promise<void> {
  const broker = await BrokerProcess.start(directory, COMPACTING, killAt(point))
  try {
    const client = await KafkaClient.connect(broker.addresses.kafka)
    const writer = new TableWriter(client, TOPIC, table, new SeededRandom(2))
    const writing = (async () => {
      // Less than a segment in all: what is closed meanwhile would change the groups.
      for (let count = 0; count < 20; count++) await writer.write(1)
    })().catch(() => undefined)
    await Promise.race([broker.ended(), delay(60_000)])
    expect(broker.isRunning).toBe(false)
    expect(await broker.ended()).toBe('SIGKILL')
    await writing
  } finally {
    await broker.stop('SIGKILL')
  }
}

/** Everything from the start of the log to its end, by a client that we did not write. */
async function readAll(broker: BrokerProcess): Promise<PlacedRecord[]> {
  const from = ['-C', '-b', broker.addresses.kafka, '-t', TOPIC, '-p', '0', '-o', 'beginning']
  const output = await runCommand('kcat', [
    ...[...from, '-e', '-q', '-X', 'check.crcs=true'],
    ...['-f', '%o %k %S %s\\n'],
  ])
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [, offset, key, size, value] = /^(\d+) (\S+) (-?\d+) (.*)$/.exec(line)!
      return { offset: Number(offset), key: key!, value: size === '-1' ? null : value! }
    })
}

function cleanOffsetOf(directory: string): number {
  const text = readFileSync(join(directory, 'cleaner-offset-checkpoint'), 'utf8')
  return Number(new RegExp(`^${TOPIC} 0 (\\d+)$`, 'm').exec(text)![1])
}

/** What is there is in order, whoever starts it; it goes on, and is compacted to its end. */
async function expectInOrder(directory: string, table: WrittenTable): Promise<void> {
  const leftovers = /\.(cleaned|swap)$/
  let broker = await BrokerProcess.start(directory, NOT_COMPACTING)
  try {
    expect(filesOf(directory).filter((name) => leftovers.test(name))).toEqual([])
    const client = await KafkaClient.connect(broker.addresses.kafka)
    const found = await readAll(broker)
    expect(table.problems(found, cleanOffsetOf(directory))).toEqual([])
    expect(valuesOf(found)).toEqual(table.values())
    const { endOffset } = table
    await new TableWriter(client, TOPIC, table, new SeededRandom(3)).write(SEGMENT_BYTES)
    client.close()
    expect(await broker.stop()).toBe(0)
    broker = await BrokerProcess.start(directory, COMPACTING)
    await compacted(broker)
    const after = await readAll(broker)
    expect(table.problems(after, cleanOffsetOf(directory))).toEqual([])
    expect(valuesOf(after)).toEqual(table.values())
    expect(after.length).toBeLessThan(found.length + table.endOffset - endOffset)
    expect(await broker.metric('sluice_uncleanable_partitions')).toBe(0)
    while (filesOf(directory).some((name) => name.endsWith('.deleted'))) await delay(50)
    expect(filesOf(directory).filter((name) => leftovers.test(name))).toEqual([])
    expect(await broker.stop()).toBe(0)
  } finally {
    await broker.stop('SIGKILL')
  }
}

/** Runs something in a copy of the template. */
async function inCopy(
  act: (directory: string, table: WrittenTable) => Promise<void>,
): Promise<void> {
  const directory = join(root, 'copy')
  cpSync(template, directory, { recursive: true })
  try {
    await act(directory, written.fork())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const missing = await prepared('kcat', async () => {
  return isInstalled('kcat', '-V') ? null : 'there is no kcat'
})
const killing = test.skipIf(missing !== null)

killing.each(STEPS)('killed at: $name', { timeout: 120_000 }, async (step) => {
  await inCopy(async (directory, table) => {
    await killed(directory, table, step.at)
    expect(leftIn(directory)).toMatchObject(step.left)
    await expectInOrder(directory, table)
  })
})

killing.each(STARTS)(
  'killed at: $after, and at the start when $name',
  { timeout: 120_000 },
  async ({ after, at: point }) => {
    await inCopy(async (directory, table) => {
      await killed(directory, table, STEPS.find(({ name }) => name === after)!.at)
      await expect(BrokerProcess.start(directory, COMPACTING, killAt(point))).rejects.toThrow(
        'ended with SIGKILL',
      )
      await expectInOrder(directory, table)
    })
  },
)
