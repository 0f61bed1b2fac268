// Between a user's values and the bytes of a record.
//
// Null never reaches a serializer or a deserializer: a null key is no key, and a null value is a
// tombstone, whatever the type of the others.

import { SluiceError } from './errors.ts'

/** What a serializer is told beside the value. */
export interface SerializationContext {
  readonly topic: string
  readonly field: 'key' | 'value'
}

/** What a record can hold. A string is written in UTF-8. */
export type Serialized = Uint8Array | string

/**
 * Turns a value into what a record holds.
 *
 * It may answer with a promise, as when a schema must be looked up first; records that are sent
 * after it wait then, since their order is kept. The fast path is to answer at once.
 *
 * @throws anything: `send` rejects with SERIALIZATION_FAILED, which has it as its cause
 */
export interface Serializer<T> {
  serialize(value: T, context: SerializationContext): Serialized | Promise<Serialized>
}

/**
 * Turns the bytes of a record into a value.
 *
 * `bytes` is a view over memory that the client received, and stays valid as long as anything refers
 * to it; one that is kept for long keeps up to a megabyte alive, so copy what you keep.
 *
 * @throws anything: the reader of the record's key or value gets DESERIALIZATION_FAILED with it as
 *   the cause
 */
export interface Deserializer<T> {
  deserialize(bytes: Buffer, context: SerializationContext): T
}

/** Both directions. */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** Text in UTF-8. Bytes that are no UTF-8 are read as U+FFFD. */
export const stringSerde: Serde<string> = {
  serialize: (value) => {
    if (typeof value === 'string') return value
    throw new TypeError(`expected a string, not ${describe(value)}`)
  },
  deserialize: (bytes) => bytes.toString('utf8'),
}

/** Bytes as they are. What is read is a view: see `Deserializer`. */
export const bytesSerde: Serializer<Uint8Array> & Deserializer<Buffer> = {
  serialize: (value) => {
    if (value instanceof Uint8Array) return value
    throw new TypeError(`expected bytes, not ${describe(value)}`)
  },
  deserialize: (bytes) => bytes,
}

/** Bytes or text: what a producer takes when it is given no serializer. */
export const bytesOrStringSerializer: Serializer<Serialized> = {
  serialize: (value) => {
    if (typeof value === 'string' || value instanceof Uint8Array) return value
    throw new TypeError(`expected bytes or a string, not ${describe(value)}`)
  },
}

/**
 * JSON in UTF-8.
 *
 * ```ts
 * interface Click {
 *   readonly page: string
 *   readonly atMs: number
 * }
 * const producer = new Producer({ valueSerializer: jsonSerde<Click>() })
 * ```
 *
 * What is read is not checked against `T`; give a `check` that throws to have that.
 */
export function jsonSerde<T>(check?: (value: unknown) => T): Serde<T> {
  return {
    serialize: (value) => {
      const text: string | undefined = JSON.stringify(value)
      if (text !== undefined) return text
      throw new TypeError(`JSON has no form for ${describe(value)}`)
    },
    deserialize: (bytes) => {
      const value: unknown = JSON.parse(bytes.toString('utf8'))
      return check === undefined ? (value as T) : check(value)
    },
  }
}

/** The error for a serializer that failed. */
export function serializationFailed(context: SerializationContext, cause: unknown): SluiceError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('SERIALIZATION_FAILED', { ...context }, { message, cause })
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}
