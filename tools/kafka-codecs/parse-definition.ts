// Reads a definition file. Its form:
//
//   # Prose about the whole file, until the first line that is something else.
//   api 0 Produce 3-13 flexible 9+         key, name, versions, first flexible version
//
//   struct Shared                          a struct that several fields use, before its first use
//     name: type
//
//   request                                fields of the request, in the order of the wire
//     name: []Element? 4+ tag 0 ignorable = null -- prose, which may go on
//         -- in lines of its own
//       name: type                         fields of Element, which is declared by this
//
//   response
//
// A file without an API holds `data Name versions`, and `key 2 Name versions` and `value 2 Name
// versions` for the records of internal topics, whose number is their type.
//
//   type      a primitive or a struct; [] before it for an array; ? behind it where it may be null,
//             ?7+ where it may from version 7 on
//   versions  3, 3-5 or 3+; all versions of the message when left out
//   tag       number of a tagged field
//   ignorable a value is dropped in versions that lack the field; without it, writing fails
//   default   what stands for the field where it is absent, and need not be given for writing;
//             0, false, '' and an empty array unless said

import {
  type Definition,
  type ElementType,
  type Field,
  type FieldType,
  type Message,
  type MessageKind,
  PRIMITIVES,
  type Primitive,
  type Struct,
  type Versions,
} from './definition.ts'

interface Line {
  readonly number: number
  readonly indent: number
  readonly text: string
  prose: string
}

const FIELD =
  /^(\w+): (\[\])?(\w+)(\?(\d\S*)?)?( \d\S*)?( tag (\d+))?( ignorable)?( = (\S+))?( -- (.+))?$/
const HEAD =
  /^(request|response|data (\w+)|(?:key|value) (\d+) (\w+))( (\S+))?( flexible (\d+)\+)?$/
const API = /^api (\d+) (\w+) (\S+)( flexible (\d+)\+)?$/

/** @throws Error that names file and line */
export function parseDefinition(fileName: string, text: string): Definition {
  return new Parser(fileName, text).parse()
}

class Parser {
  readonly #fileName: string
  readonly #prose: string[] = []
  readonly #lines: Line[] = []
  readonly #structs = new Map<string, Struct>()
  #next = 0
  #api: { key: number; name: string } | null = null
  /** Of the API, which its request and response share. */
  #versions: Versions = { from: 0, to: 0 }
  #flexibleFrom: number | null = null

  constructor(fileName: string, text: string) {
    this.#fileName = fileName
    for (const [at, raw] of text.split('\n').entries()) this.#addLine(at + 1, raw)
  }

