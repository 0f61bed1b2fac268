// InitProducerId: who a producer is. Of a transactional one the coordinator decides; an idempotent one
// gets an id that nobody had before.
//
//   v3   a producer that goes on brings its id and epoch
//   v4   clients know PRODUCER_FENCED; before, an older epoch is what they know
//   v5   clients know TRANSACTION_ABORTABLE
//
// Source: KafkaApis.handleInitProducerIdRequest in apache/kafka.

import { BrokerError, ERRORS } from '../../../../base/errors.ts'
import type { ProducerIdService } from '../../../../broker/producer-id-service.ts'
import type { TransactionService } from '../../../../broker/transaction-service.ts'
import { INIT_PRODUCER_ID } from '../../../../protocol/kafka/gen/init-producer-id.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { fencedAs } from './fencing.ts'

const KNOWS_FENCED_FROM = 4

export function initProducerIdHandler(
  producerIds: ProducerIdService,
  transactions: TransactionService,
): KafkaHandler {
  return handlerOf(INIT_PRODUCER_ID, {
    async handle(request, { caller }) {
      const { transactionalId, transactionTimeoutMs: timeoutMs } = request
      const { producerId, producerEpoch } = request
      const isNew = producerId === -1 && producerEpoch === -1
      if (!isNew && (producerId < 0 || producerEpoch < 0)) {
        const message = 'Producer id and epoch are to be given both, or neither'
        throw new BrokerError('INVALID_REQUEST', { message, producerId, producerEpoch })
      }
      const current = isNew ? null : { producerId, producerEpoch }
      const given =
        transactionalId === null
          ? await producerIds.init(caller, current)
          : await transactions.init(caller, { transactionalId, timeoutMs, current })
      return { throttleTimeMs: 0, errorCode: 0, ...given }
    },
    refuse: (_request, error, { version }) => {
      const code = fencedAs(error.code, version >= KNOWS_FENCED_FROM)
      return { throttleTimeMs: 0, errorCode: ERRORS[code].id, producerId: -1, producerEpoch: -1 }
    },
  })
}
