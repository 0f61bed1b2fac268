// A thread of fuzz.ts: takes chunks, one after the other, and says what came of each.

import { parentPort } from 'node:worker_threads'
import { type Chunk, fuzzChunk, kindOf } from './chunk.ts'
import type { FuzzOutcome } from './fuzzed-broker.ts'
import type { RequestKind } from './requests.ts'

/** What a thread says of a chunk. */
export type ChunkReport =
  | { readonly chunk: Chunk; readonly outcome: FuzzOutcome }
  | { readonly chunk: Chunk; readonly fault: string }

// Refusals are the rule here: their stacks would cost more than all the rest.
Error.stackTraceLimit = 0

let kind: { readonly name: string; readonly requests: RequestKind } | null = null

parentPort!.on('message', (chunk: Chunk) => {
  void report(chunk).then((said) => parentPort!.postMessage(said))
})

async function report(chunk: Chunk): Promise<ChunkReport> {
  if (kind?.name !== chunk.api) kind = { name: chunk.api, requests: kindOf(chunk) }
  try {
    return { chunk, outcome: await fuzzChunk(chunk, kind.requests) }
  } catch (error) {
    return { chunk, fault: textOf(error) }
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { stack, message, cause } = error
  return cause === undefined ? (stack ?? message) : `${message}\n${textOf(cause)}`
}
