// A short run of fuzz.ts over every message: broken bytes are read or refused, and nothing else.

import { describe, expect, test } from 'vitest'
import { API_KEYS, type ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { DecodeError } from '../../../src/protocol/kafka/decode-error.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { checkRewrite, fuzz, mutate, seedsOf } from './fuzz-codec.ts'
import { goldenBodies, goldenFrames } from './golden-frames.ts'
import { subjects } from './message-arbitraries.ts'

const SEED = 20_261_121
const INPUTS = 1500
const REWRITES = 200

const BODIES = goldenBodies(goldenFrames())

describe.each(subjects())('$name', (subject) => {
  const key = API_KEYS[subject.name.replace(/(Request|Response)$/, '') as ApiName]
  const seeds = seedsOf(
    subject,
    BODIES.filter(({ apiKey }) => apiKey === key),
    SEED,
  )

  test('broken bytes are read or refused', () => {
    const { refused, accepted } = fuzz(subject, seeds, INPUTS, new SeededRandom(SEED))
    expect(refused + accepted).toBe(INPUTS)
    expect(refused).toBeGreaterThan(0)
  })

  test('what is read from broken bytes can be written, and is read the same again', () => {
    const random = new SeededRandom(SEED)
    for (let input = 0; input < REWRITES; input++) {
      const { version, bytes } = random.pick(seeds)
      const broken = mutate(bytes, random.pick(seeds).bytes, random)
      try {
        checkRewrite(subject, broken, version)
      } catch (error) {
        const what = `seed ${SEED}, input ${input}, version ${version}: ${broken.toString('hex')}`
        expect(error, what).toBeInstanceOf(DecodeError)
      }
    }
  })
})
