// sluice produce: lines in, records out.

import { Producer, type ProducerRecord } from '../../client/index.ts'
import { realFileSystem } from '../../io/real-file-system.ts'
import { UsageError } from '../failure.ts'
import { linesOf } from '../lines.ts'
import { Progress } from '../progress.ts'
import { interruption, tell, writeJson } from '../terminal.ts'

interface Flags {
  readonly bootstrap: string
  readonly json?: true
  readonly file?: string
  readonly format: 'lines' | 'json'
  readonly keySeparator?: string
  readonly header?: ReadonlyMap<string, string>
  readonly partition?: number
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: 'all' | '1' | '0'
  readonly lingerMs?: number
  readonly batchBytes?: number
  readonly quiet?: true
}

type Bytes = Uint8Array | string
type LineRecord = ProducerRecord<Bytes, Bytes>
type Headers = readonly { readonly key: string; readonly value: Bytes | null }[]

/** Longest line, in bytes. */
const LINE_LIMIT_BYTES = 16 * 1024 * 1024

const READ_BYTES = 1024 * 1024

export async function produce(topic: string, flags: Flags): Promise<void> {
  const source = openSource(flags.file)
  const parse = flags.format === 'json' ? parseJsonLine : lineParser(flags.keySeparator)
  const headers = [...(flags.header ?? [])].map(([key, value]) => ({ key, value }))
  const producer = createProducer(flags)
  const interrupted = interruption()
  let records = 0
  let bytes = 0
  let failure: unknown = null
  const progress = flags.quiet
    ? null
    : new Progress({
        verb: 'produced',
        totalBytes: source.sizeBytes,
        done: () => ({ records, bytes }),
      })
  try {
    let lineNumber = 0
    reading: for await (const lines of linesOf(source.chunks, LINE_LIMIT_BYTES)) {
      for (const line of lines) {
        lineNumber += 1
        const record = recordOf(topic, parse(line, lineNumber), headers, flags.partition)
        const sizeBytes = line.byteLength + 1
        const sent = producer.send(record).then(
          () => {
            records += 1
            bytes += sizeBytes
          },
          (error: unknown) => {
            failure ??= error
          },
        )
        const room = producer.ready()
        if (room !== null) await Promise.race([room, sent])
        if (failure !== null || interrupted.aborted) break reading
      }
    }
    await producer.flush()
  } finally {
    progress?.stop()
    await producer.close()
  }
  if (failure !== null) throw failure
  if (flags.json) writeJson({ topic, records, bytes })
  if (interrupted.aborted) tell('sluice: interrupted; what is counted above was acknowledged')
}

function createProducer(flags: Flags): Producer<Bytes, Bytes> {
  const acks = flags.acks === 'all' ? 'all' : flags.acks === '1' ? 1 : 0
  return new Producer({
    bootstrap: flags.bootstrap.split(','),
    clientId: 'sluice-cli',
    acks,
    compression: flags.compression,
    ...(flags.lingerMs === undefined ? {} : { lingerMs: flags.lingerMs }),
    ...(flags.batchBytes === undefined ? {} : { batchBytes: flags.batchBytes }),
  })
}

interface Source {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Absent where nobody knows, as with a pipe. */
  readonly sizeBytes?: number
}

function openSource(path: string | undefined): Source {
  if (path === undefined) {
    if (process.stdin.isTTY) tell('type records, one a line; Ctrl-D ends')
    return { chunks: process.stdin }
  }
  const file = realFileSystem.open(path, 'read')
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let positionBytes = 0; ;) {
      // Lines are views of it that the producer copies before the next one is read.
      const chunk = Buffer.allocUnsafe(READ_BYTES)
      const sizeBytes = await file.readCold(chunk, positionBytes)
      if (sizeBytes === 0) return file.close()
      positionBytes += sizeBytes
      yield chunk.subarray(0, sizeBytes)
    }
  }
  return { chunks: chunks(), sizeBytes: file.sizeBytes }
}

type Parsed = Omit<LineRecord, 'topic' | 'headers'> & { readonly headers?: Headers }

function recordOf(
  topic: string,
  parsed: Parsed,
  headers: Headers,
  partition: number | undefined,
): LineRecord {
  return {
    topic,
    ...(partition === undefined ? {} : { partition }),
    ...parsed,
    ...(headers.length === 0 ? {} : { headers: [...headers, ...(parsed.headers ?? [])] }),
  }
}

function lineParser(separator: string | undefined): (line: Buffer) => Parsed {
  if (separator === undefined) return (value) => ({ value })
  if (separator === '') throw new UsageError('--key-separator is empty')
  return (line) => {
    const at = line.indexOf(separator)
    if (at === -1) return { value: line }
    const key = line.subarray(0, at)
    return { key, value: line.subarray(at + Buffer.byteLength(separator)) }
  }
}

/** A record as a line of JSON, in the words of `consume --json`. */
function parseJsonLine(line: Buffer, lineNumber: number): Parsed {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch (error) {
    throw new UsageError(`line ${lineNumber} is no JSON: ${(error as Error).message}`)
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new UsageError(`line ${lineNumber} is no JSON object; --format lines takes it as it is`)
  }
  const fields = parsed as Record<string, unknown>
  const { timestamp, partition } = fields
  if (timestamp !== undefined && !Number.isSafeInteger(timestamp)) {
    throw new UsageError(`line ${lineNumber}: timestamp is milliseconds since 1970`)
  }
  if (partition !== undefined && !Number.isSafeInteger(partition)) {
    throw new UsageError(`line ${lineNumber}: partition is a whole number`)
  }
  return {
    key: bytesOf(fields, 'key'),
    value: bytesOf(fields, 'value'),
    headers: headersOf(fields['headers'], lineNumber),
    ...(timestamp === undefined ? {} : { timestamp: timestamp as number }),
    ...(partition === undefined ? {} : { partition: partition as number }),
  }
}

/** Headers as `{"name": value}`, or as the list of them that `consume --json` prints. */
function headersOf(headers: unknown, lineNumber: number): Headers {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') throw new UsageError(`line ${lineNumber}: headers is an object`)
  if (!Array.isArray(headers)) {
    return Object.entries(headers).map(([key, value]) => ({ key, value: textOf(value) }))
  }
  return headers.map((header: Record<string, unknown>) => {
    return { key: String(header['name']), value: bytesOf(header, 'value') }
  })
}

/** The field `name`, or the one that holds its bytes in base64. */
function bytesOf(fields: Record<string, unknown>, name: string): Bytes | null {
  const base64 = fields[`${name}Base64`]
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : textOf(fields[name])
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
