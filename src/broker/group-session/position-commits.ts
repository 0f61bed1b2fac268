// Commits of a session: what was acknowledged, or what the client says, under the member's epoch.

import { BrokerError } from '../../base/errors.ts'
import type { SerialQueue } from '../../base/serial-queue.ts'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { CommitOffsetsResponse } from '../../coordination/group/offsets/messages.ts'
import type { CommitRequest } from '../group-service.ts'
import type { OwnedPartition } from './owned-partition.ts'
import type { CommitOutcome, CommittingOffset } from './session-request.ts'

export interface PositionCommitsOptions {
  readonly member: Pick<CommitRequest, 'groupId' | 'memberId' | 'instanceId'>
  /** The member's epoch; 0 while it is none. */
  readonly epoch: () => number
  readonly queue: SerialQueue
  readonly commit: (request: CommitRequest) => Promise<CommitOffsetsResponse>
  /** What the session owns; null where it does not own the partition. */
  readonly owned: (name: TopicPartition) => OwnedPartition | null
}

export class PositionCommits {
  readonly #options: PositionCommitsOptions

  constructor(options: PositionCommitsOptions) {
    this.#options = options
  }

  /**
   * Commits what was acknowledged of these partitions, as far as that is new.
   *
   * @throws BrokerError as GroupService.commitOffsets
   */
  async acknowledged(partitions: Iterable<OwnedPartition>): Promise<readonly CommitOutcome[]> {
    // What is acknowledged until its turn comes is committed too.
    const wanted = [...partitions]
    return await this.#options.queue.run(() => {
      return this.#commit(wanted.filter(({ hasMoved }) => hasMoved).map(positionOf))
    })
  }

  /** Commits what the client says. @throws BrokerError as `acknowledged` */
  async given(offsets: readonly CommittingOffset[]): Promise<readonly CommitOutcome[]> {
    return await this.#options.queue.run(() => this.#commit(offsets))
  }

  async #commit(offsets: readonly CommittingOffset[]): Promise<readonly CommitOutcome[]> {
    if (offsets.length === 0) return []
    const { member, epoch, commit, owned } = this.#options
    if (epoch() === 0) throw new BrokerError('UNKNOWN_MEMBER_ID')
    const asked = offsets.map((offset) => ({ offset, owned: owned(offset) }))
    const ours = asked.filter(({ owned: partition }) => partition !== null)
    const { partitions: results } = await commit({
      ...member,
      generationOrEpoch: epoch(),
      retentionMs: -1,
      offsets: ours.map(({ offset }) => offset),
    })
    let next = 0
    return asked.map(({ offset: { topic, partition, offset }, owned: own }) => {
      if (own === null) return { topic, partition, offset: -1, error: notOwned() }
      const code = results[next++]!.error
      if (code !== null) return { topic, partition, offset: -1, error: new BrokerError(code) }
      own.committedOffset = offset
      return { topic, partition, offset, error: null }
    })
  }
}

function positionOf(owned: OwnedPartition): CommittingOffset {
  const { topic, partition, acknowledgedOffset: offset, acknowledgedEpoch: leaderEpoch } = owned
  return { topic, partition, offset, leaderEpoch, metadata: '' }
}

function notOwned(): BrokerError {
  const message = 'The partition is not assigned to this session'
  return new BrokerError('ILLEGAL_GENERATION', { message })
}
