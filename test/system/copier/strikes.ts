// When and whom a run strikes: a plan out of a seed, and whoever carries it out.

import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SeededRandom } from '../../support/seeded-random.ts'
import type { CopierSlot } from './copier-process.ts'
import type { KillableBroker } from './killable-broker.ts'

export interface StrikeOptions {
  /** Records that are to be copied. */
  readonly records: number
  /** SIGKILLs in all, and the share of them that the broker gets, 0 to 1. */
  readonly kills: number
  readonly brokerShare: number
  /** Copiers that are stopped for longer than their session, and then go on as if nothing was. */
  readonly pauses: number
  readonly copiers: number
}

export interface Strike {
  readonly kind: 'kill broker' | 'kill copier' | 'pause copier'
  /** Struck when so many records are copied, */
  readonly atCopied: number
  /** and this long after that. */
  readonly waitMs: number
  readonly copier: number
  /** How long the broker stays down, or the copier stopped. */
  readonly lastsMs: number
}

/** Chance of a strike that follows the one before at once, while everything is still getting up. */
const SECOND_STRIKE = 0.2
const LONGER_THAN_SESSION_MS = 7_000

/** Strikes in their order, spread over the run, all over before its end. */
export function planStrikes(random: SeededRandom, options: StrikeOptions): Strike[] {
  const { records, kills, brokerShare, pauses, copiers } = options
  const ofBroker = Math.round(kills * brokerShare)
  const kinds = [
    ...Array.from({ length: ofBroker }, () => 'kill broker' as const),
    ...Array.from({ length: kills - ofBroker }, () => 'kill copier' as const),
    ...Array.from({ length: pauses }, () => 'pause copier' as const),
  ]
  const times = kinds.map(() => random.below(Math.max(1, Math.floor(records * 0.95))))
  times.sort((a, b) => a - b)
  for (let at = 1; at < times.length; at++) {
    if (random.chance(SECOND_STRIKE)) times[at] = times[at - 1]!
  }
  return times.map((atCopied) => {
    const [kind] = kinds.splice(random.below(kinds.length), 1)
    const lastsMs = kind === 'pause copier' ? LONGER_THAN_SESSION_MS : 0
    return {
      kind: kind!,
      atCopied,
      waitMs: random.below(1_000),
      copier: random.below(copiers),
      lastsMs: lastsMs + random.below(kind === 'pause copier' ? 8_000 : 1_500),
    }
  })
}

export interface Struck {
  readonly broker: KillableBroker
  readonly copiers: readonly CopierSlot[]
  readonly copied: () => number
  /** Where each strike is written down as it happens, a line of JSON each. */
  readonly schedule: string
  /** True when the run has failed and nobody has to be struck any more. */
  readonly isOver: () => boolean
}

export class Nemesis {
  readonly counts = { 'kill broker': 0, 'kill copier': 0, 'pause copier': 0 }
  readonly #struck: Struck
  readonly #pauses: Promise<void>[] = []

  constructor(struck: Struck) {
    this.#struck = struck
  }

  /** Carries out a plan. Resolves when all of it is done, and who was stopped goes on. */
  async carryOut(plan: readonly Strike[]): Promise<void> {
    for (const strike of plan) {
      await this.#until(() => this.#struck.copied() >= strike.atCopied)
      await delay(strike.waitMs)
      if (this.#struck.isOver()) break
      await this.#strike(strike)
    }
    await Promise.all(this.#pauses)
  }

  get kills(): number {
    return this.counts['kill broker'] + this.counts['kill copier']
  }

  async #strike(strike: Strike): Promise<void> {
    const { broker, copiers, copied, schedule } = this.#struck
    const copier = copiers[strike.copier]!
    if (strike.kind === 'kill broker') {
      await broker.kill()
      await delay(strike.lastsMs)
      await broker.start()
    } else if (strike.kind === 'kill copier') {
      await this.#until(() => copier.signal('SIGKILL'))
    } else {
      await this.#until(() => copier.signal('SIGSTOP'))
      this.#pauses.push(delay(strike.lastsMs).then(() => void copier.signal('SIGCONT')))
    }
    this.counts[strike.kind] += 1
    const line = { time: new Date().toISOString(), copied: copied(), ...strike }
    appendFileSync(schedule, `${JSON.stringify(line)}\n`)
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue() && !this.#struck.isOver()) await delay(20)
  }
}
