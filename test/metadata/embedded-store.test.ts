// The embedded store: what is acknowledged is durable, what is refused never was, whatever the disk does.

import { describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import type { Logger } from '../../src/observability/logger.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { EmbeddedStore } from '../../src/metadata/embedded-store.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { contentOf, topicCreated } from './some-records.ts'

const core = StorageCore.load()
const DIRECTORY = '/data/metadata'

function open(files: MemoryFileSystem, rollBytes?: number, logger: Logger = silentLogger) {
  files.makeDirectory('/data')
  files.syncDirectory('/')
  return EmbeddedStore.open({
    files,
    directory: DIRECTORY,
    crc32c: (bytes) => core.crc32c(bytes),
    logger,
    ...(rollBytes === undefined ? {} : { rollBytes }),
  })
}

async function addTopics(store: EmbeddedStore, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await store.append([topicCreated(`t${n}`)], store.image.version)
}

function names(store: EmbeddedStore): string[] {
  return store.image.topics().map(({ name }) => name)
}

describe('append', () => {
  test('is in the image, told to listeners and durable when it resolves', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    const told: [number, string[]][] = []
    const end = store.subscribe((image, records) => {
      told.push([image.version, records.map(({ type }) => type)])
    })
    const image = await store.append([topicCreated('a'), topicCreated('b')], 0)
    expect(image).toBe(store.image)
    expect(told).toEqual([[2, ['TopicCreated', 'TopicCreated']]])
    end()
    await store.append([topicCreated('c')], 2)
    expect(told).toHaveLength(1)

    files.crash()
    expect(names(open(files))).toEqual(['a', 'b', 'c'])
  })

  test('changes nothing before it is durable', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    const release = files.holdSyncs()
    const append = store.append([topicCreated('a')], 0)
    await Promise.resolve()
    expect(store.image).toBe(MetadataImage.EMPTY)
    release()
    await append
    expect(names(store)).toEqual(['a'])
  })

  test('is refused when the image has moved on', async () => {
    const store = open(new MemoryFileSystem())
    const both = [store.append([topicCreated('a')], 0), store.append([topicCreated('b')], 0)]
    const [first, second] = await Promise.allSettled(both)
    expect(first).toMatchObject({ status: 'fulfilled' })
    expect(second).toMatchObject({ reason: { code: 'INVALID_UPDATE_VERSION' } })
    expect(names(store)).toEqual(['a'])
  })

  test('of records that contradict the image writes nothing', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    await store.append([topicCreated('a')], 0)
    await expect(store.append([topicCreated('b'), topicCreated('a')], 1)).rejects.toThrow('a')
    await store.append([topicCreated('c')], 1)
    await store.close()
    expect(names(open(files))).toEqual(['a', 'c'])
  })

  test('is refused after the end', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    await store.close()
    await store.close()
    await expect(store.append([topicCreated('a')], 0)).rejects.toMatchObject({
      code: 'BROKER_NOT_AVAILABLE',
    })
    expect(files.openFileCount).toBe(0)
  })

  test('tells the other listeners when one fails', async () => {
    const failures: unknown[] = []
    const logger = { ...silentLogger, error: (facts: object) => void failures.push(facts) }
    const store = open(new MemoryFileSystem(), undefined, logger)
    let told = 0
    store.subscribe(() => {
      throw new Error('a bug')
    })
    store.subscribe(() => void (told += 1))
    await store.append([topicCreated('a')], 0)
    expect(told).toBe(1)
    expect(failures).toHaveLength(1)
  })
})

