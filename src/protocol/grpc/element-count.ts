// How much a message names, counted in its bytes: before protobuf-es makes an object of each element.

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { LENGTH } from './wire-format.ts'
import { WireReader } from './wire-reader.ts'

type Fields = ReadonlyMap<number, FieldKind>

/** What an occurrence of a field is. */
interface FieldKind {
  /** A list or a map: each occurrence is an element. */
  readonly repeated: boolean
  /** Of numbers, which come one by one or many in one occurrence. */
  readonly packable: boolean
  /** Of the message that it holds, if it holds one. */
  readonly fields: (() => Fields) | null
}

/** Where the value of a map's entry stands. */
const MAP_VALUE = 2

const known = new WeakMap<DescMessage, Fields>()

/**
 * Counts the elements of all lists and maps of a message, of the messages in it too.
 *
 * @throws OversizedMessage for more than `maxElements`; WireFormatError for bytes that are no message
 */
export function checkElements(desc: DescMessage, bytes: Buffer, maxElements: number): void {
  // An element has two bytes at least, a number of a packed list one.
  if (bytes.byteLength > maxElements) walk(fieldsOf(desc), new WireReader(bytes, maxElements))
}

function walk(fields: Fields, reader: WireReader): void {
  while (reader.more()) {
    const tag = reader.tag()
    const kind = fields.get(tag >>> 3)
    const isLength = (tag & 7) === LENGTH
    if (kind === undefined) reader.skip(tag)
    else if (isLength && kind.packable) reader.countElements(numbersIn(reader.bytes()))
    else {
      if (kind.repeated) reader.countElements(1)
      if (isLength && kind.fields !== null) {
        const outerEnd = reader.enter()
        walk(kind.fields(), reader)
        reader.leave(outerEnd)
      } else reader.skip(tag)
    }
  }
}

/** Varints that end in these bytes. None of our lists has numbers of a fixed size. */
function numbersIn(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte < 0x80) count += 1
  return count
}

function fieldsOf(desc: DescMessage): Fields {
  let fields = known.get(desc)
  if (fields === undefined) {
    fields = new Map(desc.fields.map((field) => [field.number, kindOf(field)]))
    known.set(desc, fields)
  }
  return fields
}

function kindOf(field: DescField): FieldKind {
  const { message = null } = field
  const fields = message === null ? null : () => fieldsOf(message)
  switch (field.fieldKind) {
    case 'list':
      return { repeated: true, packable: isPackable(field), fields }
    case 'map': {
      const entry: Fields = new Map([[MAP_VALUE, { repeated: false, packable: false, fields }]])
      return { repeated: true, packable: false, fields: () => entry }
    }
    default:
      return { repeated: false, packable: false, fields }
  }
}

function isPackable(field: DescField & { readonly fieldKind: 'list' }): boolean {
  if (field.listKind !== 'scalar') return field.listKind === 'enum'
  return field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES
}
