// sluice group reset: says where a group would read on, and with --execute makes it so.

import type { OffsetReset, PartitionRef, ResetTarget } from '../../client/index.ts'
import { withAdmin } from '../admin.ts'
import { count } from '../ask.ts'
import { Failure, UsageError } from '../failure.ts'
import type { TopicPartitions } from '../flag-values.ts'
import { printTable } from '../table.ts'
import { tell, writeJson } from '../terminal.ts'

interface Flags {
  readonly bootstrap: readonly string[]
  readonly json?: true
  readonly toEarliest?: true
  readonly toLatest?: true
  readonly toOffset?: number
  readonly toDatetime?: number
  readonly byDuration?: number
  readonly shiftBy?: number
  readonly topic?: readonly TopicPartitions[]
  readonly execute?: true
}

export async function resetGroup(groupId: string, flags: Flags): Promise<void> {
  const to = targetOf(flags)
  const only = flags.topic?.flatMap(({ topic, partitions }): (string | PartitionRef)[] => {
    return partitions === null ? [topic] : partitions.map((partition) => ({ topic, partition }))
  })
  await withAdmin(flags, async (admin) => {
    const resets = await admin.resetGroupOffsets(groupId, {
      to,
      ...(only === undefined ? {} : { only }),
      validateOnly: flags.execute !== true,
    })
    print(groupId, resets, flags)
    const failed = resets.filter(({ error }) => error !== null).length
    if (failed > 0) {
      const not = flags.execute ? 'were not reset' : 'could not be reset'
      throw new Failure(`${failed} of ${count(resets.length, 'partition')} ${not}`)
    }
  })
}

function print(groupId: string, resets: readonly OffsetReset[], { json, execute }: Flags): void {
  if (json) {
    const partitions = resets.map((each) => ({ ...each, error: each.error?.code ?? null }))
    return writeJson({ groupId, executed: execute === true, partitions })
  }
  if (resets.length === 0) {
    return tell(`group ${groupId} has committed nothing; --topic says where it shall begin`)
  }
  printTable(
    ['TOPIC', 'PARTITION', 'FROM', 'TO', 'RECORDS'],
    resets.map(({ topic, partition, before, after, error }) => [
      topic,
      partition,
      before < 0 ? '-' : before,
      error === null ? after : '-',
      error === null ? movement(before, after) : error.code,
    ]),
  )
  if (!execute) tell('nothing was changed; --execute makes it so')
}

function movement(before: number, after: number): string {
  if (before < 0) return 'begins here'
  if (after === before) return 'stays'
  return after > before ? `skips ${after - before}` : `reads ${before - after} again`
}

function targetOf(flags: Flags): ResetTarget {
  const { toOffset, toDatetime, byDuration, shiftBy } = flags
  const targets: ResetTarget[] = []
  if (flags.toEarliest) targets.push({ kind: 'earliest' })
  if (flags.toLatest) targets.push({ kind: 'latest' })
  if (toOffset !== undefined) targets.push({ kind: 'offset', offset: toOffset })
  if (toDatetime !== undefined) targets.push({ kind: 'timestamp', timestampMs: toDatetime })
  if (byDuration !== undefined) targets.push({ kind: 'duration', durationMs: byDuration })
  if (shiftBy !== undefined) targets.push({ kind: 'shift', by: shiftBy })
  const [target] = targets
  if (target !== undefined && targets.length === 1) return target
  const flagsOfTargets =
    '--to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration or --shift-by'
  if (target === undefined) throw new UsageError(`where to? give ${flagsOfTargets}`)
  throw new UsageError(`${targets.length} places are given; give one of ${flagsOfTargets}`)
}
