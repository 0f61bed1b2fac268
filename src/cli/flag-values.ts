// Values of flags: text to what it means, or an error that says what is allowed. Commander puts the
// flag's name before the sentence.

import { InvalidArgumentError } from 'commander'
import { parseBootstrap } from '../client/connection-options.ts'
import { SluiceError } from '../client/errors.ts'
import { parseHostPort } from '../config/address.ts'
import { parseDurationMs, parseSizeBytes, plainNumber } from '../config/quantity.ts'
import { TOPIC_OPTION_BY_NAME } from '../config/topic-options.ts'

/** A whole number of at least `least`. */
export function integer(least: number): (value: string) => number {
  return (value) => {
    const number = /^\d[\d_]*$/.test(value) ? Number(value.replaceAll('_', '')) : Number.NaN
    if (!Number.isSafeInteger(number) || number < least) {
      throw new InvalidArgumentError(`It is a whole number of ${least} or more.`)
    }
    return number
  }
}

/** Whole numbers, gathered when the flag is repeated or has several with commas; each once. */
export function integers(least: number): (value: string, previous?: readonly number[]) => number[] {
  return (value, previous = []) => {
    return [...new Set([...previous, ...value.split(',').map(integer(least))])]
  }
}

/** Words, gathered when the flag is repeated. */
export function words(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

/** `name=value`, gathered into a map when the flag is repeated. */
export function keyValue(
  text: string,
  previous: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It has the form name=value.')
  return new Map(previous).set(text.slice(0, at), text.slice(at + 1))
}

/** `name=value` of a topic's configuration; `7d` and `256MiB` become the numbers that brokers take. */
export function topicConfig(
  text: string,
  previous?: ReadonlyMap<string, string>,
): Map<string, string> {
  const configs = keyValue(text, previous)
  for (const [name, value] of configs) {
    configs.set(name, plainNumber(value, TOPIC_OPTION_BY_NAME.get(name)?.unit ?? null))
  }
  return configs
}

/** `name=value` of headers, in their order; a name may come more than once. */
export function header(text: string, previous: readonly Header[] = []): readonly Header[] {
  const at = text.indexOf('=')
  if (at < 0) throw new InvalidArgumentError('It has the form name=value.')
  return [...previous, { key: text.slice(0, at), value: text.slice(at + 1) }]
}

export interface Header {
  readonly key: string
  readonly value: string
}

/** A number of bytes, 1 or more: `65536`, `64KiB`, `1MB`. */
export function sizeBytes(text: string): number {
  const size = parseSizeBytes(text)
  if (size === null || size < 1) {
    throw new InvalidArgumentError('It is a number of bytes, as in 65536, 64KiB or 1MB.')
  }
  return size
}

/** A duration in milliseconds: `5`, `5ms`, `1.5s`. */
export function durationMs(text: string): number {
  const duration = parseDurationMs(text)
  if (duration === null) {
    throw new InvalidArgumentError('It is a duration, as in 5ms, 1.5s or 2m.')
  }
  return duration
}

/** Where brokers are: `host:port` or `kafka://host:port`, or several of one kind with commas. */
export function bootstrap(text: string): readonly string[] {
  try {
    const { protocol, addresses } = parseBootstrap(text)
    return protocol === 'grpc' ? addresses : addresses.map((address) => `kafka://${address}`)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    throw new InvalidArgumentError(
      'It is host:port or kafka://host:port, or several of one kind with commas between.',
    )
  }
}

/** `host:port`. */
export function hostPort(text: string): string {
  if (parseHostPort(text) === null) throw new InvalidArgumentError('It is host:port.')
  return text
}

/** Where to begin to read. */
export type StartFlag =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }

/**
 * `beginning`, `end`, an offset, a time with a date, or how long ago as in `15m`.
 *
 * @param nowMs the wall clock, in milliseconds since 1970
 */
export function startPosition(text: string, nowMs: number): StartFlag {
  if (text === 'beginning' || text === 'earliest') return { kind: 'earliest' }
  if (text === 'end' || text === 'latest') return { kind: 'latest' }
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: integer(0)(text) }
  const agoMs = /[a-z]$/.test(text) ? parseDurationMs(text) : null
  if (agoMs !== null) return { kind: 'timestamp', timestampMs: Math.max(0, nowMs - agoMs) }
  const timestampMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timestampMs)) return { kind: 'timestamp', timestampMs }
  throw new InvalidArgumentError(
    'It is beginning, end, an offset, a time as in 2026-01-31T12:00Z, or how long ago as in 15m, 2h, 7d.',
  )
}

/** A whole number, below 0 as well. */
export function signedInteger(text: string): number {
  const number = /^[-+]?\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('It is a whole number.')
  return number
}

/** A time with a date, in milliseconds since 1970. */
export function dateTime(text: string): number {
  const timestampMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timestampMs)) return timestampMs
  throw new InvalidArgumentError('It is a time, as in 2026-01-31, or 2026-01-31T12:00:00.000Z.')
}

/** A duration in milliseconds, also in the form that Kafka's tools take: `PT15M`, `P7DT2H`. */
export function timeSpan(text: string): number {
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text)
  if (iso === null || !/\d/.test(text)) return durationMs(text)
  const [days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0))
  return Math.round((((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1_000)
}

/** How often something is shown, in milliseconds: a shorter one would only cost. */
export function refreshInterval(text: string): number {
  const intervalMs = durationMs(text)
  if (intervalMs >= 100 && intervalMs <= 3_600_000) return intervalMs
  throw new InvalidArgumentError('It is a duration from 100ms to 1h.')
}

/** A topic, with some of its partitions; null: all. */
export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[] | null
}

/** `topic` or `topic:0,2`, gathered when the flag is repeated. */
export function topicPartitions(
  text: string,
  previous: readonly TopicPartitions[] = [],
): readonly TopicPartitions[] {
  const [topic, partitions, ...rest] = text.split(':')
  if (topic === undefined || topic === '' || rest.length > 0) {
    throw new InvalidArgumentError('It is a topic, or one with partitions as in clicks:0,2.')
  }
  if (partitions === undefined) return [...previous, { topic, partitions: null }]
  return [...previous, { topic, partitions: integers(0)(partitions) }]
}
