// Makes room when answers that clients do not take fill a budget: whoever takes nothing is closed, and
// whoever takes so little that all would wait for him.
//
//   budget full ─► look ─┬─► holds what he can do without      ─► gives it back (Hoarder)
//          ▲             ├─► took nothing for a second         ─► closed, who took none for longest first
//          │             └─► would need more than a minute for  ─► closed, the slowest first
//          └─ 250 ms ◄─        what was due three seconds ago
//
// Nobody is closed who need not be: it ends when no more than the limit of the budget is held.

import type { Clock, Timer } from '../io/clock.ts'
import { SendBudget } from './send-budget.ts'

/** For whom answers are held in memory. */
export interface RoomHolder {
  /** What is freed when it is closed, in bytes. */
  readonly heldBytes: number
  /** How much of that it could take, if only it did. */
  readonly dueBytes: number
  /** Rises by every byte that it takes. What any client is sent for its asking alone does not count. */
  readonly takenBytes: number
  /** How long it has taken nothing of what is due, as far as calls of this have seen. */
  stalledMs(nowMs: number): number
  cut(cause: 'send_memory', reason: string): void
}

export interface RoomMakerOptions {
  /** See SendBudget. */
  readonly limitBytes: number
  readonly clock: Clock
  /** Those that may hold anything now. */
  readonly holders: () => Iterable<RoomHolder>
}

const LOOK_MS = 250

/** Who takes nothing for so long is closed. */
const STALLED_MS = 1_000

/**
 * The pace is measured over so long: the system takes bytes in gulps, of a slow line a few in a second. So
 * nobody is slow who takes 4 MB at 100 KB/s.
 */
const PACE_MS = 3_000

/** Who needs longer for what is due is too slow. */
const SLOWEST_MS = 60_000

/** What was seen longer ago says nothing of now. */
const OLD_MS = 10_000

/** What was seen of a holder when its pace began to be measured. */
interface Seen {
  readonly atMs: number
  readonly takenBytes: number
  readonly dueBytes: number
}

/** Whom to close, and how bad he is: the worst goes first. */
interface Candidate {
  readonly holder: RoomHolder
  readonly badness: number
}

export class RoomMaker {
  /** What is held for all holders together. */
  readonly budget: SendBudget
  readonly #options: RoomMakerOptions
  #look: Timer | null = null
  readonly #seen = new WeakMap<RoomHolder, Seen>()

  constructor(options: RoomMakerOptions) {
    const { limitBytes, clock } = options
    this.#options = options
    this.budget = new SendBudget({ limitBytes, clock, onFull: () => this.#lookSoon() })
  }

  /** Looks no more. */
  close(): void {
    this.#look?.cancel()
  }

  #lookSoon(): void {
    this.#look ??= this.#options.clock.after(LOOK_MS, () => {
      this.#look = null
      this.#makeRoom()
      if (this.budget.full) this.#lookSoon()
    })
  }

  #makeRoom(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const stalled: Candidate[] = []
    const slow: Candidate[] = []
    for (const holder of this.#options.holders()) {
      // All are asked both: it is by being asked that they see whether anything was taken.
      const stalledMs = holder.stalledMs(nowMs)
      const neededMs = this.#neededMs(holder, nowMs)
      if (stalledMs >= STALLED_MS) stalled.push({ holder, badness: stalledMs })
      else if (neededMs > SLOWEST_MS) slow.push({ holder, badness: neededMs })
    }
    // Those who can do without come first: what they give back need not be taken from anybody.
    if (this.budget.full) this.budget.hurryAll()
    if (!this.budget.full) return
    const excessBytes = this.budget.heldBytes - this.budget.limitBytes
    const leftBytes = cutWorst(stalled, excessBytes, 'takes nothing of its answers')
    cutWorst(slow, leftBytes, 'takes its answers too slowly')
  }

  /** How long it takes for what is due, by its pace so far; 0 when there is no telling yet. */
  #neededMs(holder: RoomHolder, nowMs: number): number {
    const { dueBytes, takenBytes } = holder
    const seen = this.#seen.get(holder)
    const overMs = seen === undefined ? Infinity : nowMs - seen.atMs
    if (overMs < PACE_MS) return 0
    this.#seen.set(holder, { atMs: nowMs, takenBytes, dueBytes })
    if (seen === undefined || overMs > OLD_MS) return 0
    // What has come since does not count: there was less time to take it.
    const neededBytes = Math.min(dueBytes, seen.dueBytes)
    return neededBytes === 0 ? 0 : (neededBytes / (takenBytes - seen.takenBytes)) * overMs
  }
}

/** Closes the worst first, as far as there is need. @returns how much is still to be freed */
function cutWorst(candidates: Candidate[], excessBytes: number, fault: string): number {
  let leftBytes = excessBytes
  for (const { holder } of candidates.sort((one, other) => other.badness - one.badness)) {
    if (leftBytes <= 0) break
    leftBytes -= holder.heldBytes
    holder.cut('send_memory', `${fault}, and others need the memory`)
  }
  return leftBytes
}
