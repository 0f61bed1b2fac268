// What a kill, a power cut and a rotten disk may do to the metadata: never lose an acknowledged change,
// never take one that was half written, never go on as if a topic had not been.

import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/observability/logger.ts'
import { EmbeddedStore } from '../../src/metadata/embedded-store.ts'
import { MetadataDamageError } from '../../src/metadata/metadata-recovery.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { CHANGES } from '../support/disk-faults.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { contentOf, someRecord, topicCreated } from './some-records.ts'

const core = StorageCore.load()
const DIRECTORY = '/data/metadata'

/** Small, so that a few dozen changes roll several times. */
const ROLL_BYTES = 900

function open(files: MemoryFileSystem): EmbeddedStore {
  return EmbeddedStore.open({
    files,
    directory: DIRECTORY,
    crc32c: (bytes) => core.crc32c(bytes),
    logger: silentLogger,
    rollBytes: ROLL_BYTES,
  })
}

function disk(): MemoryFileSystem {
  const files = new MemoryFileSystem()
  files.makeDirectory('/data')
  files.syncDirectory('/')
  return files
}

/** What was acknowledged, and what could have become of the change under way. */
interface Outcome {
  readonly acknowledged: unknown
  readonly underWay: unknown
  readonly store: EmbeddedStore | null
}

/** Makes changes until one fails, or until there were `count`. */
async function change(
  files: MemoryFileSystem,
  random: SeededRandom,
  count: number,
  life: number,
): Promise<Outcome> {
  let store: EmbeddedStore
  try {
    store = open(files)
  } catch {
    return { acknowledged: null, underWay: null, store: null }
  }
  for (let n = 0; n < count; n++) {
    const { image } = store
    const records = [someRecord(random, image, life + n)]
    try {
      await store.append(records, image.version)
    } catch {
      const underWay = contentOf(image.replayAll(records))
      return { acknowledged: contentOf(image), underWay, store }
    }
  }
  return { acknowledged: contentOf(store.image), underWay: null, store }
}

describe('a power cut', () => {
  test('at any call to the disk keeps what was acknowledged, with any part of the rest', async () => {
    const counting = disk()
    const { calls } = await countCalls(counting)
    expect(calls).toBeGreaterThan(100)
    for (let nth = 1; nth <= calls; nth++) {
      for (let seed = 1; seed <= 3; seed++) {
        const files = disk()
        const where = `call ${nth}, seed ${seed}`
        const partialBytes = new SeededRandom(nth * 10 + seed).below(60)
        files.faults.add({ operation: CHANGES, nth, times: Infinity, code: 'EIO', partialBytes })
        const before = await change(files, new SeededRandom(7), 40, 0)
        files.crash(new SeededRandom(nth * 31 + seed))
        const recovered = open(files)
        if (before.store === null) expect(recovered.image.version, where).toBe(0)
        else
          expect([before.acknowledged, before.underWay], where).toContainEqual(
            contentOf(recovered.image),
          )
        // And it works as before.
        const life = recovered.image.version + 100
        const { acknowledged } = await goOn(recovered, life)
        files.crash(new SeededRandom(seed))
        expect(contentOf(open(files).image), where).toEqual(acknowledged)
      }
    }
  })

  test('after another, and again, loses nothing', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const files = disk()
      let expected: unknown[] = [contentOf(open(files).image)]
      for (let life = 0; life < 6; life++) {
        files.crash(random.split())
        const nth = random.between(20, 120)
        files.faults.add({
          operation: CHANGES,
          nth,
          times: Infinity,
          code: 'EIO',
          partialBytes: random.below(90),
        })
        const outcome = await change(files, random, random.between(1, 30), life * 100)
        // An unfinished start has changed nothing that counts.
        if (outcome.store !== null) expected = [outcome.acknowledged, outcome.underWay]
        files.kill()
        const { image } = open(files)
        expect(expected, `seed ${seed}, life ${life}`).toContainEqual(contentOf(image))
        expected = [contentOf(image)]
      }
    }
  })
})

