// Files of a real Kafka, read by our code, and written again by it.

import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isControl, isTransactional } from '../../src/record/batch-header.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { decodeBatch, isIntact } from '../../src/record/batch-reader.ts'
import { BATCH_FAULTS, BatchCheck } from '../../src/wasm/batch-check.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { plain } from '../record/records.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { readPartitionMetadata } from '../../src/storage/partition-metadata.ts'
import { decodeSnapshot } from '../../src/storage/producer-state/snapshot-format.ts'
import { segmentFileName } from '../../src/storage/segment/segment-files.ts'
import type { OpenedLog } from '../../src/storage/open-partition-log.ts'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { GOLDEN_TOPICS, batchesOf, filesOf, goldenConfig } from './golden.ts'
import type { GoldenTopic } from './golden.ts'
import { append, appendMarker, openLog, segmentFilesIn } from './logs.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const core = StorageCore.load()

test('the golden files hold what they are there for', () => {
  const facts = GOLDEN_TOPICS.map((topic) => [topic.topic, topic.endOffset, topic.records.length])
  expect(facts).toEqual([
    ['none', 60, 60],
    ['gzip', 60, 60],
    ['snappy', 60, 60],
    ['lz4', 60, 60],
    ['zstd', 60, 60],
    ['index-full', 40, 40],
    ['append-time', 30, 30],
    ['idempotent', 40, 40],
    ['transactions', 28, 24],
    ['compacted', 80, expect.any(Number)],
    ['killed', 50, 50],
  ])
})

describe.each(GOLDEN_TOPICS.map((topic) => [topic.topic, topic] as const))('%s', (_, topic) => {
  const batches = batchesOf(topic)

  test('has only batches that our checks find sound', () => {
    const check = new BatchCheck()
    for (const batch of batches) {
      expect(isIntact(core, batch)).toBe(true)
      const address = core.stage(batch.bytes)
      expect(core.validateBatchAt(address, batch.bytes.byteLength, check)).toBe(BATCH_FAULTS.none)
    }
  })

  test('is decoded to the records that Kafka’s consumer read', () => {
    const records = batches
      .filter((batch) => !isControl(batch.header.attributes))
      .flatMap((batch) => decodeBatch(core, batch))
    expect(records.map((record) => record.offset)).toEqual(
      topic.records.map(({ offset }) => offset),
    )
    expect(records.map(plain)).toEqual(topic.records.map(plain))
  })
})

test('our builder makes the very bytes of Kafka’s producer from the same records', () => {
  const topic = GOLDEN_TOPICS.find((candidate) => candidate.topic === 'none')!
  const builder = new BatchBuilder(core, 1024 * 1024)
  const written = batchesOf(topic).map(({ header }) => {
    builder.reset()
    const end = header.baseOffset + header.recordCount
    for (const record of topic.records.slice(header.baseOffset, end)) {
      builder.append(record.key, record.value, record.timestamp, record.headers)
    }
    const { baseOffset, leaderEpoch } = header
    return Buffer.from(builder.build({ baseOffset, leaderEpoch }))
  })
  const files = filesOf(topic, '.log').map((name) => readFileSync(join(topic.directory, name)))
  expect(Buffer.concat(written)).toEqual(Buffer.concat(files))
})

/** Everything in the log, from `fromOffset` on. */
async function readAll({ log }: OpenedLog, fromOffset = 0): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (let offset = fromOffset; offset < log.logEndOffset;) {
    const { batches, nextOffset } = await log.read(offset, { maxBytes: 700 })
    expect(nextOffset).toBeGreaterThan(offset)
    pieces.push(Buffer.from(batches))
    offset = nextOffset
  }
  return Buffer.concat(pieces)
}

function topicIdOf(topic: GoldenTopic): string {
  const read = readPartitionMetadata(realFileSystem, topic.directory)
  if (read.state !== 'read') throw new Error(`${topic.topic}: partition.metadata is ${read.state}`)
  return read.topicId
}

/** Opens a copy of the directory that Kafka left. */
async function openCopy(topic: GoldenTopic): Promise<{ opened: OpenedLog; directory: string }> {
  const parent = temporaryDirectory()
  const directory = join(parent, `${topic.topic}-0`)
  cpSync(topic.directory, directory, { recursive: true })
  const cleanShutdown = topic.state === 'clean'
  const opened = await openLog(parent, topic.topic, configOf(topic), {
    topicId: topicIdOf(topic),
    cleanShutdown,
    // What Kafka's recovery-point-offset-checkpoint says: see the golden files.
    recoveryPoint: cleanShutdown ? topic.endOffset : 0,
  })
  return { opened, directory }
}

function configOf({ topic }: GoldenTopic): ReturnType<typeof goldenConfig> {
  return topic === 'compacted'
    ? { ...goldenConfig(topic), cleanupPolicy: ['compact'] }
    : goldenConfig(topic)
}

