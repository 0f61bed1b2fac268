// Runs the clients that we did not write: see test/clients/run.ts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './setup.mjs'

const node = join(ROOT, 'node_modules/.bin/node')
const words = ['--no-warnings', 'test/clients/run.ts', ...process.argv.slice(2)]
process.exitCode = spawnSync(node, words, { cwd: ROOT, stdio: 'inherit' }).status ?? 1
