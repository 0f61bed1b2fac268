// Pieces of TypeScript that reading and writing code share.

import {
  type ElementType,
  type Field,
  type FieldType,
  type Message,
  type Struct,
  type Versions,
  isNullByDefault,
} from './definition.ts'

/** The versions in which each struct can come up: what its fields are guarded against. */
export type Contexts = ReadonlyMap<Struct, Versions>

export function contextsOf(messages: readonly Message[]): Contexts {
  const contexts = new Map<Struct, Versions>()
  const visit = (struct: Struct, versions: Versions): void => {
    const known = contexts.get(struct)
    const from = Math.min(known?.from ?? Infinity, versions.from)
    const to = Math.max(known?.to ?? 0, versions.to)
    contexts.set(struct, { from, to })
    for (const { type, versions: own } of struct.fields) {
      const inner = { from: Math.max(own.from, from), to: Math.min(own.to, to) }
      if (type.kind === 'struct') visit(type.struct, inner)
      if (type.kind === 'array' && type.element.kind === 'struct') visit(type.element.struct, inner)
    }
  }
  for (const { root, versions } of messages) visit(root, versions)
  return contexts
}

/** The condition under which `v` is in the versions, or null when it always is. */
export function guard(versions: Versions, context: Versions): string | null {
  const from = versions.from > context.from ? `v >= ${versions.from}` : null
  const to = versions.to < context.to ? `v <= ${versions.to}` : null
  if (from !== null && to !== null && versions.from === versions.to) return `v === ${versions.to}`
  return from !== null && to !== null ? `${from} && ${to}` : (from ?? to)
}

/** The condition under which `v` is not in the versions, or null when it always is. */
export function unless(versions: Versions, context: Versions): string | null {
  const condition = guard(versions, context)
  if (condition === null) return null
  return /^v [<>]= \d+$/.test(condition)
    ? condition.replace(/[<>]=/, (operator) => (operator === '>=' ? '<' : '>'))
    : `!(${condition})`
}

/** Whether code of the struct asks for the version. */
export function needsVersion(struct: Struct, contexts: Contexts): boolean {
  const context = contexts.get(struct)!
  return struct.fields.some(({ type, versions, nullable }) => {
    if (guard(versions, context) !== null) return true
    if (nullable !== null && guard(nullable, versions) !== null) return true
    const inner = type.kind === 'array' ? type.element : type
    return inner.kind === 'struct' && needsVersion(inner.struct, contexts)
  })
}

/** Whether a writer may leave the field out. */
export function isOptional(field: Field, context: Versions): boolean {
  const { versions, tag } = field
  return (
    field.default !== null ||
    tag !== null ||
    guard(versions, context) !== null ||
    isNullByDefault(field)
  )
}

/** TypeScript of the value. @param suffix '' for a value read, 'Init' for one to be written */
export function typeName(type: FieldType, suffix: string): string {
  switch (type.kind) {
    case 'array':
      return `readonly ${typeName(type.element, suffix)}[]`
    case 'struct':
      return `${type.struct.name}${suffix}`
    case 'bool':
      return 'boolean'
    case 'int64big':
      return 'bigint'
    case 'uuid':
      return 'Uuid'
    case 'string':
      return 'string'
    case 'bytes':
    case 'records':
      return 'Buffer'
    default:
      return 'number'
  }
}

export function fieldType(field: Field, suffix: string): string {
  const type = typeName(field.type, suffix)
  return field.nullable === null ? type : `${type} | null`
}

/** What stands for the field where it is absent. */
export function defaultOf(field: Field): string {
  if (isNullByDefault(field)) return 'null'
  const text = field.default
  switch (field.type.kind) {
    case 'array':
      return 'NO_ITEMS'
    case 'struct':
      return defaultStruct(field.type.struct)
    case 'bool':
      return text ?? 'false'
    case 'int64big':
      return `${text ?? 0}n`
    case 'uuid':
      return 'ZERO_UUID'
    case 'string':
      return text ?? "''"
    case 'bytes':
      return 'NO_BYTES'
    default:
      return number(text ?? '0')
  }
}

function number(text: string): string {
  return Number.isSafeInteger(Number(text)) ? text : 'Number.MAX_SAFE_INTEGER'
}

export function defaultStruct({ name }: Struct): string {
  return `DEFAULT_${name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}`
}

/** Name of the method of FrameReader, or of FrameWriter but for `int64clamped`. */
export function method(kind: ElementType['kind'], nullable: boolean): string {
  if (kind === 'int64clamped') return 'int64Clamped'
  if (kind === 'int64big') return 'int64Big'
  const plain = kind === 'records' ? 'bytes' : kind
  return nullable ? `nullable${plain[0]!.toUpperCase()}${plain.slice(1)}` : plain
}

/** Whether there is an array in it, however deep. */
export function holdsArrays({ fields }: Struct): boolean {
  return fields.some(({ type }) => {
    return type.kind === 'array' || (type.kind === 'struct' && holdsArrays(type.struct))
  })
}

/** How the functions of a struct go about it: at once, or in steps, as a generator. */
export type Pace = 'at once' | 'in steps'

/** Name of the function that reads or writes the struct. */
export function functionName(verb: 'read' | 'write', struct: Struct, pace: Pace): string {
  return `${verb}${struct.name}${pace === 'in steps' ? 'InSteps' : ''}`
}

/** A call of that function. What holds no array has no steps. */
export function call(
  verb: 'read' | 'write',
  struct: Struct,
  given: readonly string[],
  pace: Pace,
): string {
  const own = holdsArrays(struct) ? pace : 'at once'
  const name = functionName(verb, struct, own)
  const plain = `${name}(${given.join(', ')})`
  return own === 'at once' ? plain : `yield* ${plain}`
}
