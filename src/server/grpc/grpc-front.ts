// The gRPC front as a whole: the listener, and all services on it.

import { formatHostPort, type HostPort } from '../../config/address.ts'
import type { Clock } from '../../io/clock.ts'
import type { ApiCounterSet } from '../../observability/api-counters.ts'
import type { Logger } from '../../observability/logger.ts'
import { AdminService, file_sluice_v1_admin } from '../../protocol/grpc/gen/sluice/v1/admin_pb.ts'
import { FetchService, file_sluice_v1_fetch } from '../../protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { file_sluice_v1_groups, GroupService } from '../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import {
  file_sluice_v1_produce,
  ProduceService,
} from '../../protocol/grpc/gen/sluice/v1/produce_pb.ts'
import {
  file_sluice_v1_transactions,
  TransactionService,
} from '../../protocol/grpc/gen/sluice/v1/transactions_pb.ts'
import {
  ADMIN_SERVICE,
  FETCH_SERVICE,
  GROUP_SERVICE,
  PRODUCE_SERVICE,
  TRANSACTION_SERVICE,
} from '../../protocol/grpc/services.ts'
import {
  ERROR_DETAILS_FILE,
  HEALTH_FILE,
  REFLECTION_FILES,
} from '../../protocol/grpc/standard-services.ts'
import type { Services } from '../broker-core.ts'
import { addAdmin } from './admin.ts'
import { addFetch } from './fetch.ts'
import { GrpcServer } from './grpc-server.ts'
import { addGroupSession } from './groups/group-session.ts'
import { addGroups } from './groups/groups.ts'
import { Health } from './health.ts'
import { addOffsets } from './offsets.ts'
import { addInitProducer, addProduce } from './produce.ts'
import { addPublish } from './publish.ts'
import { Reflection } from './reflection.ts'
import { addSubscribe } from './subscribe.ts'
import { addTransactions } from './transactions/transactions.ts'

export interface GrpcFrontOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly apis: ApiCounterSet
  /** Largest batch that topics take unless they say otherwise, in bytes. */
  readonly maxBatchBytes: number
  readonly maxConnections: number
  /** Bytes of answers in memory, of all connections, from which on clients get less. */
  readonly sendBytes: number
}

/** Messages up to this size are taken in any case: a request may hold batches of many partitions. */
const MIN_MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024

/** What is around a batch in a message, and more. */
const MESSAGE_SLACK_BYTES = 1024 * 1024

const SERVICES = [
  PRODUCE_SERVICE,
  FETCH_SERVICE,
  GROUP_SERVICE,
  TRANSACTION_SERVICE,
  ADMIN_SERVICE,
] as const

export class GrpcFront {
  readonly server: GrpcServer
  readonly #options: GrpcFrontOptions
  readonly #health = new Health([
    ProduceService.typeName,
    FetchService.typeName,
    GroupService.typeName,
    TransactionService.typeName,
    AdminService.typeName,
  ])

  constructor(options: GrpcFrontOptions) {
    const { maxBatchBytes } = options
    this.#options = options
    this.server = new GrpcServer({
      ...options,
      maxMessageBytes: Math.max(MIN_MESSAGE_LIMIT_BYTES, maxBatchBytes + MESSAGE_SLACK_BYTES),
    })
    const { calls } = this.server
    this.#health.addTo(calls)
    new Reflection([
      file_sluice_v1_produce,
      file_sluice_v1_fetch,
      file_sluice_v1_groups,
      file_sluice_v1_transactions,
      file_sluice_v1_admin,
      HEALTH_FILE,
      ERROR_DETAILS_FILE,
      ...REFLECTION_FILES,
    ]).addTo(calls)
    for (const service of SERVICES) calls.reserve(Object.values(service))
  }

  /** Listens; calls are refused until `serve`. @returns the port */
  bind(address: HostPort): Promise<number> {
    return this.server.bind(formatHostPort(address))
  }

  /** Takes calls. */
  serve(services: Services): void {
    const { produce, publish, fetch, offsets, topics, configs, cluster } = services
    const { groups, groupSessions } = services
    const { clock, logger } = this.#options
    const { calls } = this.server
    addProduce(calls, { service: produce, quotas: services.quotas, clock, logger })
    addInitProducer(calls, services.producerIds)
    addPublish(calls, { service: publish, clock, logger })
    addFetch(calls, fetch)
    addSubscribe(calls, { service: fetch, clock, logger })
    addOffsets(calls, offsets)
    addGroups(calls, groups, cluster)
    addGroupSession(calls, groupSessions, logger)
    addTransactions(calls, services)
    addAdmin(calls, { topics, configs, cluster })
    this.#health.setServing(true)
  }

  /** Says that it stops, lets calls finish, and cuts those that take longer than `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#health.setServing(false)
    await this.server.stop(graceMs)
  }
}
