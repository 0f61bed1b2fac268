// Where a group has left off in partitions that a session is given.

import { BrokerError } from '../../base/errors.ts'
import { partitionName, type TopicPartition } from '../../base/topic-partition.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Assignment } from '../../coordination/group/consumer/assignment.ts'
import type { FetchOffsetsResponse } from '../../coordination/group/offsets/messages.ts'
import type { Clock } from '../../io/clock.ts'
import type { StartingPartition } from './owned-partition.ts'

export interface LocateOptions {
  readonly clock: Clock
  /** The topic that has the id now; null when none has. */
  readonly topicOf: (topicId: Uuid) => string | null
  readonly fetchOffsets: (partitions: readonly TopicPartition[]) => Promise<FetchOffsetsResponse>
  /** False once nobody waits for the answer any more. */
  readonly isWanted: () => boolean
  /** A call was refused, and will be made again. */
  readonly refused: (error: BrokerError) => void
}

/** After this long a call that was refused for now is made again. */
const RETRY_MS = 500

/**
 * Fetches the committed offsets, again and again where that is refused for now. Topics that are gone
 * are left out: they will be taken back.
 *
 * @throws BrokerError that no repetition helps against
 */
export async function locate(
  assignment: Assignment,
  options: LocateOptions,
): Promise<readonly StartingPartition[]> {
  const wanted = [...assignment].flatMap(([topicId, partitions]) => {
    const topic = options.topicOf(topicId)
    if (topic === null) return []
    return partitions.map((partition) => ({ topic, topicId, partition }))
  })
  while (options.isWanted()) {
    try {
      return await fetched(wanted, options)
    } catch (error) {
      const refusal = BrokerError.from(error)
      if (!mayPass(refusal)) throw refusal
      options.refused(refusal)
    }
    await new Promise<void>((resolve) => options.clock.after(RETRY_MS, resolve))
  }
  return []
}

type Wanted = Omit<StartingPartition, 'committedOffset'>

async function fetched(
  wanted: readonly Wanted[],
  { fetchOffsets }: LocateOptions,
): Promise<StartingPartition[]> {
  if (wanted.length === 0) return []
  const names = wanted.map(({ topic, partition }) => ({ topic, partition }))
  const { partitions } = await fetchOffsets(names)
  const offsets = new Map<string, number>()
  for (const { topic, partition, error, committed } of partitions) {
    if (error !== null) throw new BrokerError(error, { topic, partition })
    offsets.set(partitionName({ topic, partition }), committed?.offset ?? -1)
  }
  return wanted.map((each) => ({
    ...each,
    committedOffset: offsets.get(partitionName(each)) ?? -1,
  }))
}

/** A member that is out learns that by its heartbeat, and nobody wants the answer then. */
function mayPass({ code, retriable }: BrokerError): boolean {
  return retriable || code === 'UNKNOWN_MEMBER_ID' || code === 'STALE_MEMBER_EPOCH'
}
