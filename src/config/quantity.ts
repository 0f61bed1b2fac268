// Durations and sizes as people write them: `7d`, `1GiB`.

import type { Unit } from './option.ts'

const DURATION_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

const SIZE_BYTES = new Map([
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
])

/** Milliseconds: `250ms`, `1.5h`, `7d`, or a plain number. @returns null when it is none of these */
export function parseDurationMs(text: string): number | null {
  return parseQuantity(text, DURATION_MS)
}

/** Bytes: `64KiB`, `1.5GB`, `10M`, or a plain number. @returns null when it is none of these */
export function parseSizeBytes(text: string): number | null {
  return parseQuantity(text, SIZE_BYTES)
}

/**
 * The text with its duration or size written as the plain number that Kafka's options take. A text
 * that is no such quantity comes back as it is, for the option to refuse.
 *
 * @param unit what the option counts
 */
export function plainNumber(text: string, unit: Unit): string {
  if (unit === null || !/^\d/.test(text) || /^\d+$/.test(text)) return text
  if (unit === 'bytes') return String(parseSizeBytes(text) ?? text)
  const ms = parseDurationMs(text)
  if (ms === null) return text
  const count = unit === 'ms' ? ms : ms / DURATION_MS.get(unit === 'hours' ? 'h' : 'min')!
  return Number.isInteger(count) ? String(count) : text
}

function parseQuantity(text: string, units: ReadonlyMap<string, number>): number | null {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return null
  const factor = match[2] === '' ? 1 : units.get(match[2]!.toLowerCase())
  if (factor === undefined) return null
  const value = Math.round(Number(match[1]) * factor)
  return Number.isSafeInteger(value) ? value : null
}
