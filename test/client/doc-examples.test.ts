// Every example in the client's documentation, and those in examples/typescript, compile against the
// sources as they are now.

import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, runCommand } from '../support/commands.ts'

const BUILD = join(ROOT, 'build/test/doc-examples')

/** The blocks of TypeScript in the doc comments of a source file. */
function examplesOf(source: string): string[] {
  return [...source.matchAll(/^ *\* ```ts\n([^]*?)^ *\* ```$/gm)].map((match) => {
    return match[1]!.replaceAll(/^ *\* ?/gm, '')
  })
}

test('the examples compile', async () => {
  rmSync(BUILD, { recursive: true, force: true })
  mkdirSync(BUILD, { recursive: true })
  let count = 0
  for (const path of globSync('src/client/**/*.ts', { cwd: ROOT })) {
    for (const example of examplesOf(readFileSync(join(ROOT, path), 'utf8'))) {
      // Some show a piece of a program: then the import is left to the reader.
      const missingImport = example.includes("from 'sluice'") ? '' : IMPORTS
      writeFileSync(join(BUILD, `${basename(path, '.ts')}-${count++}.ts`), missingImport + example)
    }
  }
  for (const path of globSync('examples/typescript/*.ts', { cwd: ROOT })) {
    writeFileSync(join(BUILD, `example-${basename(path)}`), readFileSync(join(ROOT, path)))
    count += 1
  }
  expect(count).toBeGreaterThanOrEqual(8)
  writeFileSync(
    join(BUILD, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions: {
        paths: { sluice: ['../../../src/client/index.ts'] },
        // Only some of what the whole project compiles is here; the names of WebAssembly come from DOM.
        lib: ['es2024', 'esnext.disposable', 'esnext.array', 'dom', 'dom.asynciterable'],
        noUnusedLocals: false,
      },
      include: ['*.ts'],
    }),
  )
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const output = await runCommand(process.execPath, [tsc, '-p', BUILD]).catch(String)
  expect(output).toBe('')
})

const IMPORTS = "import { Admin, Consumer, Producer, jsonSerde, stringSerde } from 'sluice'\n"
