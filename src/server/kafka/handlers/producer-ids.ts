// DescribeProducers: who writes to a partition, and which transactions are open there.

import { BrokerError, ERRORS } from '../../../base/errors.ts'
import type { Caller } from '../../../broker/caller.ts'
import type { ProducerIdService } from '../../../broker/producer-id-service.ts'
import {
  DESCRIBE_PRODUCERS,
  type DescribeProducersResponseInit,
  type PartitionResponseInit,
} from '../../../protocol/kafka/gen/describe-producers.ts'
import { handlerOf, type KafkaHandler } from '../handler.ts'

/** Most partitions that one request may ask about. */
const MAX_PARTITIONS = 10_000

export function producerIdHandlers(producerIds: ProducerIdService): readonly KafkaHandler[] {
  return [describeProducersHandler(producerIds)]
}

function describeProducersHandler(producerIds: ProducerIdService): KafkaHandler {
  return handlerOf(DESCRIBE_PRODUCERS, {
    handle({ topics }, { caller }): DescribeProducersResponseInit {
      const count = topics.reduce((sum, topic) => sum + topic.partitionIndexes.length, 0)
      if (count > MAX_PARTITIONS) throw new BrokerError('INVALID_REQUEST', { partitions: count })
      // A partition may have very many producers: it is told once.
      const seen = new Set<string>()
      return {
        throttleTimeMs: 0,
        topics: topics.map(({ name, partitionIndexes }) => {
          const once = partitionIndexes.filter((index) => {
            return seen.size < seen.add(`${name}/${index}`).size
          })
          const partitions = once.map((index) => {
            return describePartition(producerIds, caller, name, index)
          })
          return { name, partitions }
        }),
      }
    },
    refuse: ({ topics }, error) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitionIndexes }) => {
        return { name, partitions: partitionIndexes.map((index) => refused(index, error)) }
      }),
    }),
    outcome: ({ topics }) => {
      const failed = topics
        .flatMap(({ partitions }) => partitions)
        .find((one) => one.errorCode !== 0)
      return failed?.errorCode ?? 0
    },
  })
}

function describePartition(
  producerIds: ProducerIdService,
  caller: Caller,
  topic: string,
  partitionIndex: number,
): PartitionResponseInit {
  try {
    const activeProducers = producerIds.describe(caller, topic, partitionIndex).map((facts) => ({
      producerId: facts.producerId,
      producerEpoch: facts.epoch,
      lastSequence: facts.lastSequence,
      lastTimestamp: facts.lastTimestamp,
      coordinatorEpoch: facts.coordinatorEpoch,
      currentTxnStartOffset: facts.currentTransactionOffset,
    }))
    return { partitionIndex, errorCode: 0, errorMessage: null, activeProducers }
  } catch (error) {
    return refused(partitionIndex, BrokerError.from(error))
  }
}

function refused(partitionIndex: number, { code, message }: BrokerError): PartitionResponseInit {
  const errorCode = ERRORS[code].id
  return { partitionIndex, errorCode, errorMessage: message, activeProducers: [] }
}
