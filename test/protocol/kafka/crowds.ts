// Requests that name very many things: one for each array of a message, which has that many elements.

import {
  type ElementType,
  type Field,
  type Struct,
  includes,
} from '../../../tools/kafka-codecs/definition.ts'
import { testBatch } from '../../support/batches.ts'
import { defaultValue, type Fields, type Value } from './message-arbitraries.ts'

export interface Crowd {
  /** The arrays that lead to the crowd: 'topics.partitions'. */
  readonly path: string
  readonly message: Fields
}

export interface CrowdNames {
  /** How many elements the array has. */
  readonly count: number
  /** Name of the element with this number, of anything that has a name. */
  readonly nameOf: (number: number) => string
}

const BATCH = testBatch({ records: [{ value: 'v' }] })

/** Arrays around a crowd have one element, others none. */
export function crowdsOf(root: Struct, version: number, names: CrowdNames): Crowd[] {
  return pathsOf(root, version).map((path) => {
    return { path: path.join('.'), message: new Filling(version, names).struct(root, path) }
  })
}

function pathsOf(struct: Struct, version: number): string[][] {
  return struct.fields
    .filter(({ versions }) => includes(versions, version))
    .flatMap(({ name, type }) => {
      if (type.kind === 'struct')
        return pathsOf(type.struct, version).map((rest) => [name, ...rest])
      if (type.kind !== 'array') return []
      const inner = type.element.kind === 'struct' ? pathsOf(type.element.struct, version) : []
      return [[name], ...inner.map((rest) => [name, ...rest])]
    })
}

class Filling {
  readonly #version: number
  readonly #names: CrowdNames
  #named = 0

  constructor(version: number, names: CrowdNames) {
    this.#version = version
    this.#names = names
  }

  /** @param path of the crowd, from here; null where it is elsewhere, empty inside of it */
  struct(struct: Struct, path: readonly string[] | null, number = 0): Fields {
    const fields: Fields = {}
    for (const field of struct.fields) {
      if (!includes(field.versions, this.#version)) continue
      const rest = path !== null && path[0] === field.name ? path.slice(1) : null
      fields[field.name] = this.#field(field, rest, path, number)
    }
    return fields
  }

  #field(
    field: Field,
    rest: readonly string[] | null,
    path: readonly string[] | null,
    number: number,
  ): Value {
    const { type, name, nullable } = field
    if (type.kind === 'array') {
      if (rest !== null) return this.#elements(type.element, name, rest)
      // Elements of the crowd itself have one of everything that they are about.
      const isInside = path !== null && path.length === 0 && !/config|assign/i.test(name)
      if (isInside) return [this.#one(type.element, name, null, 0)]
      return includes(nullable, this.#version) ? null : []
    }
    if (type.kind !== 'struct') return this.#primitive(type.kind, name, number)
    if (rest !== null) return this.struct(type.struct, rest)
    if (includes(nullable, this.#version)) return null
    return defaultValue(field, this.#version)
  }

  #elements(element: ElementType, name: string, rest: readonly string[]): Value[] {
    const length = rest.length === 0 ? this.#names.count : 1
    return Array.from({ length }, (_, number) => this.#one(element, name, rest, number))
  }

  #one(element: ElementType, name: string, path: readonly string[] | null, number: number): Value {
    if (element.kind === 'struct') return this.struct(element.struct, path, number)
    return this.#primitive(element.kind, name, number)
  }

  #primitive(kind: ElementType['kind'], name: string, number: number): Value {
    switch (kind) {
      case 'bool':
        return name === 'validateOnly'
      case 'string':
        return /mechanism/i.test(name) ? 'PLAIN' : this.#names.nameOf(this.#named++)
      case 'bytes':
        return Buffer.from('abc')
      case 'records':
        return BATCH
      case 'uuid':
        return 'AAAAAAAAAAAAAAAAAAAAAA'
      case 'int64big':
        return 1n
      case 'float64':
        return 1
      case 'int8':
        return /resourceType/i.test(name) ? 2 : 0
      case 'int16':
        return name === 'replicationFactor' ? 1 : -1
      case 'int32':
        return int32Of(name, number)
      default:
        return -1
    }
  }
}

function int32Of(name: string, number: number): number {
  if (/^(partition|index|partitions|partitionIndex)/i.test(name)) return number
  if (/wait/i.test(name)) return 0
  return /replica|epoch|generation/i.test(name) ? -1 : 1
}
