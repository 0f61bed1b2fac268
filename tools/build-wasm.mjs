// Compiles assembly/ to build/wasm/core.wasm when a source is newer than that.
//
//   node tools/build-wasm.mjs [--force]
//
// Plain JavaScript for Node 20 and later: it runs before anything else of the project is built.

import { mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const OUTPUT = join(ROOT, 'build/wasm/core.wasm')

/** What the output depends on: the sources, their options, the compiler and this file. */
function inputs() {
  const assembly = readdirSync(join(ROOT, 'assembly')).map((name) => join(ROOT, 'assembly', name))
  return [
    ...assembly,
    join(ROOT, 'node_modules/assemblyscript/package.json'),
    fileURLToPath(import.meta.url),
  ]
}

function isFresh() {
  const built = statSync(OUTPUT, { throwIfNoEntry: false })
  return built !== undefined && inputs().every((path) => statSync(path).mtimeMs <= built.mtimeMs)
}

async function build() {
  const startedAt = new Date()
  mkdirSync(dirname(OUTPUT), { recursive: true })
  // Written beside and renamed, so that nobody loads half a file.
  const unfinished = `build/wasm/core.${process.pid}.tmp.wasm`
  const { main } = await import('assemblyscript/asc')
  const { error, stdout, stderr } = await main([
    'assembly/index.ts',
    ...['--config', 'assembly/asconfig.json', '--target', 'release'],
    ...['--baseDir', ROOT, '--outFile', unfinished],
  ])
  process.stdout.write(stdout.toString())
  process.stderr.write(stderr.toString())
  if (error !== null) {
    process.exitCode = 1
    return
  }
  // Dated at the start, so that a source saved during the build makes the next run build again.
  utimesSync(join(ROOT, unfinished), startedAt, startedAt)
  renameSync(join(ROOT, unfinished), OUTPUT)
}

if (process.argv.includes('--force') || !isFresh()) await build()
