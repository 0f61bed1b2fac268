// The brokers of one cluster, as a client sees them: whom to ask what.
//
//   bootstrap list ─► any broker that answers ─► metadata ─► the leader, the controller, the
//                                                            coordinator, each by its address

import assert from 'node:assert'
import type { Clock } from '../../io/clock.ts'
import type { HostAndPort } from '../../network/client-connection.ts'
import { METADATA } from '../../protocol/kafka/gen/metadata.ts'
import type { MetadataResponse } from '../../protocol/kafka/gen/metadata.ts'
import { SluiceError } from '../errors.ts'
import type { BrokerConnection, ClientApi, RequestOf } from './broker-connection.ts'
import { BrokerLinks } from './broker-links.ts'
import type { LinkParts } from './broker-links.ts'
import { Deadline } from './deadline.ts'
import { networkError } from './kafka-error.ts'
import { MetadataCache } from './metadata-cache.ts'

/** A stream, which has connections of its own and ends with the cluster. */
export interface ClusterStream {
  end(error: SluiceError): void
}

interface Load {
  readonly names: Set<string>
  readonly done: Promise<void>
}

/** Longest wait for metadata that a stream needs, in milliseconds. */
const LOAD_TIMEOUT_MS = 10_000

export class Cluster {
  readonly metadata = new MetadataCache()
  readonly #parts: LinkParts
  readonly #bootstrap: readonly HostAndPort[]
  /** For calls that answer soon. */
  readonly #calls: BrokerLinks
  readonly #streams = new Set<ClusterStream>()
  /** The bootstrap address that was used last. */
  #current = 0
  /** Metadata that will be asked for when the request under way is answered. */
  #nextLoad: Load | null = null
  #loading: Promise<void> = Promise.resolve()
  #closed: SluiceError | null = null

  constructor(bootstrap: readonly HostAndPort[], parts: LinkParts) {
    assert(bootstrap.length > 0)
    this.#bootstrap = bootstrap
    this.#parts = parts
    this.#calls = new BrokerLinks(parts)
  }

  get clock(): Clock {
    return this.#parts.clock
  }

  /** Why nothing can be asked any more; null while it is open. */
  get closed(): SluiceError | null {
    return this.#closed
  }

  /** Connections for a stream, until it calls `closeStream`. Only while the cluster is open. */
  openStream(stream: ClusterStream): BrokerLinks {
    this.#streams.add(stream)
    return new BrokerLinks(this.#parts)
  }

  closeStream(stream: ClusterStream, links: BrokerLinks, error: SluiceError): void {
    this.#streams.delete(stream)
    links.close(error)
  }

  close(): void {
    const closed = new SluiceError('CLOSED')
    this.#closed = closed
    this.#calls.close(closed)
    for (const stream of this.#streams) stream.end(closed)
  }

  /** The connection of these links to a broker. @throws SluiceError as `BrokerLinks.to` */
  connection(nodeId: number, links = this.#calls): BrokerConnection {
    const address = this.metadata.broker(nodeId)
    if (address !== undefined) return links.to(address)
    throw new SluiceError('BROKER_NOT_AVAILABLE', { brokerId: nodeId }, { retriable: true })
  }

  /** Asks one broker. @throws SluiceError as `BrokerConnection.call` */
  async call<Init, Response>(
    nodeId: number,
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<Response> {
    return await this.connection(nodeId).call(api, message, timeoutMs)
  }

  /** Asks whoever is at an address. */
  async callAt<Init, Response>(
    address: HostAndPort,
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<Response> {
    return await this.#calls.to(address).call(api, message, timeoutMs)
  }

  /** What whoever is at an address says of a feature: see `BrokerConnection.featureLevel`. */
  async featureLevelAt(address: HostAndPort, name: string, deadline: Deadline): Promise<number> {
    const connection = this.#calls.to(address)
    await deadline.limit(connection.ready(), 'The broker could not be reached in time')
    return connection.featureLevel(name)
  }

  /** Asks any broker. */
  async callAny<Init, Response>(
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<Response> {
    const deadline = new Deadline(this.clock, timeoutMs)
    const connection = await this.anyConnection(deadline)
    return await connection.call(api, message, deadline.leftMs)
  }

  /** Asks the controller. Where nobody knows it, any broker: it passes the request on. */
  async callController<Init, Response>(
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<Response> {
    const deadline = new Deadline(this.clock, timeoutMs)
    if (this.metadata.brokers().length === 0) await this.readMetadata([], deadline)
    const { controllerId } = this.metadata
    if (this.metadata.broker(controllerId) === undefined) {
      return await this.callAny(api, message, deadline.leftMs)
    }
    return await this.call(controllerId, api, message, deadline.leftMs)
  }

  /** Asks every broker. One answer each. */
  async callAll<Init, Response>(
    api: ClientApi<Init, Response>,
    message: RequestOf<Init>,
    timeoutMs: number,
  ): Promise<readonly Response[]> {
    const deadline = new Deadline(this.clock, timeoutMs)
    await this.readMetadata([], deadline)
    const addresses = this.metadata.brokers()
    return await Promise.all(
      addresses.map((address) => this.callAt(address, api, message, deadline.leftMs)),
    )
  }

  /** A connection that takes requests, to whichever broker can be reached. */
  async anyConnection(deadline: Deadline): Promise<BrokerConnection> {
    let failure: SluiceError | null = null
    for (const address of this.#candidates()) {
      try {
        const connection = this.#calls.to(address)
        await deadline.limit(connection.ready(), 'No broker could be reached in time')
        const index = this.#bootstrap.indexOf(address)
        if (index >= 0) this.#current = index
        return connection
      } catch (error) {
        failure = SluiceError.from(error)
        if (failure.code === 'CLOSED' || deadline.leftMs === 0) throw failure
      }
    }
    throw failure ?? networkError('No broker is known')
  }

  /** Asks for metadata, and remembers it. @param topics null: all · empty: brokers alone */
  async readMetadata(
    topics: readonly string[] | null,
    deadline: Deadline,
  ): Promise<MetadataResponse> {
    const request = {
      topics: topics === null ? null : topics.map((name) => ({ name })),
      allowAutoTopicCreation: false,
    }
    const response = await this.callAny(METADATA, request, deadline.leftMs)
    // Of all topics only those in use are to be remembered.
    this.metadata.update(topics === null ? { ...response, topics: [] } : response)
    return response
  }

  /**
   * Sees to it that the metadata of topics was asked for after this was called. What is asked for
   * while a request is under way goes together into the next.
   */
  loadTopics(names: Iterable<string>): Promise<void> {
    let load = this.#nextLoad
    if (load === null) {
      const collected = new Set<string>()
      const done = this.#loading.then(async () => {
        this.#nextLoad = null
        await this.readMetadata([...collected], new Deadline(this.clock, LOAD_TIMEOUT_MS))
      })
      this.#loading = done.catch(() => {})
      load = { names: collected, done }
      this.#nextLoad = load
    }
    for (const name of names) load.names.add(name)
    return load.done
  }

  /**
   * Those that we have a connection to, then known brokers, then the list that we began with, from
   * the one that answered last on.
   */
  #candidates(): readonly HostAndPort[] {
    const from = this.#current
    const list = [...this.#bootstrap.slice(from), ...this.#bootstrap.slice(0, from)]
    const all = [...this.metadata.brokers(), ...list]
    const ready = all.filter((address) => this.#calls.isReady(address))
    const named = [...ready, ...all].map((each) => [`${each.host}:${each.port}`, each] as const)
    return [...new Map(named).values()]
  }
}
