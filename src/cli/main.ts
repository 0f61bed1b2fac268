#!/usr/bin/env node
// The sluice command: starts Node as the command needs it, then runs it.

import { enableCompileCache } from 'node:module'

/**
 * Records travel in buffers outside the heap, which only a collection of the heap frees. With a young
 * generation of up to 16 MiB, the default, so many of them pile up in it that full collections come
 * first, at a hundred times the cost: the broker moved half as many bytes and used 50 MB more. The
 * second flag is for src/io/passing-buffers.ts, which tells the same of readers.
 */
const NODE_FLAGS = ['--max-semi-space-size=1', '--expose-gc']

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
