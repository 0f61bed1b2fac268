// Kafka's own tool over segment files of ours: what it read, and what it complains about.
//
// The tool prints a line for each batch and record, and says on its error output what does not fit.
// Source of the lines: apache/kafka, DumpLogSegments.

import { runKafkaClass } from '../../tools/kafka/fetch.mjs'

/** What a run of the tool is to do: print and decode everything, or check indexes. */
export type DumpMode = '--print-data-log' | '--index-sanity-check' | '--verify-index-only'

interface DumpedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly count: number
  readonly leaderEpoch: number
  readonly positionBytes: number
  readonly sizeBytes: number
  readonly codec: string
  readonly isValid: boolean
}

export interface DumpedRecord {
  readonly offset: number
  /** `CreateTime` or `LogAppendTime`. */
  readonly timestampType: string
  readonly timestamp: number
  /** -1 for null. */
  readonly keySize: number
  readonly valueSize: number
  readonly headerKeys: string
  /** As text; empty for null. */
  readonly key: string
  readonly value: string
}

/** One line of a .snapshot. */
export interface DumpedProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly lastSequence: number
  readonly lastOffset: number
}

/** What the tool said of one file, .log, .index, .timeindex or .snapshot. */
export interface DumpedFile {
  readonly path: string
  readonly batches: DumpedBatch[]
  readonly records: DumpedRecord[]
  /** Of a .snapshot, in the order of the file. */
  readonly producers: DumpedProducer[]
  /** Entries of an index; none for other files. */
  readonly entryCount: number
  /** Or is empty. */
  readonly passedSanityCheck: boolean
}

export interface Dump {
  readonly files: DumpedFile[]
  /** Everything that is not in order, a line each. */
  readonly complaints: string[]
}

const BATCH =
  /^baseOffset: (\d+) lastOffset: (\d+) count: (\d+) .*partitionLeaderEpoch: (-?\d+) .*position: (\d+) \w+: -?\d+ size: (\d+) magic: 2 compresscodec: (\w+) crc: \d+ isvalid: (true|false)$/
const RECORD =
  /^\| offset: (\d+) (\w+): (-?\d+) keySize: (-?\d+) valueSize: (-?\d+) sequence: -?\d+ headerKeys: \[(.*?)\](?: key: (.*?))?(?: payload: (.*))?$/

const PRODUCER =
  /^producerId: (\d+) producerEpoch: (\d+) coordinatorEpoch: -1 currentTxnFirstOffset: \S+ lastTimestamp: \d+ firstSequence: (\d+) lastSequence: (\d+) lastOffset: (\d+) .*$/

/**
 * Runs the tool over files, in the order given.
 *
 * @param classpath of fetchKafka
 * @param paths     .log, .index and .timeindex files; an index needs its .log beside it
 */
export function dumpLogSegments(classpath: string, paths: readonly string[], mode: DumpMode): Dump {
  const flags = mode === '--print-data-log' ? [mode, '--deep-iteration'] : [mode]
  const tool = 'org.apache.kafka.tools.DumpLogSegments'
  const run = runKafkaClass(classpath, tool, [...flags, '--files', paths.join(',')])
  const complaints = complaintsIn(run.stderr)
  if (run.status !== 0) complaints.push(`the tool ended with ${run.status}`)
  const files = sections(run.stdout).map((lines, index) => {
    return describeFile(paths[index]!, lines, complaints)
  })
  if (files.length !== paths.length) {
    complaints.push(`the tool looked at ${files.length} of ${paths.length} files`)
  }
  return { files, complaints }
}

/** Lines of the output by file. Each file's lines begin with one that names it. */
function sections(stdout: string): string[][] {
  const found: string[][] = []
  for (const line of stdout.split('\n')) {
    if (line.startsWith('Dumping ')) found.push([])
    else if (line !== '') found.at(-1)?.push(line)
  }
  return found
}

function describeFile(path: string, lines: readonly string[], complaints: string[]): DumpedFile {
  const batches: DumpedBatch[] = []
  const records: DumpedRecord[] = []
  const producers: DumpedProducer[] = []
  let entryCount = 0
  let passedSanityCheck = false
  for (const line of lines) {
    const batch = BATCH.exec(line)
    const record = RECORD.exec(line)
    if (batch !== null) batches.push(describeBatch(batch))
    else if (record !== null) records.push(describeRecord(record))
    else if (PRODUCER.test(line)) producers.push(describeProducer(line))
    else if (/^(offset|timestamp): -?\d+ (position|offset): \d+$/.test(line)) entryCount += 1
    else if (line.endsWith(' passed sanity check.')) passedSanityCheck = true
    else if (line.endsWith('.index is empty.'))
      passedSanityCheck = true // nothing to index yet
    else if (!line.startsWith('Log starting offset: ')) complaints.push(`${path}: ${line}`)
  }
  for (const batch of batches) {
    if (!batch.isValid) complaints.push(`${path}: batch at ${batch.baseOffset} is not valid`)
  }
  return { path, batches, records, producers, entryCount, passedSanityCheck }
}

function describeBatch(match: RegExpExecArray): DumpedBatch {
  const [baseOffset, lastOffset, count, leaderEpoch, positionBytes, sizeBytes] = match
    .slice(1, 7)
    .map(Number) as [number, number, number, number, number, number]
  const batch = { baseOffset, lastOffset, count, leaderEpoch, positionBytes, sizeBytes }
  return { ...batch, codec: match[7]!, isValid: match[8] === 'true' }
}

function describeProducer(line: string): DumpedProducer {
  const [producerId, producerEpoch, firstSequence, lastSequence, lastOffset] = PRODUCER.exec(line)!
    .slice(1)
    .map(Number) as [number, number, number, number, number]
  return { producerId, producerEpoch, firstSequence, lastSequence, lastOffset }
}

function describeRecord(match: RegExpExecArray): DumpedRecord {
  return {
    offset: Number(match[1]),
    timestampType: match[2]!,
    timestamp: Number(match[3]),
    keySize: Number(match[4]),
    valueSize: Number(match[5]),
    headerKeys: match[6]!,
    key: match[7] ?? '',
    value: match[8] ?? '',
  }
}

function complaintsIn(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('SLF4J:'))
  // For the first batch of a file the tool compares with -1, so every segment but the first is
  // reported as not following it. That is its own mistake.
  const found = lines.filter((line) => !/^ +-1 is followed by \d+$/.test(line))
  return found.filter((line, index) => {
    const isEmptyReport = line.startsWith('Non-consecutive offsets in ')
    return !isEmptyReport || /^ +\d+ is followed by/.test(found[index + 1] ?? '')
  })
}
