// What the passes of a check share: where findings go, and sorters between one pass and the next.

import type { Findings } from './anomalies.ts'
import type { Operation } from './operation.ts'
import { RowSorter, type SorterOptions } from './row-sorter.ts'

/** What a history is of, as far as it does not say so itself. */
export interface Rules {
  /** Topics of a copy: every record of the input has one copy in the output, and nothing else is there. */
  readonly copy: { readonly input: number; readonly output: number } | null
  /** Readers of committed records that read each topic, of these, from its beginning to its end. */
  readonly completeReaders: readonly { readonly client: number; readonly topic: number }[]
  /** The client that was told the committed offsets in the end. */
  readonly finalObserver: number | null
}

export interface Pass {
  readonly findings: Findings
  readonly rules: Rules
  readonly sorting: SorterOptions
}

/** Sorts by client, topic, partition and step: what a client did in a partition, in its order. */
export function byProgramOrder({ sorting }: Pass): RowSorter {
  return new RowSorter([4, 2, 4, 4], sorting)
}

export function programOrder({ client, topic, partition, step }: Operation): number[] {
  return [client, topic, partition, step]
}

/** What became of a transaction, as its client knows: in `detail`, from check-transactions.ts on. */
export const STATE = { none: 0, committed: 1, aborted: 2, unknown: 3 } as const
/** The bits of a state. */
export const STATE_MASK = 3

/** An operation of its own, with another detail, offset or other offset. */
export function withDetail(
  each: Operation,
  detail: number,
  offset = each.offset,
  otherOffset = each.otherOffset,
): Operation {
  const { kind, topic, partition, sender, number, client, transaction, step } = each
  const value = { kind, detail, topic, partition, offset, sender, number }
  const { otherPartition } = each
  return { ...value, client, transaction, step, otherPartition, otherOffset }
}
