// Reads all definition files of the Kafka protocol, in the order of their names.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Definition } from './definition.ts'
import { parseDefinition } from './parse-definition.ts'

const DEFINITIONS = fileURLToPath(new URL('../../src/protocol/kafka/definitions', import.meta.url))

/** @throws Error that names file and line */
export function readDefinitions(): { source: string; definition: Definition }[] {
  const names = readdirSync(DEFINITIONS).filter((name) => name.endsWith('.txt'))
  return names.sort().map((source) => {
    const text = readFileSync(join(DEFINITIONS, source), 'utf8')
    return { source, definition: parseDefinition(source, text) }
  })
}
