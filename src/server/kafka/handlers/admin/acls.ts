// Access rules over the Kafka protocol: DescribeAcls, CreateAcls, DeleteAcls. There is no authorizer
// yet, which a client is told as a Kafka broker without one tells it.

import { BrokerError } from '../../../../base/errors.ts'
import { CREATE_ACLS } from '../../../../protocol/kafka/gen/create-acls.ts'
import { DELETE_ACLS } from '../../../../protocol/kafka/gen/delete-acls.ts'
import { DESCRIBE_ACLS } from '../../../../protocol/kafka/gen/describe-acls.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { errorFields } from '../error-fields.ts'

export function aclHandlers(): readonly KafkaHandler[] {
  return [
    handlerOf(DESCRIBE_ACLS, {
      handle: noAuthorizer,
      refuse: (_request, error) => ({ throttleTimeMs: 0, ...errorFields(error), resources: [] }),
    }),
    handlerOf(CREATE_ACLS, {
      handle: noAuthorizer,
      refuse: ({ creations }, error) => {
        return { throttleTimeMs: 0, results: creations.map(() => errorFields(error)) }
      },
      cuts: [{ asked: ['creations'], answered: ['results'] }],
    }),
    handlerOf(DELETE_ACLS, {
      handle: noAuthorizer,
      refuse: ({ filters }, error) => {
        const filterResults = filters.map(() => ({ ...errorFields(error), matchingAcls: [] }))
        return { throttleTimeMs: 0, filterResults }
      },
      cuts: [{ asked: ['filters'], answered: ['filterResults'] }],
    }),
  ]
}

function noAuthorizer(): never {
  throw new BrokerError('SECURITY_DISABLED', { message: 'No Authorizer is configured.' })
}
