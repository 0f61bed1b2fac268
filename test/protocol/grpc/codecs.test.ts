// The hand-written codecs against protobuf-es: what one writes the other reads as the same message,
// both ways, over random messages; and no bytes do more harm than a WireFormatError.

import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { BrokerError, ERRORS, type ErrorCode } from '../../../src/base/errors.ts'
import { errorCodec } from '../../../src/protocol/grpc/error-codec.ts'
import { fetchStreamRequestCodec } from '../../../src/protocol/grpc/fetch-command-codec.ts'
import {
  fetchResponseCodec,
  fetchStreamResponseCodec,
} from '../../../src/protocol/grpc/fetch-codec.ts'
import * as fetchPb from '../../../src/protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import * as groupsPb from '../../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import * as adminPb from '../../../src/protocol/grpc/gen/sluice/v1/admin_pb.ts'
import * as producePb from '../../../src/protocol/grpc/gen/sluice/v1/produce_pb.ts'
import * as recordsPb from '../../../src/protocol/grpc/gen/sluice/v1/records_pb.ts'
import * as transactionsPb from '../../../src/protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import {
  produceRequestCodec,
  produceResponseCodec,
  produceStreamRequestCodec,
  produceStreamResponseCodec,
} from '../../../src/protocol/grpc/produce-codec.ts'
import {
  publishRequestCodec,
  publishResponseCodec,
  publishStreamRequestCodec,
  publishStreamResponseCodec,
} from '../../../src/protocol/grpc/publish-codec.ts'
import { positionCodec, recordCodec } from '../../../src/protocol/grpc/record-codec.ts'
import { sessionRecordsCodec } from '../../../src/protocol/grpc/session-codec.ts'
import { subscribeResponseCodec } from '../../../src/protocol/grpc/subscribe-codec.ts'
import { type Codec, decodeMessage, encodeMessage } from '../../../src/protocol/grpc/codec.ts'
import { checkElements } from '../../../src/protocol/grpc/element-count.ts'
import {
  ADMIN_SERVICE,
  FETCH_SERVICE,
  GROUP_SERVICE,
  PRODUCE_SERVICE,
  TRANSACTION_SERVICE,
} from '../../../src/protocol/grpc/services.ts'
import {
  MAX_ELEMENTS,
  MAX_NAMED,
  MAX_PUBLISHED,
  WireFormatError,
} from '../../../src/protocol/grpc/wire-format.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

/** Draws a message of any of our shapes from the descriptor: every field, every edge of its type. */
function draw(random: SeededRandom, desc: DescMessage, depth = 0): Record<string, unknown> {
  const init: Record<string, unknown> = {}
  for (const field of desc.fields) {
    if (field.oneof !== undefined) continue
    if (random.chance(0.2)) continue
    if (field.fieldKind === 'list') {
      const count = depth > 2 ? 1 : random.below(4)
      init[field.localName] = Array.from({ length: count }, () => {
        if (field.listKind === 'message') return draw(random, field.message, depth + 1)
        return field.listKind === 'scalar' ? drawScalar(random, field.scalar, field.name) : 0
      })
    } else if (field.fieldKind === 'map') {
      const isNamed = field.mapKey === ScalarType.STRING
      const valueOf = (): unknown =>
        field.mapKind === 'message' ? draw(random, field.message, depth + 1) : text(random)
      const entries = Array.from({ length: random.below(3) }, (_, n) => {
        return [isNamed ? `fact${n}` : n, valueOf()]
      })
      init[field.localName] = Object.fromEntries(entries)
    } else if (field.fieldKind === 'message') {
      init[field.localName] = draw(random, field.message, depth + 1)
    } else if (field.fieldKind === 'enum') {
      init[field.localName] = random.pick(field.enum.values).number
    } else {
      init[field.localName] = drawScalar(random, field.scalar, field.name)
    }
  }
  for (const oneof of desc.oneofs) {
    const field = random.pick(oneof.fields)
    const value =
      field.fieldKind === 'message'
        ? draw(random, field.message, depth + 1)
        : field.fieldKind === 'enum'
          ? random.pick(field.enum.values).number
          : field.fieldKind === 'scalar'
            ? drawScalar(random, field.scalar, field.name)
            : null
    init[oneof.localName] = { case: field.localName, value }
  }
  return init
}

function text(random: SeededRandom): string {
  return random.pick(['', 'clicks', 'ünïcode ✓ 𝄞', 'x'.repeat(random.below(300)), '\ufffd'])
}

const SAFE = [0, 1, -1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, 2 ** 49, Number.MAX_SAFE_INTEGER]

