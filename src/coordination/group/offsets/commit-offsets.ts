// Committing, fetching and deleting offsets: who may, and what is kept.
// Source: apache/kafka, OffsetMetadataManager, ClassicGroup and ConsumerGroup.validateOffsetCommit.

import type { ErrorCode } from '../../../base/errors.ts'
import type { ClassicGroup } from '../classic/classic-group.ts'
import { validateMember } from '../classic/membership.ts'
import { restartSession } from '../classic/rebalance.ts'
import { CONSUMER_PROTOCOL_TYPE } from '../classic/subscription.ts'
import type { ConsumerGroup } from '../consumer/consumer-group.ts'
import { refuse } from '../env.ts'
import type { Env } from '../env.ts'
import type {
  CommitInTransactionRequest,
  CommitOffsetsRequest,
  CommitOffsetsResponse,
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FetchOffsetsRequest,
  FetchOffsetsResponse,
  OffsetToCommit,
} from './messages.ts'

/**
 * Commits offsets for a member, or for somebody outside of an empty group.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION,
 *   REBALANCE_IN_PROGRESS, STALE_MEMBER_EPOCH
 */
export function commitOffsets(env: Env, request: CommitOffsetsRequest): CommitOffsetsResponse {
  const classic = env.classic.get(request.groupId)
  const consumer = env.state.consumer.get(request.groupId)
  if (classic !== undefined) mayCommitClassic(env, classic, request)
  else if (consumer !== undefined) mayCommitConsumer(consumer, request)
  else if (request.generationOrEpoch >= 0) refuse('ILLEGAL_GENERATION')

  const partitions = request.offsets.map((given) => {
    const { topic, partition } = given
    const error = checkOffset(env, request.groupId, given)
    if (error === null) emitOffset(env, request, given)
    return { topic, partition, error }
  })
  return { partitions }
}

/**
 * Commits offsets that count once the transaction of the step is committed. Who does not say which member
 * it is may do so for any group, as producers did before KIP-447; who says it is held to it. In a
 * rebalance the member still has what it had.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION
 */
export function commitInTransaction(
  env: Env,
  request: CommitInTransactionRequest,
): CommitOffsetsResponse {
  const { groupId, memberId, instanceId, generationOrEpoch } = request
  const classic = env.classic.get(groupId)
  const consumer = env.state.consumer.get(groupId)
  const isAnonymous = memberId === '' && instanceId === null && generationOrEpoch < 0
  if (!isAnonymous && classic !== undefined) checkGeneration(classic, request)
  else if (!isAnonymous && consumer !== undefined) checkEpochInTransaction(consumer, request)
  else if (generationOrEpoch >= 0) refuse('ILLEGAL_GENERATION')

  const partitions = request.offsets.map((given) => {
    const { topic, partition } = given
    const error = checkOffset(env, groupId, given, { inTransaction: true })
    if (error === null) emitOffset(env, { groupId, retentionMs: -1 }, given)
    return { topic, partition, error }
  })
  return { partitions }
}

function checkGeneration(group: ClassicGroup, request: CommitInTransactionRequest): void {
  const { memberId, instanceId, generationOrEpoch: generation } = request
  if (generation < 0 && group.state === 'Empty') return
  validateMember(group, memberId, instanceId)
  if (generation !== group.generation) refuse('ILLEGAL_GENERATION')
}

/** Clients of this API know generations: theirs is never called stale. */
function checkEpochInTransaction(group: ConsumerGroup, request: CommitInTransactionRequest): void {
  const { memberId, generationOrEpoch: epoch } = request
  if (epoch < 0 && group.members.size === 0) return
  const member = group.members.get(memberId) ?? refuse('UNKNOWN_MEMBER_ID')
  if (member.memberEpoch !== epoch) refuse('ILLEGAL_GENERATION')
}

function mayCommitClassic(env: Env, group: ClassicGroup, request: CommitOffsetsRequest): void {
  const { memberId, instanceId, generationOrEpoch: generation } = request
  const isOutside = generation < 0 && memberId === '' && instanceId === null
  if (generation < 0 && group.state === 'Empty') return
  if (isOutside) refuse('UNKNOWN_MEMBER_ID')
  const member = validateMember(group, memberId, instanceId)
  if (generation !== group.generation) refuse('ILLEGAL_GENERATION')
  if (group.state === 'CompletingRebalance') refuse('REBALANCE_IN_PROGRESS')
  restartSession(env, group, member)
}

