// Cuts a stream of bytes into lines, without turning them into text.

const LINE_FEED = 0x0a

/**
 * The lines of `chunks` without their line feeds, as many at a time as a chunk holds. What follows
 * the last line feed is a line when it is not empty.
 *
 * Lines are views of their chunk: a source that reuses its buffer must wait until they are used.
 *
 * @param limitBytes longest line
 * @throws RangeError that names the line's number when a line is longer
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0)
  let lineNumber = 1
  for await (const chunk of chunks) {
    const bytes = rest.byteLength > 0 ? Buffer.concat([rest, chunk]) : viewOf(chunk)
    const lines: Buffer[] = []
    let from = 0
    for (;;) {
      const to = bytes.indexOf(LINE_FEED, from)
      if (to === -1) break
      refuseLong(to - from, limitBytes, lineNumber)
      lines.push(bytes.subarray(from, to))
      lineNumber += 1
      from = to + 1
    }
    rest = bytes.subarray(from)
    refuseLong(rest.byteLength, limitBytes, lineNumber)
    if (lines.length > 0) yield lines
  }
  if (rest.byteLength > 0) yield [rest]
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function refuseLong(sizeBytes: number, limitBytes: number, lineNumber: number): void {
  if (sizeBytes <= limitBytes) return
  throw new RangeError(`line ${lineNumber} is longer than ${limitBytes} bytes`)
}
