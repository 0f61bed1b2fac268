// `npm run profile [-- doctor|flame|bubbleprof|heapprofiler]`: a broker under load, watched by clinic.
// The report, an HTML page, goes to build/profile. clinic is large and old, so it is no dependency: it is
// installed under build/ when it is first used.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NODE_FLAGS } from '../src/cli/node-flags.ts'
import { ROOT } from './setup.mjs'

const CLINIC = 'clinic@13.0.0'

const RECORDS = '1000000'
const tool = process.argv[2] ?? 'doctor'
if (!['doctor', 'flame', 'bubbleprof', 'heapprofiler'].includes(tool)) {
  process.stderr.write('usage: npm run profile [-- doctor|flame|bubbleprof|heapprofiler]\n')
  process.exit(2)
}

const home = join(ROOT, 'build/clinic')
const reports = join(ROOT, 'build/profile')
const node = join(ROOT, 'node_modules/.bin/node')
const sluice = join(ROOT, 'build/dist/cli/main.js')
mkdirSync(reports, { recursive: true })
install()

const data = mkdtempSync(join(tmpdir(), 'sluice-profile-'))
try {
  await profile()
} finally {
  rmSync(data, { recursive: true, force: true })
}
const report = readdirSync(reports)
  .filter((name) => name.endsWith('.html'))
  .sort()
  .at(-1)
process.stdout.write(`the report is ${join(reports, report)}\n`)

function install() {
  if (existsSync(join(home, 'node_modules/.bin/clinic'))) return
  process.stderr.write(`installing ${CLINIC} under build/ (once) …\n`)
  mkdirSync(home, { recursive: true })
  const words = ['install', '--prefix', home, '--no-audit', '--no-fund', '--loglevel=error', CLINIC]
  if (spawnSync('npm', words, { stdio: 'inherit' }).status !== 0) process.exit(1)
}

async function profile() {
  const start = [sluice, 'start', '--json', '--log-level', 'warn', '--data-dir', data]
  const free = '127.0.0.1:0'
  const ports = ['--grpc', free, '--http', free, '--kafka', free]
  const clinic = spawn(
    node,
    [
      join(home, 'node_modules/.bin/clinic'),
      ...[tool, '--open=false', '--dest', reports, '--'],
      // With its flags given the command does not start itself anew, which clinic would lose sight of.
      ...[node, ...NODE_FLAGS, ...start, ...ports],
    ],
    {
      // Without NO_INSIGHT it asks a question first, and where nobody can answer it writes nothing.
      env: { ...process.env, NO_INSIGHT: '1', NODE_OPTIONS: '--no-deprecation' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    },
  )
  const ended = new Promise((resolve) => clinic.once('exit', resolve))
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: clinic.stdout }).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line).grpc)
    })
    void ended.then(() => reject(new Error('clinic ended before the broker was ready')))
  })
  spawnSync(node, [sluice, 'bench', '--bootstrap', address, '--records', RECORDS], {
    stdio: 'inherit',
  })
  // As Ctrl-C does: to clinic and the broker, which then stops, and clinic writes its report.
  const group = 0 - Number(clinic.pid)
  process.kill(group, 'SIGINT')
  const late = setTimeout(() => process.kill(group, 'SIGKILL'), 60_000)
  await ended
  clearTimeout(late)
}
