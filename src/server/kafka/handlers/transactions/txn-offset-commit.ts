// TxnOffsetCommit: offsets of a group that count once the transaction is committed.
//
//   v2   leader epochs; a coordinator that loads may be named
//   v3   who the member is (KIP-447)
//   v4   clients know TRANSACTION_ABORTABLE
//   v5   the offsets are added to the transaction by the way (KIP-890)
//
// Source: KafkaApis.handleTxnOffsetCommitRequest and GroupCoordinatorService in apache/kafka.

import type { ErrorCode } from '../../../../base/errors.ts'
import type { GroupService } from '../../../../broker/group-service.ts'
import {
  TXN_OFFSET_COMMIT,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponseInit,
} from '../../../../protocol/kafka/gen/txn-offset-commit.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { checkCount, firstErrorOf } from '../error-fields.ts'
import { errorId } from '../groups/wire.ts'
import { writingAs } from './fencing.ts'

/** Most partitions of a request: what is done in a transaction is not cut into parts. */
const MAX_PARTITIONS = 10_000

const KNOWS_LOADING_FROM = 2
const KNOWS_ABORTABLE_FROM = 4
const ADDS_FROM = 5

const LOADING = 'COORDINATOR_LOAD_IN_PROGRESS'

export function txnOffsetCommitHandler(groups: GroupService): KafkaHandler {
  return handlerOf(TXN_OFFSET_COMMIT, {
    async handle(request, { version, caller }) {
      const count = request.topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      checkCount(count, MAX_PARTITIONS, 'partitions')
      const { transactionalId, producerId, producerEpoch } = request
      const { groupId, memberId, groupInstanceId: instanceId, generationId } = request
      const { partitions } = await groups.commitInTransaction(caller, {
        transaction: { transactionalId, producerId, producerEpoch, adds: version >= ADDS_FROM },
        ...{ groupId, memberId, instanceId, generationOrEpoch: generationId },
        offsets: request.topics.flatMap(({ name: topic, partitions: given }) => {
          return given.map((partition) => ({
            topic,
            partition: partition.partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.committedMetadata ?? '',
          }))
        }),
      })
      return answerOf(request, (slot) => errorId(partitions[slot]!.error))
    },
    refuse: (request, { code }, { version }) => {
      const errorCode = errorId(said(code, version))
      return answerOf(request, () => errorCode)
    },
    outcome: ({ topics }) => firstErrorOf(topics),
  })
}

/** What is to be tried again, in words that clients of the version know for it. */
function said(code: ErrorCode, version: number): ErrorCode {
  // Producers before 2.0 could crash of a coordinator that loads.
  const again = version < KNOWS_LOADING_FROM ? 'COORDINATOR_NOT_AVAILABLE' : LOADING
  if (code === LOADING) return again
  if (code === 'CONCURRENT_TRANSACTIONS' && version < ADDS_FROM) return again
  return writingAs(code, version >= KNOWS_ABORTABLE_FROM)
}

/** @param errorOf the error of each partition of the request, by its place in it */
function answerOf(
  { topics }: TxnOffsetCommitRequest,
  errorOf: (slot: number) => number,
): TxnOffsetCommitResponseInit {
  let slot = 0
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode: errorOf(slot++) }
      }),
    })),
  }
}
