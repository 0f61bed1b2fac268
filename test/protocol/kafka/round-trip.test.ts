// Every message in every version comes back as it was written, at once and in steps.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, decodeInSteps, encode, encodeInSteps } from './codec-bytes.ts'
import { complete, messages, subjects, versionsOf } from './message-arbitraries.ts'

const RUNS = 25

describe.each(subjects())('$name', (subject) => {
  test.each(versionsOf(subject))('version %i comes back as it was written', (version) => {
    const { codec, message } = subject
    fc.assert(
      fc.property(messages(subject, version), (given) => {
        const bytes = encode(codec, given, version)
        const read = decode(codec, bytes, version)
        expect(read).toEqual({ message: complete(message.root, given, version), remaining: 0 })
        expect(encode(codec, read.message, version)).toEqual(bytes)
        if (codec.readInSteps) expect(decodeInSteps(codec, bytes, version)).toEqual(read.message)
        if (codec.writeInSteps) expect(encodeInSteps(codec, given, version)).toEqual(bytes)
      }),
      { numRuns: RUNS },
    )
  })
})
