// What a stop leaves, and what opening makes of it: torn tails, damage, lost and wrong side files.

import { crc32c } from '@node-rs/crc32'
import { describe, expect, test } from 'vitest'
import type { BrokerError } from '../../src/base/errors.ts'
import type { ReadOptions } from '../../src/storage/log-reader.ts'
import { encodeSnapshot } from '../../src/storage/producer-state/snapshot-format.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf, seal, testBatch } from '../support/batches.ts'
import type { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { DIRECTORY, fileOf, LogFixture, readAll, type FixtureOptions } from './log-fixture.ts'

interface Written {
  readonly files: MemoryFileSystem
  /** End offset and position after each batch of the last segment, first the beginning. */
  readonly ends: readonly { readonly offset: number; readonly bytes: number }[]
  readonly lastBase: number
  readonly all: Buffer
}

/** A log that was killed: the page cache is as it was. `batches` of it stand in the last segment. */
async function killedLog(count: number, options: FixtureOptions = {}): Promise<Written> {
  const fixture = await LogFixture.open(options)
  let ends = [{ offset: 0, bytes: 0 }]
  let lastBase = 0
  for (let n = 0; n < count; n++) {
    const records = (n % 3) + 1
    fixture.append(batchOf(records, 20 + (n % 7), { timestamp: 5_000 + n * 10 }))
    const { active } = fixture.log.segments
    if (active.baseOffset !== lastBase) ends = [{ offset: active.baseOffset, bytes: 0 }]
    lastBase = active.baseOffset
    ends.push({ offset: fixture.log.logEndOffset, bytes: active.sizeBytes })
  }
  const all = await readAll(fixture.log, 0)
  await fixture.sync()
  fixture.files.kill()
  return { files: fixture.files, ends, lastBase, all }
}

describe('a tail torn at every byte of the last three batches', () => {
  // One layout with all batches in one segment, one where the last segment has just been begun.
  test.each([
    ['one segment', 6, 1_000_000],
    ['a segment of three batches', 21, 1_150],
  ])('%s', async (_, count, segmentBytes) => {
    const config = { segmentBytes }
    const { files, ends, lastBase, all } = await killedLog(count, { config })
    expect(ends.length).toBeGreaterThanOrEqual(4)
    const path = fileOf(lastBase)
    const whole = files.contentOf(path)
    const earlier = all.byteLength - whole.byteLength
    const from = ends.at(-4)!.bytes
    const random = new SeededRandom(41)

    for (let cut = from; cut < whole.byteLength; cut++) {
      const rest = whole.byteLength - cut
      const tails = {
        nothing: Buffer.alloc(0),
        zeroes: Buffer.alloc(rest),
        'more zeroes': Buffer.alloc(rest + 4096),
        garbage: random.bytes(rest),
      }
      for (const [name, tail] of Object.entries(tails)) {
        const disk = files.clone()
        const torn = Buffer.concat([whole.subarray(0, cut), tail])
        disk.put(path, torn)
        // A batch whose last bytes were zeroes anyway is whole when zeroes follow the cut.
        const kept = ends.findLast(({ bytes }) => {
          return torn.subarray(0, bytes).equals(whole.subarray(0, bytes))
        })!
        const { log, opened } = await LogFixture.open({ config }, disk)
        const what = `${name} from byte ${cut}, seed ${random.seed}`
        expect(log.logEndOffset, what).toBe(kept.offset)
        expect(log.durableOffset, what).toBe(kept.offset)
        expect(disk.contentOf(path).equals(whole.subarray(0, kept.bytes)), what).toBe(true)
        const read = await readAll(log, 0, 1_000_000)
        expect(read.equals(all.subarray(0, earlier + kept.bytes)), what).toBe(true)
        expect(opened.report.damage, what).toEqual([])
      }
    }
  })

  test('segments behind a torn one go', async () => {
    const { files } = await killedLog(60)
    const names = files
      .list(DIRECTORY)
      .filter((name) => name.endsWith('.log'))
      .sort()
    expect(names.length).toBeGreaterThan(3)
    const path = `${DIRECTORY}/${names[1]!}`
    files.damage(path, files.contentOf(path).byteLength - 10, Buffer.from('damage'))
    const { log, opened } = await LogFixture.open({}, files)
    expect(log.segments.count).toBe(2)
    expect(opened.report.removedSegments.length).toBe(names.length - 2)
    expect(log.logEndOffset).toBeLessThan(Number.parseInt(names[2]!, 10))
    const left = files.list(DIRECTORY).filter((name) => name.endsWith('.log'))
    expect(left.sort()).toEqual(names.slice(0, 2))
  })

  test('batches that are missing before a later segment take that one with them', async () => {
    const { files } = await killedLog(60)
    const names = files
      .list(DIRECTORY)
      .filter((name) => name.endsWith('.log'))
      .sort()
    const path = `${DIRECTORY}/${names[1]!}`
    const content = files.contentOf(path)
    const first = 12 + content.readInt32BE(8)
    files.put(path, content.subarray(0, first))
    const { log } = await LogFixture.open({}, files)
    expect(log.segments.count).toBe(2)
    expect(log.logEndOffset).toBe(log.segments.active.baseOffset + content.readInt32BE(23) + 1)
  })
})

describe('rebuilt indexes', () => {
  test('equal those that were written while appending', async () => {
    const config = { segmentBytes: 3_000, indexIntervalBytes: 150 }
    const fixture = await LogFixture.open({ config })
    const random = new SeededRandom(7)
    for (let n = 0; n < 120; n++) {
      fixture.append(batchOf(random.between(1, 3), 40, { timestamp: 1_000 + random.below(500) }))
    }
    const killed = fixture.files.clone()
    fixture.log.close(true)
    const expected = indexFiles(fixture.files)
    expect(expected.size).toBeGreaterThan(6)

    for (const path of killed.filesBelow(DIRECTORY)) {
      if (path.endsWith('index')) killed.remove(path)
    }
    const rebuilt = await LogFixture.open({ config }, killed)
    rebuilt.log.close(true)
    expect(indexFiles(killed)).toEqual(expected)
  })

  test('go on from the recovery point as if nothing had happened', async () => {
    const config = { segmentBytes: 100_000, indexIntervalBytes: 150 }
    const fixture = await LogFixture.open({ config })
    for (let n = 0; n < 400; n++) fixture.append(batchOf(1, 40, { timestamp: 1_000 + (n % 90) }))
    const killed = fixture.files.clone()
    fixture.log.close(true)

    for (const recoveryPoint of [0, 1, 17, 200, 399, 400]) {
      const disk = killed.clone()
      const rebuilt = await LogFixture.open({ config, recoveryPoint }, disk)
      const { scannedBytes } = rebuilt.opened.report
      expect(scannedBytes).toBe((400 - recoveryPoint) * batchOf(1, 40).byteLength)
      rebuilt.log.close(true)
      expect(indexFiles(disk), `from ${recoveryPoint}`).toEqual(indexFiles(fixture.files))
    }
  })
})

test('indexes that say more than a torn log holds are cut with it', async () => {
  const config = { segmentBytes: 100_000, indexIntervalBytes: 150 }
  const options = { config, recoveryPoint: 120 }
  const [long, short] = [await LogFixture.open({ config }), await LogFixture.open({ config })]
  for (let n = 0; n < 400; n++) {
    const timestamp = 1_000 + n
    if (n < 150) short.append(batchOf(1, 40, { timestamp }))
    long.append(batchOf(1, 40, { timestamp }))
  }
  long.log.close(true)
  const content = long.files.contentOf(fileOf(0))
  long.files.put(fileOf(0), content.subarray(0, short.log.sizeBytes + 20))
  const torn = await LogFixture.open(options, long.files)
  expect(torn.log.logEndOffset).toBe(150)
  expect(await torn.log.largestTimestamp()).toEqual({ timestamp: 1_149, offset: 149 })
  torn.log.close(true)
  short.log.close(true)
  expect(indexFiles(torn.files)).toEqual(indexFiles(short.files))
})

describe('below the recovery point', () => {
  test('closed segments are not read', async () => {
    const { files } = await killedLog(60)
    const reads = files.faults.count({ operation: 'read', path: /00000000000000000000\.log/ })
    const { log } = await LogFixture.open({ recoveryPoint: 100 }, files)
    expect(log.segments.count).toBeGreaterThan(3)
    expect(reads.calls).toBe(0)
  })

  test('damage is reported, left, and never served; what follows is', async () => {
    const { files, all } = await killedLog(12, { config: { segmentBytes: 1_000_000 } })
    const path = fileOf(0)
    const starts = startsOf(all)
    const bad = starts[5]!
    files.damage(path, bad.bytes + 80, Buffer.of(0xff))
    const before = files.contentOf(path)
    const end = starts.at(-1)!
    const options = { config: { segmentBytes: 1_000_000 }, recoveryPoint: end.offset }
    const { log, opened, heard } = await LogFixture.open(options, files)
    expect(files.contentOf(path).equals(before)).toBe(true)
    expect(log.logEndOffset).toBe(end.offset + 1 + ((starts.length - 1) % 3))
    // The header is sound, and checksums below the recovery point are not looked at.
    expect(opened.report.damage).toEqual([])

    const refusal = expect.objectContaining({
      code: 'CORRUPT_MESSAGE',
      facts: expect.objectContaining({ topic: 'clicks', partition: 3, offset: bad.offset }),
    })
    for (let again = 0; again < 3; again++) {
      expect(() => log.read(bad.offset, { maxBytes: 1_000 })).toThrow(refusal)
    }
    expect(heard.damage).toEqual([refusal])
    const inFront = await readUntilRefused(log, 0)
    expect(inFront.equals(all.subarray(0, bad.bytes))).toBe(true)
    const behind = await readAll(log, starts[6]!.offset)
    expect(behind.equals(all.subarray(starts[6]!.bytes))).toBe(true)
  })

  test('damage is not served either from where it is checked in place', async () => {
    const { files, all } = await killedLog(12, { config: { segmentBytes: 1_000_000 } })
    const starts = startsOf(all)
    files.damage(fileOf(0), starts[5]!.bytes + 80, Buffer.of(0xff))
    const options = { config: { segmentBytes: 1_000_000 }, recoveryPoint: starts.at(-1)!.offset }
    const { log } = await LogFixture.open(options, files)
    const { resident } = StorageCore.load()
    const outcomes: string[] = []
    for (const { offset } of starts) {
      const lent: Buffer[] = []
      const memory = (sizeBytes: number): Buffer => {
        const taken = resident.take(sizeBytes)!
        lent.push(taken)
        return taken
      }
      const read = async (place: Partial<ReadOptions>): Promise<string> => {
        try {
          const { batches } = await log.read(offset, { maxBytes: 700, ...place })
          return batches.toString('hex')
        } catch (error) {
          return (error as BrokerError).code
        }
      }
      const inPlace = await read({ memory })
      expect(inPlace).toBe(await read({}))
      outcomes.push(inPlace)
      for (const taken of lent) resident.give(taken)
    }
    expect(outcomes.filter((outcome) => outcome === 'CORRUPT_MESSAGE').length).toBe(1)
  })

  test.each([
    ['its header', 8, Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['its magic', 16, Buffer.of(7)],
    ['its base offset', 0, Buffer.alloc(8, 0x77)],
  ])('a batch that lost %s is stepped over', async (_, at, bytes) => {
    const config = { segmentBytes: 1_000_000, indexIntervalBytes: 1_000_000 }
    const { files, all } = await killedLog(12, { config })
    const starts = startsOf(all)
    files.damage(fileOf(0), starts[5]!.bytes + at, bytes)
    const before = files.contentOf(fileOf(0))
    const end = starts.at(-1)!
    const { log, opened } = await LogFixture.open({ config, recoveryPoint: end.offset }, files)
    expect(log.logEndOffset).toBeGreaterThan(end.offset)
    expect(files.contentOf(fileOf(0)).equals(before)).toBe(true)
    expect(opened.report.damage).toMatchObject([
      {
        segmentBaseOffset: 0,
        positionBytes: starts[5]!.bytes,
        sizeBytes: starts[6]!.bytes - starts[5]!.bytes,
        fromOffset: starts[5]!.offset,
      },
    ])
  })

  test('what a cut left behind a closed segment is not served', async () => {
    const { files, all } = await killedLog(60)
    const path = fileOf(0)
    const next = Number.parseInt(files.list(DIRECTORY).sort()[1]!, 10)
    const stale = testBatch({ baseOffset: next, records: [{ value: 'stale' }] })
    files.put(path, Buffer.concat([files.contentOf(path), stale]))
    const { log } = await LogFixture.open({ recoveryPoint: 115 }, files)
    expect((await readAll(log, 0)).equals(all)).toBe(true)
    const across = await log.read(next, { maxBytes: 1 })
    expect(across.batches.includes('stale')).toBe(false)
  })

  test('when the end is gone, offsets are not given out again', async () => {
    const { files, all } = await killedLog(12, { config: { segmentBytes: 1_000_000 } })
    const starts = startsOf(all)
    files.put(fileOf(0), all.subarray(0, starts[4]!.bytes))
    const fixture = await LogFixture.open({ recoveryPoint: 20 }, files)
    const { log, opened } = fixture
    expect(opened.report.damage).toMatchObject([
      { fromOffset: starts[4]!.offset, reason: 'missing' },
    ])
    expect(log.logEndOffset).toBe(20)
    expect(fixture.append(testBatch()).baseOffset).toBe(20)
    const across = await log.read(starts[4]!.offset, { maxBytes: 1_000 })
    expect(Number(across.batches.readBigInt64BE(0))).toBe(20)
  })

  test('when the end is damaged, the log goes on in a new segment and the bytes stay', async () => {
    const config = { segmentBytes: 1_000_000 }
    const { files, all } = await killedLog(12, { config })
    const starts = startsOf(all)
    files.damage(fileOf(0), starts[11]!.bytes, Buffer.alloc(40, 0xee))
    const before = files.contentOf(fileOf(0))
    const fixture = await LogFixture.open({ config, recoveryPoint: 23 }, files)
    expect(fixture.opened.report.damage).toHaveLength(1)
    expect(fixture.append(testBatch()).baseOffset).toBe(23)
    expect(fixture.log.segments.count).toBe(2)
    expect(files.contentOf(fileOf(0)).equals(before)).toBe(true)
    fixture.log.close(true)
    const again = await LogFixture.open({ config, recoveryPoint: 24, cleanShutdown: true }, files)
    expect(again.log.logEndOffset).toBe(24)
  })
})

describe('side files', () => {
  test('what an index says wrongly is found out, whatever byte of it was changed', async () => {
    const config = { segmentBytes: 3_000, indexIntervalBytes: 150 }
    const fixture = await LogFixture.open({ config })
    for (let n = 0; n < 60; n++) fixture.append(batchOf(1, 40, { timestamp: 1_000 + n * 7 }))
    const all = await readAll(fixture.log, 0)
    fixture.log.close(true)
    const options = { config, recoveryPoint: 60, cleanShutdown: true }
    for (const suffix of ['.index', '.timeindex']) {
      const path = fileOf(0, suffix)
      const size = fixture.files.contentOf(path).byteLength
      expect(size).toBeGreaterThan(30)
      for (let at = 0; at < size; at++) {
        const disk = fixture.files.clone()
        const old = disk.contentOf(path)[at]!
        disk.damage(path, at, Buffer.of(old ^ (1 << (at % 8))))
        const { log } = await LogFixture.open(options, disk)
        const what = `byte ${at} of ${suffix}`
        for (let offset = 0; offset < 60; offset += 3) {
          const read = await log.read(offset, { maxBytes: 1 })
          expect(Number(read.batches.readBigInt64BE(0)), what).toBe(offset)
          const found = await log.offsetForTimestamp(1_000 + offset * 7)
          expect(found, what).toMatchObject({ offset, timestamp: 1_000 + offset * 7 })
        }
        expect((await readAll(log, 0)).equals(all), what).toBe(true)
      }
    }
  })

  test('any of them may be missing, empty, cut or full of zeroes', async () => {
    const config = { segmentBytes: 3_000, indexIntervalBytes: 150 }
    const fixture = await LogFixture.open({ config })
    for (let n = 0; n < 60; n++) fixture.append(batchOf(1, 40, { timestamp: 1_000 + n * 7 }))
    const all = await readAll(fixture.log, 0)
    fixture.log.close(true)
    const paths = fixture.files.filesBelow(DIRECTORY).filter((path) => !path.endsWith('.log'))
    for (const path of paths) {
      const content = fixture.files.contentOf(path)
      const variants = [
        null,
        Buffer.alloc(0),
        content.subarray(0, 13),
        Buffer.alloc(content.byteLength),
        Buffer.concat([content, Buffer.alloc(9_600 - (content.byteLength % 24))]),
      ]
      for (const variant of variants) {
        const disk = fixture.files.clone()
        if (variant === null) disk.remove(path)
        else disk.put(path, variant)
        for (const cleanShutdown of [true, false]) {
          const { log } = await LogFixture.open({ config, recoveryPoint: 60, cleanShutdown }, disk)
          const what = `${path}: ${variant?.byteLength ?? 'missing'}`
          expect((await readAll(log, 0)).equals(all), what).toBe(true)
          const found = await log.offsetForTimestamp(1_000 + 31 * 7 - 1)
          expect(found, what).toMatchObject({ offset: 31 })
          expect(log.endOffsetForEpoch(0), what).toEqual({ epoch: 0, endOffset: 60 })
          disk.kill()
        }
      }
    }
  })
})

test('a directory with everything that Kafka leaves in it opens', async () => {
  const first = testBatch({ baseOffset: 100, leaderEpoch: 2 })
  // Compaction took offsets 101 to 109, and all records of the batch that ends at 119.
  const gap = testBatch({ baseOffset: 110, leaderEpoch: 2, records: [], lastOffsetDelta: 9 })
  const last = testBatch({ baseOffset: 120, leaderEpoch: 3, records: [{ value: 'a' }, {}] })
  const { files } = await LogFixture.open()
  files.removeTree(DIRECTORY)
  files.put(fileOf(100), Buffer.concat([first, seal(gap), last]))
  files.put(fileOf(100, '.index'), Buffer.alloc(10_485_760))
  files.put(fileOf(100, '.timeindex'), Buffer.alloc(10_485_756))
  files.put(fileOf(100, '.txnindex'), Buffer.alloc(0))
  files.put(fileOf(100, '.snapshot'), encodeSnapshot([], crc32c))
  files.put(fileOf(500, '.snapshot'), Buffer.from('of a tail that is gone'))
  files.put(fileOf(0, '.log.deleted'), Buffer.from('x'))
  files.put(fileOf(0, '.index.deleted'), Buffer.from('x'))
  files.put(`${DIRECTORY}/leader-epoch-checkpoint`, Buffer.from('0\n2\n2 100\n3 120\n'))
  const metadata = 'version: 0\ntopic_id: BwcHBwcHBwcHBwcHBwcHBw\n'
  files.put(`${DIRECTORY}/partition.metadata`, Buffer.from(metadata))

  const config = { cleanupPolicy: ['compact'] as const }
  const fixture = await LogFixture.open({ config, recoveryPoint: 100, logStartOffset: 100 }, files)
  const { log } = fixture
  expect([log.logStartOffset, log.logEndOffset]).toEqual([100, 122])
  const read = await log.read(105, { maxBytes: 10_000 })
  expect([read.batchCount, read.nextOffset]).toEqual([2, 122])
  expect(log.endOffsetForEpoch(2)).toEqual({ epoch: 2, endOffset: 120 })
  expect(files.contentOf(`${DIRECTORY}/partition.metadata`).toString()).toBe(metadata)
  expect(files.list(DIRECTORY).sort()).toEqual([
    '00000000000000000100.index',
    '00000000000000000100.log',
    '00000000000000000100.snapshot',
    '00000000000000000100.timeindex',
    '00000000000000000100.txnindex',
    'leader-epoch-checkpoint',
    'partition.metadata',
  ])
  expect(fixture.append(testBatch()).baseOffset).toBe(122)
})

test('what a compacted log lost in front of a later segment is not known of its producer', async () => {
  const config = { cleanupPolicy: ['compact'] as const }
  const fixture = await LogFixture.open({ config })
  const of = (baseSequence: number): Buffer => {
    return testBatch({ producerId: 7, baseSequence, records: [{ key: 'k', value: 'v' }] })
  }
  fixture.append(of(0))
  await fixture.sync()
  const { sizeBytes } = fixture.log.segments.active
  fixture.append(of(1))
  fixture.log.roll()
  await fixture.clock.settle()
  // The names and the snapshot of the next segment reached the disk, and the end of this one did not.
  expect(fixture.files.exists(fileOf(2, '.snapshot'))).toBe(true)
  fixture.files.kill()
  const file = fixture.files.open(fileOf(0), 'write')
  file.truncate(sizeBytes)
  file.close()

  const after = await LogFixture.open({ config, recoveryPoint: 1 }, fixture.files)
  const { logEndOffset } = after.log
  const again = after.append(of(1))
  expect(again).toMatchObject({ baseOffset: logEndOffset, isRepeat: false })
})

test('epochs that begin behind the end of the log are forgotten', async () => {
  const { files } = await killedLog(3)
  files.put(`${DIRECTORY}/leader-epoch-checkpoint`, Buffer.from('0\n2\n0 0\n7 500\n'))
  const { log } = await LogFixture.open({}, files)
  expect([log.leaderEpoch, log.endOffsetForEpoch(7).epoch]).toEqual([0, 0])
})

test('the directory of another topic of the same name is refused', async () => {
  const { files } = await LogFixture.open()
  files.kill()
  const other = 'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n'
  files.put(`${DIRECTORY}/partition.metadata`, Buffer.from(other))
  await expect(LogFixture.open({}, files)).rejects.toMatchObject({ code: 'INCONSISTENT_TOPIC_ID' })
})

function indexFiles(files: MemoryFileSystem): Map<string, string> {
  const paths = files.filesBelow(DIRECTORY).filter((path) => path.endsWith('index'))
  return new Map(paths.map((path) => [path, files.contentOf(path).toString('hex')]))
}

/** Where each batch starts, and its base offset. */
function startsOf(all: Buffer): { readonly offset: number; readonly bytes: number }[] {
  const starts = []
  for (let at = 0; at < all.byteLength; at += 12 + all.readInt32BE(at + 8)) {
    starts.push({ offset: Number(all.readBigInt64BE(at)), bytes: at })
  }
  return starts
}

async function readUntilRefused(log: LogFixture['log'], from: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let offset = from; ;) {
    try {
      const read = await log.read(offset, { maxBytes: 700 })
      pieces.push(Buffer.from(read.batches))
      offset = read.nextOffset
    } catch {
      return Buffer.concat(pieces)
    }
  }
}
