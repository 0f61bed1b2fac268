// Broken requests against all handlers of a broker in memory, for as long as one likes.
//
//   node test/server/kafka/fuzz.ts [--inputs 1000000] [--seed 1] [api...]
//
// `--inputs` is for each API; names choose some. Ends with status 1 at the first fault.

import { parseArgs } from 'node:util'
import type { ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { fuzzDispatch, servedApis } from './fuzz-dispatch.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
})
// Refusals are the rule here: their stacks would cost more than all the rest.
Error.stackTraceLimit = 0

const chosen = positionals.length > 0 ? (positionals as ApiName[]) : servedApis()
for (const api of chosen) {
  const start = performance.now()
  const outcome = await fuzzDispatch(api, Number(values.inputs), Number(values.seed))
  const { answered, closed, waiting } = outcome
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  process.stdout.write(
    `${api}: ${answered} answered, ${closed} closed, ${waiting} wait, ${seconds} s\n`,
  )
}
