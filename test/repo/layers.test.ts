// The architecture as a test: who may import whom, and which words one folder alone may use.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../src/', import.meta.url))

/** Each folder of src/, and the folders it may import beside itself. Reasons: ARCHITECTURE.md. */
const MAY_IMPORT = new Map([
  ['base', ''],
  ['io', 'base'],
  ['wasm', 'base'],
  ['config', 'base'],
  ['observability', 'base'],
  ['record', 'base wasm'],
  ['protocol', 'base'],
  ['security', 'base io config observability'],
  ['network', 'base io config observability protocol security'],
  ['storage', 'base io wasm config observability record'],
  ['metadata', 'base io config observability record protocol network storage'],
  ['replication', 'base io config observability record protocol network storage metadata'],
  ['controller', 'base io config observability metadata'],
  ['coordination', 'base io config observability record metadata replication'],
  [
    'broker',
    'base io config observability record security metadata replication controller coordination',
  ],
  [
    'server',
    'base io wasm config observability record protocol security network storage metadata ' +
      'replication controller coordination broker',
  ],
  ['client', 'base io config observability record protocol network security'],
  ['streams', 'base io config observability client'],
  ['connect', 'base io config observability network client'],
  ['registry', 'base io config observability network client'],
  ['cli', 'base io config observability network server client streams connect registry'],
])

/** Words that only these folders may use, and what the others take in their place. */
const RESERVED: readonly { word: RegExp; folders: string; instead: string }[] = [
  { word: /'node:worker_threads'/, folders: 'io', instead: 'io/threads.ts' },
  { word: /'node:fs(\/promises)?'/, folders: 'io wasm', instead: 'io/file-system.ts' },
  {
    word: /'node:(net|tls|http2?|https|dgram)'/,
    folders: 'network server security',
    instead: 'network/',
  },
  {
    word: /\b(Date\.now|new Date\(\)|setTimeout|setInterval|setImmediate|performance\.now)\b/,
    folders: 'io',
    instead: 'io/clock.ts',
  },
  { word: /\b(Math\.random|randomBytes|randomUUID)\b/, folders: 'io', instead: 'io/random.ts' },
  { word: /\bprocess\.(env|argv|exit|stdout|stderr|stdin)\b/, folders: 'cli', instead: 'options' },
  { word: /\bconsole\./, folders: 'cli', instead: 'observability/logger.ts' },
  { word: /\bWebAssembly\b/, folders: 'wasm', instead: 'wasm/storage-core.ts' },
]

const IMPORT = /(?:from|import\(|import)\s*'(\.[^']+)'/g

const FILES = globSync('**/*.ts', { cwd: ROOT }).map((path) => {
  return { path, folder: path.split('/')[0]!, text: readFileSync(join(ROOT, path), 'utf8') }
})

/** The text without comments, so that prose may name what code may not. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

test('imports only point down', () => {
  const wrong: string[] = []
  for (const { path, folder, text } of FILES) {
    const allowed = [folder, ...(MAY_IMPORT.get(folder)?.split(' ') ?? [])]
    for (const [, target] of code(text).matchAll(IMPORT)) {
      const targetFolder = join(dirname(path), target!).split('/')[0]!
      if (!allowed.includes(targetFolder)) wrong.push(`${path} imports ${targetFolder}`)
    }
  }
  expect(wrong).toEqual([])
})

test('every folder of src has a row in the table, and no file stands directly in src', () => {
  const wrong = FILES.filter(({ path, folder }) => !path.includes('/') || !MAY_IMPORT.has(folder))
  expect(wrong.map(({ path }) => path)).toEqual([])
})

test('words of one folder stay there', () => {
  const wrong: string[] = []
  for (const { path, folder, text } of FILES) {
    const plain = code(text)
    for (const { word, folders, instead } of RESERVED) {
      if (folders.split(' ').includes(folder)) continue
      const found = word.exec(plain)
      if (found !== null) wrong.push(`${path} says ${found[0]}; use ${instead}`)
    }
  }
  expect(wrong).toEqual([])
})
