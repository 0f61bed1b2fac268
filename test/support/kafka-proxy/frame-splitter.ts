// Cuts one direction of a connection into frames, and reads what the head of a request says.
//
//   request   0      4       6         8              12            14
//             +------+-------+---------+--------------+-------------+-----------+----…
//             | size |api key| version |correlation id|client id len| client id | body
//             +------+-------+---------+--------------+-------------+-----------+----…
//   response  0      4              8
//             +------+--------------+----…
//             | size |correlation id| body
//             +------+--------------+----…
//
// Of a body nothing is read, so that the proxy knows of no version of any request.

const SIZE_BYTES = 4

export interface RequestHead {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  /** Empty where there is none. */
  readonly clientId: string
}

/** @param frame with its size */
export function requestHead(frame: Buffer): RequestHead {
  const length = Math.max(0, frame.readInt16BE(12))
  return {
    apiKey: frame.readInt16BE(4),
    version: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    clientId: frame.toString('utf8', 14, 14 + length),
  }
}

/** @param frame with its size */
export function responseCorrelationId(frame: Buffer): number {
  return frame.readInt32BE(4)
}

/** Gives whole frames, sizes included, as their last bytes come. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #heldBytes = 0
  /** Bytes that are needed before there is anything to do: a size, or a frame with its size. */
  #wantedBytes = SIZE_BYTES

  push(bytes: Buffer): Buffer[] {
    this.#chunks.push(bytes)
    this.#heldBytes += bytes.byteLength
    const frames: Buffer[] = []
    while (this.#heldBytes >= this.#wantedBytes) {
      const held = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      this.#chunks = [held]
      const end = SIZE_BYTES + held.readInt32BE(0)
      if (held.byteLength < end) {
        this.#wantedBytes = end
        break
      }
      frames.push(held.subarray(0, end))
      this.#chunks = [held.subarray(end)]
      this.#heldBytes -= end
      this.#wantedBytes = SIZE_BYTES
    }
    return frames
  }
}
