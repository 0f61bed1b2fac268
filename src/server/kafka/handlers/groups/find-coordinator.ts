// FindCoordinator over the Kafka wire: this broker coordinates every group and every transactional id,
// and makes the topics for them when somebody first asks.

import { BrokerError } from '../../../../base/errors.ts'
import type { Caller } from '../../../../broker/caller.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import type { TransactionService } from '../../../../broker/transaction-service.ts'
import {
  FIND_COORDINATOR,
  type CoordinatorInit,
  type FindCoordinatorRequest,
  type FindCoordinatorResponseInit,
} from '../../../../protocol/kafka/gen/find-coordinator.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import type { KafkaNode } from '../../nodes.ts'
import { errorFields, firstError, refusalOfLater } from '../error-fields.ts'

/** Where clients reach this broker over the Kafka protocol. */
export type KafkaSelf = Omit<KafkaNode, 'rack'>

export interface FindCoordinatorParts {
  readonly groups: Pick<GroupService, 'ready'>
  readonly transactions: Pick<TransactionService, 'ready'>
  readonly self: (context: KafkaContext) => KafkaSelf
}

/** Many keys in one request, each with an answer of its own. */
const MANY_KEYS_FROM = 4
const MESSAGES_FROM = 1

const KEY_TYPES = { group: 0, transaction: 1 } as const

const NOBODY: KafkaSelf = { nodeId: -1, host: '', port: -1 }

export function coordinatorHandlers(parts: FindCoordinatorParts): readonly KafkaHandler[] {
  return [
    handlerOf(FIND_COORDINATOR, {
      async handle(request, context): Promise<FindCoordinatorResponseInit> {
        const { version, caller } = context
        const { keyType } = request
        const refusal = await refusalOfLater(() => ready(parts, caller, keyType))
        return answerOf(request, version, parts.self(context), refusal)
      },
      refuse: (request, error, { version }) => answerOf(request, version, NOBODY, error),
      outcome: ({ errorCode, coordinators }) => errorCode ?? firstError(coordinators ?? []),
      cuts: [{ asked: ['coordinatorKeys'], answered: ['coordinators'] }],
    }),
  ]
}

/** @throws BrokerError why nobody coordinates keys of the type */
async function ready(
  { groups, transactions }: FindCoordinatorParts,
  caller: Caller,
  keyType: number,
): Promise<void> {
  switch (keyType) {
    case KEY_TYPES.group:
      return groups.ready(caller)
    case KEY_TYPES.transaction:
      return transactions.ready(caller)
    default:
      throw new BrokerError('INVALID_REQUEST', { message: `Keys of type ${keyType} are not known` })
  }
}

function answerOf(
  { coordinatorKeys }: FindCoordinatorRequest,
  version: number,
  self: KafkaSelf,
  error: BrokerError | null,
): FindCoordinatorResponseInit {
  const { nodeId, host, port } = error === null ? self : NOBODY
  const { errorCode, errorMessage } = errorFields(error)
  const found = { nodeId, host, port, errorCode, errorMessage }
  if (version >= MANY_KEYS_FROM) {
    return {
      coordinators: coordinatorKeys.map((each): CoordinatorInit => ({ key: each, ...found })),
    }
  }
  if (version >= MESSAGES_FROM) return found
  return { errorCode, nodeId, host, port }
}
