// Runs the command that was typed.

import { createRequire } from 'node:module'
import { report } from './failure.ts'
import { createProgram } from './program.ts'
import { exitWhenReaderLeaves } from './terminal.ts'

exitWhenReaderLeaves()
const { version } = createRequire(import.meta.url)('sluice/package.json') as { version: string }
const program = createProgram(version)
if (process.argv.length <= 2) program.outputHelp()
else {
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = report(error)
  }
}
