// Emits the reading function of a struct.

import type { Field, Message, Struct } from './definition.ts'
import {
  type Contexts,
  type Pace,
  call,
  defaultOf,
  fieldType,
  guard,
  method,
  needsVersion,
  typeName,
  unless,
} from './emit-names.ts'
import { heapBytes, minBytes } from './estimate.ts'

/** Emits the body; the message tells how large elements are. */
export function emitRead(
  struct: Struct,
  message: Message,
  contexts: Contexts,
  pace: Pace = 'at once',
): string {
  return new ReadEmitter(struct, message, contexts, pace).emit()
}

class ReadEmitter {
  readonly #struct: Struct
  readonly #message: Message
  readonly #contexts: Contexts
  readonly #pace: Pace

  constructor(struct: Struct, message: Message, contexts: Contexts, pace: Pace) {
    this.#struct = struct
    this.#message = message
    this.#contexts = contexts
    this.#pace = pace
  }

  emit(): string {
    const { fields } = this.#struct
    const plain = fields.filter(({ tag }) => tag === null)
    const tagged = fields.filter(({ tag }) => tag !== null)
    const lines = plain.map((field) => this.#plain(field))
    if (tagged.length > 0) lines.push(this.#tagged(tagged))
    else if (this.#message.flexibleFrom !== null) lines.push('r.skipTags()')
    const names = fields.map(({ name }) => name).join(', ')
    return `${lines.join('\n')}\nreturn { ${names} }`
  }

  #plain(field: Field): string {
    const { name, type, versions } = field
    const present = guard(versions, this.#contexts.get(this.#struct)!)
    if (type.kind !== 'array') {
      const value = this.#expression(field)
      const whole = present === null ? value : `${present} ? ${value} : ${defaultOf(field)}`
      return `const ${name} = ${whole}`
    }
    if (present === null && field.nullable === null) return this.#filled(field, name, 'arrayCount')
    const declared = `let ${name}: ${fieldType(field, '')}`
    const body = this.#array(field)
    if (present !== null) return `${declared} = ${defaultOf(field)}\nif (${present}) {\n${body}\n}`
    return `${declared}\n{\n${body}\n}`
  }

  /** Statements that declare an array of the right length and read its elements. */
  #filled({ name, type, versions }: Field, list: string, count: string): string {
    if (type.kind !== 'array') throw new Error(`${name} is no array`)
    const { element } = type
    const sizes = `(${minBytes(element, this.#message, versions)}, ${heapBytes(element)})`
    const length = count === 'count' ? count : `r.${count}${sizes}`
    const one =
      element.kind === 'struct' ? this.#call(element.struct) : `r.${method(element.kind, false)}()`
    const step = `${list}[at] = ${one}`
    const body = this.#pace === 'in steps' ? `{\n${step}\nif (r.due()) yield\n}` : step
    return `const ${list} = new Array<${typeName(element, '')}>(${length})
for (let at = 0; at < ${list}.length; at++) ${body}`
  }

  #call(struct: Struct): string {
    const given = needsVersion(struct, this.#contexts) ? ['r', 'v'] : ['r']
    return call('read', struct, given, this.#pace)
  }

  /** A value that is not an array. */
  #expression(field: Field): string {
    const { type, nullable, versions } = field
    if (type.kind === 'array') throw new Error(`${field.name} is an array`)
    const plain =
      type.kind === 'struct' ? `(${this.#call(type.struct)})` : `r.${method(type.kind, false)}()`
    if (nullable === null) return plain
    const present = field.tag === null ? 'r.present()' : 'r.presentInTag()'
    const maybe =
      type.kind === 'struct' ? `(${present} ? ${plain} : null)` : `r.${method(type.kind, true)}()`
    const canBeNull = guard(nullable, versions)
    return canBeNull === null ? maybe : `(${canBeNull} ? ${maybe} : ${plain})`
  }

  /** Statements that set the variable of an array, which is there in this version. */
  #array(field: Field): string {
    const { name, type, nullable, versions } = field
    if (type.kind !== 'array') throw new Error(`${name} is no array`)
    if (nullable === null) return `${this.#filled(field, 'list', 'arrayCount')}\n${name} = list`
    const { element } = type
    const sizes = `(${minBytes(element, this.#message, versions)}, ${heapBytes(element)})`
    const canBeNull = guard(nullable, versions)
    const maybe = `r.nullableArrayCount${sizes}`
    const count = canBeNull === null ? maybe : `${canBeNull} ? ${maybe} : r.arrayCount${sizes}`
    const filled = `${this.#filled(field, 'list', 'count')}\n${name} = list`
    return `const count = ${count}\nif (count < 0) {\n${name} = null\n} else {\n${filled}\n}`
  }

  #tagged(fields: readonly Field[]): string {
    const declared = fields.map((field) => {
      return `let ${field.name}: ${fieldType(field, '')} = ${defaultOf(field)}`
    })
    const cases = fields.map((field) => this.#case(field))
    return `${declared.join('\n')}
if (r.flexible) {
for (let tags = r.tagCount(); tags > 0; tags--) {
switch (r.uvarint()) {
${cases.join('\n')}
default:
r.skipTag()
}
}
}`
  }

  #case(field: Field): string {
    const { tag, name, type, versions } = field
    const from = Math.max(this.#message.flexibleFrom ?? 0, this.#contexts.get(this.#struct)!.from)
    const absent = unless(versions, { from, to: this.#contexts.get(this.#struct)!.to })
    const skip = absent === null ? '' : `if (${absent}) {\nr.skipTag()\nbreak\n}\n`
    const value =
      type.kind === 'array' ? this.#array(field) : `${name} = ${this.#expression(field)}`
    return `case ${tag}: {\n${skip}const end = r.enterTag()\n${value}\nr.leaveTag(end)\nbreak\n}`
  }
}
