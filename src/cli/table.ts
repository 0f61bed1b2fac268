// Rows for people: columns under headings, as wide as what is in them.

import { styleText } from 'node:util'
import { isTerminal, writeLine } from './terminal.ts'

export type Cell = string | number

/**
 * Prints rows under headings. A column whose cells are all numbers is set to the right.
 *
 * @param headings one for each column
 * @param rows     each as long as `headings`
 */
export function printTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
  for (const line of layOut(headings, rows)) writeLine(line)
}

/** The lines of a table, heading first, without space at their ends. */
export function layOut(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const columns = headings.map((heading, column) => {
    const cells = rows.map((row) => String(row[column]))
    const width = Math.max(heading.length, ...cells.map((cell) => cell.length))
    const right = rows.length > 0 && rows.every((row) => typeof row[column] === 'number')
    return { width, right }
  })
  const line = (cells: readonly Cell[]): string => {
    const padded = cells.map((cell, column) => {
      const { width, right } = columns[column]!
      return right ? String(cell).padStart(width) : String(cell).padEnd(width)
    })
    return padded.join('  ').trimEnd()
  }
  const heading = line(headings)
  return [isTerminal('stdout') ? styleText('bold', heading) : heading, ...rows.map(line)]
}

/** Bytes for people, in binary units: "1.5 MiB". */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = sizeBytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** A count with thousands apart: "1,234,567". */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** A duration for people: "340 ms", "12.3 s", "4 min 5 s". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`
  const minutes = Math.floor(durationMs / 60_000)
  return `${minutes} min ${Math.round((durationMs % 60_000) / 1_000)} s`
}
