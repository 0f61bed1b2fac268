// Records as lines of JSON, both ways: what `consume --json` prints is what `produce --format json`
// takes.
//
//   {"topic":"clicks","partition":0,"offset":7,"timestamp":1767225600000,
//    "key":"user-7","value":"signed in","headers":[{"name":"trace","value":"a1"}]}
//
// Null, empty and absent are told apart: a null value is `null`, an empty one `""`. Bytes that are no
// UTF-8 stand in base64 in fields whose names end in Base64, so that nothing is lost. Headers are a
// list, since a name may come more than once; an object is taken as well.

import type { ConsumerRecord, HeadersInput } from '../client/index.ts'

/** What a line says of a record. */
export interface ParsedRecord {
  readonly key: Bytes | null
  readonly value: Bytes | null
  readonly headers: HeadersInput
  /** Milliseconds since 1970. */
  readonly timestamp?: number
  readonly partition?: number
}

type Bytes = Uint8Array | string
type Fields = Readonly<Record<string, unknown>>

const FIELDS = [
  ...['key', 'keyBase64', 'value', 'valueBase64', 'headers', 'timestamp', 'partition'],
  // What consume tells beside, and a new record gets anew.
  ...['topic', 'offset'],
]
const HEADER_FIELDS = ['name', 'value', 'valueBase64']

/**
 * Reads a record from a line.
 *
 * @throws Error that says what is wrong with which field
 */
export function parseJsonRecord(line: Buffer): ParsedRecord {
  const fields = objectOf(line)
  refuseUnknown(fields, FIELDS)
  const timestamp = wholeNumber(fields, 'timestamp', 'milliseconds since 1970')
  const partition = wholeNumber(fields, 'partition', 'a number of 0 or more')
  return {
    key: bytesOf(fields, 'key'),
    value: bytesOf(fields, 'value'),
    headers: headersOf(fields['headers']),
    ...(timestamp === null ? {} : { timestamp }),
    ...(partition === null ? {} : { partition }),
  }
}

/** Writes a record as a line, without the line feed. */
export function formatJsonRecord(record: ConsumerRecord<Buffer, Buffer>): string {
  const { topic, partition, offset, timestamp, headers } = record
  return JSON.stringify({
    ...{ topic, partition, offset, timestamp },
    ...fieldOf('key', record.key),
    ...fieldOf('value', record.value),
    ...(headers.length === 0
      ? {}
      : { headers: headers.map(({ key, value }) => ({ name: key, ...fieldOf('value', value) })) }),
  })
}

function objectOf(line: Buffer): Fields {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch (error) {
    throw new Error(`it is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new Error('it is no JSON object; --format lines takes any line as it is')
  }
  return parsed as Fields
}

function refuseUnknown(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new Error(`a record has no field "${unknown}"; it has ${known.join(', ')}`)
}

function wholeNumber(fields: Fields, name: string, what: string): number | null {
  const value = fields[name] ?? null
  if (value === null) return null
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new Error(`${name} is ${what}, not ${JSON.stringify(value)}`)
}

function headersOf(headers: unknown): HeadersInput {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') throw new Error('headers is an object, or a list of headers')
  if (!Array.isArray(headers)) {
    return Object.entries(headers).map(([key, value]) => ({ key, value: textOf(value) }))
  }
  return headers.map((header: unknown) => {
    const fields = (header ?? {}) as Fields
    refuseUnknown(fields, HEADER_FIELDS)
    if (typeof fields['name'] !== 'string') {
      throw new Error('a header in a list has the form {"name": "…", "value": …}')
    }
    return { key: fields['name'], value: bytesOf(fields, 'value') }
  })
}

/** The field `name`, or the one that holds its bytes in base64. */
function bytesOf(fields: Fields, name: string): Bytes | null {
  const base64 = fields[`${name}Base64`]
  if (base64 === undefined) return textOf(fields[name])
  if (fields[name] !== undefined) throw new Error(`${name} and ${name}Base64 are both given`)
  const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null
  // Node skips what is no base64, so only the way back shows that nothing was skipped.
  if (bytes === null || bytes.toString('base64').replace(/=+$/, '') !== base64OfField(base64)) {
    throw new Error(`${name}Base64 is no base64`)
  }
  return bytes
}

function base64OfField(base64: unknown): string {
  return String(base64).replace(/=+$/, '')
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function fieldOf(name: string, bytes: Uint8Array | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  try {
    return { [name]: strictUtf8.decode(bytes) }
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') }
  }
}
