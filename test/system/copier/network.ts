// What lies between copiers and the broker: nothing, or a network in which requests of transactions
// arrive late, past the end of the client's next transaction.

import { ADD_OFFSETS_TO_TXN } from '../../../src/protocol/kafka/gen/add-offsets-to-txn.ts'
import { ADD_PARTITIONS_TO_TXN } from '../../../src/protocol/kafka/gen/add-partitions-to-txn.ts'
import { END_TXN } from '../../../src/protocol/kafka/gen/end-txn.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import { TXN_OFFSET_COMMIT } from '../../../src/protocol/kafka/gen/txn-offset-commit.ts'
import { KafkaProxy } from '../../support/kafka-proxy/kafka-proxy.ts'
import { LateRequests } from '../../support/kafka-proxy/late-requests.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'

/** `late-records`: those late requests alone that a client without an epoch a transaction can bear. */
export const NETWORKS = ['direct', 'late', 'late-records'] as const
export type NetworkKind = (typeof NETWORKS)[number]

const LATE_RECORDS = [PRODUCE, ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN] as const
const LATE_APIS = [...LATE_RECORDS, TXN_OFFSET_COMMIT, END_TXN] as const
/** How likely each request is late. There are many more with records than of the others. */
const LATE = 0.15
const LATE_PRODUCE = 0.03

/** Requests that were held, and those of them that reached the broker in the end, by name of API. */
export interface LateCounts {
  readonly held: Readonly<Record<string, number>>
  readonly arrived: Readonly<Record<string, number>>
}

export interface Network {
  /** Where clients are to find the broker; null: where it is. */
  readonly address: string | null
  counts(): LateCounts
  close(): Promise<void>
}

export async function openNetwork(
  kind: NetworkKind,
  brokerPort: number,
  random: SeededRandom,
): Promise<Network> {
  if (kind === 'direct') {
    return { address: null, counts: () => ({ held: {}, arrived: {} }), close: async () => {} }
  }
  const apis = kind === 'late' ? LATE_APIS : LATE_RECORDS
  const chances = new Map(apis.map((api) => [api.key, api === PRODUCE ? LATE_PRODUCE : LATE]))
  const late = new LateRequests(random, { chances, clients: /^copier/ })
  const proxy = await KafkaProxy.start(brokerPort, late)
  return {
    address: proxy.address,
    counts: () => ({ held: byName(late.held), arrived: byName(late.arrived) }),
    close: () => proxy.close(),
  }
}

function byName(counts: ReadonlyMap<number, number>): Record<string, number> {
  const known = LATE_APIS.filter(({ key }) => counts.has(key))
  return Object.fromEntries(known.map(({ key, name }) => [name, counts.get(key)!]))
}
