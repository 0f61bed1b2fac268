// Emits the TypeScript file of one definition: types, reading and writing functions, codecs.

import {
  type Definition,
  type Field,
  type Message,
  type Struct,
  type Versions,
  structsOf,
} from './definition.ts'
import {
  type Contexts,
  contextsOf,
  fieldType,
  functionName,
  guard,
  holdsArrays,
  isOptional,
  needsVersion,
} from './emit-names.ts'
import { emitRead } from './emit-read.ts'
import { emitDefault, emitIsDefault, emitWrite, needsDefault } from './emit-write.ts'

export function constantName(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()
}

/** @param source name of the definition file, for the first line */
export function emitFile(definition: Definition, source: string): string {
  const contexts = contextsOf(definition.messages)
  const parts: string[] = []
  const done = new Set<Struct>()
  for (const message of definition.messages) {
    const structs = structsOf(message)
    for (const struct of structs.toReversed()) {
      if (done.has(struct)) continue
      done.add(struct)
      parts.push(...emitStruct(struct, message, contexts, structs))
    }
    parts.push(emitCodec(message))
  }
  if (definition.api !== null) parts.push(emitApi(definition))
  const body = parts.join('\n\n')
  return `${emitHead(definition, source, body)}\n\n${body}\n`
}

function emitHead(definition: Definition, source: string, body: string): string {
  const prose = definition.prose.map((line) => `// ${line}`.trimEnd())
  const uses = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(body)
  const shared = ['type Api', 'type MessageCodec', 'NO_BYTES', 'NO_ITEMS', 'checkVersion', 'refuse']
  const fromShared = shared.filter((name) => uses(name.replace('type ', ''))).join(', ')
  const uuids = ['type Uuid', 'ZERO_UUID'].filter((name) => uses(name.replace('type ', '')))
  return [
    `// Made from definitions/${source} by tools/generate-kafka.ts; do not edit.`,
    '//',
    ...prose,
    '',
    // Lengths are checked before, and an array that grows takes half as much again.
    body.includes('new Array<') ? '/* oxlint-disable unicorn/no-new-array */\n' : '',
    uuids.length === 0 ? '' : `import { ${uuids.join(', ')} } from '../../../base/uuid.ts'`,
    "import type { FrameReader } from '../frame-reader.ts'",
    "import type { FrameWriter } from '../frame-writer.ts'",
    `import { ${fromShared} } from '../message-codec.ts'`,
  ].join('\n')
}

function emitStruct(
  struct: Struct,
  message: Message,
  contexts: Contexts,
  structs: readonly Struct[],
): string[] {
  const { name } = struct
  const isRoot = struct === message.root
  const version = isRoot || needsVersion(struct, contexts) ? ', v: number' : ''
  const { from, to } = message.versions
  const opening = isRoot ? `checkVersion('${name}', v, ${from}, ${to})\nFLEXIBLE\n` : ''
  const begin = (it: string): string =>
    opening.replace('FLEXIBLE', `${it}.flexible = ${flexible(message)}`)
  const parts = [
    emitInterface(struct, contexts.get(struct)!, ''),
    emitInterface(struct, contexts.get(struct)!, 'Init'),
    `function read${name}(r: FrameReader${version}): ${name} {
${begin('r')}${emitRead(struct, message, contexts)}\n}`,
    `function write${name}(w: FrameWriter, m: ${name}Init${version}): void {
${begin('w')}${emitWrite(struct, message, contexts)}\n}`,
  ]
  // A server reads requests and writes responses, and does nothing else all the while.
  if (message.kind === 'request' && holdsArrays(struct)) {
    parts.push(`function* ${functionName('read', struct, 'in steps')}(r: FrameReader${version}): Generator<void, ${name}> {
${begin('r')}${emitRead(struct, message, contexts, 'in steps')}\n}`)
  }
  if (message.kind === 'response' && holdsArrays(struct)) {
    parts.push(`function* ${functionName('write', struct, 'in steps')}(w: FrameWriter, m: ${name}Init${version}): Generator<void> {
${begin('w')}${emitWrite(struct, message, contexts, 'in steps')}\n}`)
  }
  if (needsDefault(struct, structs, contexts)) {
    parts.push(
      emitDefault(struct),
      `function isDefault${name}(m: ${name}Init): boolean {\n${emitIsDefault(struct)}\n}`,
    )
  }
  return parts
}

