// What a definition file says, as values, and the questions that the generator and the tests ask.
// parse-definition.ts reads the files and draws their form.

/** Versions of a message, both ends included. */
export interface Versions {
  readonly from: number
  readonly to: number
}

export const PRIMITIVES = [
  ...(['bool', 'int8', 'int16', 'int32', 'int64', 'int64clamped', 'int64big'] as const),
  ...(['float64', 'uuid', 'string', 'bytes', 'records'] as const),
]

export type Primitive = (typeof PRIMITIVES)[number]

export type FieldType =
  | { readonly kind: Primitive }
  | { readonly kind: 'struct'; readonly struct: Struct }
  | { readonly kind: 'array'; readonly element: ElementType }

export type ElementType = { readonly kind: Primitive } | { kind: 'struct'; readonly struct: Struct }

export interface Field {
  readonly name: string
  readonly type: FieldType
  /** Where the field is on the wire. */
  readonly versions: Versions
  /** Where it may be null, a part of `versions`. */
  readonly nullable: Versions | null
  /** Number of a tagged field. */
  readonly tag: number | null
  /** Whether a value may be dropped silently in a version that lacks the field. */
  readonly ignorable: boolean
  /** What stands for the field where it is absent, as written in the definition. */
  readonly default: string | null
  readonly prose: string
}

export interface Struct {
  readonly name: string
  readonly fields: readonly Field[]
}

export type MessageKind = 'request' | 'response' | 'data' | 'key' | 'value'

export interface Message {
  readonly kind: MessageKind
  readonly root: Struct
  readonly versions: Versions
  /** First version with compact lengths and tagged fields; null for none. */
  readonly flexibleFrom: number | null
  /** Type of a record of an internal topic. */
  readonly recordType: number | null
}

export interface Definition {
  /** Name of the file without its number and ending. */
  readonly file: string
  readonly prose: readonly string[]
  readonly api: { readonly key: number; readonly name: string } | null
  readonly messages: readonly Message[]
}

export function includes(versions: Versions | null, version: number): boolean {
  return versions !== null && version >= versions.from && version <= versions.to
}

export function isFlexible(message: Message, version: number): boolean {
  return message.flexibleFrom !== null && version >= message.flexibleFrom
}

/** Whether the field is null by default. */
export function isNullByDefault(field: Field): boolean {
  return field.default === 'null' || (field.type.kind === 'records' && field.default === null)
}

/** All structs of a message, those that others hold before those that hold them. */
export function structsOf(message: Message): Struct[] {
  const found: Struct[] = []
  const visit = (struct: Struct): void => {
    if (found.includes(struct)) return
    for (const { type } of struct.fields) {
      if (type.kind === 'struct') visit(type.struct)
      if (type.kind === 'array' && type.element.kind === 'struct') visit(type.element.struct)
    }
    found.push(struct)
  }
  visit(message.root)
  return found
}
