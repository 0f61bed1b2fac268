#!/usr/bin/env node
// The sluice command: starts Node as the command needs it, then runs it.

import { enableCompileCache } from 'node:module'

/**
 * How the heap is kept. Records travel in buffers outside of it, which only its collections free, and a
 * full collection costs a hundred times what one of the young generation does. So the young generation is
 * small, and is collected often: by its size, and by what has passed (src/io/passing-buffers.ts, which
 * needs the second flag). And the old one may grow to four times what lives in it before it is collected:
 * it is small too, so with the default every few buffers that grew old would cost a full collection. With
 * Node's defaults the broker moved a third of the bytes and used 70 MB more.
 */
const NODE_FLAGS = ['--max-semi-space-size=1', '--expose-gc', '--heap-growing-percent=300']

// Node takes flags at its start only, so the process replaces itself, before it has loaded anything.
const areSet = NODE_FLAGS.every((flag) => process.execArgv.includes(flag))
if (!areSet && process.execve !== undefined) {
  const words = [process.execPath, ...process.execArgv, ...NODE_FLAGS, ...process.argv.slice(1)]
  process.execve(process.execPath, words, process.env as NodeJS.ProcessEnv)
}
enableCompileCache()
// grpc-js prints of its own what its errors say anyway. Who looks for more sets the variable.
process.env['GRPC_VERBOSITY'] ??= 'NONE'
await import('./run.ts')
