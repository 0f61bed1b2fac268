// Runs the tests: `npm test`, or `npm test -- storage/segment` for those whose path has these words.
// Ends with a line "N passed, N failed", and a line for each test that was left out and why.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './setup.mjs'

const results = join(ROOT, 'build/test/results.json')
mkdirSync(join(ROOT, 'build/test'), { recursive: true })
rmSync(results, { force: true })

const run = spawnSync(
  join(ROOT, 'node_modules/.bin/node'),
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: 'inherit' },
)

if (!existsSync(results)) {
  process.stdout.write('the test run ended without results\n0 passed, 1 failed\n')
  process.exit(run.status || 1)
}
const report = JSON.parse(readFileSync(results, 'utf8'))
// A file that fails to load has no tests in it and would otherwise not be counted.
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed'),
)
for (const file of brokenFiles) process.stdout.write(`failed to run: ${file.name}\n`)
const skipped = report.numPendingTests + (report.numTodoTests ?? 0)
if (skipped > 0 && process.env.CI !== undefined) {
  process.stdout.write(`${skipped} tests were skipped, and under CI none may be\n`)
  process.exitCode = 1
}
const failed = report.numFailedTests + brokenFiles.length
const suffix = skipped > 0 ? `, ${skipped} skipped` : ''
process.stdout.write(`${report.numPassedTests} passed, ${failed} failed${suffix}\n`)
if (run.status !== 0 || failed > 0) process.exitCode = run.status || 1
