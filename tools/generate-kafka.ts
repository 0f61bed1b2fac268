// Makes src/protocol/kafka/gen/ from src/protocol/kafka/definitions/.
//
//   node tools/generate-kafka.ts             writes
//   node tools/generate-kafka.ts --check     fails when what is there is not what would be written

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { emitFile, emitIndex, emitKeys } from './kafka-codecs/emit-file.ts'
import { readDefinitions } from './kafka-codecs/read-definitions.ts'

const GENERATED = fileURLToPath(new URL('../src/protocol/kafka/gen', import.meta.url))
const STYLE = { parser: 'typescript', semi: false, singleQuote: true, printWidth: 100 } as const

const fresh = new Map<string, string>()
const definitions = readDefinitions()
for (const { definition, source } of definitions) {
  fresh.set(`${definition.file}.ts`, await format(emitFile(definition, source), STYLE))
}
const all = definitions.map(({ definition }) => definition)
fresh.set('apis.ts', await format(emitIndex(all), STYLE))
fresh.set('api-keys.ts', await format(emitKeys(all), STYLE))

mkdirSync(GENERATED, { recursive: true })
const present = readdirSync(GENERATED)
if (process.argv.includes('--check')) {
  const stale = [...new Set([...present, ...fresh.keys()])].filter((name) => {
    return (
      !present.includes(name) || readFileSync(join(GENERATED, name), 'utf8') !== fresh.get(name)
    )
  })
  if (stale.length > 0) {
    process.stdout.write(`not as definitions/ would make them: ${stale.join(', ')}\n`)
    process.exitCode = 1
  }
} else {
  for (const name of present) if (!fresh.has(name)) rmSync(join(GENERATED, name))
  for (const [name, text] of fresh) writeFileSync(join(GENERATED, name), text)
}
