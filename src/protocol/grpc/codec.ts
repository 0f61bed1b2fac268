// How a message of ours is read and written by hand: what the codecs beside this file implement.

import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/** How one message is read and written. */
export interface Codec<T> {
  /** Bytes that `write` will write. */
  size(message: T): number
  write(writer: WireWriter, message: T): void
  /** Reads to the end of the message that the reader stands in. @throws WireFormatError */
  read(reader: WireReader): T
}

export function encodeMessage<T>(codec: Codec<T>, message: T): Buffer {
  const bytes = Buffer.allocUnsafe(codec.size(message))
  codec.write(new WireWriter(bytes, 0), message)
  return bytes
}

/**
 * `bytes` fields of the message are views of `bytes`.
 *
 * @param maxElements most elements of repeated fields. Default: 250,000
 * @throws WireFormatError
 */
export function decodeMessage<T>(codec: Codec<T>, bytes: Buffer, maxElements?: number): T {
  return codec.read(new WireReader(bytes, maxElements))
}
