// Moves the committed offsets of a group that nobody reads in: finds out where to, and commits.

import { partitionName } from '../base/topic-partition.ts'
import type { PartitionOffsets } from './admin-calls.ts'
import { SluiceError } from './errors.ts'
import { MEMBER_EPOCH } from './group-calls.ts'
import type { GroupCaller, GroupPartition, PartitionOutcome } from './group-calls.ts'
import type { PartitionRef, StartPosition, Transport } from './transport.ts'

/** Where the group shall read on. Outside of the log becomes its nearer edge. */
export type ResetTarget =
  | StartPosition
  /** So many records on from what is committed, or back when it is negative. */
  | { readonly kind: 'shift'; readonly by: number }
  /** The first record of the last so many milliseconds. */
  | { readonly kind: 'duration'; readonly durationMs: number }

export interface ResetOptions {
  readonly to: ResetTarget
  /** Partitions, or all those of topics. Default: all for which the group has committed. */
  readonly only?: readonly (string | PartitionRef)[]
  /** Says what would be, and changes nothing. */
  readonly validateOnly?: boolean
}

/** What became of one partition. */
export interface OffsetReset extends PartitionOutcome {
  /** -1 when there was none. */
  readonly before: number
  /** -1 with an error. */
  readonly after: number
}

/** Makes a call, and again when it may help. */
type Read = <T>(call: (timeoutMs: number) => Promise<T>) => Promise<T>

interface Parts {
  readonly transport: Transport
  /** For calls that change nothing. */
  readonly read: Read
  readonly requestTimeoutMs: number
  /** The wall clock, in milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Ordered by topic, then by partition.
 *
 * @throws SluiceError NON_EMPTY_GROUP · GROUP_ID_NOT_FOUND when no partitions are given either ·
 *   UNKNOWN_TOPIC_OR_PARTITION
 */
export async function resetGroupOffsets(
  parts: Parts,
  groupId: string,
  { to, only, validateOnly = false }: ResetOptions,
): Promise<readonly OffsetReset[]> {
  const committed = await committedBy(parts, groupId, only !== undefined)
  const partitions = await chosen(parts, committed, only)
  const resets = await plan(parts, partitions, committed, to)
  const toCommit = resets.filter(({ error }) => error === null)
  if (validateOnly || toCommit.length === 0) return resets
  const outside: GroupCaller = {
    groupId,
    memberId: '',
    memberEpoch: MEMBER_EPOCH.none,
    instanceId: null,
  }
  const offsets = toCommit.map(({ topic, partition, after: offset }) => {
    return { topic, partition, offset }
  })
  const outcomes = await parts.transport.commitOffsets(outside, offsets, parts.requestTimeoutMs)
  const errors = new Map(outcomes.map((outcome) => [partitionName(outcome), outcome.error]))
  return resets.map((reset) => {
    const error = reset.error ?? errors.get(partitionName(reset)) ?? null
    return error === null ? reset : { ...reset, after: -1, error }
  })
}

/** What the group has committed, by the names of partitions. */
async function committedBy(
  { transport, read }: Parts,
  groupId: string,
  mayBeNew: boolean,
): Promise<ReadonlyMap<string, GroupPartition>> {
  try {
    const group = await read((timeoutMs) => transport.describeGroup(groupId, timeoutMs))
    if (group.members.length > 0) {
      const message = 'The group has members, whose positions would win: stop them first'
      throw new SluiceError('NON_EMPTY_GROUP', { groupId }, { message })
    }
    const committed = group.partitions.filter(({ committedOffset }) => committedOffset >= 0)
    return new Map(committed.map((partition) => [partitionName(partition), partition]))
  } catch (error) {
    const refusal = SluiceError.from(error)
    if (mayBeNew && refusal.code === 'GROUP_ID_NOT_FOUND') return new Map()
    throw refusal
  }
}

async function chosen(
  { transport, read }: Parts,
  committed: ReadonlyMap<string, GroupPartition>,
  only: ResetOptions['only'],
): Promise<readonly PartitionRef[]> {
  const refs: PartitionRef[] = []
  for (const each of only ?? committed.values()) {
    if (typeof each !== 'string') {
      refs.push({ topic: each.topic, partition: each.partition })
      continue
    }
    const { partitions } = await read((timeoutMs) => transport.describeTopic(each, timeoutMs))
    for (let partition = 0; partition < partitions; partition++) {
      refs.push({ topic: each, partition })
    }
  }
  const byName = new Map(refs.map((ref) => [partitionName(ref), ref]))
  return [...byName.values()].toSorted((a, b) => {
    return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
  })
}

async function plan(
  { transport, read, nowMs }: Parts,
  partitions: readonly PartitionRef[],
  committed: ReadonlyMap<string, GroupPartition>,
  to: ResetTarget,
): Promise<readonly OffsetReset[]> {
  const offsetsAt = async (position: StartPosition): Promise<readonly PartitionOffsets[]> => {
    const asked = partitions.map((ref) => ({ ...ref, position }))
    return await read((timeoutMs) => transport.listOffsets(asked, 'read_uncommitted', timeoutMs))
  }
  const timestampMs = timestampOf(to, nowMs)
  const [starts, ends, found] = await Promise.all([
    offsetsAt({ kind: 'earliest' }),
    offsetsAt({ kind: 'latest' }),
    timestampMs === null ? null : offsetsAt({ kind: 'timestamp', timestampMs }),
  ])
  return partitions.map((ref, index): OffsetReset => {
    const before = committed.get(partitionName(ref))?.committedOffset ?? -1
    const [start, end] = [starts[index]!, ends[index]!]
    const error = start.error ?? end.error ?? found?.[index]?.error ?? null
    if (error !== null) return { ...ref, before, after: -1, error }
    const range = { start: start.offset, end: end.offset }
    const wanted = wantedOffset(to, { ...range, before, found: found?.[index]?.offset ?? -1 })
    if (wanted === null) return { ...ref, before, after: -1, error: nothingToShift(ref) }
    const after = Math.min(Math.max(wanted, range.start), range.end)
    return { ...ref, before, after, error: null }
  })
}

function timestampOf(to: ResetTarget, nowMs: number): number | null {
  if (to.kind === 'timestamp') return to.timestampMs
  return to.kind === 'duration' ? Math.max(0, nowMs - to.durationMs) : null
}

/** @returns null when there is nothing to go by */
function wantedOffset(
  to: ResetTarget,
  known: {
    readonly start: number
    readonly end: number
    readonly before: number
    /** Offset by time; -1 when all records are older. */
    readonly found: number
  },
): number | null {
  switch (to.kind) {
    case 'earliest':
      return known.start
    case 'latest':
      return known.end
    case 'offset':
      return to.offset
    case 'timestamp':
    case 'duration':
      return known.found < 0 ? known.end : known.found
    case 'shift':
      return known.before < 0 ? null : known.before + to.by
  }
}

function nothingToShift(ref: PartitionRef): SluiceError {
  const message = 'There is no committed offset to shift'
  return new SluiceError('NO_COMMITTED_OFFSET', { ...ref }, { message })
}
