// Carrying a scattered write on until all of it is written.

/** Buffers that one writev takes: IOV_MAX on Linux and macOS. */
const MAX_BUFFERS = 1024

/**
 * Writes all of `buffers` from `positionBytes` on, in as many calls as it takes.
 *
 * @param writev writes what it can of the pieces, in their order, and returns how many bytes
 * @returns the position after the last byte
 * @throws what `writev` throws, and ENOSPC when it writes nothing without saying why
 */
export function writeFully(
  writev: (pieces: readonly Uint8Array[], positionBytes: number) => number,
  buffers: readonly Uint8Array[],
  positionBytes: number,
): number {
  let position = positionBytes
  let next = 0
  /** Bytes of `buffers[next]` that are written already. */
  let skip = 0
  while (next < buffers.length) {
    const pieces = buffers.slice(next, next + MAX_BUFFERS)
    if (skip > 0) pieces[0] = pieces[0]!.subarray(skip)
    const written = writev(pieces, position)
    if (written === 0 && pieces.some((piece) => piece.byteLength > 0)) throw wroteNothing()
    position += written

    let left = written
    for (const piece of pieces) {
      if (left < piece.byteLength) break
      left -= piece.byteLength
      next += 1
      skip = 0
    }
    skip += left
  }
  return position
}

function wroteNothing(): Error {
  return Object.assign(new Error('ENOSPC: the write took no bytes'), { code: 'ENOSPC' })
}
