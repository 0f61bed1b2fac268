// sluice transaction list | describe | find-hanging | abort

import type { TransactionDescription, TransactionState } from '../../client/index.ts'
import { realClock } from '../../io/real-clock.ts'
import { withAdmin } from '../admin.ts'
import { confirm } from '../ask.ts'
import { UsageError } from '../failure.ts'
import { printTable } from '../table.ts'
import { tell, writeJson, writeLine } from '../terminal.ts'
import { refsText } from './group-view.ts'

interface Connected {
  readonly bootstrap: readonly string[]
  readonly json?: true
}

/** States in which no transaction is open. */
const OVER = new Set<TransactionState>(['Empty', 'CompleteCommit', 'CompleteAbort', 'Dead'])

interface ListFlags extends Connected {
  readonly state?: TransactionState
  readonly producerId?: readonly number[]
  readonly openFor?: number
  readonly pattern?: string
}

export async function listTransactions(flags: ListFlags): Promise<void> {
  const { state, producerId: producerIds, openFor: openForMs, pattern } = flags
  await withAdmin(flags, async (admin) => {
    const transactions = await admin.transactions.list({
      ...(state === undefined ? {} : { states: [state] }),
      ...(producerIds === undefined ? {} : { producerIds }),
      ...(openForMs === undefined ? {} : { openForMs }),
      ...(pattern === undefined ? {} : { pattern }),
    })
    if (flags.json) return writeJson(transactions)
    if (transactions.length === 0) return tell('no transactional ids')
    printTable(
      ['TRANSACTIONAL ID', 'STATE', 'PRODUCER'],
      transactions.map((each) => [each.transactionalId, each.state, each.producerId]),
    )
  })
}

export async function describeTransaction(id: string, flags: Connected): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const transaction = await admin.transactions.describe(id)
    if (flags.json) return writeJson(transaction)
    for (const line of transactionLines(transaction, realClock.now())) writeLine(line)
  })
}

/** Lines that describe a transaction. @param nowMs to tell for how long it is open */
export function transactionLines(described: TransactionDescription, nowMs: number): string[] {
  const { transactionalId, state, producerId, producerEpoch, timeoutMs } = described
  const { coordinator, startTimeMs, partitions } = described
  const facts = [
    `producer ${producerId}`,
    `epoch ${producerEpoch}`,
    `timeout ${timeoutMs / 1000} s`,
    ...(coordinator === null ? [] : [`coordinator broker ${coordinator}`]),
  ]
  const since = startTimeMs === null ? [] : [sinceText(state, startTimeMs, nowMs)]
  const writes = partitions.length === 0 ? [] : [`writes to ${refsText(partitions)}`]
  return [`transaction ${transactionalId}: ${state}`, facts.join(', '), ...since, ...writes]
}

function sinceText(state: TransactionState, sinceMs: number, nowMs: number): string {
  const since = new Date(sinceMs).toISOString()
  if (OVER.has(state)) return `the last one began ${since}`
  const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000))
  return `open for ${seconds} s, since ${since}`
}

interface HangingFlags extends Connected {
  readonly topic?: string
  readonly partition?: number
  readonly openFor?: number
}

export async function findHanging(flags: HangingFlags): Promise<void> {
  const { topic, partition, openFor: openForMs } = flags
  if (topic === undefined && partition !== undefined) {
    throw new UsageError('--partition is one of a --topic, which is not given')
  }
  await withAdmin(flags, async (admin) => {
    const found = await admin.transactions.findHanging({
      ...(topic === undefined ? {} : { topic }),
      ...(partition === undefined ? {} : { partition }),
      ...(openForMs === undefined ? {} : { openForMs }),
    })
    if (flags.json) return writeJson(found)
    if (found.length === 0) return tell('no transaction hangs')
    printTable(
      ['TOPIC', 'PARTITION', 'START OFFSET', 'PRODUCER', 'EPOCH', 'LAST RECORD'],
      found.map((each) => [
        ...[each.topic, each.partition, each.startOffset, each.producerId, each.producerEpoch],
        new Date(each.lastTimestampMs).toISOString(),
      ]),
    )
  })
}

interface AbortFlags extends Connected {
  readonly topic?: string
  readonly partition?: number
  readonly startOffset?: number
  readonly yes?: true
}

const ABORTS = { does: 'aborts', done: 'aborted' } as const

export async function abortTransaction(id: string | undefined, flags: AbortFlags): Promise<void> {
  const { topic, partition, startOffset } = flags
  const place = [topic, partition, startOffset]
  if (id !== undefined) {
    if (place.some((part) => part !== undefined)) {
      throw new UsageError('name a transactional id, or the place of one that hangs, not both')
    }
    return await abortById(id, flags)
  }
  if (topic === undefined || partition === undefined || startOffset === undefined) {
    throw new UsageError('name a transactional id, or all of --topic, --partition, --start-offset')
  }
  await withAdmin(flags, async (admin) => {
    const where = `at offset ${startOffset} of ${topic}-${partition}`
    if (!flags.yes) await confirm(`abort the transaction ${where}?`, ABORTS)
    const aborted = await admin.transactions.abortHanging({ topic, partition, startOffset })
    if (flags.json) return writeJson({ topic, partition, startOffset, ...aborted })
    writeLine(`aborted the transaction of producer ${aborted.producerId} ${where}`)
  })
}

async function abortById(id: string, flags: AbortFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    if (!flags.yes) {
      await confirm(`abort the transaction of ${id}, and fence its producer?`, ABORTS)
    }
    const aborted = await admin.transactions.abort(id)
    if (flags.json) return writeJson({ transactionalId: id, aborted: aborted !== null, ...aborted })
    writeLine(
      aborted === null
        ? `${id} has no open transaction`
        : `aborted the transaction of ${id}, producer ${aborted.producerId}`,
    )
  })
}
