// How Node is started for the broker and for clients that move much: the heap's flags.

/**
 * Records travel in buffers outside of the heap, which only its collections free, and a full collection
 * costs a hundred times what one of the young generation does. So the young generation is small, and is
 * collected often: by its size, and by what has passed (src/io/passing-buffers.ts, which needs the second
 * flag). And the old one may grow to four times what lives in it before it is collected: it is small too,
 * so with the default every few buffers that grew old would cost a full collection. With Node's defaults
 * the broker moved a third of the bytes and used 70 MB more.
 */
export const NODE_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--expose-gc',
  '--heap-growing-percent=300',
]
