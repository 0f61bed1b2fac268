// Lines that are shown again and again in one place of a terminal, as `watch` and `top` do, but in
// the flow of what was printed before: the cursor goes up, each line is written over the old one, and
// what is left of that is cleared. Nothing is blank in between, so nothing flickers.

import { stripVTControlCharacters, styleText } from 'node:util'

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_LINE_END = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
const CLEAR_ALL = '\x1b[2J\x1b[H'

/** The part of a terminal's stream that is used: `process.stdout` is one. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
}

export class LiveView {
  readonly #screen: Screen
  /** Lines that are on the screen, the cursor below them. */
  #shown = 0
  #size = ''

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** Shows these lines in place of those before. What does not fit is left out, and that is said. */
  show(lines: readonly string[]): void {
    // A terminal that nobody has told its size says 0.
    const columns = this.#screen.columns || 80
    const rows = this.#screen.rows || 24
    const size = `${columns}x${rows}`
    // In a window of another size the old lines may have been wrapped: nobody knows where they are.
    const begin = this.#size === '' ? HIDE_CURSOR : this.#size === size ? this.#up() : CLEAR_ALL
    this.#size = size
    const fitting = fit(lines, Math.max(2, rows - 1))
    const text = fitting.map((line) => `${cut(line, columns)}${CLEAR_LINE_END}\n`).join('')
    this.#screen.write(`${begin}${text}${CLEAR_BELOW}`)
    this.#shown = fitting.length
  }

  /** Leaves what is shown, and gives the cursor back. */
  end(): void {
    if (this.#size !== '') this.#screen.write(SHOW_CURSOR)
  }

  #up(): string {
    return this.#shown === 0 ? '\r' : `\r\x1b[${this.#shown}A`
  }
}

function fit(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines
  const left = lines.length - room + 1
  return [...lines.slice(0, room - 1), `… ${left} more lines; a larger window shows them`]
}

/** A line that is too long would be wrapped, and the next frame begin in the wrong place. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line)
  if (plain.length <= columns) return line
  const short = plain.slice(0, columns)
  return plain === line ? short : styleText('bold', short)
}
