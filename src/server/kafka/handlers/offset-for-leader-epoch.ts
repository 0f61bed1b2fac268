// OffsetForLeaderEpoch: where the records of a leader epoch end, for a consumer that wants to know
// whether records that it has read have been cut since (KIP-320).

import { ERRORS } from '../../../base/errors.ts'
import type { EpochQuery } from '../../../broker/offset-service.ts'
import {
  OFFSET_FOR_LEADER_EPOCH,
  type EpochEndOffsetInit,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponseInit,
} from '../../../protocol/kafka/gen/offset-for-leader-epoch.ts'
import type { Services } from '../../broker-core.ts'
import { firstErrorOf } from './error-fields.ts'
import { handlerOf, type KafkaHandler } from '../handler.ts'

export function offsetForLeaderEpochHandlers({
  offsets,
}: Pick<Services, 'offsets'>): KafkaHandler[] {
  return [
    handlerOf(OFFSET_FOR_LEADER_EPOCH, {
      handle(request, { caller }) {
        const found = offsets.endsOfEpochs(caller, queriesOf(request))
        let next = 0
        return answerOf(request, () => {
          const { error, epoch: leaderEpoch, endOffset } = found[next++]!
          return { errorCode: error === null ? 0 : ERRORS[error.code].id, leaderEpoch, endOffset }
        })
      },
      refuse: (request, { code }) => answerOf(request, () => ({ errorCode: ERRORS[code].id })),
      outcome: ({ topics }) => firstErrorOf(topics),
      cuts: [{ asked: ['topics', 'partitions'], answered: ['topics', 'partitions'] }],
    }),
  ]
}

function queriesOf({ topics }: OffsetForLeaderEpochRequest): EpochQuery[] {
  return topics.flatMap(({ topic, partitions }) => {
    return partitions.map(({ partition, leaderEpoch: epoch, currentLeaderEpoch }) => {
      return { topic, partition, epoch, leaderEpoch: currentLeaderEpoch }
    })
  })
}

function answerOf(
  { topics }: OffsetForLeaderEpochRequest,
  answer: () => Omit<EpochEndOffsetInit, 'partition'>,
): OffsetForLeaderEpochResponseInit {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, ...answer() })),
    })),
  }
}
