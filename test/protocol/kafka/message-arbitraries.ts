// Random messages, made from the definitions, and what reading them back must give.

import fc from 'fast-check'
import { ZERO_UUID, uuidOf } from '../../../src/base/uuid.ts'
import type { AnyApi, MessageCodec } from '../../../src/protocol/kafka/message-codec.ts'
import { APIS } from '../../../src/protocol/kafka/gen/apis.ts'
import * as consumerGroupRecords from '../../../src/protocol/kafka/gen/consumer-group-records.ts'
import * as consumerProtocol from '../../../src/protocol/kafka/gen/consumer-protocol.ts'
import * as offsetRecords from '../../../src/protocol/kafka/gen/offset-records.ts'
import * as transactionRecords from '../../../src/protocol/kafka/gen/transaction-records.ts'
import {
  type ElementType,
  type Field,
  type FieldType,
  type Message,
  type Struct,
  includes,
  isNullByDefault,
} from '../../../tools/kafka-codecs/definition.ts'
import { readDefinitions } from '../../../tools/kafka-codecs/read-definitions.ts'

export type Value =
  null | boolean | number | bigint | string | Buffer | readonly Value[] | { [name: string]: Value }

export type Fields = { [name: string]: Value }

/** A codec of which the types do not matter. */
export type AnyCodec = MessageCodec<unknown, never>

export interface Subject {
  readonly name: string
  readonly message: Message
  readonly codec: AnyCodec
}

/** Every message of every definition, with its codec. */
export function subjects(): Subject[] {
  const codecs = new Map<string, AnyCodec>()
  for (const { request, response } of APIS) {
    codecs.set(request.name, request).set(response.name, response)
  }
  const records = [consumerGroupRecords, consumerProtocol, offsetRecords, transactionRecords]
  for (const codec of records.flatMap((module) => Object.values<AnyCodec>(module))) {
    codecs.set(codec.name, codec)
  }
  return readDefinitions()
    .flatMap(({ definition }) => definition.messages)
    .map((message) => {
      const { name } = message.root
      return { name, message, codec: codecs.get(name)! }
    })
}

export function apiNamed(name: string): AnyApi {
  return APIS.find((api) => api.name === name)!
}

export function versionsOf({ message }: Subject): number[] {
  const { from, to } = message.versions
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

const SMALL_ARRAYS = { maxLength: 3 }

/** Messages that the version can say: fields that it lacks are left out. */
export function messages({ message }: Subject, version: number): fc.Arbitrary<Fields> {
  return structs(message.root, version)
}

function structs(struct: Struct, version: number): fc.Arbitrary<Fields> {
  const present = struct.fields.filter((field) => includes(field.versions, version))
  return fc.record(Object.fromEntries(present.map((field) => [field.name, values(field, version)])))
}

function values(field: Field, version: number): fc.Arbitrary<Value> {
  const some = ofType(field.type, version)
  const maybe = includes(field.nullable, version) ? fc.option(some, { freq: 4 }) : some
  // Defaults come up often, so that tagged fields are both there and not.
  return fc.oneof({ weight: 4, arbitrary: maybe }, fc.constant(defaultValue(field, version)))
}

function ofType(type: FieldType, version: number): fc.Arbitrary<Value> {
  if (type.kind === 'array') return fc.array(ofType(type.element, version), SMALL_ARRAYS)
  return ofElement(type, version)
}

function ofElement(type: ElementType, version: number): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'struct':
      return structs(type.struct, version)
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'int32':
      return fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
    case 'int64':
    case 'int64clamped':
      return fc.maxSafeInteger()
    case 'int64big':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'float64':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuidOf)
    case 'string':
      return fc.oneof(
        fc.string({ maxLength: 30 }),
        fc.string({ maxLength: 12, unit: 'grapheme' }),
        fc.string({ minLength: 120, maxLength: 140 }),
      )
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))
    case 'records':
      return fc
        .oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 600, maxLength: 900 }))
        .map((bytes) => Buffer.from(bytes))
  }
}

/** What stands for a field that is absent, by the definition. */
export function defaultValue(field: Field, version: number): Value {
  if (isNullByDefault(field)) return null
  const { type, default: text } = field
  switch (type.kind) {
    case 'array':
      return []
    case 'struct':
      return complete(type.struct, {}, version)
    case 'bool':
      return text === 'true'
    case 'int64big':
      return BigInt(text ?? 0)
    case 'uuid':
      return ZERO_UUID
    case 'string':
      return text === null ? '' : (JSON.parse(text) as string)
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    default:
      return Math.min(Number(text ?? 0), Number.MAX_SAFE_INTEGER)
  }
}

/** The message with all its fields: those that are left out get their defaults. */
export function complete(struct: Struct, given: Fields, version: number): Fields {
  const entries = struct.fields.map((field): [string, Value] => {
    const value = given[field.name]
    if (value === undefined) return [field.name, defaultValue(field, version)]
    return [field.name, completeValue(field.type, value, version)]
  })
  return Object.fromEntries(entries)
}

function completeValue(type: FieldType, value: Value, version: number): Value {
  if (value === null) return null
  if (type.kind === 'struct') return complete(type.struct, value as Fields, version)
  if (type.kind !== 'array') return value
  return (value as readonly Value[]).map((item) => completeValue(type.element, item, version))
}
