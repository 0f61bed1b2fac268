// Who leads and who holds partitions, over the Kafka protocol: ElectLeaders,
// AlterPartitionReassignments, ListPartitionReassignments.

import { BrokerError } from '../../../../base/errors.ts'
import type { PlacementService } from '../../../../broker/admin/placement-service.ts'
import { ALTER_PARTITION_REASSIGNMENTS } from '../../../../protocol/kafka/gen/alter-partition-reassignments.ts'
import {
  ELECT_LEADERS,
  type TopicPartitions,
} from '../../../../protocol/kafka/gen/elect-leaders.ts'
import { LIST_PARTITION_REASSIGNMENTS } from '../../../../protocol/kafka/gen/list-partition-reassignments.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { errorFields, refusalOf } from '../error-fields.ts'

export interface PlacementHandlerServices {
  readonly placement: PlacementService
}

/** 0 the preferred leader, 1 whoever is left. */
const ELECTION_TYPES = [0, 1]

export function placementHandlers(services: PlacementHandlerServices): readonly KafkaHandler[] {
  const { placement } = services
  return [electLeaders(placement), alterReassignments(placement), LIST_REASSIGNMENTS]
}

function electLeaders(placement: PlacementService): KafkaHandler {
  return handlerOf(ELECT_LEADERS, {
    handle: ({ electionType, topicPartitions }, { caller }) => {
      if (!ELECTION_TYPES.includes(electionType)) {
        const message = `There is no election of type ${electionType}; 0 is preferred, 1 unclean`
        throw new BrokerError('INVALID_REQUEST', { message })
      }
      if (topicPartitions === null) {
        // Of all partitions only those are told whose leader changes: none does.
        const none = placement.topics(caller).map((topic) => ({ topic, partitionResult: [] }))
        return { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: none }
      }
      const results = electionResults(topicPartitions, (topic, partition) => {
        return refusalOf(() => placement.elect(caller, { topic, partition }))
      })
      return { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: results }
    },
    refuse: ({ topicPartitions }, error, { version }) => {
      const results = electionResults(topicPartitions ?? [], () => error)
      // Version 0 has no error of the whole answer.
      const { errorCode } = errorFields(version === 0 ? null : error)
      return { throttleTimeMs: 0, errorCode, replicaElectionResults: results }
    },
    cuts: [
      {
        asked: ['topicPartitions', 'partitions'],
        answered: ['replicaElectionResults', 'partitionResult'],
      },
    ],
  })
}

function electionResults(
  topics: readonly TopicPartitions[],
  elect: (topic: string, partition: number) => BrokerError | null,
) {
  return topics.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partition) => {
      return { partitionId: partition, ...errorFields(elect(topic, partition)) }
    }),
  }))
}

function alterReassignments(placement: PlacementService): KafkaHandler {
  return handlerOf(ALTER_PARTITION_REASSIGNMENTS, {
    handle: ({ topics, allowReplicationFactorChange }, { caller }) => {
      const responses = topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => {
          const partition = { topic: name, partition: partitionIndex }
          const error = refusalOf(() => {
            if (replicas === null) placement.stopReassignment(caller, partition)
            else placement.reassign(caller, partition, replicas)
          })
          return { partitionIndex, ...errorFields(error) }
        }),
      }))
      return { throttleTimeMs: 0, allowReplicationFactorChange, ...errorFields(null), responses }
    },
    refuse: (_request, error) => ({ throttleTimeMs: 0, ...errorFields(error), responses: [] }),
    cuts: [{ asked: ['topics', 'partitions'], answered: ['responses', 'partitions'] }],
  })
}

/** Nothing ever moves in a cluster of one broker. */
const LIST_REASSIGNMENTS = handlerOf(LIST_PARTITION_REASSIGNMENTS, {
  handle: () => ({ throttleTimeMs: 0, ...errorFields(null), topics: [] }),
  refuse: (_request, error) => ({ throttleTimeMs: 0, ...errorFields(error), topics: [] }),
})
