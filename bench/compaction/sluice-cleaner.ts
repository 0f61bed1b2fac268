// Our compaction over data directories, as a broker runs it: its cleaner in a thread, default buffers, no
// throttle. One thread for all of them, as in a broker.
//
//   in    DIRECTORY, a line each
//   out   a line of JSON with what the pass took, or {"error": …}

import { createInterface } from 'node:readline'
import type { Cleaner } from '../../src/storage/compaction/cleaner/cleaner.ts'
import { ThreadCleaner } from '../../src/storage/compaction/cleaner/thread-cleaner.ts'
import { openDirectory } from '../storage/data-directory.ts'
import type { PassFigures } from './cleaner-process.ts'
import { SEGMENT_BYTES } from './shapes.ts'

/** Kafka's defaults of log.cleaner.dedupe.buffer.size and log.cleaner.io.buffer.size. */
const SETTINGS = {
  ...{ enabled: false, backoffMs: 0 },
  ...{ keyBytes: 128 * 1024 * 1024, ioBufferBytes: 512 * 1024, ioBytesPerSecond: Infinity },
}

const thread = new ThreadCleaner()
let mapSeconds = 0

/** The thread, which outlives the data directory. */
const cleaner: Cleaner = {
  async begin(job, limits) {
    const begun = performance.now()
    const keys = await thread.begin(job, limits)
    mapSeconds = (performance.now() - begun) / 1_000
    return keys
  },
  next: () => thread.next(),
  end: () => thread.end(),
  cancel: () => thread.cancel(),
  close: () => Promise.resolve(),
}

for await (const directory of createInterface({ input: process.stdin })) {
  const answer = await clean(directory).catch((error: unknown) => ({ error: String(error) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
await thread.close()

async function clean(directory: string): Promise<PassFigures> {
  const manager = await openDirectory(directory, {
    config: { cleanupPolicy: ['compact'], segmentBytes: SEGMENT_BYTES },
    manager: { compaction: SETTINGS, openCleaner: () => cleaner },
  })
  try {
    const [log] = manager.logs()
    const mapped = log!.segments.active.baseOffset
    const cpuBefore = process.cpuUsage()
    const begun = performance.now()
    await manager.runCompaction()
    const seconds = (performance.now() - begun) / 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    if (manager.stats().compaction.passes !== 1) throw new Error('not one pass was made')
    return { seconds, cpuSeconds: (user + system) / 1e6, mapSeconds, mapped }
  } finally {
    await manager.close()
  }
}
