// The transport over gRPC.

import type { Clock } from '../../io/clock.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import type { Transport } from '../transport.ts'
import { adminCalls } from './admin-calls.ts'
import { Connection } from './connection.ts'
import { openFetchStream } from './fetch-stream.ts'
import { groupCalls } from './group-calls.ts'
import { initProducerId } from './producer-calls.ts'
import { openProduceStream } from './produce-stream.ts'
import { transactionAdminCalls } from './transaction-admin-calls.ts'
import { transactionCalls } from './transaction-calls.ts'

/** @throws SluiceError INVALID_OPTION */
export function openGrpcTransport(options: ConnectionOptions, clock: Clock): Transport {
  const connection = new Connection(options, clock)
  return {
    ...adminCalls(connection),
    ...groupCalls(connection),
    ...transactionAdminCalls(connection),
    ...transactionCalls(connection),
    initProducerId: (timeoutMs) => initProducerId(connection, timeoutMs),
    openProduceStream: (listener) => openProduceStream(connection, listener),
    openFetchStream: (isolation, listener) => openFetchStream(connection, isolation, listener),
    close: () => connection.close(),
  }
}
