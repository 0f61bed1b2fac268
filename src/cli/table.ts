// Rows for people: columns under headings, as wide as what is in them.

import { styleText } from 'node:util'
import { writeLine } from './terminal.ts'

export type Cell = string | number

/** "17", "1,234", "1.5 MiB", or nothing to say. */
const QUANTITY = /^(\d[\d,]*(\.\d+)?( [a-zA-Z/]+)?|-)$/

/**
 * Prints rows under headings. A column of numbers, with or without units, is set to the right.
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
    const right = cells.every((cell) => QUANTITY.test(cell)) && cells.some((cell) => cell !== '-')
    return { width, right }
  })
  const line = (cells: readonly Cell[]): string => {
    const padded = cells.map((cell, column) => {
      const { width, right } = columns[column]!
      return right ? String(cell).padStart(width) : String(cell).padEnd(width)
    })
    return padded.join('  ').trimEnd()
  }
  // Bold where standard output is a terminal that wants colours.
  return [styleText('bold', line(headings)), ...rows.map(line)]
}

/** A text in lines of at most `width` characters, each behind the indent; words stay whole. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    const longer = line === indent ? `${indent}${word}` : `${line} ${word}`
    if (longer.length <= width || line === indent) line = longer
    else {
      lines.push(line)
      line = `${indent}${word}`
    }
  }
  return [...lines, line]
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
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`
  if (durationMs < 59_950) return `${(durationMs / 1_000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1_000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
