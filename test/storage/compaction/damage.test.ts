// Damage that compaction meets: the log stays as it is, whoever runs the broker is told once what to do, and
// all others are compacted.

import { expect, test } from 'vitest'
import type { Logger } from '../../../src/observability/logger.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { splitBatches } from '../../../src/record/batch-reader.ts'
import { BATCH_LENGTH, CRC, MAGIC } from '../../../src/record/layout.ts'
import type { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { readAll } from '../log-fixture.ts'
import { COMPACTED, CompactionLife } from './compaction-life.ts'

const DIRECTORY = '/data/table-0'

interface Report {
  readonly facts: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A life beside a second compacted log, and what it logs about errors. */
async function begin(seed: number): Promise<{ life: CompactionLife; reports: Report[] }> {
  const reports: Report[] = []
  const logger: Logger = {
    ...silentLogger,
    error: (facts, text) => void reports.push({ facts: { ...facts }, text }),
  }
  const life = await CompactionLife.begin(new SeededRandom(seed), { manager: { logger } })
  await life.rig.topic('other', 1, COMPACTED)
  await fill(life)
  return { life, reports }
}

/** Some closed segments in both logs. */
async function fill(life: CompactionLife): Promise<void> {
  const other = life.rig.log('other')
  for (let count = 0; count < 40; count++) {
    life.append()
    if (count % 3 === 0) life.rig.append(other)
    if (count % 5 === 0) await life.settle()
  }
  life.log.roll()
  other.roll()
  await life.settle()
}

function contentBelow(files: MemoryFileSystem): Map<string, string> {
  const paths = files.filesBelow(DIRECTORY)
  return new Map(paths.map((path) => [path, files.contentOf(path).toString('hex')]))
}

/** Where each batch of a closed segment stands. */
function positionsIn(life: CompactionLife, path: string): number[] {
  let at = 0
  return splitBatches(life.rig.files.contentOf(path)).batches.map(({ bytes }) => {
    at += bytes.byteLength
    return at - bytes.byteLength
  })
}

function flip(files: MemoryFileSystem, path: string, positionBytes: number): void {
  const file = files.open(path, 'write')
  const byte = Buffer.alloc(1)
  file.read(byte, positionBytes)
  file.write([Buffer.of(byte[0]! ^ 0x10)], positionBytes)
  file.close()
}

async function compactAgain(life: CompactionLife): Promise<void> {
  await life.rig.pass(20_000)
  await life.rig.settled(life.rig.manager.runCompaction())
}

function pathOf(baseOffset: number): string {
  return `${DIRECTORY}/${String(baseOffset).padStart(20, '0')}.log`
}

test('a damaged log stays byte for byte, is told of once, and others are compacted', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const message = `seed ${seed}`
    const { life, reports } = await begin(seed)
    const { rig, random } = life
    const segments = life.log.segmentFacts()
    const damaged = segments[random.below(segments.length - 1)]!
    const path = pathOf(damaged.baseOffset)
    const at = random.pick(positionsIn(life, path))
    flip(rig.files, path, at + random.pick([BATCH_LENGTH, MAGIC, CRC, CRC + 4, CRC + 30]))
    const before = contentBelow(rig.files)
    const otherBytes = rig.log('other').sizeBytes

    await life.rig.settled(rig.manager.runCompaction())
    expect(contentBelow(rig.files), message).toEqual(before)
    expect(rig.log('other').sizeBytes, message).toBeLessThan(otherBytes)
    expect(rig.manager.stats().compaction, message).toMatchObject({ uncleanable: 1, passes: 1 })
    expect(reports, message).toHaveLength(1)
    const { facts, text } = reports[0]!
    expect(facts, message).toMatchObject({ partition: 'table-0', path, positionBytes: at })
    expect(text, message).toContain(`delete the records before offset ${damaged.endOffset}`)

    await fill(life)
    await compactAgain(life)
    expect(rig.manager.stats().compaction, message).toMatchObject({ uncleanable: 1, passes: 2 })
    expect(reports, message).toHaveLength(1)
    for (const [name, content] of before) {
      if (name.endsWith('.log') && name !== pathOf(segments.at(-1)!.baseOffset)) {
        expect(rig.files.contentOf(name).toString('hex'), message).toBe(content)
      }
    }
    // Produce went on; what lies behind the damage is read as ever.
    const rest = splitBatches(await readAll(life.log, damaged.endOffset)).batches
    expect(rest.at(-1)!.header.baseOffset, message).toBe(life.model.batches.at(-1)!.baseOffset)
    expect(life.log.offline, message).toBeNull()
  }
})

test('damage in what is clean leaves the segment and those behind it as they are', async () => {
  const { life, reports } = await begin(3)
  await life.compact()
  await fill(life)
  const clean = life.log.segmentFacts().filter(({ endOffset }) => endOffset <= life.cleanOffset())
  const damaged = clean.at(-1)!
  const path = pathOf(damaged.baseOffset)
  flip(life.rig.files, path, positionsIn(life, path)[0]! + CRC)
  const before = life.rig.files.contentOf(path)
  const cleanOffset = life.cleanOffset()
  await compactAgain(life)
  expect(reports).toHaveLength(1)
  expect(life.rig.files.contentOf(path).equals(before)).toBe(true)
  expect(life.cleanOffset()).toBe(cleanOffset)
  const names = life.rig.files.list(DIRECTORY)
  expect(names.filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([])
})

test('a log is compacted again when the damaged segment is gone', async () => {
  const { life, reports } = await begin(4)
  const { rig, log } = life
  const [, damaged] = log.segmentFacts()
  const path = pathOf(damaged!.baseOffset)
  flip(rig.files, path, positionsIn(life, path)[0]! + CRC)
  await life.rig.settled(rig.manager.runCompaction())
  expect(rig.manager.stats().compaction.uncleanable).toBe(1)
  await rig.settled(rig.manager.deleteRecordsBefore(log, damaged!.endOffset))
  life.passBegins()
  await compactAgain(life)
  await life.expectInOrder('after the damage was deleted')
  expect(rig.manager.stats().compaction.uncleanable).toBe(0)
  expect(life.cleanOffset()).toBe(log.segments.active.baseOffset)
  expect(reports).toHaveLength(1)
})

test('a restart looks again, and tells again', async () => {
  const { life, reports } = await begin(5)
  const [first] = life.log.segmentFacts()
  const path = pathOf(first!.baseOffset)
  flip(life.rig.files, path, CRC)
  await compactAgain(life)
  await life.rig.settled(life.rig.manager.close())
  await life.rig.open()
  expect(life.rig.manager.stats().compaction.uncleanable).toBe(0)
  await compactAgain(life)
  expect(life.rig.manager.stats().compaction.uncleanable).toBe(1)
  expect(reports).toHaveLength(2)
  await life.rig.settled(life.rig.manager.close())
  flip(life.rig.files, path, CRC) // put back
  await life.rig.open()
  life.passBegins()
  await compactAgain(life)
  await life.expectInOrder('after the file was put back')
  expect(reports).toHaveLength(2)
})
