// What a client says on FetchStream (proto/sluice/v1/fetch.proto). Grants of credit are as many as
// the answers, so these too are read by hand.
//
//   PartitionRef        1 topic   2 partition
//   PartitionStart      1 topic   2 partition   3 start: Position   4 tag
//   FetchStreamRequest  one of: 1 assign { 1 partitions: PartitionStart   2 isolation }
//                       2 unassign { 1 partitions: PartitionRef }   3 seek, fields as PartitionStart
//                       4 pause, 5 resume { 1 partitions: PartitionRef }   6 credit { 1 bytes }

import { positionCodec, type WirePosition } from './record-codec.ts'
import type { Codec } from './codec.ts'
import { LENGTH, type OpaqueNumber, tagOf, VARINT } from './wire-format.ts'
import type { WireReader } from './wire-reader.ts'
import {
  sizeOfInt64Field,
  sizeOfLength,
  sizeOfOpaqueField,
  sizeOfString,
  type WireWriter,
} from './wire-writer.ts'

export interface PartitionRef {
  readonly topic: string
  readonly partition: number
}

export interface PartitionStart extends PartitionRef {
  readonly start: WirePosition
  readonly tag: OpaqueNumber
}

export interface AssignPartitions {
  readonly kind: 'assign'
  readonly partitions: readonly PartitionStart[]
  /** By its number in the proto. Default: 0, which means ISOLATION_READ_UNCOMMITTED. */
  readonly isolation?: number
}

export interface SeekPartition extends PartitionStart {
  readonly kind: 'seek'
}

/** `none`: a message that has no command, or one that a newer client has and we have not. */
export type FetchStreamRequest =
  | AssignPartitions
  | { readonly kind: 'unassign' | 'pause' | 'resume'; readonly partitions: readonly PartitionRef[] }
  | SeekPartition
  | { readonly kind: 'credit'; readonly bytes: number }
  | { readonly kind: 'none' }

const TOPIC = tagOf(1, LENGTH)
const PARTITION = tagOf(2, VARINT)
const START = tagOf(3, LENGTH)
const TAG = tagOf(4, VARINT)

const EARLIEST: WirePosition = { kind: 'earliest' }

function sizeOfStart({ topic, partition, start, tag }: PartitionStart): number {
  const ref = sizeOfString(topic) + sizeOfInt64Field(partition)
  return ref + sizeOfLength(positionCodec.size(start)) + sizeOfOpaqueField(tag)
}

function writeStart(writer: WireWriter, { topic, partition, start, tag }: PartitionStart): void {
  writer.stringField(TOPIC, topic)
  writer.int64Field(PARTITION, partition)
  writer.message(START, positionCodec.size(start))
  positionCodec.write(writer, start)
  writer.opaqueField(TAG, tag)
}

function readStart(reader: WireReader): PartitionStart {
  let topic = ''
  let partition = 0
  let start = EARLIEST
  let ownTag: OpaqueNumber = 0
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else if (tag === START) {
      const outerEnd = reader.enter()
      start = positionCodec.read(reader)
      reader.leave(outerEnd)
    } else if (tag === TAG) ownTag = reader.opaque()
    else reader.skip(tag)
  }
  return { topic, partition, start, tag: ownTag }
}

function sizeOfRef({ topic, partition }: PartitionRef): number {
  return sizeOfString(topic) + sizeOfInt64Field(partition)
}

function writeRef(writer: WireWriter, { topic, partition }: PartitionRef): void {
  writer.stringField(TOPIC, topic)
  writer.int64Field(PARTITION, partition)
}

function readRef(reader: WireReader): PartitionRef {
  let topic = ''
  let partition = 0
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === TOPIC) topic = reader.string()
    else if (tag === PARTITION) partition = reader.int32()
    else reader.skip(tag)
  }
  return { topic, partition }
}

const PARTITIONS = tagOf(1, LENGTH)

function sizeOfList<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  let size = 0
  for (const item of items) size += sizeOfLength(sizeOf(item))
  return size
}

function readList<T>(reader: WireReader, read: (reader: WireReader) => T): T[] {
  const items: T[] = []
  const outerEnd = reader.enter()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag !== PARTITIONS) {
      reader.skip(tag)
      continue
    }
    const elementEnd = reader.enterElement()
    items.push(read(reader))
    reader.leave(elementEnd)
  }
  reader.leave(outerEnd)
  return items
}

