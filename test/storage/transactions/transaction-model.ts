// What a log must know of transactions, told by the plainest means: all that was appended, gone through from
// the front.

import { expect } from 'vitest'
import type { AbortedTransaction } from '../../../src/storage/producer-state/producer-table.ts'
import type { PartitionLog } from '../../../src/storage/partition-log.ts'
import { batchOf } from '../../support/batches.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { appendTo } from '../log-fixture.ts'
import { nextOf } from '../known-producers.ts'

const TRANSACTIONAL = 0x10

/** Batches and markers in their order. */
export interface Stored {
  readonly kind: 'plain' | 'transactional' | 'abort' | 'commit'
  readonly producerId: number
  readonly epoch: number
  readonly baseOffset: number
  readonly lastOffset: number
}

export interface Undecided {
  readonly producerId: number
  readonly producerEpoch: number
  readonly firstOffset: number
}

export interface Known {
  readonly open: readonly Undecided[]
  readonly aborted: readonly AbortedTransaction[]
  /** First offset and marker of all that ended. */
  readonly ended: readonly { readonly firstOffset: number; readonly lastOffset: number }[]
}

/** What follows from what is stored. */
export function knownOf(stored: readonly Stored[]): Known {
  const open = new Map<number, Undecided>()
  const aborted: AbortedTransaction[] = []
  const ended: { firstOffset: number; lastOffset: number }[] = []
  for (const { kind, producerId, epoch, baseOffset, lastOffset } of stored) {
    if (kind === 'plain') continue
    const known = open.get(producerId)
    if (kind === 'transactional') {
      const begun = { producerId, producerEpoch: epoch, firstOffset: baseOffset }
      if (known === undefined) open.set(producerId, begun)
      continue
    }
    open.delete(producerId)
    if (known === undefined) continue
    const { firstOffset } = known
    ended.push({ firstOffset, lastOffset })
    const others = [...open.values()].map((one) => one.firstOffset)
    const lastStableOffset = Math.min(lastOffset + 1, ...others)
    if (kind === 'abort') aborted.push({ producerId, firstOffset, lastOffset, lastStableOffset })
  }
  const byOffset = [...open.values()].sort((a, b) => a.firstOffset - b.firstOffset)
  return { open: byOffset, aborted, ended }
}

/** First offset of the first that is undecided below a high watermark. */
export function firstUndecidedOf({ open, ended }: Known, highWatermark: number): number {
  const waiting = ended.filter(({ lastOffset }) => lastOffset >= highWatermark)
  return Math.min(Infinity, ...[...open, ...waiting].map(({ firstOffset }) => firstOffset))
}

/** Those that who reads `[from, below)` has to know of. */
export function abortedOf({ aborted }: Known, from: number, below: number): AbortedTransaction[] {
  return aborted.filter((one) => one.lastOffset >= from && one.firstOffset < below)
}

/** Appends something of one of four producers: a batch of a transaction, a marker, or neither. */
export function appendSome(log: PartitionLog, stored: Stored[], random: SeededRandom): void {
  const producerId = random.between(1, 4)
  if (random.chance(0.15)) {
    const plain = appendTo(log, batchOf(random.between(1, 3), random.below(90)))
    stored.push({ kind: 'plain', producerId: -1, epoch: -1, ...plain })
    return
  }
  const open = log.producers.openTransaction(producerId)
  if (open !== null && random.chance(0.4)) end(log, stored, producerId, random)
  else if (random.chance(0.05)) end(log, stored, producerId, random)
  else send(log, stored, producerId, random)
}

function send(log: PartitionLog, stored: Stored[], producerId: number, random: SeededRandom): void {
  const stamp = nextOf(log, producerId)
  const batch = batchOf(random.between(1, 3), random.below(90), {
    ...stamp,
    attributes: TRANSACTIONAL,
  })
  const guard = log.producers.beginVerification({ ...stamp, bumpsEpochs: random.chance(0.5) })
  expect(guard === null).toBe(log.producers.openTransaction(producerId) !== null)
  const info = { ...infoOf(stamp), lastOffsetDelta: batch.readInt32BE(23) }
  const { baseOffset, lastOffset } = log.append(batch, info, guard)
  stored.push({
    ...{ kind: 'transactional', producerId, epoch: stamp.producerEpoch },
    ...{ baseOffset, lastOffset },
  })
}

function infoOf(stamp: ReturnType<typeof nextOf>) {
  return { ...stamp, maxTimestamp: 1_700_000_000_000, isTransactional: true }
}

function end(log: PartitionLog, stored: Stored[], producerId: number, random: SeededRandom): void {
  const known = log.producers.facts().find((facts) => facts.producerId === producerId)
  const outcome = random.chance(0.6) ? 'abort' : 'commit'
  const transactionVersion = random.chance(0.5) ? 2 : 0
  const epoch = (known?.epoch ?? 0) + (transactionVersion === 2 ? 1 : 0)
  const coordinatorEpoch = known?.coordinatorEpoch ?? 0
  const marker = { producerId, producerEpoch: epoch, coordinatorEpoch, outcome } as const
  const { baseOffset, lastOffset } = log.appendMarker(
    { ...marker, coordinatorEpoch: Math.max(0, coordinatorEpoch) },
    transactionVersion,
  )
  stored.push({ kind: outcome, producerId, epoch, baseOffset, lastOffset })
}

/** Holds all that a log says of transactions against what follows from what it stores. */
export async function expectKnown(
  log: PartitionLog,
  stored: readonly Stored[],
  random: SeededRandom,
  what: string,
): Promise<void> {
  const known = knownOf(stored)
  const { producers, logStartOffset, logEndOffset } = log
  const open = producers.openTransactions().map(({ producerId, producerEpoch, firstOffset }) => {
    return { producerId, producerEpoch, firstOffset }
  })
  expect(open, what).toEqual(known.open)
  expect(producers.openTransactionCount, what).toBe(known.open.length)

  const stable = Math.min(known.open[0]?.firstOffset ?? Infinity, logEndOffset)
  for (let n = 0; n < 8; n++) {
    const below = random.between(0, stable)
    const from = random.between(0, below)
    if (from < logStartOffset) continue
    const found = await log.abortedTransactions(from, below)
    expect(found, `${what}: aborted in [${from}, ${below})`).toEqual(abortedOf(known, from, below))
  }
  await expectReads(log, known, Math.min(stable, log.writtenOffset), what)
}

/** Reads all that is stable, in steps: each with the aborted transactions of its batches. */
async function expectReads(
  log: PartitionLog,
  known: Known,
  belowOffset: number,
  what: string,
): Promise<void> {
  for (let offset = log.logStartOffset; offset < belowOffset;) {
    const read = await log.read(offset, { maxBytes: 300, belowOffset, withAborted: true })
    if (read.batchCount === 0) break
    const expected = abortedOf(known, offset, read.nextOffset)
    expect(read.aborted, `${what}: read at ${offset}`).toEqual(expected)
    offset = read.nextOffset
  }
}
