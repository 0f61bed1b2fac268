// sluice.yaml: options by their names, flat or nested.
//
//   data.dir: /var/lib/sluice
//   listeners:
//     grpc: 127.0.0.1:9094          means listeners.grpc
//   log.cleanup.policy: [delete]    a list, by commas: delete

import { isMap, isScalar, isSeq, parseDocument } from 'yaml'

export interface YamlOptions {
  readonly values: Map<string, string>
  /** Why the file, or a part of it, could not be read: name of the part, and a sentence. */
  readonly faults: readonly { readonly name: string; readonly text: string }[]
}

/** Names and values as they stand in the file. Names without a value are left out. */
export function parseYamlOptions(text: string): YamlOptions {
  const values = new Map<string, string>()
  const document = parseDocument(text)
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message }) => {
      return { name: 'YAML', text: message.split('\n')[0]!.replace(/:$/, '') }
    })
    return { values, faults }
  }
  const faults: { name: string; text: string }[] = []
  collect('', document.contents, values, (name, fault) => {
    faults.push({ name: name === '' ? 'YAML' : name, text: fault })
  })
  return { values, faults }
}

function collect(
  name: string,
  node: unknown,
  values: Map<string, string>,
  fault: (name: string, text: string) => void,
): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const part = scalarText(key)
      if (part === null) fault(name, 'has a name that is no plain text')
      else collect(name === '' ? part : `${name}.${part}`, value, values, fault)
    }
    return
  }
  const text = isSeq(node) ? listText(node.items) : scalarText(node)
  if (text === null) fault(name, 'is neither a value nor a list of values')
  else if (name === '' && text !== '') fault(name, 'the file holds no names with values')
  else if (text !== '' || isQuoted(node)) values.set(name, text)
}

function listText(items: readonly unknown[]): string | null {
  const texts = items.map(scalarText)
  return texts.includes(null) ? null : texts.join(',')
}

/** A value as it was written: numbers keep digits that a JavaScript number would lose. */
function scalarText(node: unknown): string | null {
  if (node === null || node === undefined) return ''
  if (!isScalar(node)) return null
  if (node.value === null) return ''
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
}

/** `name: ""` sets an empty value; `name:` sets nothing. */
function isQuoted(node: unknown): boolean {
  return isScalar(node) && typeof node.value === 'string'
}
