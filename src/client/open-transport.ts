// The transport that a client's options ask for.

import { realClock } from '../io/real-clock.ts'
import type { Clock } from '../io/clock.ts'
import { realRandom } from '../io/real-random.ts'
import { parseBootstrap } from './connection-options.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { openGrpcTransport } from './grpc/open-transport.ts'
import { openKafkaTransport } from './kafka/open-transport.ts'
import type { Transport } from './transport.ts'

/**
 * Makes a transport to the brokers of `bootstrap`, over gRPC or over Kafka's protocol, as that says.
 * It connects when it is first used.
 *
 * A producer, a consumer and an admin client may share one; each makes its own when it is given none.
 *
 * @throws SluiceError INVALID_OPTION
 */
export function openTransport(
  options: ConnectionOptions = {},
  clock: Clock = realClock,
): Transport {
  if (parseBootstrap(options.bootstrap).protocol === 'grpc')
    return openGrpcTransport(options, clock)
  return openKafkaTransport(options, { clock, random: realRandom })
}