function mayCommitConsumer(group: ConsumerGroup, request: CommitOffsetsRequest): void {
  const { memberId, generationOrEpoch: epoch } = request
  if (epoch < 0 && group.members.size === 0) return
  checkMemberEpoch(group, memberId, epoch)
}

function checkMemberEpoch(group: ConsumerGroup, memberId: string, epoch: number): void {
  const member = group.members.get(memberId) ?? refuse('UNKNOWN_MEMBER_ID')
  if (member.memberEpoch === epoch) return
  // In a group on its way from one protocol to the other, each member hears what it knows.
  refuse(member.metadata.classic === null ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION')
}

function checkOffset(
  env: Env,
  groupId: string,
  { topic, partition, offset, metadata }: OffsetToCommit,
  { inTransaction = false } = {},
): ErrorCode | null {
  if (Buffer.byteLength(metadata) > env.options.maxOffsetMetadataBytes) {
    return 'OFFSET_METADATA_TOO_LARGE'
  }
  if (offset < 0) return 'INVALID_REQUEST'
  const { offsets } = env.state
  const { maxOffsets } = env.options
  const isNew = offsets.get(groupId, topic, partition) === null
  const isFull = isNew && offsets.size + offsets.pendingSize >= maxOffsets
  const isPendingFull = inTransaction && offsets.pendingSize >= maxOffsets
  return isFull || isPendingFull ? 'INVALID_COMMIT_OFFSET_SIZE' : null
}

function emitOffset(
  env: Env,
  { groupId, retentionMs }: Pick<CommitOffsetsRequest, 'groupId' | 'retentionMs'>,
  given: OffsetToCommit,
): void {
  const { topic, partition, topicId, offset, leaderEpoch, metadata } = given
  const commitTimestampMs = env.now.wallMs
  const expireTimestampMs = retentionMs >= 0 ? commitTimestampMs + retentionMs : -1
  env.step.emit({
    type: 'Offset',
    groupId,
    topic,
    partition,
    value: { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs, topicId },
  })
}

/**
 * The offsets of a group. A group that is not there has none.
 *
 * @throws BrokerError UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH when a member of the newer protocol asks
 */
export function fetchOffsets(env: Env, request: FetchOffsetsRequest): FetchOffsetsResponse {
  const { groupId, memberId, memberEpoch, requireStable } = request
  const consumer = env.state.consumer.get(groupId)
  if (consumer !== undefined && memberId !== null && memberId !== '' && memberEpoch >= 0) {
    checkMemberEpoch(consumer, memberId, memberEpoch)
  }
  const { offsets } = env.state
  const wanted = request.partitions ?? offsets.ofGroup(groupId)
  const partitions = wanted.map(({ topic, partition }) => {
    if (requireStable && offsets.isPending(groupId, topic, partition)) {
      return { topic, partition, error: 'UNSTABLE_OFFSET_COMMIT' as const, committed: null }
    }
    return { topic, partition, error: null, committed: offsets.get(groupId, topic, partition) }
  })
  return { partitions }
}

/**
 * Deletes committed offsets of topics that no member reads.
 *
 * @throws BrokerError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP when the members' topics are not known
 */
export function deleteOffsets(env: Env, request: DeleteOffsetsRequest): DeleteOffsetsResponse {
  const { groupId } = request
  if (!env.state.exists(groupId)) refuse('GROUP_ID_NOT_FOUND')
  const isSubscribed = subscriptionOf(env, groupId)
  const partitions = request.partitions.map(({ topic, partition }) => {
    if (isSubscribed(topic))
      return { topic, partition, error: 'GROUP_SUBSCRIBED_TO_TOPIC' as const }
    const { offsets } = env.state
    const isPending = offsets.isPending(groupId, topic, partition)
    if (isPending || offsets.get(groupId, topic, partition) !== null) {
      env.step.emit({ type: 'Offset', groupId, topic, partition, value: null })
    }
    return { topic, partition, error: null }
  })
  return { partitions }
}

function subscriptionOf(env: Env, groupId: string): (topic: string) => boolean {
  const consumer = env.state.consumer.get(groupId)
  if (consumer !== undefined) return (topic) => consumer.isSubscribed(topic)
  const classic = env.classic.get(groupId)
  if (classic === undefined || classic.state === 'Empty') return () => false
  if (classic.protocolType !== CONSUMER_PROTOCOL_TYPE) refuse('NON_EMPTY_GROUP')
  const topics = classic.subscribedTopics()
  // Members whose metadata cannot be read may be reading anything.
  return (topic) => topics === null || topics.has(topic)
}
