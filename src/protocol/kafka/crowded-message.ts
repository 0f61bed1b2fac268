// A message that names so much that it is read or written in slices: message-codec.ts.

/** Thrown in the middle of a message: it is to be read, or written, from its beginning again. */
export class CrowdedMessage extends Error {
  override readonly name = 'CrowdedMessage'

  constructor() {
    super('the message has more elements than are taken in one go')
  }
}
