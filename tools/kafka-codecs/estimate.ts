// How small a value can be on the wire, and how large it is on the heap: what the decoders check
// before they believe the count of an array.

import {
  type ElementType,
  type Field,
  type FieldType,
  type Message,
  type Primitive,
  type Struct,
  type Versions,
  includes,
  isFlexible,
} from './definition.ts'

const FIXED_BYTES: Partial<Record<Primitive, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  int64clamped: 8,
  int64big: 8,
  float64: 8,
  uuid: 16,
}

/** Least bytes that an element takes in any of the versions. */
export function minBytes(type: ElementType, message: Message, versions: Versions): number {
  let least = Infinity
  for (let version = versions.from; version <= versions.to; version++) {
    least = Math.min(least, minBytesAt(type, isFlexible(message, version), version))
  }
  return Math.max(1, least)
}

function minBytesAt(type: FieldType, flexible: boolean, version: number): number {
  if (type.kind === 'struct') return minStructBytes(type.struct, flexible, version)
  if (type.kind === 'string') return flexible ? 1 : 2
  if (type.kind === 'array' || type.kind === 'bytes' || type.kind === 'records') {
    return flexible ? 1 : 4
  }
  return FIXED_BYTES[type.kind]!
}

function minStructBytes(struct: Struct, flexible: boolean, version: number): number {
  let sum = flexible ? 1 : 0
  for (const { type, versions, nullable, tag } of struct.fields) {
    if (tag !== null || !includes(versions, version)) continue
    const maybeNull = type.kind === 'struct' && includes(nullable, version)
    sum += maybeNull ? 1 : minBytesAt(type, flexible, version)
  }
  return sum
}

/** Header of an object in V8 and its slot in an array, in bytes. */
const OBJECT_BYTES = 32
const SLOT_BYTES = 8

/** A number that may need more than 31 bits, in bytes. */
const BOXED_BYTES = 16

/** What an element takes on the heap, roughly; text, ids, views and arrays are counted when read. */
export function heapBytes(type: ElementType): number {
  if (type.kind !== 'struct') return SLOT_BYTES + extraBytes(type)
  return OBJECT_BYTES + type.struct.fields.reduce((sum, field) => sum + fieldBytes(field), 0)
}

function fieldBytes({ type, tag, nullable }: Field): number {
  // A struct that is absent is null, or the one default.
  if (type.kind === 'struct' && (tag !== null || nullable !== null)) return SLOT_BYTES
  return SLOT_BYTES + extraBytes(type)
}

function extraBytes(type: FieldType): number {
  if (type.kind === 'struct') return heapBytes(type)
  const isBoxed = ['int64', 'int64clamped', 'int64big', 'float64'].includes(type.kind)
  return isBoxed ? BOXED_BYTES : 0
}
