// sluice produce: lines in, records out.

import {
  Producer,
  type HeadersInput,
  type ProducerRecord,
  SluiceError,
} from '../../client/index.ts'
import { Failure, UsageError } from '../failure.ts'
import type { Header } from '../flag-values.ts'
import { parseJsonRecord, type ParsedRecord } from '../json-records.ts'
import { linesOf } from '../lines.ts'
import { Progress } from '../progress.ts'
import { openSource, type Source } from '../source.ts'
import { INTERRUPTED, interruption, writeJson } from '../terminal.ts'
import { withAdmin } from '../admin.ts'

interface Flags {
  readonly bootstrap: readonly string[]
  readonly json?: true
  readonly file?: string
  readonly format: 'lines' | 'json'
  readonly keySeparator?: string
  readonly header?: readonly Header[]
  readonly partition?: number
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: 'all' | '1' | '0'
  readonly linger?: number
  readonly batchBytes?: number
  readonly quiet?: true
}

type Bytes = Uint8Array | string
type Parse = (line: Buffer) => ParsedRecord

/** Longest line, in bytes. */
const LINE_LIMIT_BYTES = 16 * 1024 * 1024

const NO_HEADERS: HeadersInput = []

export async function produce(topic: string, flags: Flags): Promise<void> {
  const parse = flags.format === 'json' ? parseJsonRecord : lineParser(flags.keySeparator)
  const producer = createProducer(flags)
  const source = openSource(flags.file ?? null)
  // A producer tries for two minutes to reach a broker; who types a wrong address waits for nothing.
  await withAdmin(flags, async (admin) => void (await admin.describeCluster()))
  const interrupted = interruption()
  interrupted.addEventListener('abort', () => source.stop())
  const run = new ProduceRun(producer, topic, { parse, ...flags })
  const progress = new Progress({
    verb: 'produced',
    quiet: flags.quiet === true,
    isTyped: flags.file === undefined,
    totalBytes: source.sizeBytes,
    done: () => run,
  })
  try {
    await run.sendAll(source, interrupted, progress)
  } finally {
    progress.stop()
    await producer.close({ timeoutMs: 0 })
    source.stop()
  }
  if (flags.json) writeJson({ topic, records: run.records, bytes: run.bytes })
  if (interrupted.aborted) process.exitCode = INTERRUPTED
}

function createProducer(flags: Flags): Producer<Bytes, Bytes> {
  const acks = flags.acks === 'all' ? 'all' : flags.acks === '1' ? 1 : 0
  return new Producer({
    bootstrap: flags.bootstrap,
    clientId: 'sluice-cli',
    acks,
    compression: flags.compression,
    ...(flags.linger === undefined ? {} : { lingerMs: flags.linger }),
    ...(flags.batchBytes === undefined ? {} : { batchBytes: flags.batchBytes }),
  })
}

interface RunOptions {
  readonly parse: Parse
  readonly header?: HeadersInput
  readonly partition?: number
}

/** Sends lines one after the other, and counts what was acknowledged. */
class ProduceRun {
  /** Acknowledged. */
  records = 0
  /** Of the acknowledged lines, line feeds included. */
  bytes = 0
  readonly #producer: Producer<Bytes, Bytes>
  readonly #topic: string
  readonly #options: RunOptions
  #lineNumber = 0
  /** Sent, and without an outcome that was seen here. */
  #pendingCount = 0
  #allSeen: () => void = () => {}
  #failure: Error | null = null

  constructor(producer: Producer<Bytes, Bytes>, topic: string, options: RunOptions) {
    this.#producer = producer
    this.#topic = topic
    this.#options = options
  }

  /**
   * Sends all lines, and waits until they are acknowledged.
   *
   * @throws SluiceError of the first record that was refused; Failure with the first line that is
   *   no record. What came before it was sent.
   */
  async sendAll(source: Source, interrupted: AbortSignal, progress: Progress): Promise<void> {
    try {
      await this.#sendLines(source, interrupted)
    } catch (error) {
      this.#failure ??= error as Error
    }
    if (interrupted.aborted && this.#producer.bufferedBytes > 0) {
      progress.tell('waiting until all that was sent is acknowledged; Ctrl-C again gives that up')
    }
    await this.#producer.flush()
    // All have their outcome, but not each promise of it has told its own yet.
    if (this.#pendingCount > 0) await new Promise<void>((resolve) => (this.#allSeen = resolve))
    if (this.#failure !== null) throw this.#failure
  }

  async #sendLines(source: Source, interrupted: AbortSignal): Promise<void> {
    for await (const lines of linesOf(source.chunks, LINE_LIMIT_BYTES)) {
      for (const line of lines) {
        // What was read when it ended may be half a line.
        if (interrupted.aborted || this.#failure !== null) return
        this.#lineNumber += 1
        const sent = this.#send(line, this.#lineNumber)
        const room = this.#producer.ready()
        if (room !== null) await Promise.race([room, sent])
      }
    }
  }

  #send(line: Buffer, lineNumber: number): Promise<void> {
    const sizeBytes = line.byteLength + 1
    const sent = this.#producer.send(this.#recordOf(line, lineNumber))
    this.#pendingCount += 1
    return sent.then(
      () => {
        this.records += 1
        this.bytes += sizeBytes
        this.#seen()
      },
      (error: unknown) => {
        this.#failure ??= SluiceError.from(error).with({ line: lineNumber })
        this.#seen()
      },
    )
  }

  #seen(): void {
    this.#pendingCount -= 1
    if (this.#pendingCount === 0) this.#allSeen()
  }

  #recordOf(line: Buffer, lineNumber: number): ProducerRecord<Bytes, Bytes> {
    const { parse, partition, header = NO_HEADERS } = this.#options
    let parsed: ParsedRecord
    try {
      parsed = parse(line)
    } catch (error) {
      const rest = lineNumber === 1 ? '' : '; the lines before it were produced'
      throw new Failure(`line ${lineNumber}: ${(error as Error).message}${rest}`)
    }
    return {
      topic: this.#topic,
      ...parsed,
      ...(partition === undefined ? {} : { partition }),
      ...(header.length === 0 ? {} : { headers: [...parsed.headers, ...header] }),
    }
  }
}

function lineParser(separator: string | undefined): Parse {
  if (separator === undefined) return (value) => ({ key: null, value, headers: NO_HEADERS })
  if (separator === '') throw new UsageError('--key-separator is empty')
  const separatorBytes = Buffer.byteLength(separator)
  return (line) => {
    const at = line.indexOf(separator)
    if (at === -1) return { key: null, value: line, headers: NO_HEADERS }
    const value = line.subarray(at + separatorBytes)
    return { key: line.subarray(0, at), value, headers: NO_HEADERS }
  }
}
