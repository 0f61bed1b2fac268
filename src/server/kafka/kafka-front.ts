// The Kafka front as a whole: the listener, and the handlers of all APIs on it.

import type { HostPort } from '../../config/address.ts'
import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import type { ResidentMemory } from '../../network/frame-memory.ts'
import { TcpListener } from '../../network/tcp-listener.ts'
import type { ApiCounterSet } from '../../observability/api-counters.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Services } from '../broker-core.ts'
import { Crowd } from './crowd/crowd.ts'
import { Dispatch } from './dispatch.ts'
import type { KafkaHandler } from './handler.ts'
import { adminHandlers } from './handlers/admin.ts'
import { apiVersionsHandler } from './handlers/api-versions.ts'
import { describeClusterHandlers } from './handlers/describe-cluster.ts'
import { describeTopicPartitionsHandlers } from './handlers/describe-topic-partitions.ts'
import { fetchHandlers } from './handlers/fetch.ts'
import { groupHandlers } from './handlers/groups.ts'
import { listOffsetsHandlers } from './handlers/list-offsets.ts'
import { metadataHandlers } from './handlers/metadata.ts'
import { offsetForLeaderEpochHandlers } from './handlers/offset-for-leader-epoch.ts'
import { producerIdHandlers } from './handlers/producer-ids.ts'
import { produceHandlers } from './handlers/produce.ts'
import { transactionHandlers } from './handlers/transactions.ts'
import { KafkaConnection } from './kafka-connection.ts'
import { kafkaSelf } from './nodes.ts'
import { withQuotas } from './quotas.ts'

/** What handlers may need beside the services. */
export interface HandlerTools {
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

/** The handlers of all APIs that are served. */
export function kafkaHandlers(services: Services, tools: HandlerTools): readonly KafkaHandler[] {
  const handlers = [
    ...produceHandlers(services),
    ...fetchHandlers(services, tools),
    ...listOffsetsHandlers(services),
    ...offsetForLeaderEpochHandlers(services),
    ...metadataHandlers(services),
    ...describeClusterHandlers(services),
    ...describeTopicPartitionsHandlers(services),
    ...groupHandlers(services, (context) => kafkaSelf(services.cluster, context)),
    ...adminHandlers(services),
    ...producerIdHandlers(services.producerIds),
    ...transactionHandlers(services),
  ]
  const limited = handlers.map((handler) => withQuotas(handler, services.quotas, tools.clock))
  return [...limited, apiVersionsHandler(handlers)]
}

export interface KafkaFrontOptions extends HandlerTools {
  readonly apis: ApiCounterSet
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Without any traffic for so long, a connection is closed. */
  readonly connectionsMaxIdleMs: number
  /** Largest request, in bytes. */
  readonly maxRequestBytes: number
  /** The same of a client that has to authenticate first. */
  readonly maxUnknownRequestBytes: number
  /** Bytes of requests in memory, of all connections. */
  readonly receiveBytes: number
  /** Bytes of answers in memory, of all connections, from which on clients get less. */
  readonly sendBytes: number
  /** What answers are read into: there they are checked without being copied. Default: none. */
  readonly resident?: ResidentMemory
  /** How long a request that has begun to arrive may take before its rate counts. Default 9 s. */
  readonly slowFrameMs?: number
}

/** With the sweep, which sees a frame up to a second late: slow ones are closed within 10 s. */
const SLOW_FRAME_MS = 9_000

const MIN_BYTES_PER_SECOND = 256

/** The same for who has yet to say who he is, from when he has connected. */
const UNKNOWN_MS = 9_000

/** Longer than anybody pauses who still reads; twice what a client waits for an answer. */
const STALLED_MS = 60_000

export class KafkaFront {
  readonly listener: TcpListener
  readonly #options: KafkaFrontOptions
  readonly #connections = new Set<KafkaConnection>()

  constructor(options: KafkaFrontOptions) {
    this.#options = options
    this.listener = new TcpListener({
      ...options,
      name: 'Kafka',
      limits: {
        maxFrameBytes: options.maxRequestBytes,
        idleMs: options.connectionsMaxIdleMs,
        slowFrameMs: options.slowFrameMs ?? SLOW_FRAME_MS,
        minBytesPerSecond: MIN_BYTES_PER_SECOND,
        unknownMs: UNKNOWN_MS,
        stalledMs: STALLED_MS,
      },
    })
  }

  /** Listens; clients may connect, and are served from `serve` on. @returns the port */
  bind(address: HostPort): Promise<number> {
    return this.listener.bind(address)
  }

  /** Takes requests. */
  serve(services: Services): void {
    const handlers = kafkaHandlers(services, this.#options)
    const { clock, maxRequestBytes, maxUnknownRequestBytes, receiveBytes } = this.#options
    const crowd = new Crowd({ slices: services.slices, maxBytes: receiveBytes })
    const dispatch = new Dispatch({ ...this.#options, handlers, crowd })
    const front = {
      ...{ dispatch, maxRequestBytes, maxUnknownRequestBytes },
      closed: (connection: KafkaConnection) => void this.#connections.delete(connection),
    }
    this.listener.serve((connection) => {
      const served = new KafkaConnection(connection, front)
      if (services.sasl.enabled) served.mustAuthenticate = true
      const waitMs = services.quotas.connected(connection.remoteHost)
      if (waitMs > 0) {
        served.admitted = false
        connection.hold()
        clock.after(waitMs, () => {
          served.admitted = true
          connection.release()
        })
      }
      this.#connections.add(served)
      return served
    })
  }

  /** Takes no more requests, answers those that have begun, and cuts what takes over `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.listener.stopAccepting()
    const deadline = this.#options.clock.after(graceMs, () => this.listener.close())
    for (const connection of [...this.#connections]) connection.stop()
    if (this.#connections.size < this.listener.connectionCount) this.listener.close()
    await this.listener.allClosed()
    deadline.cancel()
    this.listener.close()
  }
}
