// `npm run dev`: one broker over build/dev-data that starts anew whenever a source file changes.

import { spawn, spawnSync } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './setup.mjs'

const node = join(ROOT, 'node_modules/.bin/node')
const flags = ['--data-dir', join(ROOT, 'build/dev-data'), ...process.argv.slice(2)]
let broker = null
let timer = null

start()
for (const folder of ['src', 'assembly']) {
  watch(join(ROOT, folder), { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(restart, 200)
  })
}
process.on('SIGINT', () => stop(() => process.exit(0)))
process.on('SIGTERM', () => stop(() => process.exit(0)))

function start() {
  broker = spawn(node, [join(ROOT, 'build/dist/cli/main.js'), 'start', ...flags], {
    stdio: 'inherit',
  })
}

function stop(then) {
  if (broker === null || broker.exitCode !== null) return then()
  broker.once('exit', then)
  broker.kill('SIGTERM')
}

/** A source that does not compile leaves the running broker alone. */
function restart() {
  const built = spawnSync(node, [join(ROOT, 'tools/setup.mjs')], { stdio: 'inherit' })
  if (built.status === 0) stop(start)
}
