// Records as lines: what is printed of each, in large writes.

import type { ConsumerRecord } from '../client/index.ts'
import { UsageError } from './failure.ts'
import { formatJsonRecord } from './json-records.ts'
import { write } from './terminal.ts'

export type BytesRecord = ConsumerRecord<Buffer, Buffer>
export type Formatter = (record: BytesRecord) => readonly (Uint8Array | string)[]

export interface FormatFlags {
  readonly json?: true
  readonly format: 'value' | 'key-value' | 'full' | 'json'
  readonly keySeparator?: string
}

const LINE_FEED = '\n'

/** Output is gathered up to this size before it is written. */
const WRITE_BYTES = 256 * 1024

/** Gathers small pieces into large writes, and waits for a slow reader. */
export class Output {
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

/** @throws UsageError when the flags contradict each other */
export function formatter({ format, json, keySeparator }: FormatFlags): Formatter {
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
