// A short run of fuzz.ts: broken requests of every API against all handlers of a broker.

import { expect, test } from 'vitest'
import { fuzzChunk, servedApis } from './chunk.ts'

const SEED = 20_261_125
const INPUTS = 320

test.each(servedApis())('F47: broken requests of %s are answered, closed, or wait', async (api) => {
  for (const number of [0, 1, 6]) {
    const { answered, closed, waiting } = await fuzzChunk({
      ...{ api, number },
      ...{ seed: SEED, inputs: INPUTS },
    })
    expect(answered + closed + waiting).toBe(INPUTS)
  }
})