function flexible({ flexibleFrom, versions }: Message): string {
  if (flexibleFrom === null) return 'false'
  return flexibleFrom <= versions.from ? 'true' : `v >= ${flexibleFrom}`
}

function emitInterface(struct: Struct, context: Versions, suffix: string): string {
  const fields = struct.fields.map((field) => {
    const type = fieldType(field, suffix)
    if (suffix === '') return `${comment(field, context)}\nreadonly ${field.name}: ${type}`
    if (!isOptional(field, context)) return `readonly ${field.name}: ${type}`
    return `readonly ${field.name}?: ${type} | undefined`
  })
  const what = suffix === '' ? '' : `/** ${struct.name} to be written. */\n`
  return `${what}export interface ${struct.name}${suffix} {\n${fields.join('\n')}\n}`
}

function comment(field: Field, context: Versions): string {
  const { versions, prose } = field
  const only = guard(versions, context)
  const text = `${prose[0]!.toUpperCase()}${prose.slice(1)}.${only === null ? '' : ` ${only.replaceAll('v ', 'Version ').replace('&& Version', 'and')}.`}`
  return `/** ${text} */`
}

function emitCodec(message: Message): string {
  const { root, versions, flexibleFrom, recordType, kind } = message
  const type = recordType === null ? '' : `\nrecordType: ${recordType},`
  const verb = kind === 'request' ? 'read' : kind === 'response' ? 'write' : null
  const steps =
    verb === null || !holdsArrays(root)
      ? ''
      : `\n${verb}InSteps: ${functionName(verb, root, 'in steps')},`
  const extra = recordType === null ? '' : ' & { readonly recordType: number }'
  return `${kind === 'request' || kind === 'response' ? '' : 'export '}const ${constantName(root.name)}: MessageCodec<${root.name}, ${root.name}Init>${extra} = {
name: '${root.name}',${type}
minVersion: ${versions.from},
maxVersion: ${versions.to},
flexibleFrom: ${flexibleFrom ?? 'Infinity'},
read: read${root.name},
write: write${root.name},${steps}
}`
}

function emitApi(definition: Definition): string {
  const { key, name } = definition.api!
  const [request, response] = ['request', 'response'].map((kind) => {
    return definition.messages.find((message) => message.kind === kind)!
  })
  const [asked, answered] = [request!.root.name, response!.root.name]
  const types = `${asked}, ${asked}Init, ${answered}, ${answered}Init`
  const { versions, flexibleFrom } = request!
  return `export const ${constantName(name)}: Api<${types}> = {
key: ${key},
name: '${name}',
minVersion: ${versions.from},
maxVersion: ${versions.to},
flexibleFrom: ${flexibleFrom ?? 'Infinity'},
request: ${constantName(asked)},
response: ${constantName(answered)},
}`
}

/** Emits the list of all APIs. */
export function emitIndex(definitions: readonly Definition[]): string {
  const apis = definitions.filter(({ api }) => api !== null)
  const names = apis.map(({ api }) => constantName(api!.name))
  const imports = apis.map(({ file, api }) => {
    return `import { ${constantName(api!.name)} } from './${file}.ts'`
  })
  return `// All APIs that have a definition, by key. Made by tools/generate-kafka.ts; do not edit.

import type { AnyApi } from '../message-codec.ts'
${imports.join('\n')}

export const APIS: readonly AnyApi[] = [${names.join(', ')}]
`
}

/** Emits the table of API keys. */
export function emitKeys(definitions: readonly Definition[]): string {
  const entries = definitions.flatMap(({ api, prose }) => {
    return api === null ? [] : [`/** ${prose[0]} */\n${api.name}: ${api.key},`]
  })
  return `// The number of each API that has a definition. Made by tools/generate-kafka.ts; do not edit.

export const API_KEYS = {
${entries.join('\n')}
} as const

export type ApiName = keyof typeof API_KEYS
`
}
