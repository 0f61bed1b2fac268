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

/** @throws WireFormatError. `bytes` fields of the message are views of `bytes`. */
export function decodeMessage<T>(codec: Codec<T>, bytes: Buffer): T {
  return codec.read(new WireReader(bytes))
}
