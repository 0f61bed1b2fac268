// That the rules of table-model.ts find what they are there for: compactions with one mistake each, and the
// rule that tells of it.

import { expect, test } from 'vitest'
import type { File, OpenMode } from '../../../src/io/file-system.ts'
import type {
  CleanedGroup,
  Cleaner,
  CleanerLimits,
  CleanerWork,
  CleaningJob,
  KeysRead,
} from '../../../src/storage/compaction/cleaner/cleaner.ts'
import { LogCleaner } from '../../../src/storage/compaction/cleaner/log-cleaner.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { ManualClock, microtasks } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { CompactionLife, DELETE_RETENTION_MS, type LifeOptions } from './compaction-life.ts'

/** Lives in which a mistake has to show. */
const SEEDS = 40

/** A cleaner with a mistake. */
class Mistaken implements Cleaner {
  readonly cleaner: Cleaner

  constructor(cleaner: Cleaner) {
    this.cleaner = cleaner
  }

  begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    return this.cleaner.begin(job, limits)
  }

  next(): Promise<CleanedGroup | null> {
    return this.cleaner.next()
  }

  end(): Promise<CleanerWork> {
    return this.cleaner.end()
  }

  cancel(): void {
    this.cleaner.cancel()
  }

  close(): Promise<void> {
    return this.cleaner.close()
  }
}

/** K23: tombstones do not wait for delete.retention.ms. */
class Hasty extends Mistaken {
  override begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    return super.begin({ ...job, deleteRetentionMs: 1 }, limits)
  }
}

/** Keys below the dirty part are taken for known: nobody asks what of them is older. */
class Forgetful extends Mistaken {
  override begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    const half = Math.floor((job.firstDirtyOffset + job.segments.at(-1)!.endOffset) / 2)
    return super.begin({ ...job, firstDirtyOffset: half }, limits)
  }
}

/** Does not know what was aborted. */
class Trusting extends Mistaken {
  override begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    return super.begin({ ...job, aborted: [] }, limits)
  }
}

/** K22: the last batch of what was made does not arrive. */
class Lossy extends Mistaken {
  readonly files: MemoryFileSystem
  #directory = ''

  constructor(cleaner: Cleaner, files: MemoryFileSystem) {
    super(cleaner)
    this.files = files
  }

  override begin(job: CleaningJob, limits: CleanerLimits): Promise<KeysRead> {
    this.#directory = job.directory
    return super.begin(job, limits)
  }

  override async next(): Promise<CleanedGroup | null> {
    const group = await super.next()
    if (group === null || !group.changed) return group
    const name = String(group.baseOffsets[0]).padStart(20, '0')
    const path = `${this.#directory}/${name}.log.cleaned`
    const bytes = this.files.contentOf(path)
    let [at, last] = [0, 0]
    while (at < bytes.byteLength) {
      if (bytes.readInt32BE(at + 57) > 0) last = at
      at += 12 + bytes.readInt32BE(at + 8)
    }
    const file = this.files.open(path, 'write')
    file.truncate(last)
    file.close()
    return group
  }
}

/** A disk on which files of compaction are never synced. */
class Unsynced extends MemoryFileSystem {
  override open(path: string, mode: OpenMode): File {
    const file = super.open(path, mode)
    if (!path.endsWith('.cleaned')) return file
    return new Proxy(file, {
      get: (target, name) => {
        if (name === 'sync') return () => Promise.resolve()
        if (name === 'syncNow') return () => undefined
        const value = Reflect.get(target, name, target) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

/** A disk that does not sync names while a swap goes on. */
class Nameless extends MemoryFileSystem {
  override async syncDirectoryInPool(path: string): Promise<void> {
    if (!this.list(path).some((name) => name.endsWith('.swap'))) {
      await super.syncDirectoryInPool(path)
    }
  }
}

/** Everything that went against a rule, until something did. */
async function found(seed: number, options: LifeOptions, crashes: boolean): Promise<string[]> {
  const random = new SeededRandom(seed)
  const life = await CompactionLife.begin(random, { keyCount: 20, ...options })
  for (let round = 0; round < 6; round++) {
    for (let count = random.between(5, 20); count > 0; count--) life.append()
    await life.settle()
    await life.compact()
    if (crashes) {
      await microtasks()
      const { durableOffset } = life.log
      life.rig.files.crash(random.split())
      await life.rig.open()
      const failed = await life.forgetLost(durableOffset).catch((error: Error) => error)
      if (failed !== undefined) return [`damaged: ${failed.message}`]
    }
    const violations = await life
      .violations()
      .catch((error: Error) => [`damaged: ${error.message}`])
    if (violations.length > 0) return violations
    await life.rig.pass(random.between(10, DELETE_RETENTION_MS / 3))
  }
  return []
}

function cleanerOf(files: MemoryFileSystem): LogCleaner {
  const [clock, random] = [new ManualClock(), new SeededRandom(5)]
  return new LogCleaner({ files, clock, random, storageCore: StorageCore.load() })
}

interface Mistake {
  readonly what: string
  readonly tells: RegExp
  readonly options: () => LifeOptions
  readonly crashes?: boolean
}

function by(wrap: (cleaner: Cleaner, files: MemoryFileSystem) => Cleaner): () => LifeOptions {
  return () => {
    const files = new MemoryFileSystem()
    return { files, manager: { openCleaner: () => wrap(cleanerOf(files), files) } }
  }
}

const MISTAKES: readonly Mistake[] = [
  {
    what: 'a last value that is dropped (K22)',
    tells: /^lost/m,
    options: by((cleaner, files) => new Lossy(cleaner, files)),
  },
  {
    what: 'a tombstone that goes early (K23)',
    tells: /^early/m,
    options: by((cleaner) => new Hasty(cleaner)),
  },
  {
    what: 'keys that nobody has read',
    tells: /^(double|risen)/m,
    options: by((cleaner) => new Forgetful(cleaner)),
  },
  {
    what: 'an aborted value in the place of a committed one',
    tells: /^(lost|risen|aborted)/m,
    options: () => ({ ...by((cleaner) => new Trusting(cleaner))(), transactions: 0.5 }),
  },
  {
    what: 'a segment that is committed before it is on disk',
    tells: /^(lost|damaged|changed)/m,
    options: () => ({ files: new Unsynced() }),
    crashes: true,
  },
  {
    what: 'steps of a swap in no order on disk',
    tells: /^(lost|damaged|changed|double|risen)/m,
    options: () => ({ files: new Nameless() }),
    crashes: true,
  },
]

test.each(MISTAKES)('the rules find $what', { timeout: 120_000 }, async (mistake) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const violations = await found(seed, mistake.options(), mistake.crashes ?? false)
    if (violations.length === 0) continue
    expect(violations.join('\n')).toMatch(mistake.tells)
    return
  }
  expect.fail(`no rule was broken in ${SEEDS} lives`)
})

test('and nothing where there is no mistake', { timeout: 120_000 }, async () => {
  for (let seed = 1; seed <= 10; seed++) {
    expect(await found(seed, by((cleaner) => cleaner)(), seed % 2 === 0), `seed ${seed}`).toEqual(
      [],
    )
  }
})