describe('an error of the disk', () => {
  test.each(['EIO', 'ENOSPC'] as const)(
    '%s at any call refuses that change alone, and the next go through',
    async (code) => {
      const { calls } = await countCalls(disk())
      for (let nth = 1; nth <= calls; nth++) {
        const files = disk()
        const fault = files.faults.add({ operation: CHANGES, nth, code, partialBytes: nth % 50 })
        let store: EmbeddedStore
        try {
          store = open(files)
        } catch {
          store = open(files)
        }
        for (let n = 0; n < 40; n++) {
          const record = topicCreated(`t${n}`)
          const { version } = store.image
          await store.append([record], version).catch(async () => store.append([record], version))
        }
        expect(fault.failed, `call ${nth}`).toBeLessThanOrEqual(1)
        expect(store.image.topicCount, `call ${nth}`).toBe(40)
        files.crash(new SeededRandom(nth))
        expect(open(files).image.topicCount, `call ${nth}`).toBe(40)
      }
    },
  )
})

describe('rot', () => {
  test('of any byte of any file is repaired or refused, and loses no change', async () => {
    const { files, content } = await written()
    let refused = 0
    let repaired = 0
    for (const path of files.filesBelow(DIRECTORY)) {
      const bytes = files.contentOf(path)
      for (let at = 0; at < bytes.byteLength; at++) {
        const copy = files.clone()
        copy.damage(path, at, Buffer.from([bytes[at]! ^ (1 << (at % 8))]))
        const found = contentOrDamage(copy)
        if (found instanceof MetadataDamageError) refused += 1
        else {
          repaired += 1
          expect(found, `${path}, byte ${at}`).toEqual(content)
        }
      }
    }
    // The last log has no second copy; everything else is repaired.
    expect(refused).toBeGreaterThan(0)
    expect(repaired).toBeGreaterThan(refused)
  })

  test('that cuts or removes any file is repaired or refused, and loses no change', async () => {
    const { files, content } = await written()
    for (const path of files.filesBelow(DIRECTORY)) {
      const bytes = files.contentOf(path)
      for (let size = -1; size < bytes.byteLength; size++) {
        const copy = files.clone()
        copy.remove(path)
        if (size >= 0) copy.put(path, bytes.subarray(0, size))
        const found = contentOrDamage(copy)
        if (found instanceof MetadataDamageError) continue
        expect(found, `${path}, ${size} bytes left`).toEqual(content)
      }
    }
  })

  test('of one snapshot in place of another is noticed', async () => {
    const { files, content } = await written()
    const snapshots = files.filesBelow(DIRECTORY).filter((path) => path.endsWith('.snapshot'))
    expect(snapshots).toHaveLength(2)
    const [older, newer] = snapshots.map((path) => files.contentOf(path))
    files.put(snapshots[0]!, newer!)
    files.put(snapshots[1]!, older!)
    // No snapshot can be believed, and the log from the beginning is gone.
    expect(contentOrDamage(files.clone())).toBeInstanceOf(MetadataDamageError)
    files.put(snapshots[0]!, older!)
    expect(contentOrDamage(files.clone())).toEqual(content)
  })

  test('is told with the file and the place, and changes nothing', async () => {
    const { files } = await written()
    const log = files.filesBelow(DIRECTORY).findLast((path) => path.endsWith('.log'))!
    files.damage(log, 30, Buffer.from('rot'))
    const before = files.contentOf(log)
    const damage = contentOrDamage(files) as MetadataDamageError
    expect(damage.message).toContain(`${log}, byte 0:`)
    expect(damage).toMatchObject({ path: log, positionBytes: 0 })
    expect(files.contentOf(log)).toEqual(before)
    expect(files.openFileCount).toBe(0)
  })

  test('leaves a damaged snapshot aside, and makes a new one', async () => {
    const { files, content } = await written()
    const snapshot = files.filesBelow(DIRECTORY).findLast((path) => path.endsWith('.snapshot'))!
    files.damage(snapshot, 40, Buffer.from('rot'))
    const store = open(files)
    expect(contentOf(store.image)).toEqual(content)
    await store.close()
    expect(files.exists(`${snapshot}.damaged`)).toBe(true)
    const newest = files.filesBelow(DIRECTORY).findLast((path) => path.endsWith('.snapshot'))!
    expect(newest > snapshot).toBe(true)
    // What came before the damaged one may rot now, too.
    files.crash()
    expect(contentOrDamage(files)).toEqual(content)
  })
})