  parse(): Definition {
    const api = API.exec(this.#lines[0]?.text ?? '')
    if (api !== null) {
      this.#next += 1
      this.#api = { key: Number(api[1]), name: api[2]! }
      this.#versions = this.#parseVersions(api[3]!, null)
      this.#flexibleFrom = api[5] === undefined ? null : Number(api[5])
    }
    const messages: Message[] = []
    while (this.#next < this.#lines.length) {
      const line = this.#lines[this.#next++]!
      const struct = /^struct (\w+)$/.exec(line.text)
      if (struct === null) messages.push(this.#message(line))
      else this.#declare(line, struct[1]!, this.#fields(2, this.#versionsHere()))
    }
    const file = this.#fileName.replace(/^\d+-|\.txt$/g, '')
    return { file, prose: this.#prose, api: this.#api, messages }
  }

  #addLine(number: number, raw: string): void {
    const text = raw.trim()
    if (text === '') return
    if (text.startsWith('#')) {
      this.#prose.push(text.slice(1).trim())
    } else if (text.startsWith('-- ')) {
      const last = this.#lines.at(-1)
      if (last === undefined) throw new Error(`${this.#fileName}:${number}: prose of nothing`)
      last.prose = `${last.prose} ${text.slice(3)}`.trim()
    } else {
      this.#lines.push({ number, indent: raw.length - raw.trimStart().length, text, prose: '' })
    }
  }

  /** Versions of the message that a shared struct stands before. */
  #versionsHere(): Versions {
    const rest = this.#lines.slice(this.#next)
    const line = rest.find(({ indent, text }) => indent === 0 && !text.startsWith('struct '))
    if (this.#api === null && line !== undefined) this.#enter(line)
    return this.#versions
  }

  /** Takes over the versions that the first line of a message names. */
  #enter(line: Line): RegExpExecArray {
    const match = HEAD.exec(line.text) ?? this.#fail(line, 'neither struct nor message')
    const [versions, flexible] = [match[6], match[8]]
    const ofApi = match[1] === 'request' || match[1] === 'response'
    if (ofApi !== (this.#api !== null)) this.#fail(line, 'not the kind of this file')
    if (!ofApi) {
      this.#versions = this.#parseVersions(versions ?? this.#fail(line, 'no versions'), null)
      this.#flexibleFrom = flexible === undefined ? null : Number(flexible)
    }
    return match
  }

  #message(line: Line): Message {
    const [, head, data, type, record] = this.#enter(line)
    const kind = head!.split(' ')[0] as MessageKind
    const suffix = kind === 'request' ? 'Request' : 'Response'
    const name = data ?? record ?? `${this.#api!.name}${suffix}`
    const range = this.#versions
    return {
      kind,
      root: this.#declare(line, name, this.#fields(2, range)),
      versions: range,
      flexibleFrom: this.#flexibleFrom,
      recordType: type === undefined ? null : Number(type),
    }
  }

  #declare(line: Line, name: string, fields: readonly Field[]): Struct {
    if (this.#structs.has(name)) this.#fail(line, `${name} is declared twice`)
    const struct = { name, fields }
    this.#structs.set(name, struct)
    return struct
  }

  /** The lines that follow at this indent, and what is under them. */
  #fields(indent: number, range: Versions): Field[] {
    const fields: Field[] = []
    while (this.#next < this.#lines.length && this.#lines[this.#next]!.indent >= indent) {
      const line = this.#lines[this.#next++]!
      if (line.indent !== indent) this.#fail(line, `indented by ${line.indent}, not ${indent}`)
      fields.push(this.#field(line, range))
    }
    if (new Set(fields.map(({ name }) => name)).size !== fields.length) {
      this.#fail(this.#lines[this.#next - 1]!, 'a field is declared twice')
    }
    return fields
  }

  #field(line: Line, range: Versions): Field {
    const match = FIELD.exec(line.text) ?? this.#fail(line, 'not a field')
    const [, name, array, typeName, maybeNull, nullVersions, own, , tag, ignorable, , value] = match
    const versions = own === undefined ? range : this.#parseVersions(own.trim(), range)
    const nullable =
      nullVersions === undefined ? versions : this.#parseVersions(nullVersions, versions)
    const nested = this.#lines[this.#next]
    const struct =
      nested !== undefined && nested.indent === line.indent + 2
        ? this.#declare(line, typeName!, this.#fields(line.indent + 2, versions))
        : null
    const element = this.#elementType(line, typeName!, struct)
    const type: FieldType = array === undefined ? element : { kind: 'array', element }
    if (tag !== undefined && versions.from < (this.#flexibleFrom ?? Infinity)) {
      this.#fail(line, 'tagged before the first flexible version')
    }
    return {
      name: name!,
      type,
      versions,
      nullable: maybeNull === undefined ? null : nullable,
      tag: tag === undefined ? null : Number(tag),
      ignorable: ignorable !== undefined,
      default: value ?? null,
      prose: `${match[13] ?? ''} ${line.prose}`.trim(),
    }
  }

  #elementType(line: Line, name: string, declared: Struct | null): ElementType {
    if (declared !== null) return { kind: 'struct', struct: declared }
    const primitive = PRIMITIVES.find((known: Primitive) => known === name)
    if (primitive !== undefined) return { kind: primitive }
    const struct = this.#structs.get(name) ?? this.#fail(line, `${name} is not known`)
    return { kind: 'struct', struct }
  }

  #parseVersions(text: string, within: Versions | null): Versions {
    const match = /^(\d+)(\+|-(\d+))?$/.exec(text)
    if (match === null) throw new Error(`${this.#fileName}: not versions: ${text}`)
    const from = Number(match[1])
    const to = match[2] === '+' ? (within?.to ?? Infinity) : Number(match[3] ?? from)
    if (from > to || (within !== null && (from < within.from || to > within.to))) {
      throw new Error(`${this.#fileName}: ${text} is outside ${within?.from}-${within?.to}`)
    }
    return { from, to }
  }

  #fail(line: Line, reason: string): never {
    throw new Error(`${this.#fileName}:${line.number}: ${reason}: ${line.text}`)
  }
}
