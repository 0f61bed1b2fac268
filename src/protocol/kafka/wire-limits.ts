// Bounds of the decoders. A frame that breaks one of them is refused before anything is allocated
// for it.

/** Most elements of one array. Source: Apache Kafka 4.4, BufferReadable. */
export const MAX_ARRAY_ELEMENTS = 1_000_000

/** Most tagged fields of one struct. Source: as above. */
export const MAX_TAGGED_FIELDS = 10_000

/** Longest string on this wire, in bytes: what the old int16 length can say. */
export const MAX_STRING_BYTES = 0x7fff

/**
 * What a frame may take on the heap once it is decoded: this many times its own bytes, and the
 * slack on top.
 *
 * The densest frames that real clients send (fetches and offset commits of many partitions) take 4
 * to 5 times their size; an array of structs of a byte each would take 50 times.
 */
export const HEAP_FACTOR = 6
export const HEAP_SLACK_BYTES = 1024 * 1024

/** What a string takes beside its characters, in bytes: two words of header and up to one of padding. */
export const STRING_HEAP_BYTES = 24

/** What a view over the frame takes, in bytes. */
export const VIEW_HEAP_BYTES = 120