describe('a torn tail', () => {
  test('of the last entry, at every byte, is cut off when it was never acknowledged', async () => {
    const files = disk()
    const store = open(files)
    await store.append([topicCreated('a')], 0)
    const log = files.filesBelow(DIRECTORY).find((path) => path.endsWith('.log'))!
    const whole = files.contentOf(log).byteLength
    const mark = files.contentOf(`${DIRECTORY}/durable`)
    await store.append([topicCreated('b'), topicCreated('c')], 1)
    const bytes = files.contentOf(log)
    files.kill()
    for (let size = whole; size <= bytes.byteLength; size++) {
      const copy = files.clone()
      copy.put(log, bytes.subarray(0, size))
      copy.put(`${DIRECTORY}/durable`, mark) // as it was while the second was written
      const kept = open(copy)
      const topics = () => kept.image.topics().map(({ name }) => name)
      expect(topics()).toEqual(size === bytes.byteLength ? ['a', 'b', 'c'] : ['a'])
      await kept.append([topicCreated('d')], kept.image.version)
      copy.crash()
      expect(contentOrDamage(copy)).toEqual(contentOf(kept.image))
    }
  })

  test('is damage when the entry was acknowledged', async () => {
    const files = disk()
    const store = open(files)
    await store.append([topicCreated('a')], 0)
    await store.append([topicCreated('b')], 1)
    const log = files.filesBelow(DIRECTORY).find((path) => path.endsWith('.log'))!
    const bytes = files.contentOf(log)
    files.kill()
    files.put(log, bytes.subarray(0, -1))
    expect(contentOrDamage(files)).toBeInstanceOf(MetadataDamageError)
  })

  test('with whole entries behind it is damage even when there is no mark', async () => {
    const files = disk()
    const store = open(files)
    for (const [version, name] of ['a', 'b', 'c'].entries()) {
      await store.append([topicCreated(name)], version)
    }
    const log = files.filesBelow(DIRECTORY).find((path) => path.endsWith('.log'))!
    files.kill()
    files.damage(log, 40, Buffer.from('rot'))
    files.remove(`${DIRECTORY}/durable`)
    expect(contentOrDamage(files)).toBeInstanceOf(MetadataDamageError)
  })
})

async function countCalls(files: MemoryFileSystem): Promise<{ calls: number }> {
  const count = files.faults.count({ operation: CHANGES })
  await change(files, new SeededRandom(7), 40, 0)
  return { calls: count.calls }
}

async function goOn(store: EmbeddedStore, life: number): Promise<{ acknowledged: unknown }> {
  const random = new SeededRandom(life)
  for (let n = 0; n < 5; n++) {
    await store.append([someRecord(random, store.image, life + n)], store.image.version)
  }
  return { acknowledged: contentOf(store.image) }
}

/** A directory with two generations behind it, closed. */
async function written(): Promise<{ files: MemoryFileSystem; content: unknown }> {
  const files = disk()
  const { store, acknowledged } = await change(files, new SeededRandom(11), 60, 0)
  await store!.close()
  return { files, content: acknowledged }
}

/** What the store says after it was opened, or why it was not. Any other failure is thrown. */
function contentOrDamage(files: MemoryFileSystem): unknown {
  try {
    return contentOf(open(files).image)
  } catch (error) {
    if (error instanceof MetadataDamageError) return error
    throw error
  }
}
