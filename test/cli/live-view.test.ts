// What a terminal shows after frames were written to it in one place.

import { expect, test } from 'vitest'
import { LiveView, type Screen } from '../../src/cli/live-view.ts'

const ESCAPE = '\x1b'
const TOKEN = new RegExp(`${ESCAPE}\\[[?\\d]*[A-Za-z]|[^${ESCAPE}]`, 'gu')
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A$`)

/** As much of a terminal as the frames use: what is on its screen, by the codes of ECMA-48. */
class Terminal implements Screen {
  columns: number
  rows: number
  lines: string[]
  isCursorShown = true
  /** How often all of it was blank in between. */
  clears = 0
  #row = 0
  #column = 0

  constructor(columns: number, rows: number, before: readonly string[] = []) {
    this.columns = columns
    this.rows = rows
    this.lines = [...before]
    this.#row = before.length
  }

  write(text: string): void {
    for (const [token] of text.matchAll(TOKEN)) this.#take(token)
  }

  /** As it is seen, without empty lines at the end. */
  get shown(): string[] {
    const lines = this.lines.map((line) => line.trimEnd())
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  #take(token: string): void {
    const rows = UP.exec(token)
    if (rows !== null) this.#row = Math.max(0, this.#row - Number(rows[1]))
    else if (token === '\r') this.#column = 0
    else if (token === '\n') this.#newLine()
    else if (token === '\x1b[K') this.#set(this.#line.slice(0, this.#column))
    else if (token === '\x1b[J') this.lines.length = Math.min(this.lines.length, this.#row)
    else if (token === '\x1b[2J') this.#clear()
    else if (token === '\x1b[H') this.#row = this.#column = 0
    else if (token === '\x1b[?25l') this.isCursorShown = false
    else if (token === '\x1b[?25h') this.isCursorShown = true
    else if (token.startsWith('\x1b')) throw new Error(`unknown code ${JSON.stringify(token)}`)
    else this.#print(token)
  }

  get #line(): string {
    return this.lines[this.#row] ?? ''
  }

  #set(line: string): void {
    while (this.lines.length <= this.#row) this.lines.push('')
    this.lines[this.#row] = line
  }

  #print(character: string): void {
    if (this.#column === this.columns) this.#newLine()
    const line = this.#line.padEnd(this.#column)
    this.#set(line.slice(0, this.#column) + character + line.slice(this.#column + 1))
    this.#column += 1
  }

  #newLine(): void {
    this.#column = 0
    this.#row += 1
    if (this.#row < this.rows) return
    this.lines.shift()
    this.#row -= 1
  }

  #clear(): void {
    this.clears += 1
    this.lines = []
  }
}

test('a frame takes the place of the one before, below what was there', () => {
  const terminal = new Terminal(20, 10, ['$ sluice'])
  const view = new LiveView(terminal)
  for (const frame of [['a', 'long line', 'c'], ['longer now', 'b'], ['x'], ['1', '2', '3', '4']]) {
    view.show(frame)
    expect(terminal.shown).toEqual(['$ sluice', ...frame])
  }
  expect([terminal.clears, terminal.isCursorShown]).toEqual([0, false])
  view.end()
  expect([terminal.shown.length, terminal.isCursorShown]).toEqual([5, true])
})

test('what does not fit is left out: lines below, and the ends of lines', () => {
  const terminal = new Terminal(44, 5)
  const view = new LiveView(terminal)
  for (let frame = 0; frame < 3; frame++) {
    view.show(Array.from({ length: 9 }, (_, n) => `${frame}.${n} ${'x'.repeat(60)}`))
    const kept = [0, 1, 2].map((n) => `${frame}.${n} ${'x'.repeat(40)}`)
    expect(terminal.shown).toEqual([...kept, '… 6 more lines; a larger window shows them'])
  }
  expect(terminal.clears).toBe(0)
})

test('a frame that reaches the bottom scrolls once, and stays in its place', () => {
  const terminal = new Terminal(20, 6, ['1', '2', '3', '4'])
  const view = new LiveView(terminal)
  for (let frame = 0; frame < 3; frame++) {
    view.show([`a${frame}`, `b${frame}`, `c${frame}`])
    expect(terminal.shown).toEqual(['3', '4', `a${frame}`, `b${frame}`, `c${frame}`])
  }
})

test('in a window of another size it begins anew', () => {
  const terminal = new Terminal(30, 10)
  const view = new LiveView(terminal)
  view.show(['a'.repeat(30), 'b'])
  terminal.columns = 10
  view.show(['a'.repeat(30), 'b'])
  expect(terminal.shown).toEqual(['a'.repeat(10), 'b'])
  expect(terminal.clears).toBe(1)
})
