// InitProducerId over Kafka.

import { INIT_PRODUCER_ID } from '../../protocol/kafka/gen/init-producer-id.ts'
import type { ProducerIdentity } from '../transport.ts'
import type { Cluster } from './cluster.ts'
import { Deadline } from './deadline.ts'
import { throwErrorOf } from './kafka-error.ts'

/** Of an idempotent producer, which any broker may be asked for. @throws SluiceError */
export async function initProducerId(
  cluster: Cluster,
  timeoutMs: number,
): Promise<ProducerIdentity> {
  const deadline = new Deadline(cluster.clock, timeoutMs)
  const connection = await cluster.anyConnection(deadline)
  const request = { transactionalId: null, transactionTimeoutMs: 0 }
  const given = await connection.call(INIT_PRODUCER_ID, request, deadline.leftMs)
  throwErrorOf(given.errorCode, null)
  return { producerId: given.producerId, producerEpoch: given.producerEpoch }
}
