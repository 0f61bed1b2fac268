// What a run of fuzz.ts has done so far, kept in a file, so that it can be stopped and go on.
//
//   {"chunk":{"api":"Produce","seed":1,"number":0,"inputs":5000},"outcome":{"answered":…}}
//
// One line a chunk, in the order in which they were done.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import type { Chunk } from './chunk.ts'
import type { FuzzOutcome } from './fuzzed-broker.ts'
import type { ChunkReport } from './worker.ts'

/** Totals of one API. */
export interface ApiTotals extends FuzzOutcome {
  readonly faults: string[]
}

export class Progress {
  readonly #path: string | null
  readonly #done = new Set<string>()
  readonly #totals = new Map<ApiName, ApiTotals>()

  /** @param path null keeps nothing */
  constructor(path: string | null) {
    this.#path = path
    if (path === null || !existsSync(path)) return
    const lines = readFileSync(path, 'utf8').split('\n')
    // The last line may be half written: its chunk is done again.
    for (const line of lines.slice(0, -1)) this.#count(JSON.parse(line) as ChunkReport)
  }

  has(chunk: Chunk): boolean {
    return this.#done.has(keyOf(chunk))
  }

  add(report: ChunkReport): void {
    this.#count(report)
    if (this.#path !== null) appendFileSync(this.#path, `${JSON.stringify(report)}\n`)
  }

  of(api: ApiName): ApiTotals {
    const known = this.#totals.get(api)
    if (known !== undefined) return known
    const totals = { answered: 0, closed: 0, waiting: 0, faults: [] }
    this.#totals.set(api, totals)
    return totals
  }

  #count(report: ChunkReport): void {
    const { chunk } = report
    this.#done.add(keyOf(chunk))
    const totals = this.of(chunk.api)
    if ('fault' in report) {
      totals.faults.push(report.fault)
      return
    }
    const { answered, closed, waiting } = report.outcome
    totals.answered += answered
    totals.closed += closed
    totals.waiting += waiting
  }
}

function keyOf({ api, seed, number, inputs }: Chunk): string {
  return `${api}/${seed}/${number}/${inputs}`
}
