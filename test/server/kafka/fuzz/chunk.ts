// So many broken requests of one API to one broker: what they made of it goes with it. Everything
// follows from the seed and the number of the chunk.

import { servedVersions } from '../../../../src/protocol/kafka/api-table.ts'
import { API_KEYS, type ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { FuzzedBroker, type FuzzOutcome, handshakeFrame } from './fuzzed-broker.ts'
import { RequestKind } from './requests.ts'

export interface Chunk {
  readonly api: ApiName
  readonly seed: number
  /** Counts from 0. */
  readonly number: number
  readonly inputs: number
}

/** APIs by which clients say who they are: half of their brokers want to know. */
const SASL_APIS: readonly ApiName[] = ['ApiVersions', 'SaslHandshake', 'SaslAuthenticate']

/** APIs that a broker answers, by their names. */
export function servedApis(): ApiName[] {
  const names = Object.keys(API_KEYS) as ApiName[]
  return names.filter((name) => servedVersions(API_KEYS[name]) !== undefined)
}

/** @throws Error that names the chunk when one of the requests shows a fault of ours */
export async function fuzzChunk(chunk: Chunk, kind = kindOf(chunk)): Promise<FuzzOutcome> {
  const { api, seed, number, inputs } = chunk
  const random = new SeededRandom(Math.imul(seed, 0x9e37_79b1) + number)
  const outcome = { answered: 0, closed: 0, waiting: 0 }
  const sasl = SASL_APIS.includes(api) && number % 2 === 0
  const crowded = number % 8 >= 6
  const broker = await FuzzedBroker.open({ sasl, crowded, random: random.split() })
  try {
    const next = kind.requests(broker.names, random.split())
    const shakesHands = sasl && api === 'SaslAuthenticate'
    const first = shakesHands ? () => handshakeFrame(random) : null
    for (let left = inputs; left > 0;) {
      const { answered, closed, waiting } = outcome
      await broker.round(left, next, first, outcome)
      left -= outcome.answered + outcome.closed + outcome.waiting - (answered + closed + waiting)
    }
  } catch (error) {
    throw new Error(`${api}, seed ${seed}, chunk ${number}`, { cause: error })
  } finally {
    await broker.close()
  }
  return outcome
}

/** What chunks of one API and seed share. */
export function kindOf({ api, seed }: Chunk): RequestKind {
  return new RequestKind(api, seed)
}
