// The transport over Kafka's protocol.

import type { Clock } from '../../io/clock.ts'
import type { RandomSource } from '../../io/random.ts'
import { connectFrames } from '../../network/client-connection.ts'
import type { ConnectFrames, HostAndPort } from '../../network/client-connection.ts'
import { checkSasl, DEFAULT_CLIENT_ID, parseBootstrap } from '../connection-options.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import type { Transport } from '../transport.ts'
import { Cluster } from './cluster.ts'
import { clusterCalls } from './admin/cluster-calls.ts'
import { configCalls } from './admin/config-calls.ts'
import { openFetchStream } from './fetch-stream.ts'
import { Coordinators } from './group/coordinators.ts'
import { groupCalls } from './group/group-calls.ts'
import { initProducerId } from './producer-calls.ts'
import { openProduceStream } from './produce-stream.ts'
import { recordCalls } from './admin/record-calls.ts'
import { authenticator } from './sasl.ts'
import { topicCalls } from './admin/topic-calls.ts'
import { transactionAdminCalls } from './admin/transaction-calls.ts'
import { transactionCalls } from './transaction-calls.ts'

/** Longest time until a broker takes requests, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000

export interface KafkaParts {
  readonly clock: Clock
  readonly random: RandomSource
  /** Default: TCP. */
  readonly connect?: ConnectFrames
}

/** @throws SluiceError INVALID_OPTION */
export function openKafkaTransport(
  options: ConnectionOptions,
  { clock, random, connect = connectFrames }: KafkaParts,
): Transport {
  const { addresses } = parseBootstrap(options.bootstrap)
  checkSasl(options.sasl)
  const cluster = new Cluster(addresses.map(hostAndPort), {
    connect,
    clock,
    random,
    clientId: options.clientId ?? DEFAULT_CLIENT_ID,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    authenticate: options.sasl === undefined ? null : authenticator(options.sasl, random),
  })
  const groups = new Coordinators(cluster, 'group')
  const ofTransactions = new Coordinators(cluster, 'transaction')
  return {
    ...topicCalls(cluster),
    ...configCalls(cluster),
    ...recordCalls(cluster),
    ...clusterCalls(cluster),
    ...transactionAdminCalls(cluster, ofTransactions),
    ...groupCalls(cluster, groups),
    ...transactionCalls(cluster, ofTransactions, groups),
    initProducerId: (timeoutMs) => initProducerId(cluster, timeoutMs),
    openProduceStream: (listener) => openProduceStream(cluster, listener),
    openFetchStream: (isolation, listener) => openFetchStream(cluster, isolation, listener),
    close: () => cluster.close(),
  }
}

/** Of a checked address: `host:port` or `[v6]:port`. */
function hostAndPort(address: string): HostAndPort {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(address.slice(at + 1)) }
}
