// `npm run check`: all that can be said of the code without running it. Says what to do about each
// thing that is wrong. `npm run check -- --fix` mends what a tool can mend.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './setup.mjs'

const fix = process.argv.includes('--fix')
const bin = (name) => join(ROOT, 'node_modules/.bin', name)
let failures = 0

check('format', fix ? 'see above' : 'npm run check -- --fix', () =>
  run(bin('prettier'), [fix ? '--write' : '--check', '--log-level=warn', '.']),
)
check('lint', 'see .oxlintrc.json', () =>
  run(bin('oxlint'), ['--type-aware', '--deny-warnings', ...(fix ? ['--fix'] : [])]),
)
check('types', 'see above', () => run(bin('tsc'), ['-p', 'tsconfig.json']))
check('proto style', 'see https://buf.build/docs/lint/rules', () =>
  run(bin('buf'), ['lint'], join(ROOT, 'proto')),
)
check('generated code is fresh', 'npm run generate', () => generatedIsFresh())
check('Kafka codecs are fresh', 'npm run generate', () =>
  run(bin('node'), ['tools/generate-kafka.ts', '--check']),
)
check('layers, words, sizes', 'see ARCHITECTURE.md, "Who may import whom"', () =>
  run(bin('vitest'), ['run', '--reporter=dot', 'test/repo']),
)
process.stdout.write(failures === 0 ? 'all checks passed\n' : `${failures} checks failed\n`)
process.exitCode = failures === 0 ? 0 : 1

function check(name, remedy, action) {
  const { ok, output } = action()
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (ok) return
  failures += 1
  process.stdout.write(`${output.trimEnd()}\n       to mend it: ${remedy}\n`)
}

function run(command, args, cwd = ROOT) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', env: withBin() })
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}` }
}

/** buf looks for its plugin on the PATH. What the tools print is kept, and shown without colours. */
function withBin() {
  const { FORCE_COLOR: _, ...env } = process.env
  return { ...env, NO_COLOR: '1', PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` }
}

/** Generates into a folder of its own, and compares that with what is committed. */
function generatedIsFresh() {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-generate-'))
  try {
    cpSync(join(ROOT, 'proto'), join(scratch, 'proto'), { recursive: true })
    const made = run(bin('buf'), ['generate'], join(scratch, 'proto'))
    if (!made.ok) return made
    const fresh = contents(join(scratch, 'src/protocol/grpc/gen'))
    const committed = contents(join(ROOT, 'src/protocol/grpc/gen'))
    const names = new Set([...fresh.keys(), ...committed.keys()])
    const stale = [...names].filter((name) => fresh.get(name) !== committed.get(name))
    return { ok: stale.length === 0, output: `not as proto/ would make them: ${stale.join(', ')}` }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function contents(folder) {
  const found = new Map()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found.set(path.slice(folder.length), readFileSync(path, 'utf8'))
  }
  return found
}