/** By protobuf's number of the type: 3 int64, 4 uint64, 5 int32, 8 bool, 9 string, 12 bytes, 13 uint32. */
function drawScalar(random: SeededRandom, scalar: number, name: string): unknown {
  switch (scalar) {
    case 3:
      return BigInt(random.pick([...SAFE, -300, Number.MIN_SAFE_INTEGER]))
    case 4:
      // Credit is counted up to 2^53 - 1, which has a test of its own; other uint64 are opaque.
      if (name === 'bytes') return BigInt(random.pick(SAFE.map(Math.abs)))
      return random.pick([...SAFE.map((n) => BigInt(Math.abs(n))), 2n ** 53n, 2n ** 64n - 1n])
    case 5:
      return random.pick([0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31)])
    case 8:
      return random.chance(0.5)
    case 9:
      return text(random)
    case 12:
      return Uint8Array.from(random.bytes(random.pick([0, 1, 5, 127, 128, 1000])))
    case 13:
      return random.pick([0, 1, 127, 128, 2 ** 32 - 1])
    default:
      throw new Error(`no draw for scalar ${scalar}`)
  }
}

const CASES: readonly (readonly [string, Codec<unknown>, DescMessage])[] = [
  ['ProduceRequest', produceRequestCodec, producePb.ProduceRequestSchema],
  ['ProduceResponse', produceResponseCodec, producePb.ProduceResponseSchema],
  ['ProduceStreamRequest', produceStreamRequestCodec, producePb.ProduceStreamRequestSchema],
  ['ProduceStreamResponse', produceStreamResponseCodec, producePb.ProduceStreamResponseSchema],
  ['PublishRequest', publishRequestCodec, producePb.PublishRequestSchema],
  ['PublishResponse', publishResponseCodec, producePb.PublishResponseSchema],
  ['PublishStreamRequest', publishStreamRequestCodec, producePb.PublishStreamRequestSchema],
  ['PublishStreamResponse', publishStreamResponseCodec, producePb.PublishStreamResponseSchema],
  ['FetchResponse', fetchResponseCodec, fetchPb.FetchResponseSchema],
  ['FetchStreamRequest', fetchStreamRequestCodec, fetchPb.FetchStreamRequestSchema],
  ['FetchStreamResponse', fetchStreamResponseCodec, fetchPb.FetchStreamResponseSchema],
  ['SubscribeResponse', subscribeResponseCodec, fetchPb.SubscribeResponseSchema],
  ['SessionRecords', sessionRecordsCodec, groupsPb.SessionRecordsSchema],
  ['Record', recordCodec, recordsPb.RecordSchema],
  ['Position', positionCodec, recordsPb.PositionSchema],
].map(([name, codec, desc]) => [name, codec as Codec<unknown>, desc as DescMessage] as never)

/**
 * A message as plain data. What our codecs say in one way only is said so here: an error, whose
 * retriability comes from the table; a start that is absent or not specified, which is the earliest
 * record; a record that is absent, which is one with nothing in it.
 */
function normal(value: unknown, name = ''): unknown {
  if (name === 'error') return value === undefined ? 'none' : 'an error'
  if (name === 'kind' && isEarliest(value)) return 'earliest'
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map((item) => normal(item))
  if (typeof value !== 'object' || value === null) return value
  const filled = { ...DEFAULTS[(value as { $typeName?: string }).$typeName ?? ''], ...value }
  return Object.fromEntries(Object.entries(filled).map(([key, item]) => [key, normal(item, key)]))
}

const DEFAULTS: Record<string, object> = {
  'sluice.v1.PartitionStart': { start: create(recordsPb.PositionSchema) },
  'sluice.v1.SeekPartition': { start: create(recordsPb.PositionSchema) },
  'sluice.v1.SubscribedRecord': { record: create(recordsPb.RecordSchema) },
  'sluice.v1.PublishRecord': { record: create(recordsPb.RecordSchema) },
}

function isEarliest(kind: unknown): boolean {
  const { case: name, value } = kind as { case?: string; value?: unknown }
  return name === undefined || (name === 'edge' && value !== 2)
}

