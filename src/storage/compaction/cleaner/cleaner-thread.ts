// The thread of the cleaner: thread-cleaner.ts starts it, and calls.

import { realClock } from '../../../io/real-clock.ts'
import { realFileSystem } from '../../../io/real-file-system.ts'
import { realRandom } from '../../../io/real-random.ts'
import { serveThread } from '../../../io/threads.ts'
import { StorageCore } from '../../../wasm/storage-core.ts'
import type { CleanerLimits, CleaningJob } from './cleaner.ts'
import { LogCleaner } from './log-cleaner.ts'

const cleaner = new LogCleaner({
  files: realFileSystem,
  clock: realClock,
  random: realRandom,
  storageCore: StorageCore.load(),
})

serveThread({
  begin: ({ job, limits }: { job: CleaningJob; limits: CleanerLimits }) => {
    return cleaner.begin(job, limits)
  },
  next: () => cleaner.next(),
  end: () => cleaner.end(),
  cancel: () => {
    cleaner.cancel()
    return Promise.resolve()
  },
})
