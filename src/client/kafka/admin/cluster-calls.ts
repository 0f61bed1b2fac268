// The cluster itself, over Kafka.

import { DESCRIBE_CLUSTER } from '../../../protocol/kafka/gen/describe-cluster.ts'
import type { AdminCalls, ClusterDescription } from '../../admin-calls.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'

/** Both answers have brokers, by other names of their ids. */
interface WireBroker {
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export function clusterCalls(cluster: Cluster): Pick<AdminCalls, 'describeCluster'> {
  return {
    async describeCluster(timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const connection = await cluster.anyConnection(deadline)
      if (connection.versionOf(DESCRIBE_CLUSTER) === null)
        return await byMetadata(cluster, deadline)
      const request = { includeClusterAuthorizedOperations: false }
      const answer = await connection.call(DESCRIBE_CLUSTER, request, deadline.leftMs)
      throwErrorOf(answer.errorCode, answer.errorMessage)
      const { clusterId, controllerId } = answer
      const brokers = answer.brokers.map((broker) => brokerOf(broker.brokerId, broker))
      return { clusterId, controllerId, brokers }
    },
  }
}

/** For brokers before Kafka 2.8. */
async function byMetadata(cluster: Cluster, deadline: Deadline): Promise<ClusterDescription> {
  const { clusterId, controllerId, brokers } = await cluster.readMetadata([], deadline)
  return {
    clusterId: clusterId ?? '',
    controllerId,
    brokers: brokers.map((broker) => brokerOf(broker.nodeId, broker)),
  }
}

/** The protocol does not tell the version of a broker. */
function brokerOf(
  brokerId: number,
  { host, port, rack }: WireBroker,
): ClusterDescription['brokers'][number] {
  return { brokerId, address: `${host}:${port}`, rack: rack ?? '', version: '' }
}
