// Kafka's own dump tool over logs that we wrote: every batch and record decoded, every index entry
// checked against the log. Needs Java and Maven, and is left out, with a line that says so, where
// they are missing; a continuous-integration run must have them.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fetchKafka } from '../../tools/kafka/fetch.mjs'
import { dumpLogSegments } from './dump-log-segments.ts'
import type { DumpedFile, DumpedRecord } from './dump-log-segments.ts'
import { APPEND_MS, recordAt, recover, write, writeScenarios } from './dump-scenarios.ts'
import type { Scenario } from './dump-scenarios.ts'
import { openLog, segmentFilesIn } from './logs.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-dump.test.ts is left out: ${missing}\n`)
}

function pathsOf(directory: string, topic: string, suffix = ''): string[] {
  const partition = join(directory, `${topic}-0`)
  return Object.keys(segmentFilesIn(partition))
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(partition, name))
}

/** Writes a log in a process of its own that ends by SIGKILL. */
function writeAndKill(directory: string): void {
  const script = fileURLToPath(new URL('killed-writer.ts', import.meta.url))
  const { signal, stderr } = spawnSync(process.execPath, [script, directory], { encoding: 'utf8' })
  expect(signal, stderr).toBe('SIGKILL')
}

/** What the tool must print of the scenario's records. */
function expectedRecords(scenario: Scenario): DumpedRecord[] {
  const { firstOffset, recordCount, timestampType } = scenario
  return Array.from({ length: recordCount - firstOffset }, (_, index) => {
    const offset = firstOffset + index
    const { key, value, timestamp, headers } = recordAt(offset)
    return {
      offset,
      timestampType,
      timestamp: timestampType === 'LogAppendTime' ? APPEND_MS : timestamp,
      keySize: key === null ? -1 : Buffer.byteLength(key),
      valueSize: value === null ? -1 : Buffer.byteLength(value),
      headerKeys: headers.map((header) => header.key).join(','),
      key: key ?? '',
      value: value ?? '',
    }
  })
}

/** Batches follow each other without a gap, in the file and in offsets, with the codec that was asked for. */
function expectBatches(scenario: Scenario, logs: readonly DumpedFile[]): void {
  let offset = scenario.firstOffset
  for (const { path, batches } of logs) {
    let positionBytes = 0
    for (const batch of batches) {
      expect(batch).toMatchObject({ baseOffset: offset, positionBytes, codec: scenario.codec })
      offset = batch.lastOffset + 1
      positionBytes += batch.sizeBytes
    }
    expect(positionBytes, path).toBe(readFileSync(path).byteLength)
  }
  expect(offset).toBe(scenario.recordCount)
}

/** Each snapshot says of the producer which batches ended at its offset: the last is what Kafka goes by. */
function expectSnapshots(files: readonly DumpedFile[]): void {
  const snapshots = files.filter(({ path }) => path.endsWith('.snapshot'))
  const told = snapshots.filter(({ producers }) => producers.length > 0)
  expect(told.length).toBeGreaterThanOrEqual(3)
  expect(snapshots.length).toBeGreaterThan(told.length)
  for (const { path, producers } of told) {
    const offset = Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 10)
    expect(path).toContain('/idempotent-0/')
    expect(producers.at(-1)).toMatchObject({ lastOffset: offset - 1, lastSequence: offset - 1 })
    expect(producers.length, path).toBe(5)
    for (const [index, { producerId, producerEpoch, firstSequence }] of producers.entries()) {
      expect([producerId, producerEpoch], path).toEqual([41, 3])
      const before = producers[index - 1]
      if (before !== undefined) expect(firstSequence, path).toBe(before.lastSequence + 1)
    }
  }
}

describe.skipIf(missing !== null)("Kafka's dump tool", () => {
  test('finds every record in every log, and nothing to complain about', async () => {
    const directory = temporaryDirectory()
    const scenarios = await writeScenarios(directory)
    writeAndKill(directory)
    scenarios.push(await recover(directory))
    const all = scenarios.flatMap(({ topic }) => pathsOf(directory, topic))

    const dump = dumpLogSegments(classpath!, all, '--print-data-log')
    expect(dump.complaints).toEqual([])
    for (const scenario of scenarios) {
      const files = dump.files.filter(({ path }) => path.includes(`/${scenario.topic}-0/`))
      const logs = files.filter(({ path }) => path.endsWith('.log'))
      expect(logs.length, scenario.topic).toBeGreaterThanOrEqual(scenario.minSegments)
      const records = logs.flatMap((log) => log.records)
      expect(records, scenario.topic).toEqual(expectedRecords(scenario))
      expectBatches(scenario, logs)
      for (const suffix of ['.index', '.timeindex']) {
        const entries = files.filter(({ path }) => path.endsWith(suffix))
        const count = entries.reduce((sum, { entryCount }) => sum + entryCount, 0)
        expect(count, `${scenario.topic} ${suffix}`).toBeGreaterThan(0)
      }
    }

    expectSnapshots(dump.files)

    const indexes = all.filter((path) => path.endsWith('index'))
    const sanity = dumpLogSegments(classpath!, indexes, '--index-sanity-check')
    expect(sanity.complaints).toEqual([])
    expect(sanity.files.filter((file) => !file.passedSanityCheck)).toEqual([])
    const verified = dumpLogSegments(classpath!, indexes, '--verify-index-only')
    expect(verified.complaints).toEqual([])
  })

  test('complains when an index or a batch is wrong, so its silence means something', async () => {
    const directory = temporaryDirectory()
    const { log } = await openLog(directory, 'wrong', { indexIntervalBytes: 100 })
    write(log, 0, 100)
    log.close(true)
    const all = pathsOf(directory, 'wrong')
    expect(dumpLogSegments(classpath!, all, '--print-data-log').complaints).toEqual([])

    changeByte(pathsOf(directory, 'wrong', '.index')[0]!, 3)
    changeByte(pathsOf(directory, 'wrong', '.timeindex')[0]!, 7)
    const ofIndexes = dumpLogSegments(classpath!, all, '--print-data-log').complaints.join('\n')
    expect(ofIndexes).toMatch(/Mismatches in/)
    expect(ofIndexes).toMatch(/timestamp mismatch in/)

    const segment = pathsOf(directory, 'wrong', '.log')[0]!
    changeByte(segment, readFileSync(segment).indexOf('value-'))
    const ofBatch = dumpLogSegments(classpath!, [segment], '--print-data-log').complaints
    expect(ofBatch.join('\n')).toMatch(/is not valid/)
  })
})

function changeByte(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = bytes[at]! ^ 1
  writeFileSync(path, bytes)
}
