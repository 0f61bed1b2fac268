// sluice consume: records out, lines out.

import {
  Consumer,
  bytesSerde,
  type ConsumerRecord,
  type PartitionDescription,
} from '../../client/index.ts'
import { withAdmin } from '../admin.ts'
import { UsageError } from '../failure.ts'
import type { StartFlag } from '../flag-values.ts'
import { formatJsonRecord } from '../json-records.ts'
import { Progress } from '../progress.ts'
import { interruption, isTerminal, tell, write } from '../terminal.ts'

interface Flags {
  readonly bootstrap: readonly string[]
  readonly json?: true
  readonly fromBeginning?: true
  readonly from?: StartFlag
  readonly partition?: readonly number[]
  readonly count?: number
  readonly follow: boolean
  readonly format: 'value' | 'key-value' | 'full' | 'json'
  readonly keySeparator?: string
  readonly progress?: true
}

type BytesRecord = ConsumerRecord<Buffer, Buffer>
type Formatter = (record: BytesRecord) => readonly (Uint8Array | string)[]

const LINE_FEED = '\n'

/** Output is gathered up to this size before it is written. */
const WRITE_BYTES = 256 * 1024

export async function consume(topic: string, flags: Flags): Promise<void> {
  const start = startOf(flags)
  const format = formatter(flags)
  const partitions = await partitionsToRead(topic, flags)
  const interrupted = interruption()
  const consumer = new Consumer({
    bootstrap: flags.bootstrap,
    clientId: 'sluice-cli',
    keyDeserializer: bytesSerde,
    valueDeserializer: bytesSerde,
  })
  interrupted.addEventListener('abort', () => void consumer.close())
  const output = new Output()
  const progress = new Progress({
    verb: 'consumed',
    quiet: flags.progress !== true,
    totalBytes: null,
    done: () => output,
  })
  try {
    await consumer.assign(
      partitions.map((found) => ({
        topic,
        partition: found.partition,
        start: withinLog(topic, found, start),
      })),
    )
    tellWhatIsAwaited(topic, start, flags)
    for await (const batch of consumer.batches({ untilEnd: !flags.follow })) {
      for (const record of batch) {
        const full = output.add(format(record))
        if (full !== null) await full
        if (output.records === flags.count) return
      }
      // Who follows wants to see a record when it comes.
      if (flags.follow) await output.flush()
    }
  } catch (error) {
    if (!interrupted.aborted) throw error
  } finally {
    await output.flush()
    progress.stop()
    await consumer.close()
  }
}

function startOf({ fromBeginning, from }: Flags): StartFlag {
  if (fromBeginning && from !== undefined) {
    throw new UsageError('--from-beginning and --from are both given; one of them is enough')
  }
  return fromBeginning ? { kind: 'earliest' } : (from ?? { kind: 'latest' })
}

/** A new user who types `sluice consume clicks` sees nothing at first, and should know why. */
function tellWhatIsAwaited(topic: string, start: StartFlag, { follow }: Flags): void {
  if (start.kind !== 'latest' || !follow || !isTerminal('stdout') || !isTerminal('stderr')) return
  tell(`new records of ${topic} show up here; --from-beginning shows those there are; Ctrl-C ends`)
}

async function partitionsToRead(
  topic: string,
  flags: Flags,
): Promise<readonly PartitionDescription[]> {
  const { partitionDescriptions: all } = await withAdmin(flags, (admin) => {
    return admin.describeTopic(topic)
  })
  if (flags.partition === undefined) return all
  return flags.partition.map((partition) => {
    const found = all.find((description) => description.partition === partition)
    if (found !== undefined) return found
    const known = all.length === 1 ? 'partition 0 only' : `partitions 0 to ${all.length - 1}`
    throw new UsageError(`--partition ${partition}: topic ${topic} has ${known}`)
  })
}

/** An offset outside the log becomes the edge that is nearest, and that is told. */
function withinLog(topic: string, found: PartitionDescription, start: StartFlag): StartFlag {
  if (start.kind !== 'offset') return start
  const { partition, logStartOffset, highWatermark } = found
  const offset = Math.min(Math.max(start.offset, logStartOffset), highWatermark)
  if (offset !== start.offset) {
    const range = `offsets from ${logStartOffset}, and the next will be ${highWatermark}`
    tell(`sluice: ${topic}-${partition} has ${range}; it is read from ${offset}`)
  }
  return { kind: 'offset', offset }
}

/** Gathers small pieces into large writes, and waits for a slow reader. */
class Output {
  records = 0
  bytes = 0
  #buffer = Buffer.allocUnsafe(WRITE_BYTES)
  #used = 0

  /**
   * Adds a record.
   *
   * @returns a promise to await before the next one; null when there is nothing to wait for
   */
  add(pieces: readonly (Uint8Array | string)[]): Promise<void> | null {
    this.records += 1
    let full: Promise<void> | null = null
    for (const piece of pieces) {
      const sizeBytes = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength
      if (this.#used + sizeBytes > this.#buffer.byteLength) full = this.flush(sizeBytes) ?? full
      if (typeof piece === 'string') this.#buffer.write(piece, this.#used)
      else this.#buffer.set(piece, this.#used)
      this.#used += sizeBytes
    }
    return full
  }

  /** @param roomBytes that there shall be afterwards */
  flush(roomBytes = 0): Promise<void> | null {
    if (this.#used === 0 && roomBytes <= this.#buffer.byteLength) return null
    const content = this.#buffer.subarray(0, this.#used)
    // The stream keeps what it could not write yet, so it gets the buffer.
    this.#buffer = Buffer.allocUnsafe(Math.max(WRITE_BYTES, roomBytes))
    this.bytes += this.#used
    this.#used = 0
    return content.byteLength === 0 ? null : write(content)
  }
}

function formatter({ format, json, keySeparator }: Flags): Formatter {
  if (keySeparator !== undefined && (json || format !== 'key-value')) {
    throw new UsageError('--key-separator is for --format key-value')
  }
  if (json || format === 'json') return (record) => [formatJsonRecord(record), LINE_FEED]
  switch (format) {
    case 'value':
      return ({ value }) => [value ?? '', LINE_FEED]
    case 'key-value':
      return ({ key, value }) => [key ?? '', keySeparator ?? '\t', value ?? '', LINE_FEED]
    case 'full':
      return (record) => [
        `${new Date(record.timestamp).toISOString()}  ${record.topic}-${record.partition}`,
        `@${record.offset}  `,
        record.key ?? '(no key)',
        '  ',
        record.value ?? '(null)',
        ...record.headers.flatMap(({ key, value }) => [`  ${key}=`, value ?? '(null)']),
        LINE_FEED,
      ]
  }
}
