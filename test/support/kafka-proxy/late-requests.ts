// Rules under which requests of transactions arrive late: each is taken from its connection, the client
// sends it again on another and goes on, and the first reaches the broker when the client's next
// transaction is under way, or over.

import { END_TXN } from '../../../src/protocol/kafka/gen/end-txn.ts'
import { PRODUCE } from '../../../src/protocol/kafka/gen/produce.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { RequestHead } from './frame-splitter.ts'
import { PASS, type Action, type ProxyRules } from './kafka-proxy.ts'

export interface LateOptions {
  /**
   * Which requests, by api key, and how likely each is late, 0 to 1. Those of a kind of which none has
   * arrived late yet are late whenever they can be, so that a short run has each kind too.
   */
  readonly chances: ReadonlyMap<number, number>
  /** Clients whose client id is of interest. A client's requests are told by that id alone. */
  readonly clients: RegExp
}

/** Of one client id. At most one of its requests is held at a time, so that it can go on. */
interface ClientState {
  /** Transactions that it has ended. */
  ended: number
  held: Held | null
}

interface Held {
  readonly endedBefore: number
  /** Whether it is let go within the next transaction, or after that. */
  readonly isWithin: boolean
  readonly release: () => void
}

export class LateRequests implements ProxyRules {
  readonly #random: SeededRandom
  readonly #options: LateOptions
  readonly #clients = new Map<string, ClientState>()
  /** By api key: requests that were held, and those of them that the broker answered. */
  readonly held = new Map<number, number>()
  readonly arrived = new Map<number, number>()

  constructor(random: SeededRandom, options: LateOptions) {
    this.#random = random
    this.#options = options
  }

  request({ apiKey, clientId }: RequestHead): Action {
    const chance = this.#options.chances.get(apiKey) ?? 0
    if (chance === 0 || !this.#options.clients.test(clientId)) return PASS
    const client = this.#client(clientId)
    if (client.held !== null) return PASS
    if (this.arrived.has(apiKey) && !this.#random.chance(chance)) return PASS
    count(this.held, apiKey)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    client.held = { endedBefore: client.ended, isWithin: this.#random.chance(0.7), release }
    return { kind: 'strand', released }
  }

  answered({ apiKey, clientId }: RequestHead): void {
    if (apiKey !== END_TXN.key && apiKey !== PRODUCE.key) return
    const client = this.#client(clientId)
    if (apiKey === END_TXN.key) client.ended += 1
    const { held, ended } = client
    if (held === null) return
    // Its own transaction is over, and the next one has records, or is over as well.
    const isWithinNext = ended > held.endedBefore && apiKey === PRODUCE.key
    const isAfterNext = ended > held.endedBefore + 1
    if (held.isWithin ? !isWithinNext : !isAfterNext) return
    client.held = null
    held.release()
  }

  answeredLate({ apiKey }: RequestHead): void {
    count(this.arrived, apiKey)
  }

  #client(clientId: string): ClientState {
    let client = this.#clients.get(clientId)
    if (client === undefined) this.#clients.set(clientId, (client = { ended: 0, held: null }))
    return client
  }
}

function count(counts: Map<number, number>, apiKey: number): void {
  counts.set(apiKey, (counts.get(apiKey) ?? 0) + 1)
}
