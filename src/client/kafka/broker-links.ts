// Connections to brokers for one purpose: a stream has its own, so that giving it up ends all that is
// under way for it and nothing else.

import type { RandomSource } from '../../io/random.ts'
import type { HostAndPort } from '../../network/client-connection.ts'
import { backoffMs } from '../backoff.ts'
import type { SluiceError } from '../errors.ts'
import { BrokerConnection } from './broker-connection.ts'
import type { ConnectionParts } from './broker-connection.ts'
import { networkError } from './kafka-error.ts'

export interface LinkParts extends ConnectionParts {
  readonly random: RandomSource
}

/** Waits before a broker that could not be reached is tried again, in milliseconds. */
const RECONNECT = { initialMs: 50, maxMs: 1_000 } as const

interface Link {
  connection: BrokerConnection | null
  /** Connections that ended before they were ready, one after the other. */
  failures: number
  /** Not to be tried before, on the clock that never goes back. */
  retryAtMs: number
}

export class BrokerLinks {
  readonly #parts: LinkParts
  readonly #links = new Map<string, Link>()
  #closed: SluiceError | null = null

  constructor(parts: LinkParts) {
    this.#parts = parts
  }

  /**
   * The connection to a broker: the one that there is, or a new one. It takes calls at once.
   *
   * @throws SluiceError NETWORK_EXCEPTION while a broker that could not be reached is left in peace
   */
  to(address: HostAndPort): BrokerConnection {
    if (this.#closed !== null) throw this.#closed
    const name = `${address.host}:${address.port}`
    const link = this.#links.get(name) ?? { connection: null, failures: 0, retryAtMs: 0 }
    this.#links.set(name, link)
    if (link.connection !== null && !link.connection.isClosed) return link.connection
    const waitMs = link.retryAtMs - this.#parts.clock.monotonicMs()
    if (waitMs > 0) {
      const message = 'The broker could not be reached a moment ago'
      throw networkError(message, undefined, { broker: name }).with({}, Math.ceil(waitMs))
    }
    const connection = new BrokerConnection(address, this.#parts)
    link.connection = connection
    connection.ready().then(
      () => {
        link.failures = 0
      },
      () => {
        link.failures += 1
        const pauseMs = backoffMs(RECONNECT, link.failures, this.#parts.random)
        link.retryAtMs = this.#parts.clock.monotonicMs() + pauseMs
      },
    )
    return connection
  }

  /** Whether there is a connection to a broker that takes requests at once. */
  isReady({ host, port }: HostAndPort): boolean {
    return this.#links.get(`${host}:${port}`)?.connection?.isReady ?? false
  }

  /** Ends all connections; `to` throws `error` from then on. */
  close(error: SluiceError): void {
    this.#closed ??= error
    for (const { connection } of this.#links.values()) connection?.close(error)
    this.#links.clear()
  }
}
