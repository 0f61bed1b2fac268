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
import { INTERRUPTED, interruption, tell, writeJson } from '../terminal.ts'
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
  readonly transactionalId?: string
  readonly transactionTimeout?: number
  readonly quiet?: true
}

type Bytes = Uint8Array | string
type Parse = (line: Buffer) => ParsedRecord

/** Longest line, in bytes. */
const LINE_LIMIT_BYTES = 16 * 1024 * 1024

const NO_HEADERS: HeadersInput = []

/** As long as brokers allow by default: who pipes something in may take a while. */
const TRANSACTION_TIMEOUT_MS = 900_000

export async function produce(topic: string, flags: Flags): Promise<void> {
  checkFlags(flags)
  const parse = flags.format === 'json' ? parseJsonRecord : lineParser(flags.keySeparator)
  const producer = createProducer(flags)
  const source = openSource(flags.file ?? null)
  // A producer tries for two minutes to reach a broker; who types a wrong address waits for nothing.
  await withAdmin(flags, async (admin) => void (await admin.describeCluster()))
  const interrupted = interruption()
  interrupted.addEventListener('abort', () => source.stop())
  const run: ProduceRun = new ProduceRun(producer, topic, {
    ...{ parse, isAllOrNothing: flags.transactionalId !== undefined, ...flags },
    tell: (text) => progress.tell(text),
  })
  const progress = new Progress({
    verb: 'produced',
    quiet: flags.quiet === true,
    isTyped: flags.file === undefined,
    totalBytes: source.sizeBytes,
    done: () => run,
  })
  try {
    if (flags.transactionalId === undefined) await run.sendAll(producer, source, interrupted)
    else await inTransaction(producer, run, source, interrupted)
  } finally {
    progress.stop()
    await producer.close({ timeoutMs: 0 })
    source.stop()
  }
  if (flags.json) writeJson({ topic, records: run.records, bytes: run.bytes })
  if (interrupted.aborted) process.exitCode = INTERRUPTED
}

function checkFlags({ transactionalId, transactionTimeout, acks }: Flags): void {
  if (transactionalId === undefined) {
    if (transactionTimeout === undefined) return
    throw new UsageError('--transaction-timeout is for --transactional-id, which is not given')
  }
  if (transactionalId === '') throw new UsageError('--transactional-id is empty')
  if (acks !== 'all') throw new UsageError('--transactional-id needs --acks all')
}

/** Sends all lines, or none. */
async function inTransaction(
  producer: Producer<Bytes, Bytes>,
  run: ProduceRun,
  source: Source,
  interrupted: AbortSignal,
): Promise<void> {
  const stopped = new Failure('interrupted: the transaction was aborted')
  try {
    await producer.transaction(async (tx) => {
      await run.sendAll(tx, source, interrupted)
      if (interrupted.aborted) throw stopped
    })
  } catch (error) {
    run.nothing()
    if (error !== stopped) throw error
    tell(`sluice: ${stopped.message}`)
  }
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
    ...(flags.transactionalId === undefined
      ? {}
      : {
          transactionalId: flags.transactionalId,
          transactionTimeoutMs: flags.transactionTimeout ?? TRANSACTION_TIMEOUT_MS,
        }),
  })
}

interface RunOptions {
  readonly parse: Parse
  readonly header?: HeadersInput
  readonly partition?: number
  readonly isAllOrNothing: boolean
  readonly tell: (text: string) => void
}

/** A producer, or its transaction. */
type Sink = Pick<Producer<Bytes, Bytes>, 'send' | 'ready'>

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
   * @param sink what they are sent by
   * @throws SluiceError of the first record that was refused; Failure with the first line that is
   *   no record. What came before it was sent.
   */
  async sendAll(sink: Sink, source: Source, interrupted: AbortSignal): Promise<void> {
    try {
      await this.#sendLines(sink, source, interrupted)
    } catch (error) {
      this.#failure ??= error as Error
    }
    const isAwaited = interrupted.aborted && !this.#options.isAllOrNothing
    if (isAwaited && this.#producer.bufferedBytes > 0) {
      this.#options.tell(
        'waiting until all that was sent is acknowledged; Ctrl-C again gives that up',
      )
    }
    await this.#producer.flush()
    // All have their outcome, but not each promise of it has told its own yet.
    if (this.#pendingCount > 0) await new Promise<void>((resolve) => (this.#allSeen = resolve))
    if (this.#failure !== null) throw this.#failure
  }

  /** All of it was in vain. */
  nothing(): void {
    this.records = 0
    this.bytes = 0
  }

  async #sendLines(sink: Sink, source: Source, interrupted: AbortSignal): Promise<void> {
    for await (const lines of linesOf(source.chunks, LINE_LIMIT_BYTES)) {
      for (const line of lines) {
        // What was read when it ended may be half a line.
        if (interrupted.aborted || this.#failure !== null) return
        this.#lineNumber += 1
        const sent = this.#send(sink, line, this.#lineNumber)
        const room = sink.ready()
        if (room !== null) await Promise.race([room, sent])
      }
    }
  }

  #send(sink: Sink, line: Buffer, lineNumber: number): Promise<void> {
    const sizeBytes = line.byteLength + 1
    const sent = sink.send(this.#recordOf(line, lineNumber))
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
    const { parse, partition, header = NO_HEADERS, isAllOrNothing } = this.#options
    let parsed: ParsedRecord
    try {
      parsed = parse(line)
    } catch (error) {
      const before = isAllOrNothing ? 'nothing was produced' : 'the lines before it were produced'
      const rest = lineNumber === 1 ? '' : `; ${before}`
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
