// Broken requests against all handlers of a broker in memory, for as long as one likes.
//
//   node test/server/kafka/fuzz.ts [--inputs 1000000] [--seed 1] [--workers 2] [--progress FILE] [api...]
//   node test/server/kafka/fuzz.ts --seed 1 --chunk 17 Produce        the same requests again
//
// `--inputs` is for each API; names choose some. With `--progress` a run that was stopped goes on where
// it was. Ends with status 1 when a request showed a fault: its chunk is named.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { type Chunk, servedApis } from './fuzz/chunk.ts'
import { Progress } from './fuzz/progress.ts'
import type { ChunkReport } from './fuzz/worker.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    progress: { type: 'string' },
    chunk: { type: 'string' },
  },
})

/** Requests to one broker. */
const CHUNK_INPUTS = 5_000

/** A chunk that takes longer hangs: they take a tenth of a second to a few. */
const HANGS_AFTER_MS = 300_000

/** An API is left alone after so many. */
const MAX_FAULTS = 3

const seed = Number(values.seed)
const progress = new Progress(values.progress ?? null)
const apis = positionals.length > 0 ? (positionals as ApiName[]) : servedApis()
const todo = apis.flatMap((api) => chunksOf(api))
const left = new Map<ApiName, number>()
for (const { api } of todo) left.set(api, (left.get(api) ?? 0) + 1)

process.stdout.write(`seed ${seed}, ${todo.length} chunks of ${CHUNK_INPUTS} requests to go\n`)
await Promise.all(Array.from({ length: Number(values.workers) }, () => work()))
tellTotals()

function chunksOf(api: ApiName): Chunk[] {
  const count = Math.ceil(Number(values.inputs) / CHUNK_INPUTS)
  const one = values.chunk === undefined ? null : Number(values.chunk)
  return Array.from({ length: one === null ? count : 1 }, (_, at): Chunk => {
    return { api, seed, number: one ?? at, inputs: CHUNK_INPUTS }
  }).filter((chunk) => !progress.has(chunk))
}

/** A thread that takes chunks until none is left. */
function work(): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('fuzz/worker.ts', import.meta.url))
    let watch: NodeJS.Timeout
    const next = (): void => {
      const chunk = todo.shift()
      if (chunk === undefined) return void worker.terminate().then(() => resolve())
      worker.postMessage(chunk)
      watch = setTimeout(() => {
        done({ chunk, fault: `has no end within ${HANGS_AFTER_MS / 1_000} s` })
        void worker.terminate().then(() => resolve(work()))
      }, HANGS_AFTER_MS)
    }
    worker.on('message', (report: ChunkReport) => {
      clearTimeout(watch)
      done(report)
      next()
    })
    worker.on('error', reject)
    next()
  })
}

function done(report: ChunkReport): void {
  progress.add(report)
  const { api, number } = report.chunk
  if ('fault' in report) process.stdout.write(`FAULT in chunk ${number}: ${report.fault}\n`)
  left.set(api, left.get(api)! - 1)
  if (progress.of(api).faults.length >= MAX_FAULTS) giveUp(api)
  if (left.get(api) === 0) tell(api)
}

function giveUp(api: ApiName): void {
  for (let at = todo.length - 1; at >= 0; at--) {
    if (todo[at]!.api !== api) continue
    todo.splice(at, 1)
    left.set(api, left.get(api)! - 1)
  }
}

function tell(api: ApiName): void {
  const { answered, closed, waiting, faults } = progress.of(api)
  const clock = new Date().toISOString().slice(11, 19)
  const inputs = (answered + closed + waiting).toLocaleString('en-US')
  process.stdout.write(
    `${clock} ${api}: ${inputs} requests: ${answered} answered, ${closed} closed, ` +
      `${waiting} wait, ${faults.length} faults\n`,
  )
}

function tellTotals(): void {
  const totals = apis.map((api) => progress.of(api))
  const sum = (key: 'answered' | 'closed' | 'waiting'): number => {
    return totals.reduce((all, one) => all + one[key], 0)
  }
  const faults = totals.reduce((all, one) => all + one.faults.length, 0)
  const inputs = sum('answered') + sum('closed') + sum('waiting')
  process.stdout.write(
    `seed ${seed}, ${apis.length} APIs, ${inputs.toLocaleString('en-US')} requests: ` +
      `${sum('answered')} answered, ${sum('closed')} closed, ${sum('waiting')} wait, ${faults} faults\n`,
  )
  if (faults > 0) process.exitCode = 1
}
