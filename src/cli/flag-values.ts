// Values of flags: text to what it means, or an error that says what is allowed.

import { InvalidArgumentError } from 'commander'

/** A whole number of at least `least`. */
export function integer(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value.replaceAll('_', ''))
    if (!Number.isSafeInteger(number) || value.trim() === '' || number < least) {
      throw new InvalidArgumentError(`It is a whole number of ${least} or more.`)
    }
    return number
  }
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

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
}

/** A number of bytes: `65536`, `64KiB`, `1MB`. */
export function sizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = match === null ? undefined : SIZE_UNITS[match[2]!.toUpperCase()]
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError('It is a number of bytes, as in 65536, 64KiB or 1MB.')
  }
  return Math.round(Number(match[1]) * unit)
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
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
  const ago = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (ago !== null) {
    const agoMs = Number(ago[1]) * DURATION_UNITS_MS[ago[2]!]!
    return { kind: 'timestamp', timestampMs: Math.max(0, Math.round(nowMs - agoMs)) }
  }
  const timestampMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timestampMs)) return { kind: 'timestamp', timestampMs }
  throw new InvalidArgumentError(
    `--from is beginning, end, an offset, a time as in 2026-01-31T12:00Z, or 15m, 2h, 7d; not ${text}.`,
  )
}
