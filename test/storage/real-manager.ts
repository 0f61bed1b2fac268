// A log manager over the machine's own disk and clock.

import { uuidOf, type Uuid } from '../../src/base/uuid.ts'
import { realClock } from '../../src/io/real-clock.ts'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { realRandom } from '../../src/io/real-random.ts'
import type { LogConfig } from '../../src/storage/log-config.ts'
import { LogManager } from '../../src/storage/log-manager.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { SMALL_LOG } from './log-fixture.ts'

export interface RealManager {
  readonly manager: LogManager
  readonly topicId: Uuid
  readonly config: LogConfig
  /** Resolves when, after something became durable, `isDone` says so. */
  readonly durable: (isDone: () => boolean) => Promise<void>
}

export async function openOnDisk(directory: string): Promise<RealManager> {
  const topicId = uuidOf(Buffer.alloc(16, 5))
  let waiter = { isDone: (): boolean => false, resolve: (): void => undefined }
  const manager = await LogManager.open({
    files: realFileSystem,
    directory,
    clock: realClock,
    random: realRandom,
    core: StorageCore.load(),
    clusterId: 'q1w2e3r4t5y6u7i8o9p0aa',
    nodeId: 1,
    configOf: (_, id) => (id === topicId ? SMALL_LOG : null),
    listener: {
      written: () => undefined,
      durable: () => {
        if (waiter.isDone()) waiter.resolve()
      },
      failed: (log, error) => {
        throw new Error(`${log.name} went offline`, { cause: error })
      },
      damaged: () => undefined,
    },
  })
  const durable = (isDone: () => boolean): Promise<void> => {
    return new Promise((resolve) => void (waiter = { isDone, resolve }))
  }
  return { manager, topicId, config: SMALL_LOG, durable }
}
