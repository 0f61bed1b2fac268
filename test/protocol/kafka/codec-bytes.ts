// Messages to bytes and back, for tests that do not care how frames are cut.

import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import type { AnyCodec } from './message-arbitraries.ts'

/** The message in bytes, without header and size. */
export function encode(codec: AnyCodec, message: unknown, version: number): Buffer {
  return new FrameWriter(256).collect((writer) => codec.write(writer, message as never, version))
}

/** The message that the bytes hold, and how many of them it did not need. */
export function decode(
  codec: AnyCodec,
  bytes: Buffer,
  version: number,
): { message: unknown; remaining: number } {
  const reader = new FrameReader(bytes)
  const message = codec.read(reader, version)
  return { message, remaining: reader.remaining }
}
