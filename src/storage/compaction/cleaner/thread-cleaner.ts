// A cleaner in a thread of its own, on the machine's disk: the event loop only asks and is answered.

import { startThread, type Thread } from '../../../io/threads.ts'
import {
  DamageFound,
  JobCancelled,
  type CleanedGroup,
  type Cleaner,
  type CleanerLimits,
  type CleanerWork,
  type CleaningJob,
  type KeysRead,
} from './cleaner.ts'

/** From source and from what was built of it alike. */
const MODULE = import.meta.url.endsWith('.ts') ? './cleaner-thread.ts' : './cleaner-thread.js'

const NO_WORK: CleanerWork = { bytesRead: 0, bytesWritten: 0, recordsRemoved: 0 }

export class ThreadCleaner implements Cleaner {
  #thread: Thread | null = null

  async begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    return (await this.#call('begin', { job, limits })) as KeysRead
  }

  async next(): Promise<CleanedGroup | null> {
    return (await this.#call('next')) as CleanedGroup | null
  }

  async end(): Promise<CleanerWork> {
    if (this.#thread === null) return NO_WORK
    return (await this.#call('end')) as CleanerWork
  }

  cancel(): void {
    this.#thread?.call('cancel').catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#thread?.stop()
    this.#thread = null
  }

  async #call(name: string, argument?: unknown): Promise<unknown> {
    this.#thread ??= startThread(new URL(MODULE, import.meta.url))
    const thread = this.#thread
    try {
      return await thread.call(name, argument)
    } catch (error) {
      throw errorOf(error as ThrownThere)
    }
  }
}

type ThrownThere = Error & Partial<Omit<DamageFound, keyof Error>>

/** The error that the thread has thrown. */
function errorOf(error: ThrownThere): Error {
  if (error.name === 'JobCancelled') return new JobCancelled()
  if (error.name !== 'DamageFound') return error
  return new DamageFound(error.segmentBaseOffset!, error.positionBytes!, error.fault!)
}
