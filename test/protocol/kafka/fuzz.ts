// Broken bytes against the codec of every request, or of everything, for as long as one likes.
//
//   node test/protocol/kafka/fuzz.ts [--inputs 1000000] [--seed 1] [--all] [name...]
//
// `--inputs` is for each message; `--all` takes responses and records as well; names choose some.
// Ends with status 1 at the first input that is neither read nor refused as it should be.

import { parseArgs } from 'node:util'
import { API_KEYS, type ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { fuzz, seedsOf } from './fuzz-codec.ts'
import { goldenBodies, goldenFrames } from './golden-frames.ts'
import { type Subject, subjects } from './message-arbitraries.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
})
const inputs = Number(values.inputs)
const seed = Number(values.seed)
// Refusals are the rule here: their stacks would cost more than all the rest.
Error.stackTraceLimit = 0

const chosen = subjects().filter(({ name, message }) => {
  if (positionals.length > 0) return positionals.includes(name)
  return values.all || message.kind === 'request'
})
for (const subject of chosen) {
  const start = performance.now()
  const seeds = seedsOf(subject, bodiesFor(subject), seed)
  const { refused, accepted } = fuzz(subject, seeds, inputs, new SeededRandom(seed))
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${subject.name}: ${refused} refused, ${accepted} read, ${seconds} s\n`)
}

function bodiesFor({ name }: Subject): ReturnType<typeof goldenBodies> {
  const key = API_KEYS[name.replace(/(Request|Response)$/, '') as ApiName]
  return goldenBodies(goldenFrames().filter(({ apiKey }) => apiKey === key))
}
