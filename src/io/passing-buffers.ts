// Frees the buffers that records travel in soon after they were used.
//
// A buffer's bytes lie outside the heap; the few words that stand for it lie in the young generation.
// V8 looks at the young generation when it is full of such words, which takes hundreds of megabytes of
// buffers, and before that the bytes outside make it collect the whole heap, again and again: half of the
// broker's time went there when it served a fast reader. A collection of the young generation alone costs
// half a millisecond and frees the same bytes. So it is asked for by the bytes that have passed.
//
// It needs Node's --expose-gc, which the sluice command sets. Without it nothing happens.

/** Bytes of buffers between two collections of the young generation. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024

let passedBytes = 0

/** Tells that buffers of so many bytes were made that will not be needed for long. */
export function buffersPass(sizeBytes: number): void {
  passedBytes += sizeBytes
  if (passedBytes < COLLECT_EVERY_BYTES) return
  passedBytes = 0
  globalThis.gc?.({ type: 'minor', execution: 'sync' })
}

/**
 * Frees the memory under a buffer now, not when it is collected. All views of it have no bytes from then
 * on. The caller knows that the system does not read or write there any more: it would do so all the same.
 */
export function freeBuffer({ buffer }: Buffer): void {
  ;(buffer as ArrayBuffer).transfer(0)
}

/**
 * Frees buffers and objects that grew old before they were done with: after much has ended that was kept for
 * long. Nobody else may ask for that for hours. The event loop stands while the whole heap is marked, so it is for
 * rare moments.
 */
export function collectOldBuffers(): void {
  void globalThis.gc?.({ type: 'major', execution: 'async' })
}
