// How far a long command has come: a bar where people watch, a line now and then where they don't.

import cliProgress from 'cli-progress'
import { realClock } from '../io/real-clock.ts'
import type { Timer } from '../io/clock.ts'
import { formatBytes, formatCount, formatDuration } from './table.ts'
import { isTerminal, tell } from './terminal.ts'

/** How often a line is printed where nobody watches. */
const LINE_INTERVAL_MS = 10_000

const BAR_INTERVAL_MS = 100

/** What was done so far. */
export interface Done {
  readonly records: number
  readonly bytes: number
}

export interface ProgressOptions {
  /** As in "produced". */
  readonly verb: string
  /** Bytes in all: gives the bar its end and the time that is left. Null where nobody knows. */
  readonly totalBytes: number | null
  /** Shows nothing. */
  readonly quiet?: boolean
  /** What is counted comes from standard input, at which somebody may sit. */
  readonly isTyped?: boolean
  /** Asked for now and then. */
  readonly done: () => Done
}

/** Shows progress on standard error until it is stopped. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #beganMs = realClock.monotonicMs()
  readonly #timer: Timer | null
  #bar: cliProgress.SingleBar | null

  constructor(options: ProgressOptions) {
    const { quiet = false, isTyped = false } = options
    this.#options = options
    // Under the hands of somebody who types, a bar would be in the way.
    const isWatched = isTerminal('stderr') && !(isTyped && isTerminal('stdin'))
    this.#bar = !quiet && isWatched ? startBar(options) : null
    const intervalMs = this.#bar === null ? LINE_INTERVAL_MS : BAR_INTERVAL_MS
    this.#timer = quiet ? null : realClock.every(intervalMs, () => this.#show())
  }

  /** Tells something in between, on a line of its own. The bar ends there. */
  tell(text: string): void {
    this.#bar?.stop()
    this.#bar = null
    this.#timer?.cancel()
    tell(text)
  }

  /** Ends the bar, and tells what was done in all. */
  stop(): void {
    if (this.#timer !== null) this.tell(this.#sentence())
  }

  #show(): void {
    if (this.#bar === null) return tell(this.#sentence())
    const { records, bytes } = this.#options.done()
    const { totalBytes } = this.#options
    const seconds = this.#seconds()
    const left = bytes === 0 ? null : ((totalBytes ?? bytes) - bytes) / (bytes / seconds)
    this.#bar.update(Math.min(bytes, totalBytes ?? bytes), {
      rate: this.#rate(),
      records: recordsText(records),
      left: left === null ? '' : ` | ${formatDuration(left * 1_000)} left`,
      elapsed: formatDuration(seconds * 1_000),
    })
  }

  #sentence(): string {
    const { records, bytes } = this.#options.done()
    const amount = `${recordsText(records)} (${formatBytes(bytes)})`
    const rate = records === 0 ? '' : `, ${this.#rate()}`
    return `${this.#options.verb} ${amount} in ${formatDuration(this.#seconds() * 1_000)}${rate}`
  }

  #rate(): string {
    const { records, bytes } = this.#options.done()
    const seconds = this.#seconds()
    return `${formatCount(records / seconds)} records/s, ${formatBytes(bytes / seconds)}/s`
  }

  #seconds(): number {
    return Math.max(0.001, (realClock.monotonicMs() - this.#beganMs) / 1_000)
  }
}

function recordsText(records: number): string {
  return `${formatCount(records)} record${records === 1 ? '' : 's'}`
}

function startBar({ verb, totalBytes }: ProgressOptions): cliProgress.SingleBar {
  const format =
    totalBytes === null
      ? `${verb} {records} | {rate} | {elapsed}`
      : `${verb} [{bar}] {percentage}% | {rate}{left}`
  const bar = new cliProgress.SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, barsize: 24 },
    cliProgress.Presets.shades_classic,
  )
  bar.start(Math.max(1, totalBytes ?? 1), 0, {
    rate: '',
    records: recordsText(0),
    left: '',
    elapsed: '',
  })
  return bar
}
