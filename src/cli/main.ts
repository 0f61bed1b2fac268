#!/usr/bin/env node
// The sluice command: starts Node as the command needs it, then runs it.

import { enableCompileCache } from 'node:module'

/**
 * Records travel in buffers outside the heap, which only a collection of the heap frees. With a young
 * generation of up to 16 MiB, the default, so many of them pile up in it that full collections come
 * first, at a hundred times the cost: the broker moved half as many bytes and used 50 MB more.
 */
const YOUNG_GENERATION = '--max-semi-space-size=1'

// Node takes the flag at its start only, so the process replaces itself, before it has loaded anything.
const isSet = process.execArgv.some((flag) => flag.startsWith('--max-semi-space-size'))
if (!isSet && process.execve !== undefined) {
  const words = [process.execPath, YOUNG_GENERATION, ...process.execArgv, ...process.argv.slice(1)]
  process.execve(process.execPath, words, process.env as NodeJS.ProcessEnv)
}
enableCompileCache()
await import('./run.ts')
