// sluice.v1.Error and BrokerError, one for the other.
//
//   1 code int32   2 reason string   3 message string   4 retriable bool
//   5 metadata map<string, string>: repeated { 1 key string, 2 value string }

import { BrokerError, ERRORS, errorCodeOf, type Facts } from '../../base/errors.ts'
import type { Codec } from './codec.ts'
import { LENGTH, tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import { sizeOfInt64Field, sizeOfLength, sizeOfString, type WireWriter } from './wire-writer.ts'

const CODE = tagOf(1, VARINT)
const REASON = tagOf(2, LENGTH)
const MESSAGE = tagOf(3, LENGTH)
const RETRIABLE = tagOf(4, VARINT)
const METADATA = tagOf(5, LENGTH)
const KEY = tagOf(1, LENGTH)
const VALUE = tagOf(2, LENGTH)

/** Most facts that are taken from an error that was received. */
const MAX_FACTS = 64

/** What an error says in a sentence, without its code. */
export function sentenceOf(error: BrokerError): string {
  return String(error.facts.message ?? ERRORS[error.code].text)
}

/** The facts of an error as text, but for the sentence. */
export function metadataOf(error: BrokerError): [string, string][] {
  return Object.entries(error.facts)
    .filter(([name]) => name !== 'message')
    .map(([name, value]) => [name, String(value)])
}

/**
 * The error that a broker has told of.
 *
 * A number that is not in our table comes from a newer broker: it becomes UNKNOWN_SERVER_ERROR, with
 * the broker's own name of it as the fact `reason`.
 */
export function brokerErrorOf(
  id: number,
  reason: string,
  message: string,
  metadata: ReadonlyMap<string, string>,
): BrokerError {
  const code = errorCodeOf(id)
  const facts: Record<string, string> = Object.fromEntries(metadata)
  if (message !== '' && message !== ERRORS[code].text) facts['message'] = message
  if (code === 'UNKNOWN_SERVER_ERROR' && reason !== '' && reason !== code) facts['reason'] = reason
  return new BrokerError(code, facts satisfies Facts)
}

function entrySize([name, value]: readonly [string, string]): number {
  return sizeOfString(name) + sizeOfString(value)
}

export const errorCodec: Codec<BrokerError> = {
  size(error) {
    const { id } = ERRORS[error.code]
    let size = sizeOfInt64Field(id) + sizeOfString(error.code) + sizeOfString(sentenceOf(error))
    if (error.retriable) size += 2
    for (const entry of metadataOf(error)) size += sizeOfLength(entrySize(entry))
    return size
  },

  write(writer: WireWriter, error) {
    writer.int64Field(CODE, ERRORS[error.code].id)
    writer.stringField(REASON, error.code)
    writer.stringField(MESSAGE, sentenceOf(error))
    if (error.retriable) writer.int64Field(RETRIABLE, 1)
    for (const entry of metadataOf(error)) {
      writer.message(METADATA, entrySize(entry))
      writer.stringField(KEY, entry[0])
      writer.stringField(VALUE, entry[1])
    }
  },

  read(reader: WireReader) {
    let code = 0
    let reason = ''
    let message = ''
    const metadata = new Map<string, string>()
    while (reader.more()) {
      const tag = reader.tag()
      if (tag === CODE) code = reader.int32()
      else if (tag === REASON) reason = reader.string()
      else if (tag === MESSAGE) message = reader.string()
      else if (tag === METADATA) readEntry(reader, metadata)
      else reader.skip(tag)
    }
    return brokerErrorOf(code, reason, message, metadata)
  },
}

function readEntry(reader: WireReader, into: Map<string, string>): void {
  let key = ''
  let value = ''
  const outerEnd = reader.enterElement()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === KEY) key = reader.string()
    else if (tag === VALUE) value = reader.string()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  if (into.size < MAX_FACTS) into.set(key, value)
}

/** Bytes of a field that holds an error, its tag included; none when there is no error. */
export function sizeOfError(error: BrokerError | null): number {
  return error === null ? 0 : sizeOfLength(errorCodec.size(error))
}

/** Writes a field that holds an error; nothing when there is none. */
export function writeError(writer: WireWriter, tag: number, error: BrokerError | null): void {
  if (error === null) return
  writer.message(tag, errorCodec.size(error))
  errorCodec.write(writer, error)
}

/** Reads a field that holds an error. */
export function readError(reader: WireReader): BrokerError {
  const outerEnd = reader.enter()
  const error = errorCodec.read(reader)
  reader.leave(outerEnd)
  return error
}
