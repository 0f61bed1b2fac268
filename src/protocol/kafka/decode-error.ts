// The one error that reading bytes of this wire can end in.

/**
 * Bytes that are no message: a length beyond the frame, null where none may be, too many elements.
 * The connection that they came from cannot be trusted to be in step any more and is closed.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  /** Where in the frame the reader stood, in bytes. */
  readonly positionBytes: number

  constructor(reason: string, positionBytes: number) {
    super(`malformed frame at byte ${positionBytes}: ${reason}`)
    this.positionBytes = positionBytes
  }
}
