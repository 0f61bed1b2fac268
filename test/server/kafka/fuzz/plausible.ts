// Messages that a client might send to this very broker: names that exist, small numbers, batches that
// are sound. The wild ones come from test/protocol/kafka/message-arbitraries.ts.

import { ZERO_UUID } from '../../../../src/base/uuid.ts'
import {
  type Field,
  type FieldType,
  includes,
  type Struct,
} from '../../../../tools/kafka-codecs/definition.ts'
import { batchOf, testBatch } from '../../../support/batches.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import {
  defaultValue,
  type Fields,
  type Value,
} from '../../../protocol/kafka/message-arbitraries.ts'
import { type KnownNames, textsFor, TOKENS } from './names.ts'

const NUMBERS = [-1, -1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 100] as const
const LARGE_NUMBERS = [1_000, 4_096, 30_000, 1_000_000, 0x7fff_ffff] as const

const BATCHES = [
  testBatch({ records: [{ key: 'k', value: 'v' }] }),
  batchOf(5, 100),
  testBatch({ producerId: 1, producerEpoch: 0, baseSequence: 0 }),
  testBatch({ records: [] }),
] as const

/** A message of the version: fields that it lacks are left out. */
export function plausible(
  struct: Struct,
  version: number,
  names: KnownNames,
  random: SeededRandom,
): Fields {
  const fields: Fields = {}
  for (const field of struct.fields) {
    if (includes(field.versions, version))
      fields[field.name] = valueOf(field, version, names, random)
  }
  return fields
}

function valueOf(field: Field, version: number, names: KnownNames, random: SeededRandom): Value {
  if (includes(field.nullable, version) && random.chance(0.3)) return null
  if (random.chance(0.15)) return defaultValue(field, version)
  const { type, name } = field
  const one = (kind: FieldType): Value => ofKind(kind, name, version, names, random)
  if (type.kind !== 'array') return one(type)
  return Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => one(type.element))
}

function ofKind(
  type: FieldType,
  field: string,
  version: number,
  names: KnownNames,
  random: SeededRandom,
): Value {
  switch (type.kind) {
    case 'struct':
      return plausible(type.struct, version, names, random)
    case 'array':
      return []
    case 'bool':
      return random.chance(0.5)
    case 'int8':
      return random.pick([-1, 0, 0, 1, 1, 2, 2, 3, 4, 8])
    case 'int16':
      return random.pick(NUMBERS)
    case 'int64big':
      return BigInt(random.pick(NUMBERS))
    case 'int32':
    case 'int64':
    case 'int64clamped':
    case 'float64':
      return random.chance(0.2) ? random.pick(LARGE_NUMBERS) : random.pick(NUMBERS)
    case 'uuid':
      return random.pick([ZERO_UUID, ...names.topicIds])
    case 'string':
      return random.pick(textsFor(field))
    case 'bytes':
      return random.pick(TOKENS)
    case 'records':
      return random.pick(BATCHES)
  }
}
