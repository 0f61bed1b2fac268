#!/usr/bin/env node
// The sluice command: starts Node as the command needs it, then runs it.

import { enableCompileCache } from 'node:module'
import { NODE_FLAGS } from './node-flags.ts'

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
