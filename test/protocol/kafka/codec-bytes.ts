// Messages to bytes and back, for tests that do not care how frames are cut.

import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import type { AnyCodec } from './message-arbitraries.ts'

/** The message in bytes, without header and size. */
export function encode(codec: AnyCodec, message: unknown, version: number): Buffer {
  return new FrameWriter(256).collect((writer) => codec.write(writer, message as never, version))
}

/** As `encode`, in steps; null where there are none. */
export function encodeInSteps(codec: AnyCodec, message: unknown, version: number): Buffer | null {
  const { writeInSteps } = codec
  if (writeInSteps === undefined) return null
  // So small that parts end in the middle of the message, as those of large ones do.
  return new FrameWriter(256).collect((writer) => {
    finish(writeInSteps(writer, message as never, version))
  })
}

/** As `decode`, in steps; null where there are none. */
export function decodeInSteps(codec: AnyCodec, bytes: Buffer, version: number): unknown {
  const { readInSteps } = codec
  return readInSteps === undefined ? null : finish(readInSteps(new FrameReader(bytes), version))
}

function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
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
