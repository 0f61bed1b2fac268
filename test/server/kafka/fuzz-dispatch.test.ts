// A short run of fuzz.ts: broken requests of every API against all handlers of a broker.

import { expect, test } from 'vitest'
import { fuzzDispatch, servedApis } from './fuzz-dispatch.ts'

const SEED = 20_261_125
const INPUTS = 300

test.each(servedApis())('F47: broken requests of %s are answered, closed, or wait', async (api) => {
  const { answered, closed, waiting } = await fuzzDispatch(api, INPUTS, SEED)
  expect(answered + closed + waiting).toBe(INPUTS)
})
