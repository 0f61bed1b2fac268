// Bounds of the decoders. A frame that breaks one of them is refused before anything is allocated
// for it.

/** Most elements of one array. Source: Apache Kafka 4.4, BufferReadable. */
export const MAX_ARRAY_ELEMENTS = 1_000_000

/** Most elements of all arrays of one request together: twice what is known to be asked for at once. */
export const MAX_REQUEST_ELEMENTS = 400_000

/** Most tagged fields of one struct. Source: as above. */
export const MAX_TAGGED_FIELDS = 10_000

/** Longest string on this wire, in bytes: what the old int16 length can say. */
export const MAX_STRING_BYTES = 0x7fff

/**
 * What a request may take on the heap once it is decoded: this many times its own bytes, and the
 * slack on top.
 *
 * Honest requests of many partitions take 4 to 10 times their size, but have at most a few megabytes,
 * which the slack is for. An array of structs of nothing would take 50 times its size.
 */
export const REQUEST_HEAP_FACTOR = 4
export const HEAP_SLACK_BYTES = 8 * 1024 * 1024

/** The same for a response: a client believes its broker more, and a large cluster has metadata of
 *  many megabytes, of which each partition takes 10 times its size. */
export const RESPONSE_HEAP_FACTOR = 16

// What values take on the heap of V8 beside their slot, in bytes: header, padding, and for an array
// the store of its elements.
export const STRING_HEAP_BYTES = 24
export const UUID_HEAP_BYTES = 40
export const VIEW_HEAP_BYTES = 120
export const ARRAY_HEAP_BYTES = 48
