// Emits the writing function of a struct.

import {
  type ElementType,
  type Field,
  type Message,
  type Struct,
  isNullByDefault,
} from './definition.ts'
import {
  type Contexts,
  type Pace,
  call,
  defaultOf,
  defaultStruct,
  guard,
  isOptional,
  method,
  needsVersion,
} from './emit-names.ts'

export function emitWrite(
  struct: Struct,
  message: Message,
  contexts: Contexts,
  pace: Pace = 'at once',
): string {
  return new WriteEmitter(struct, message, contexts, pace).emit()
}

/** Emits the test whether a struct equals its default. */
export function emitIsDefault(struct: Struct): string {
  const same = struct.fields.map((field) => {
    const differs = isSet(field, `m.${field.name}`)
    return differs.startsWith('!') ? differs.slice(1) : differs.replace('!==', '===')
  })
  return `return ${same.join(' && ')}`
}

/** The condition that a value says more than the default. */
function isSet(field: Field, value: string): string {
  const absent = defaultOf(field)
  if (isNullByDefault(field)) return `(${value} ?? null) !== null`
  switch (field.type.kind) {
    case 'array':
      return `(${value}?.length ?? 0) !== 0`
    case 'bytes':
    case 'records':
      return `(${value}?.byteLength ?? 0) !== 0`
    case 'struct':
      return `!isDefault${field.type.struct.name}(${value} ?? ${absent})`
    default:
      return `(${value} ?? ${absent}) !== ${absent}`
  }
}

class WriteEmitter {
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
    else if (this.#message.flexibleFrom !== null) lines.push('w.noTags()')
    return lines.join('\n')
  }

  #plain(field: Field): string {
    const present = guard(field.versions, this.#contexts.get(this.#struct)!)
    const write = this.#value(field)
    if (present === null) return write
    const short = !write.includes('\n') && !write.startsWith('if')
    const whole = `if (${present}) ${short ? write : `{\n${write}\n}`}`
    if (field.ignorable) return whole
    return `${whole}\nelse if (${isSet(field, `m.${field.name}`)}) ${this.#refuse(field)}`
  }

  /** Statements that write the field, which the version has. */
  #value(field: Field): string {
    const { name, type, versions, nullable } = field
    if (type.kind !== 'array' && type.kind !== 'struct' && nullable === null) {
      return `w.${this.#method(type.kind, false)}(${this.#given(field)})`
    }
    const canBeNull = nullable === null ? 'false' : (guard(nullable, versions) ?? 'true')
    if (type.kind === 'records') return `w.nullableRecords(${this.#given(field)})`
    if (type.kind !== 'array' && type.kind !== 'struct') {
      const maybe = `w.${this.#method(type.kind, true)}(${this.#given(field)})`
      if (canBeNull === 'true') return maybe
      const never = `${this.#given(field)} ?? ${this.#refuse(field)}`
      return `if (${canBeNull}) ${maybe}\nelse w.${this.#method(type.kind, false)}(${never})`
    }
    const given = this.#given(field)
    if (nullable === null && type.kind === 'struct') return this.#writeCall(type.struct, given)
    const direct = nullable === null && given === `m.${name}`
    const value = direct ? given : name
    const filled =
      type.kind === 'array' ? this.#array(field, value) : this.#writeCall(type.struct, value)
    if (direct) return filled
    const open = `const ${name} = ${given}`
    if (nullable === null) return `{\n${open}\n${filled}\n}`
    const present = field.tag === null ? 'w.present' : 'w.presentInTag'
    const isNull = type.kind === 'array' ? 'w.nullArray()' : `${present}(false)`
    const no = canBeNull === 'true' ? '' : `if (!(${canBeNull})) ${this.#refuse(field)}\n`
    const yes = type.kind === 'array' ? '' : `${present}(true)\n`
    return `{\n${open}\nif (${name} === null) {\n${no}${isNull}\n} else {\n${yes}${filled}\n}\n}`
  }

  #array({ name, type }: Field, value: string): string {
    if (type.kind !== 'array') throw new Error(`${name} is no array`)
    const { element } = type
    const one =
      element.kind === 'struct'
        ? this.#writeCall(element.struct, 'item')
        : `w.${this.#method(element.kind, false)}(item)`
    const body = this.#pace === 'in steps' ? `{\n${one}\nif (w.due()) yield\n}` : one
    return `w.arrayCount(${value}.length)\nfor (const item of ${value}) ${body}`
  }

  #tagged(fields: readonly Field[]): string {
    const lines: string[] = []
    for (const field of fields) {
      const has = flag(field)
      const value = `m.${field.name}`
      const nullIsSet = field.nullable !== null && !isNullByDefault(field)
      lines.push(`const ${has} = ${nullIsSet ? `${value} === null || ` : ''}${isSet(field, value)}`)
      const present = guard(field.versions, this.#contexts.get(this.#struct)!)
      if (present !== null && !field.ignorable) {
        lines.push(`if (${has} && !(${present})) ${this.#refuse(field)}`)
      }
    }
    const counts = fields.map((field) => `Number(${this.#condition(field)})`)
    lines.push(`if (w.flexible) {`, `w.uvarint(${counts.join(' + ')})`)
    const ascending = [...fields].sort((a, b) => a.tag! - b.tag!)
    for (const field of ascending) {
      lines.push(
        `if (${this.#condition(field)}) {`,
        `const begun = w.beginTag(${field.tag})`,
        this.#value(field),
        'w.endTag(begun)',
        '}',
      )
    }
    lines.push('}')
    return lines.join('\n')
  }

  #condition(field: Field): string {
    const { from, to } = this.#contexts.get(this.#struct)!
    const flexibleFrom = Math.max(this.#message.flexibleFrom ?? 0, from)
    const present = guard(field.versions, { from: flexibleFrom, to })
    return present === null ? flag(field) : `${present} && ${flag(field)}`
  }

  /** The value, or what stands for it when it is left out. */
  #given(field: Field): string {
    const value = `m.${field.name}`
    if (!isOptional(field, this.#contexts.get(this.#struct)!)) return value
    const absent = defaultOf(field)
    if (field.nullable === null || absent === 'null') return `${value} ?? ${absent}`
    return `${value} === undefined ? ${absent} : ${value}`
  }

  /** Clamped numbers are read so; written they are like others. */
  #method(kind: ElementType['kind'], nullable: boolean): string {
    return kind === 'int64clamped' ? 'int64' : method(kind, nullable)
  }

  #writeCall(struct: Struct, value: string): string {
    const given = needsVersion(struct, this.#contexts) ? ['w', value, 'v'] : ['w', value]
    return call('write', struct, given, this.#pace)
  }

  #refuse(field: Field): string {
    return `refuse('${this.#struct.name}', '${field.name}', v)`
  }
}

function flag({ name }: Field): string {
  return `has${name[0]!.toUpperCase()}${name.slice(1)}`
}

/** Whether the struct can be absent without being null. */
export function needsDefault(
  struct: Struct,
  holders: readonly Struct[],
  contexts: Contexts,
): boolean {
  return holders.some((holder) => {
    return holder.fields.some((field) => {
      const { type, tag, versions } = field
      if (type.kind !== 'struct' || type.struct !== struct || isNullByDefault(field)) return false
      return tag !== null || guard(versions, contexts.get(holder)!) !== null
    })
  })
}

/** The constant that stands for a struct that is absent. */
export function emitDefault(struct: Struct): string {
  const fields = struct.fields.map((field) => `${field.name}: ${defaultOf(field)}`)
  return `const ${defaultStruct(struct)}: ${struct.name} = { ${fields.join(', ')} }`
}