describe.each(GOLDEN_TOPICS.map((topic) => [topic.topic, topic] as const))(
  'the directory of %s',
  (_, topic) => {
    test('opens without a complaint, and is served verbatim', async () => {
      const { opened } = await openCopy(topic)
      expect(opened.notes).toEqual([])
      expect(opened.report).toMatchObject({ cutBytes: 0, removedSegments: [], damage: [] })
      expect(opened.log.logEndOffset).toBe(topic.endOffset)
      expect(opened.log.segmentFacts()).toHaveLength(filesOf(topic, '.log').length)

      const files = filesOf(topic, '.log').map((name) => readFileSync(join(topic.directory, name)))
      expect(await readAll(opened)).toEqual(Buffer.concat(files))
      opened.log.close(false)
    })

    test('is found through the indexes from every offset, and from every time', async () => {
      const { opened } = await openCopy(topic)
      const batches = batchesOf(topic)
      const lastOffsetOf = ({ header }: (typeof batches)[number]): number =>
        header.baseOffset + header.lastOffsetDelta
      for (let offset = 0; offset < topic.endOffset; offset++) {
        const index = batches.findIndex((batch) => lastOffsetOf(batch) >= offset)
        const read = await opened.log.read(offset, { maxBytes: 1 })
        expect(read.batches, `offset ${offset}`).toEqual(batches[index]!.bytes)
      }
      // Markers have times as well, and Kafka finds them too: FileRecords.searchForTimestamp.
      const records = batches.flatMap((batch) => decodeBatch(core, batch))
      for (const { timestamp } of records) {
        const first = records.find((record) => record.timestamp >= timestamp)!
        const found = await opened.log.offsetForTimestamp(timestamp)
        expect(found).toMatchObject({ offset: first.offset, timestamp: first.timestamp })
      }
      opened.log.close(false)
    })

    test('is left as it was by opening, reading and closing', async () => {
      const { opened, directory } = await openCopy(topic)
      await readAll(opened)
      opened.log.close(true)
      const [before, after] = [segmentFilesIn(topic.directory), segmentFilesIn(directory)]
      if (topic.state === 'killed') delete after[endSnapshot(topic)]
      expect(Object.keys(after)).toEqual(Object.keys(before))
      for (const [name, bytes] of Object.entries(before)) {
        if (isPreallocated(topic, name)) continue
        expect(after[name]!.toString('hex'), name).toBe(bytes.toString('hex'))
      }
    })
  },
)

/** A clean stop leaves the producers as they are at the end of the log. */
function endSnapshot({ endOffset }: GoldenTopic): string {
  return segmentFileName(endOffset, '.snapshot')
}

/** The snapshot as Kafka has it, which knows one batch of each producer: see snapshot-format.ts. */
function lastBatches(snapshot: Buffer): unknown {
  return decodeSnapshot(snapshot, core.crc32c.bind(core))!.map((entry) => {
    const { producerId, epoch, lastTimestamp } = entry
    return { producerId, epoch, lastTimestamp, batch: { ...[...entry.batches()].at(-1) } }
  })
}

/** An index of the segment that was active when the broker was killed: zeroes, not yet cut off. */
function isPreallocated(topic: GoldenTopic, name: string): boolean {
  if (topic.state !== 'killed') return false
  const active = filesOf(topic, '.log').at(-1)!.slice(0, 20)
  return name === `${active}.index` || name === `${active}.timeindex`
}

// The log of a compacted topic has gaps, which nobody can append.
const APPENDED = GOLDEN_TOPICS.filter(({ topic }) => topic !== 'compacted')

test.each(APPENDED.map((topic) => [topic.topic, topic] as const))(
  'the batches of %s, appended to a log of ours, give the same files byte for byte',
  async (_, topic) => {
    const parent = temporaryDirectory()
    const topicId = topicIdOf(topic)
    const clock = new ManualClock()
    const state = { topicId, clock }
    const { log } = await openLog(parent, topic.topic, goldenConfig(topic.topic), state)
    for (const batch of batchesOf(topic)) {
      const { header, bytes } = batch
      const { baseOffset, leaderEpoch, attributes } = header
      // As a producer sends it: the log has to find offset and epoch again.
      const sent = Buffer.from(bytes).fill(0, 0, 8).fill(0xff, 12, 16)
      const info = { ...header, isTransactional: isTransactional(attributes) }
      clock.now = () => header.maxTimestamp
      const appended = isControl(attributes)
        ? appendMarker(log, batch)
        : append(log, leaderEpoch, sent, info)
      expect(appended.baseOffset).toBe(baseOffset)
      log.writePending()
    }
    log.close(true)

    const directory = join(parent, `${topic.topic}-0`)
    const [theirs, ours] = [segmentFilesIn(topic.directory), segmentFilesIn(directory)]
    if (topic.state === 'killed') delete ours[endSnapshot(topic)]
    expect(Object.keys(ours)).toEqual(Object.keys(theirs))
    for (const [name, bytes] of Object.entries(theirs)) {
      if (isPreallocated(topic, name)) continue
      if (name.endsWith('.snapshot') && topic.topic === 'idempotent') {
        expect(lastBatches(ours[name]!), name).toEqual(lastBatches(bytes))
        continue
      }
      expect(ours[name]!.toString('hex'), name).toBe(bytes.toString('hex'))
    }
    for (const name of ['partition.metadata', 'leader-epoch-checkpoint']) {
      expect(readFileSync(join(directory, name), 'utf8')).toBe(
        readFileSync(join(topic.directory, name), 'utf8'),
      )
    }
  },
)
