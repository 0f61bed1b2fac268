// How far a long command has come: a bar where people watch, a line now and then where they don't.

import cliProgress from 'cli-progress'
import { realClock } from '../io/real-clock.ts'
import type { Timer } from '../io/clock.ts'
import { formatBytes, formatCount, formatDuration } from './table.ts'
import { isTerminal, tell } from './terminal.ts'

/** How often a line is printed where nobody watches. */
const LINE_INTERVAL_MS = 10_000

/** What was done so far. */
export interface Done {
  readonly records: number
  readonly bytes: number
}

export interface ProgressOptions {
  /** As in "produced". */
  readonly verb: string
  /** Bytes in all, where that is known: gives the bar its end and the time that is left. */
  readonly totalBytes?: number | undefined
  /** Asked for now and then. */
  readonly done: () => Done
}

/** Shows progress on standard error until it is stopped. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #beganMs = realClock.monotonicMs()
  readonly #timer: Timer
  readonly #bar: cliProgress.SingleBar | null

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#bar = isTerminal('stderr') ? startBar(options) : null
    const intervalMs = this.#bar === null ? LINE_INTERVAL_MS : 100
    this.#timer = realClock.every(intervalMs, () => this.#show())
  }

  /** Ends the bar, and tells what was done in all. */
  stop(): void {
    this.#timer.cancel()
    if (this.#bar !== null) {
      this.#show()
      this.#bar.stop()
    }
    tell(this.#sentence())
  }

  #show(): void {
    if (this.#bar === null) return tell(this.#sentence())
    const { records, bytes } = this.#options.done()
    this.#bar.update(bytes, { rate: this.#rate(), records: formatCount(records) })
  }

  #sentence(): string {
    const { records, bytes } = this.#options.done()
    const elapsed = formatDuration(realClock.monotonicMs() - this.#beganMs)
    const amount = `${formatCount(records)} record${records === 1 ? '' : 's'} (${formatBytes(bytes)})`
    return `${this.#options.verb} ${amount} in ${elapsed}, ${this.#rate()}`
  }

  #rate(): string {
    const { records, bytes } = this.#options.done()
    const seconds = Math.max(0.001, (realClock.monotonicMs() - this.#beganMs) / 1_000)
    return `${formatCount(records / seconds)} records/s, ${formatBytes(bytes / seconds)}/s`
  }
}

function startBar({ verb, totalBytes }: ProgressOptions): cliProgress.SingleBar {
  const known = totalBytes !== undefined && totalBytes > 0
  const format = known
    ? `${verb} [{bar}] {percentage}% | {records} records | {rate} | {eta_formatted} left`
    : `${verb} {records} records | {rate} | {duration_formatted}`
  const bar = new cliProgress.SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, etaBuffer: 50 },
    cliProgress.Presets.shades_classic,
  )
  bar.start(totalBytes ?? 0, 0, { rate: '', records: '0' })
  return bar
}
