// DescribeCluster: the cluster, its brokers, and who decides.

import { BrokerError } from '../../../base/errors.ts'
import {
  DESCRIBE_CLUSTER,
  type DescribeClusterResponseInit,
} from '../../../protocol/kafka/gen/describe-cluster.ts'
import type { Services } from '../../broker-core.ts'
import { handlerOf, type KafkaHandler } from '../handler.ts'
import { kafkaNodes } from '../nodes.ts'
import { errorFields } from './error-fields.ts'

/** Endpoint types. Controllers have no listener of their own: nobody can be told where they are. */
const BROKERS = 1
const CONTROLLERS = 2

export function describeClusterHandlers({ cluster }: Pick<Services, 'cluster'>): KafkaHandler[] {
  return [
    handlerOf(DESCRIBE_CLUSTER, {
      handle({ endpointType }, { caller, peer }): DescribeClusterResponseInit {
        if (endpointType !== BROKERS) {
          const message = 'This is a broker, and tells of brokers alone'
          const isController = endpointType === CONTROLLERS
          const code = isController ? 'MISMATCHED_ENDPOINT_TYPE' : 'UNSUPPORTED_ENDPOINT_TYPE'
          throw new BrokerError(code, { message })
        }
        const { clusterId, controllerId, brokers } = cluster.describe(caller)
        return {
          throttleTimeMs: 0,
          errorCode: 0,
          clusterId,
          controllerId,
          brokers: kafkaNodes(brokers, peer).map(({ nodeId, ...address }) => {
            return { brokerId: nodeId, ...address }
          }),
        }
      },
      refuse: (_request, error) => ({
        throttleTimeMs: 0,
        ...errorFields(error),
        clusterId: '',
        brokers: [],
      }),
    }),
  ]
}