describe.each(CASES)('%s', (_, codec, desc) => {
  test('goes through our codec and comes back to protobuf-es as it was', () => {
    const seed = 11
    const random = new SeededRandom(seed)
    for (let round = 0; round < 400; round++) {
      const init = draw(random, desc)
      const message = create(desc, init as never)
      const theirs = toBinary(desc, message)
      const bytes = encodeMessage(codec, decodeMessage(codec, Buffer.from(theirs)))
      const back = fromBinary(desc, bytes)
      const where = `seed ${seed}, round ${round}`
      expect(normal(back), where).toEqual(normal(message))
    }
  })

  test('passes over fields that it does not know', () => {
    const random = new SeededRandom(12)
    // Fields 100 to 103, of each wire type.
    const unknown = Buffer.from([
      ...[0xa0, 0x06, 0xff, 0x01],
      ...[0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[0xb2, 0x06, 3, 1, 2, 3],
      ...[0xbd, 0x06, 1, 2, 3, 4],
    ])
    for (let round = 0; round < 50; round++) {
      const known = Buffer.from(toBinary(desc, create(desc, draw(random, desc) as never)))
      const plain = decodeMessage(codec, known)
      expect(decodeMessage(codec, Buffer.concat([unknown, known, unknown]))).toEqual(plain)
    }
  })

  test('damaged bytes are read, or refused as a WireFormatError, and never anything else', () => {
    const seed = 13
    const random = new SeededRandom(seed)
    let refused = 0
    for (let round = 0; round < 3_000; round++) {
      const whole = Buffer.from(toBinary(desc, create(desc, draw(random, desc) as never)))
      const bytes = damage(random, whole)
      try {
        const message = decodeMessage(codec, bytes)
        // What was read can be written: sizes agree with what is written, for any content.
        const written = encodeMessage(codec, message)
        expect(encodeMessage(codec, decodeMessage(codec, written))).toEqual(written)
      } catch (error) {
        expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(WireFormatError)
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(100)
  })
})

function damage(random: SeededRandom, whole: Buffer): Buffer {
  const bytes = Buffer.from(whole)
  if (bytes.byteLength === 0) return random.bytes(random.below(20))
  const kind = random.below(4)
  if (kind === 0) return bytes.subarray(0, random.below(bytes.byteLength))
  if (kind === 1) return Buffer.concat([bytes, random.bytes(1 + random.below(8))])
  const flips = 1 + random.below(4)
  for (let flip = 0; flip < flips; flip++) {
    const at = random.below(bytes.byteLength)
    bytes[at] =
      kind === 2 ? bytes[at]! ^ (1 << random.below(8)) : random.pick([0, 0x7f, 0x80, 0xff])
  }
  return bytes
}

test('bytes are handed on as views of what was received', () => {
  const batch = Buffer.from('a batch')
  const bytes = encodeMessage(produceStreamRequestCodec, {
    number: 1,
    acks: 1,
    timeoutMs: 0,
    batches: [{ topic: 'clicks', partition: 2, batch }],
  })
  const read = decodeMessage(produceStreamRequestCodec, bytes).batches[0]!.batch
  expect(read).toEqual(batch)
  expect(read.buffer).toBe(bytes.buffer)
})

test.each(Object.keys(ERRORS) as ErrorCode[])('%s crosses the wire with its facts', (code) => {
  const error = new BrokerError(code, { topic: 'clicks', partition: 3, message: 'It was so.' })
  const bytes = encodeMessage(errorCodec, error)
  const seen = fromBinary(recordsPb.ErrorSchema, bytes)
  expect(seen).toMatchObject({ code: ERRORS[code].id, reason: code, message: 'It was so.' })
  expect(seen.retriable).toBe(ERRORS[code].retriable)
  const back = decodeMessage(errorCodec, bytes)
  expect(back.code).toBe(code)
  expect(back.facts).toEqual({ topic: 'clicks', partition: '3', message: 'It was so.' })
})

test('more elements than anybody needs are refused before they fill the memory', () => {
  const bytes = Buffer.alloc((MAX_ELEMENTS + 1) * 2)
  for (let at = 0; at < bytes.byteLength; at += 2) bytes[at] = 0x22
  expect(() => decodeMessage(publishRequestCodec, bytes)).toThrow(/elements/)
})

/** Every method that may be asked for, and what it asks with. */
const METHODS = [
  { service: producePb.ProduceService, formats: PRODUCE_SERVICE },
  { service: fetchPb.FetchService, formats: FETCH_SERVICE },
  { service: groupsPb.GroupService, formats: GROUP_SERVICE },
  { service: transactionsPb.TransactionService, formats: TRANSACTION_SERVICE },
  { service: adminPb.AdminService, formats: ADMIN_SERVICE },
].flatMap(({ service, formats }) => {
  return service.methods.map(({ localName, input }) => {
    const format = (formats as unknown as Record<string, { requestDeserialize: Deserialize }>)[
      localName
    ]!
    return { name: localName, input: input as DescMessage, deserialize: format.requestDeserialize }
  })
})

type Deserialize = (bytes: Buffer) => unknown

/** Elements of all lists and maps of a message. */
function elementsOf(desc: DescMessage, message: Record<string, unknown>): number {
  let count = 0
  for (const field of desc.fields) {
    const oneof = field.oneof && (message[field.oneof.localName] as OneofValue)
    const value = oneof
      ? oneof.case === field.localName
        ? oneof.value
        : undefined
      : message[field.localName]
    if (value === undefined || value === null) continue
    if (field.fieldKind === 'list') {
      const items = value as Record<string, unknown>[]
      count += items.length
      if (field.listKind !== 'message') continue
      for (const item of items) count += elementsOf(field.message, item)
    } else if (field.fieldKind === 'map') {
      count += Object.keys(value).length
      if (field.mapKind !== 'message') continue
      for (const item of Object.values(value)) count += elementsOf(field.message, item as never)
    } else if (field.fieldKind === 'message') {
      count += elementsOf(field.message, value as Record<string, unknown>)
    }
  }
  return count
}

interface OneofValue {
  readonly case?: string
  readonly value?: object
}

function holdsNumbers(field: DescField): boolean {
  if (field.fieldKind !== 'list' || field.listKind === 'message') return false
  return field.listKind === 'enum' || field.scalar !== ScalarType.STRING
}

test('F57: a request names 10,000 things at most, and publishes 40,000', () => {
  let lists = 0
  for (const { name, input, deserialize } of METHODS) {
    const most = name.startsWith('publish') ? MAX_PUBLISHED : MAX_NAMED
    for (const field of input.fields) {
      if (field.fieldKind !== 'list' && field.fieldKind !== 'map') continue
      // An element of no bytes; of a list of numbers a 0.
      const element = Buffer.from([(field.number << 3) | (holdsNumbers(field) ? 0 : 2), 0])
      const many = (count: number): Buffer =>
        Buffer.concat(Array.from({ length: count }, () => element))
      expect(() => deserialize(many(most)), `${name}.${field.name}`).not.toThrow()
      expect(() => deserialize(many(most + 1)), `${name}.${field.name}`).toThrow(/elements/)
      lists += 1
    }
  }
  expect(lists).toBeGreaterThan(20)
})

test('elements are counted as protobuf-es reads them, and not one of them is too many', () => {
  const random = new SeededRandom(570)
  for (const { input } of METHODS) {
    for (let round = 0; round < 40; round++) {
      const message = create(input, draw(random, input) as never)
      const bytes = Buffer.from(toBinary(input, message))
      const count = elementsOf(input, message as never)
      expect(() => checkElements(input, bytes, count)).not.toThrow()
      if (count > 0) expect(() => checkElements(input, bytes, count - 1)).toThrow(/elements/)
    }
  }
})

test('an answer may be large: who asks for 10,000 topics gets them', () => {
  const { responseSerialize, responseDeserialize } = ADMIN_SERVICE.listTopics
  const topics = Array.from({ length: 10_000 }, (_, n) => ({ name: `${n}`.padStart(200, 't') }))
  const bytes = responseSerialize(create(adminPb.ListTopicsResponseSchema, { topics }))
  expect(responseDeserialize(bytes).topics).toHaveLength(10_000)
})

test('text that is not UTF-8 is refused, and a replacement character that is meant is kept', () => {
  const ours = encodeMessage(publishRequestCodec, {
    topic: 'a\ufffdb',
    acks: 0,
    timeoutMs: 0,
    records: [],
  })
  expect(decodeMessage(publishRequestCodec, ours).topic).toBe('a\ufffdb')
  expect(() => decodeMessage(publishRequestCodec, Buffer.from([0x0a, 1, 0xff]))).toThrow(/UTF-8/)
})

test('numbers that no offset can have are refused, and opaque ones are kept exactly', () => {
  const init = { partitions: [{ baseOffset: 2n ** 60n }] }
  const bytes = Buffer.from(
    toBinary(producePb.ProduceResponseSchema, create(producePb.ProduceResponseSchema, init)),
  )
  expect(() => decodeMessage(produceResponseCodec, bytes)).toThrow(WireFormatError)

  const ack = { acks: [{ number: 2n ** 64n - 1n, partitions: [] }] }
  const written = encodeMessage(produceStreamResponseCodec, ack)
  expect(decodeMessage(produceStreamResponseCodec, written).acks[0]!.number).toBe(2n ** 64n - 1n)
})

test('credit without end is the largest that can be counted', () => {
  const init = { command: { case: 'credit' as const, value: { bytes: 2n ** 64n - 1n } } }
  const message = create(fetchPb.FetchStreamRequestSchema, init)
  const bytes = Buffer.from(toBinary(fetchPb.FetchStreamRequestSchema, message))
  const credit = { kind: 'credit', bytes: Number.MAX_SAFE_INTEGER }
  expect(decodeMessage(fetchStreamRequestCodec, bytes)).toEqual(credit)
})
