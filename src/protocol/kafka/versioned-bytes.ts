// Messages that are values inside others: what members of a group tell each other, and the keys and
// values of internal topics.
//
//   value   | int16 version | message |
//   key     | int16 record type | message in its only version |
//
// Source: ConsumerProtocol and CoordinatorRecordSerde of apache/kafka.

import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { MessageCodec } from './message-codec.ts'

/** A codec of the key of a record; its type tells keys apart. */
export type RecordKeyCodec<Key, Init> = MessageCodec<Key, Init> & { readonly recordType: number }

const INITIAL_BYTES = 1024

/** One for all: each value is copied out before the next is written. */
const writer = new FrameWriter(INITIAL_BYTES)

/** The message behind its version. @throws BrokerError UNSUPPORTED_VERSION as the codec does */
export function encodeVersioned<Message, Init>(
  codec: MessageCodec<Message, Init>,
  message: Init,
  version: number,
): Buffer {
  return writer.collect(() => {
    writer.int16(version)
    codec.write(writer, message, version)
  })
}

/**
 * Reads a message behind its version.
 *
 * @throws DecodeError
 * @throws BrokerError UNSUPPORTED_VERSION when the version is newer than the codec
 */
export function decodeVersioned<Message, Init>(
  codec: MessageCodec<Message, Init>,
  bytes: Buffer,
): Message {
  const reader = new FrameReader(bytes)
  return codec.read(reader, reader.int16())
}

/**
 * As decodeVersioned, for the consumer protocol: a version that is not known yet is read as the
 * newest that is, since fields are only ever appended there.
 */
export function decodeForward<Message, Init>(
  codec: MessageCodec<Message, Init>,
  bytes: Buffer,
): Message {
  const reader = new FrameReader(bytes)
  const version = reader.int16()
  return codec.read(reader, Math.min(version, codec.maxVersion))
}

/** The key behind its type. */
export function encodeRecordKey<Key, Init>(codec: RecordKeyCodec<Key, Init>, key: Init): Buffer {
  return writer.collect(() => {
    writer.int16(codec.recordType)
    codec.write(writer, key, 0)
  })
}

/** The type of a key, which tells what codec reads it. @throws DecodeError */
export function recordTypeOf(key: Buffer): number {
  return new FrameReader(key).int16()
}

/** Reads the key behind its type, which the caller has looked at. @throws DecodeError */
export function decodeRecordKey<Key, Init>(codec: RecordKeyCodec<Key, Init>, bytes: Buffer): Key {
  const reader = new FrameReader(bytes)
  reader.int16()
  return codec.read(reader, 0)
}
