// How long a batch takes from its append until it is on disk: one log, and many logs at once.

import { readyBatch } from '../broker/batches.ts'
import { NO_PRODUCER } from '../../src/record/validate.ts'
import type { PartitionLog } from '../../src/storage/partition-log.ts'
import { makeDirectory, makeLogs, openDirectory, removeDirectory } from './data-directory.ts'

export interface DurableAppend {
  readonly partitions: number
  readonly journal: boolean
  /** `all at once`: every partition has one batch in flight. `paced`: as many a second in all. */
  readonly load: 'all at once' | 'paced'
  readonly appendsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly rounds: number
  readonly journalRounds: number
}

const BATCH_BYTES = 4_096

/** Batches a second in all, where they are paced. */
const RATE = 2_000

/** Latencies of one load over so many partitions, for `seconds`. */
export async function durableAppend(
  partitions: number,
  journal: boolean,
  load: DurableAppend['load'],
  seconds: number,
  parent?: string,
): Promise<DurableAppend> {
  const directory = makeDirectory(parent)
  const waiting = new Map<PartitionLog, { offset: number; sinceMs: number }[]>()
  const latenciesMs: number[] = []
  let onDurable: (log: PartitionLog) => void = () => undefined
  const manager = await openDirectory(directory, {
    journal,
    durable: (log) => {
      const queue = waiting.get(log) ?? []
      while (queue.length > 0 && queue[0]!.offset < log.durableOffset) {
        latenciesMs.push(performance.now() - queue.shift()!.sinceMs)
        onDurable(log)
      }
    },
  })
  const logs = await makeLogs(manager, partitions)
  const batch = readyBatch(BATCH_BYTES - 100, BATCH_BYTES).bytes
  const append = (log: PartitionLog, sinceMs: number): void => {
    const { lastOffset } = log.append(Buffer.from(batch), INFO)
    const queue = waiting.get(log) ?? []
    queue.push({ offset: lastOffset, sinceMs })
    waiting.set(log, queue)
  }

  // What happens once in the life of a log is no part of it: its first append, and its first sync.
  for (const log of logs) append(log, performance.now())
  await until(() => logs.every((log) => log.recoveryPoint === log.logEndOffset))
  latenciesMs.length = 0
  const before = manager.stats()

  const begunMs = performance.now()
  const endMs = begunMs + seconds * 1_000
  if (load === 'paced') await paced(logs, append, begunMs, endMs)
  else {
    onDurable = (log) => {
      if (performance.now() < endMs) append(log, performance.now())
    }
    for (const log of logs) append(log, performance.now())
    await until(() => performance.now() >= endMs)
  }
  await until(() => [...waiting.values()].every((queue) => queue.length === 0))
  const spentSeconds = (performance.now() - begunMs) / 1_000
  const after = manager.stats()
  const rounds = after.rounds - before.rounds
  const journalRounds = after.journalRounds - before.journalRounds
  await manager.close()
  removeDirectory(directory)
  latenciesMs.sort((a, b) => a - b)
  return {
    ...{ partitions, journal, load, rounds, journalRounds },
    appendsPerSecond: latenciesMs.length / spentSeconds,
    p50Ms: latenciesMs[Math.floor(latenciesMs.length * 0.5)]!,
    p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)]!,
    maxMs: latenciesMs.at(-1)!,
  }
}

const INFO = { ...NO_PRODUCER, lastOffsetDelta: 0, maxTimestamp: 1_700_000_000_000 }

/** `RATE` batches a second to the logs in turn. Latency counts from when a batch was due. */
async function paced(
  logs: readonly PartitionLog[],
  append: (log: PartitionLog, sinceMs: number) => void,
  begunMs: number,
  endMs: number,
): Promise<void> {
  let sent = 0
  const dueAt = (): number => begunMs + (sent / RATE) * 1_000
  await until(() => {
    const nowMs = performance.now()
    for (; dueAt() <= nowMs && dueAt() < endMs; sent++) append(logs[sent % logs.length]!, dueAt())
    return dueAt() >= endMs
  })
}

/** Asks again every turn of the event loop. */
export function until(isDone: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const ask = (): void => {
      if (isDone()) resolve()
      else setImmediate(ask)
    }
    ask()
  })
}
