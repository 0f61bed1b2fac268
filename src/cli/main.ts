#!/usr/bin/env node
// The sluice command.

import { createRequire, enableCompileCache } from 'node:module'
import { report } from './failure.ts'
import { createProgram } from './program.ts'
import { exitWhenReaderLeaves } from './terminal.ts'

enableCompileCache()
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
