// Standard output and error as commands use them: whole writes, in order, no faster than they are
// taken.

/** True when people watch, so that bars and questions make sense. */
export function isTerminal(stream: 'stdin' | 'stdout' | 'stderr'): boolean {
  return process[stream].isTTY === true && process.env['TERM'] !== 'dumb'
}

/** Characters in a line of what people read: the terminal's, and at most 100. */
export function lineWidth(): number {
  return Math.min(100, process.stdout.isTTY === true ? process.stdout.columns : 100)
}

/**
 * Writes to standard output.
 *
 * @returns a promise while the reader is behind, to be awaited before the next write; null when
 *   there is nothing to wait for
 */
export function write(content: string | Uint8Array): Promise<void> | null {
  if (process.stdout.write(content)) return null
  return new Promise((resolve) => process.stdout.once('drain', resolve))
}

export function writeLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** For people: what happens, what went wrong. Never mixed with a command's output. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Prints a value for programs: JSON, indented for nobody. */
export function writeJson(value: unknown): void {
  const plain = (_: string, part: unknown): unknown => {
    if (part instanceof Map) return Object.fromEntries(part)
    return typeof part === 'bigint' ? Number(part) : part
  }
  process.stdout.write(`${JSON.stringify(value, plain)}\n`)
}

/** A reader that goes away, as `head` does, ends the command in silence. */
export function exitWhenReaderLeaves(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

/** Aborts on Ctrl-C and on SIGTERM; a second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

/** Exit code of a command that Ctrl-C ended before its work was done: 128 + SIGINT, as in shells. */
export const INTERRUPTED = 130
