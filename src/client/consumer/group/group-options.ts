// What a consumer of a group may be told beside, and what holds when it is told nothing.

import { SluiceError } from '../../errors.ts'
import { checkNumber } from '../../option-checks.ts'
import type { PartitionRef } from '../../transport.ts'

export interface GroupOptions {
  /**
   * The group to be a member of: those who share it share the partitions of what they subscribe to,
   * and each goes on where the group has committed. Default: none.
   */
  readonly groupId?: string
  /**
   * Makes the consumer a static member: after a restart within the session timeout it gets the same
   * partitions, and nobody else gets them meanwhile. A name of its own for each consumer.
   */
  readonly groupInstanceId?: string
  /** Which of the coordinator's assignors shall be used, as in `'range'`. Default: its first. */
  readonly groupRemoteAssignor?: string
  /** Where the consumer runs, for assignors that look at it. */
  readonly clientRack?: string
  /**
   * Whether what was processed is committed by itself: at intervals, before partitions are given up,
   * and on `close`. A record counts as processed when the next one is asked for. Default true; with
   * false only `commit` commits.
   */
  readonly enableAutoCommit?: boolean
  /** How often it is committed by itself, in milliseconds, from 10. Default 5,000. */
  readonly autoCommitIntervalMs?: number
  /**
   * How long the reader may take for what it was given, in milliseconds, from 1,000. After that the
   * consumer leaves the group, so that others get its partitions, until the reader asks again. Also
   * how long it may take to give partitions up, callbacks included. Default 300,000.
   */
  readonly maxPollIntervalMs?: number
}

/** Called when the group changes what a consumer reads. Each is awaited, `maxPollIntervalMs` at most. */
export interface RebalanceListener {
  /** These partitions are read from now on. Nothing of them is given out before it resolves. */
  readonly onAssigned?: (partitions: readonly PartitionRef[]) => void | Promise<void>
  /**
   * These partitions are given up. Nothing of them is given out any more; what was processed is
   * committed, unless commits are left to the user, who can still make them.
   */
  readonly onRevoked?: (partitions: readonly PartitionRef[]) => void | Promise<void>
  /**
   * These partitions were taken away: the coordinator had not heard of the consumer for too long, or
   * the reader had not asked. Others may read them by now, and nothing can be committed for them.
   * Default: `onRevoked`.
   */
  readonly onLost?: (partitions: readonly PartitionRef[]) => void | Promise<void>
}

export interface GroupSettings {
  readonly groupId: string
  readonly instanceId: string | null
  readonly serverAssignor: string | null
  readonly rackId: string | null
  readonly enableAutoCommit: boolean
  readonly autoCommitIntervalMs: number
  readonly maxPollIntervalMs: number
}

/** Options that mean nothing without a group. */
const OF_GROUPS = [
  'groupInstanceId',
  'groupRemoteAssignor',
  'enableAutoCommit',
  'autoCommitIntervalMs',
  'maxPollIntervalMs',
] as const

/** Longest that brokers take in 31 bits, in milliseconds. */
const MAX_MS = 2_147_483_647

/** @returns null without a group. @throws SluiceError INVALID_OPTION */
export function groupSettings(options: GroupOptions): GroupSettings | null {
  const { groupId } = options
  if (groupId === undefined) {
    for (const option of OF_GROUPS) {
      if (options[option] === undefined) continue
      const message = `${option} is for consumers of a group: give a groupId as well`
      throw new SluiceError('INVALID_OPTION', { option }, { message })
    }
    return null
  }
  checkText('groupId', groupId)
  checkText('groupInstanceId', options.groupInstanceId)
  checkText('groupRemoteAssignor', options.groupRemoteAssignor)
  checkText('clientRack', options.clientRack)
  checkNumber('autoCommitIntervalMs', options.autoCommitIntervalMs, 10, MAX_MS)
  checkNumber('maxPollIntervalMs', options.maxPollIntervalMs, 1_000, MAX_MS)
  return {
    groupId,
    instanceId: options.groupInstanceId ?? null,
    serverAssignor: options.groupRemoteAssignor ?? null,
    rackId: options.clientRack ?? null,
    enableAutoCommit: options.enableAutoCommit ?? true,
    autoCommitIntervalMs: options.autoCommitIntervalMs ?? 5_000,
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
  }
}

function checkText(option: string, value: string | undefined): void {
  if (value === undefined || value !== '') return
  const message = `${option} must not be empty`
  throw new SluiceError('INVALID_OPTION', { option, value }, { message })
}