const ISOLATION = tagOf(2, VARINT)

function readAssign(reader: WireReader): AssignPartitions {
  const partitions: PartitionStart[] = []
  let isolation = 0
  const outerEnd = reader.enter()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === PARTITIONS) {
      const elementEnd = reader.enterElement()
      partitions.push(readStart(reader))
      reader.leave(elementEnd)
    } else if (tag === ISOLATION) isolation = reader.int32()
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return { kind: 'assign', partitions, isolation }
}

const CREDIT_BYTES = tagOf(1, VARINT)

/** More than can be counted exactly is as good as without end. */
function readCredit(reader: WireReader): number {
  let bytes = 0
  const outerEnd = reader.enter()
  while (reader.more()) {
    const tag = reader.tag()
    if (tag === CREDIT_BYTES) bytes = Math.min(Number(reader.opaque()), Number.MAX_SAFE_INTEGER)
    else reader.skip(tag)
  }
  reader.leave(outerEnd)
  return bytes
}

const ASSIGN = tagOf(1, LENGTH)
const UNASSIGN = tagOf(2, LENGTH)
const SEEK = tagOf(3, LENGTH)
const PAUSE = tagOf(4, LENGTH)
const RESUME = tagOf(5, LENGTH)
const CREDIT = tagOf(6, LENGTH)

const TAG_OF_LIST = { unassign: UNASSIGN, pause: PAUSE, resume: RESUME } as const

const NO_COMMAND = { kind: 'none' } as const

function sizeOfCommand(command: Exclude<FetchStreamRequest, { kind: 'none' }>): number {
  if (command.kind === 'credit') return sizeOfInt64Field(command.bytes)
  if (command.kind === 'seek') return sizeOfStart(command)
  if (command.kind === 'assign') {
    return sizeOfList(command.partitions, sizeOfStart) + sizeOfInt64Field(command.isolation ?? 0)
  }
  return sizeOfList(command.partitions, sizeOfRef)
}

export const fetchStreamRequestCodec: Codec<FetchStreamRequest> = {
  size: (command) => (command.kind === 'none' ? 0 : sizeOfLength(sizeOfCommand(command))),

  write(writer, command) {
    if (command.kind === 'none') return
    const sizeBytes = sizeOfCommand(command)
    if (command.kind === 'credit') {
      writer.message(CREDIT, sizeBytes)
      writer.int64Field(CREDIT_BYTES, command.bytes)
    } else if (command.kind === 'seek') {
      writer.message(SEEK, sizeBytes)
      writeStart(writer, command)
    } else if (command.kind === 'assign') {
      writer.message(ASSIGN, sizeBytes)
      for (const start of command.partitions) {
        writer.message(PARTITIONS, sizeOfStart(start))
        writeStart(writer, start)
      }
      writer.int64Field(ISOLATION, command.isolation ?? 0)
    } else {
      writer.message(TAG_OF_LIST[command.kind], sizeBytes)
      for (const ref of command.partitions) {
        writer.message(PARTITIONS, sizeOfRef(ref))
        writeRef(writer, ref)
      }
    }
  },

  read(reader) {
    let command: FetchStreamRequest = NO_COMMAND
    while (reader.more()) command = readCommand(reader, reader.tag()) ?? command
    return command
  },
}

/** @returns null when the field is not a command that we know */
function readCommand(reader: WireReader, tag: number): FetchStreamRequest | null {
  switch (tag) {
    case CREDIT:
      return { kind: 'credit', bytes: readCredit(reader) }
    case ASSIGN:
      return readAssign(reader)
    case UNASSIGN:
      return { kind: 'unassign', partitions: readList(reader, readRef) }
    case PAUSE:
      return { kind: 'pause', partitions: readList(reader, readRef) }
    case RESUME:
      return { kind: 'resume', partitions: readList(reader, readRef) }
    case SEEK: {
      const outerEnd = reader.enter()
      const start = readStart(reader)
      reader.leave(outerEnd)
      return { kind: 'seek', ...start }
    }
    default:
      reader.skip(tag)
      return null
  }
}
