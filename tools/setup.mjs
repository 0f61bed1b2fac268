// Makes a checkout ready to run: installs packages, compiles the storage core, compiles TypeScript.
// Each step runs only when what it made is older than what it is made from, so a second call costs
// milliseconds. Plain JavaScript that runs on Node 20, since it is what brings Node 24.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Installs packages when the lock file is not the one that they were installed from. */
function installPackages() {
  const stamp = join(ROOT, 'node_modules', '.sluice-lock')
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  step('installing packages (once; about half a minute)', () => {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  })
  linkCommand()
  writeFileSync(stamp, wanted)
}

/** `npx sluice` looks for the command of a checkout where it looks for those of packages. */
function linkCommand() {
  const link = join(ROOT, 'node_modules/.bin/sluice')
  rmSync(link, { force: true })
  symlinkSync('../../build/dist/cli/main.js', link)
}

/** Compiles what is stale. `build/dist` has no file whose source is gone. */
function build() {
  const node = join(ROOT, 'node_modules', '.bin', 'node')
  if (isStale('build/wasm/core.wasm', ['assembly', 'tools/build-wasm.mjs'])) {
    step('compiling the storage core', () => run(node, ['tools/build-wasm.mjs']))
  }
  if (isStale('build/dist/.built', ['src', 'tsconfig.json', 'tsconfig.build.json'])) {
    step('compiling TypeScript', () => {
      rmSync(join(ROOT, 'build/dist'), { recursive: true, force: true })
      rmSync(join(ROOT, 'build/tsbuildinfo'), { force: true })
      run(node, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
      chmodSync(join(ROOT, 'build/dist/cli/main.js'), 0o755)
      writeFileSync(join(ROOT, 'build/dist/.built'), '')
    })
  }
}

/** True when `output` is missing, or older than any file at or below `inputs`. */
function isStale(output, inputs) {
  const path = join(ROOT, output)
  if (!existsSync(path)) return true
  const made = statSync(path).mtimeMs
  return inputs.some((input) => newest(join(ROOT, input)) > made)
}

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  // A directory's own time tells of files that were removed from it.
  const times = readdirSync(path).map((name) => newest(join(path, name)))
  return Math.max(stat.mtimeMs, ...times)
}

function step(text, action) {
  const begun = Date.now()
  process.stderr.write(`sluice: ${text} … `)
  action()
  process.stderr.write(`${((Date.now() - begun) / 1000).toFixed(1)} s\n`)
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' })
  if (result.status === 0) return
  process.stderr.write(`\n${result.stdout ?? ''}${result.stderr ?? ''}`)
  process.stderr.write(`sluice: ${command} ${args.join(' ')} failed\n`)
  process.exit(1)
}

mkdirSync(join(ROOT, 'build'), { recursive: true })
installPackages()
build()