describe('names that objects have of themselves', () => {
  test('are topics and configurations like any other', async () => {
    const files = new MemoryFileSystem()
    const records: MetadataRecord[] = ['__proto__', 'constructor', 'toString'].map((name) => {
      return topicCreated(name, 1, [['__proto__', name]])
    })
    await open(files).append(records, 0)
    files.crash()
    const { image } = open(files)
    expect(image.topics().map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(image.topic('hasOwnProperty')).toBeNull()
    expect([...image.configs({ type: 'topic', name: 'constructor' })]).toEqual([
      ['__proto__', 'constructor'],
    ])
    expect(({} as { name?: string }).name).toBeUndefined()
  })
})

describe('a long history', () => {
  test('is kept short by snapshots, and means the same', async () => {
    const files = new MemoryFileSystem()
    const store = open(files, 500)
    await addTopics(store, 0, 4)
    for (let n = 0; n < 300; n++) {
      const resource = { type: 'topic', name: `t${n % 4}` } as const
      const set = [['retention.ms', String(n)]] as const
      await store.append([{ type: 'ConfigChanged', resource, set, unset: [] }], store.image.version)
    }
    const content = contentOf(store.image)
    await store.close()
    const onDisk = files.filesBelow(DIRECTORY)
    expect(onDisk).toHaveLength(5) // two snapshots, two logs, the mark
    expect(files.usedBytes).toBeLessThan(8_000)
    files.crash()
    expect(contentOf(open(files, 500).image)).toEqual(content)
  })

  test('goes on in the log when a snapshot can not be written', async () => {
    const files = new MemoryFileSystem()
    const store = open(files, 500)
    await addTopics(store, 0, 2)
    files.faults.add({ operation: 'write', path: /snapshot/, code: 'ENOSPC', times: Infinity })
    await addTopics(store, 2, 12)
    files.faults.clear()
    await addTopics(store, 12, 40)
    expect(files.filesBelow(DIRECTORY).some((path) => path.endsWith('.snapshot'))).toBe(true)
    files.crash()
    expect(open(files).image.topicCount).toBe(40)
  })
})

describe('a disk that refuses', () => {
  test('a full disk refuses the change and takes it later', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    await addTopics(store, 0, 3)
    files.capacityBytes = files.usedBytes + 40 // part of an entry
    await expect(store.append([topicCreated('x')], 3)).rejects.toMatchObject({
      code: 'KAFKA_STORAGE_ERROR',
      facts: { errno: 'ENOSPC' },
      retriable: true,
    })
    expect(store.image.topicCount).toBe(3)
    files.capacityBytes = Infinity
    await addTopics(store, 3, 6)
    files.crash()
    expect(open(files).image.topicCount).toBe(6)
  })

  test('a file whose sync failed is never written again', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    await addTopics(store, 0, 3)
    const [log] = files.filesBelow(DIRECTORY).filter((path) => path.endsWith('.log'))
    files.faults.add({ operation: 'sync', path: /\.log$/, code: 'EIO' })
    const append = store.append([topicCreated('x')], 3)
    await expect(append).rejects.toBeInstanceOf(BrokerError)
    const left = files.contentOf(log!)
    await addTopics(store, 3, 6)
    expect(files.contentOf(log!)).toEqual(left)
    files.dropCache(log!)
    files.crash()
    expect(names(open(files))).toEqual(['t0', 't1', 't2', 't3', 't4', 't5'])
  })

  test('what was refused after it was written stays refused, once others were acknowledged', async () => {
    const files = new MemoryFileSystem()
    const store = open(files)
    await addTopics(store, 0, 3)
    files.faults.add({ operation: 'sync', path: /\.log$/, code: 'EIO' })
    await expect(store.append([topicCreated('x')], 3)).rejects.toThrow('KAFKA_STORAGE_ERROR')
    await addTopics(store, 3, 4)
    files.kill() // the refused entry is still in the cache, and perhaps on disk
    expect(names(open(files))).toEqual(['t0', 't1', 't2', 't3'])
  })
})

test('an entry of a newer version is refused, and left alone', async () => {
  const files = new MemoryFileSystem()
  const store = open(files)
  const record = { type: 'QuotaChanged' } as unknown as MetadataRecord
  await store.append([topicCreated('a')], 0)
  // This version can't replay such a record, so it is written as a newer one would: around it.
  const { encodeEntry } = await import('../../src/metadata/entry-format.ts')
  const log = files.filesBelow(DIRECTORY).find((path) => path.endsWith('.log'))!
  const entry = encodeEntry(1, [record], (bytes) => core.crc32c(bytes))
  files.damage(log, files.contentOf(log).byteLength, entry)
  files.kill()
  const before = files.contentOf(log)
  expect(() => open(files)).toThrow('newer version')
  expect(files.contentOf(log)).toEqual(before)
})
