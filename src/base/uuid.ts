// Topic and cluster ids: 128 bits, in the two written forms that Kafka's users know.

/** 22 characters of URL-safe base64 without padding: how Kafka writes an id in files and tools. */
export type Uuid = string

/** The id of nothing: 16 zero bytes. */
export const ZERO_UUID: Uuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Writes 16 bytes as an id. */
export function uuidOf(bytes: Uint8Array): Uuid {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/**
 * The 16 bytes of an id.
 *
 * @throws RangeError when the text is not the id of 16 bytes
 */
export function uuidBytes(id: Uuid): Buffer {
  const bytes = Buffer.from(id, 'base64url')
  if (bytes.byteLength !== 16) throw new RangeError(`not an id of 16 bytes: ${id}`)
  return bytes
}

/** A version 4 id whose written form does not start with a dash, as Kafka makes them. */
export function randomUuid(source: (count: number) => Uint8Array): Uuid {
  for (;;) {
    const bytes = source(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const id = uuidOf(bytes)
    if (!id.startsWith('-')) return id
  }
}
