// DeleteRecords over the Kafka protocol.

import { BrokerError } from '../../../../base/errors.ts'
import type { TopicService } from '../../../../broker/topic-service.ts'
import {
  DELETE_RECORDS,
  type DeleteRecordsTopic,
} from '../../../../protocol/kafka/gen/delete-records.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import { errorFields, firstErrorOf } from '../error-fields.ts'

export interface RecordHandlerServices {
  readonly topics: TopicService
}

export function recordHandlers({ topics }: RecordHandlerServices): readonly KafkaHandler[] {
  const deleteRecords = handlerOf(DELETE_RECORDS, {
    handle: async (request, context) => {
      const answered = []
      for (const topic of request.topics) answered.push(await deleteOf(topics, topic, context))
      return { throttleTimeMs: 0, topics: answered }
    },
    refuse: (request, error) => {
      return { throttleTimeMs: 0, topics: request.topics.map((topic) => refused(topic, error)) }
    },
    outcome: ({ topics: answered }) => firstErrorOf(answered),
    cuts: [{ asked: ['topics', 'partitions'], answered: ['topics', 'partitions'] }],
  })
  return [deleteRecords]
}

async function deleteOf(topics: TopicService, topic: DeleteRecordsTopic, { caller }: KafkaContext) {
  // -1 is the high watermark there as here.
  const deletions = topic.partitions.map(({ partitionIndex, offset }) => {
    return { partition: partitionIndex, beforeOffset: offset }
  })
  try {
    const deleted = await topics.deleteRecords(caller, topic.name, deletions)
    const partitions = deleted.map(({ partition, error, logStartOffset }) => {
      const { errorCode } = errorFields(error)
      return { partitionIndex: partition, lowWatermark: logStartOffset, errorCode }
    })
    return { name: topic.name, partitions }
  } catch (error) {
    return refused(topic, BrokerError.from(error))
  }
}

function refused({ name, partitions }: DeleteRecordsTopic, error: BrokerError) {
  const { errorCode } = errorFields(error)
  const results = partitions.map(({ partitionIndex }) => {
    return { partitionIndex, lowWatermark: -1, errorCode }
  })
  return { name, partitions: results }
}
