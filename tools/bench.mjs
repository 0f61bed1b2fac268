// `npm run bench -- NAME [flags]`: runs bench/NAME/main.ts. Without a name it lists what there is.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_FLAGS } from '../src/cli/node-flags.ts'
import { ROOT } from './setup.mjs'

const [name, ...flags] = process.argv.slice(2)
const entry = (bench) => join(ROOT, 'bench', bench, 'main.ts')

if (name === undefined || !existsSync(entry(name))) {
  process.stdout.write('usage: npm run bench -- NAME [flags]\n\n')
  for (const bench of readdirSync(join(ROOT, 'bench')).filter((b) => existsSync(entry(b)))) {
    process.stdout.write(`  ${bench.padEnd(10)} ${purpose(bench)}\n`)
  }
  process.exit(name === undefined ? 0 : 2)
}
const run = spawnSync(
  join(ROOT, 'node_modules/.bin/node'),
  [...NODE_FLAGS, entry(name), ...flags],
  {
    stdio: 'inherit',
  },
)
process.exit(run.status ?? 1)

/** The first sentence of the bench's opening comment. */
function purpose(bench) {
  const lines = readFileSync(entry(bench), 'utf8').split('\n')
  const comment = lines.filter((line) => line.startsWith('//')).map((line) => line.slice(2).trim())
  return comment.join(' ').split('. ')[0]
}
