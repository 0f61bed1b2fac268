// The golden files: directories that a real Kafka wrote, and what its consumer read from them.
// How they were made: test/golden/README.md.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { splitBatches } from '../../src/record/batch-reader.ts'
import type { BatchView } from '../../src/record/batch-reader.ts'
import type { StoredRecord } from '../../src/record/record.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'

const GOLDEN = fileURLToPath(new URL('../golden/kafka-4.3.1/', import.meta.url))

type GoldenState = 'clean' | 'killed'

/** One topic with one partition, as Kafka's consumer saw it. */
export interface GoldenTopic {
  readonly state: GoldenState
  readonly topic: string
  /** The partition's directory. */
  readonly directory: string
  readonly endOffset: number
  readonly records: readonly StoredRecord[]
}

interface Line {
  readonly topic: string
  readonly endOffset?: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

export const GOLDEN_TOPICS: readonly GoldenTopic[] = (['clean', 'killed'] as const).flatMap(load)

/** The options that Golden.java gave the topic. */
export function goldenConfig(topic: string): Partial<LogConfig> {
  const small = { segmentMs: 10_000, indexIntervalBytes: 200, segmentIndexBytes: 1200 }
  if (topic !== 'index-full') return { ...small, retentionMs: -1 }
  return { segmentMs: 604_800_000, indexIntervalBytes: 1, segmentIndexBytes: 48, retentionMs: -1 }
}

/** Names of the partition's files that end so, in the order of their offsets. */
export function filesOf({ directory }: GoldenTopic, suffix: string): string[] {
  return globSync(`*${suffix}`, { cwd: directory }).sort()
}

/** All batches of the partition, verbatim. */
export function batchesOf(topic: GoldenTopic): BatchView[] {
  return filesOf(topic, '.log').flatMap((name) => {
    const { batches, tail } = splitBatches(readFileSync(join(topic.directory, name)))
    if (tail !== null) throw new Error(`${topic.topic}: ${name} ends inside a batch`)
    return batches
  })
}

function load(state: GoldenState): GoldenTopic[] {
  const lines = readFileSync(join(GOLDEN, `${state}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
  const parsed = lines.map((line) => JSON.parse(line) as Line)
  return parsed
    .filter((line) => line.endOffset !== undefined)
    .map(({ topic, endOffset }) => ({
      state,
      topic,
      directory: join(GOLDEN, state, `${topic}-0`),
      endOffset: endOffset!,
      records: parsed.filter((line) => line.topic === topic && 'offset' in line).map(recordOf),
    }))
}

function recordOf({ offset, timestamp, key, value, headers }: Line): StoredRecord {
  return {
    offset,
    timestamp,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(([name, content]) => ({ key: name, value: bytesOf(content) })),
  }
}

function bytesOf(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}
