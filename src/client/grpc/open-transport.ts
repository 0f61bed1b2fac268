// The transport over gRPC.

import { realClock } from '../../io/real-clock.ts'
import type { Clock } from '../../io/clock.ts'
import type { ConnectionOptions } from '../connection-options.ts'
import type { Transport } from '../transport.ts'
import { adminCalls } from './admin-calls.ts'
import { Connection } from './connection.ts'
import { openFetchStream } from './fetch-stream.ts'
import { groupCalls } from './group-calls.ts'
import { openProduceStream } from './produce-stream.ts'

/**
 * Makes a transport to the brokers of `bootstrap`. It connects when it is first used.
 *
 * A producer, a consumer and an admin client may share one; each makes its own when it is given none.
 *
 * @throws SluiceError INVALID_OPTION
 */
export function openTransport(
  options: ConnectionOptions = {},
  clock: Clock = realClock,
): Transport {
  const connection = new Connection(options, clock)
  return {
    ...adminCalls(connection),
    ...groupCalls(connection),
    openProduceStream: (listener) => openProduceStream(connection, listener),
    openFetchStream: (listener) => openFetchStream(connection, listener),
    close: () => connection.close(),
  }
}
