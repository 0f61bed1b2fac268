// The machine's source of chance.

import { randomBytes, randomInt } from 'node:crypto'
import type { RandomSource } from './random.ts'

export const realRandom: RandomSource = {
  bytes: (count) => randomBytes(count),
  below: (bound) => randomInt(bound),
}
