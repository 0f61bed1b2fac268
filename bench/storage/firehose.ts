// One log, appended to as fast as it goes: what durability costs, and how long the loop stalls.

import { readyBatch } from '../broker/batches.ts'
import { NO_PRODUCER } from '../../src/record/validate.ts'
import { makeDirectory, makeLogs, openDirectory, removeDirectory } from './data-directory.ts'
import { until } from './durable-append.ts'

export interface Firehose {
  readonly flushPolicy: 'disk' | 'os'
  readonly megabytesPerSecond: number
  /** Until all of it is on disk. */
  readonly durableMegabytesPerSecond: number
  /** Longest turns of the event loop. */
  readonly stallP99Ms: number
  readonly stallMaxMs: number
  readonly syncs: number
}

const BATCH_BYTES = 64 * 1024

/** Appends that may wait for durability, as so many producers would have in flight. */
const IN_FLIGHT = 64

export async function firehose(
  flushPolicy: 'disk' | 'os',
  megabytes: number,
  parent?: string,
): Promise<Firehose> {
  const directory = makeDirectory(parent)
  const manager = await openDirectory(directory, { config: { flushPolicy } })
  const [log] = await makeLogs(manager, 1, { flushPolicy })
  const { bytes: batch, recordCount } = readyBatch(1_024, BATCH_BYTES)
  const times = { lastOffsetDelta: recordCount - 1, maxTimestamp: 1_700_000_000_000 }
  const info = { ...NO_PRODUCER, ...times }
  const total = Math.ceil((megabytes * 1e6) / batch.byteLength)
  const turnsMs: number[] = []
  let sent = 0
  const begunMs = performance.now()
  let turnMs = begunMs

  await until(() => {
    const nowMs = performance.now()
    turnsMs.push(nowMs - turnMs)
    turnMs = nowMs
    const acknowledged = flushPolicy === 'disk' ? log!.durableOffset : log!.writtenOffset
    const inFlight = sent - acknowledged / recordCount
    for (let room = IN_FLIGHT - inFlight; room > 0 && sent < total; room--) {
      log!.append(Buffer.from(batch), info)
      sent += 1
    }
    return sent === total && log!.writtenOffset === log!.logEndOffset
  })
  const writtenMs = performance.now() - begunMs
  await manager.close()
  const durableMs = performance.now() - begunMs
  const { count: syncs } = manager.stats().syncMs
  removeDirectory(directory)
  turnsMs.sort((a, b) => a - b)
  const sizeMb = (total * batch.byteLength) / 1e6
  return {
    flushPolicy,
    megabytesPerSecond: sizeMb / (writtenMs / 1_000),
    durableMegabytesPerSecond: sizeMb / (durableMs / 1_000),
    stallP99Ms: turnsMs[Math.floor(turnsMs.length * 0.99)]!,
    stallMaxMs: turnsMs.at(-1)!,
    syncs,
  }
}
