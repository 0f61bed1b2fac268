// What stands in a data directory besides the logs.

import { describe, expect, test } from 'vitest'
import { randomUuid, uuidOf } from '../../../src/base/uuid.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import {
  claimDirectory,
  deletedName,
  listDeleted,
  listPartitions,
  removeCleanShutdown,
  strayName,
  wasStoppedCleanly,
  writeCleanShutdown,
} from '../../../src/storage/directory/log-directory.ts'
import { findPartitions } from '../../../src/storage/directory/log-loader.ts'
import { OffsetCheckpoints } from '../../../src/storage/directory/offset-checkpoints.ts'
import { writePartitionMetadata } from '../../../src/storage/partition-metadata.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SMALL_LOG } from '../log-fixture.ts'

const DATA = '/data'
const OWNER = { clusterId: 'q1w2e3r4t5y6u7i8o9p0aa', nodeId: 1 }
const random = new SeededRandom(1)

function disk(): MemoryFileSystem {
  const files = new MemoryFileSystem()
  files.makeDirectory(DATA)
  files.syncDirectory('/')
  return files
}

describe('claimDirectory', () => {
  test('writes meta.properties as Kafka does, and finds the same id again after a power cut', () => {
    const files = disk()
    const id = claimDirectory(files, DATA, OWNER, random)
    expect(files.contentOf(`${DATA}/meta.properties`).toString()).toBe(
      `cluster.id=${OWNER.clusterId}\ndirectory.id=${id}\nnode.id=1\nversion=1\n`,
    )
    files.crash()
    expect(claimDirectory(files, DATA, OWNER, random)).toBe(id)
  })

  test('takes a directory that Kafka formatted', () => {
    const files = disk()
    const id = randomUuid((count) => random.bytes(count))
    const text = `#\n#Tue Nov 03 10:00:00 UTC 2026\ncluster.id=${OWNER.clusterId}\nversion=1\n`
    files.put(`${DATA}/meta.properties`, Buffer.from(`${text}directory.id=${id}\nnode.id=1\n`))
    expect(claimDirectory(files, DATA, OWNER, random)).toBe(id)
  })

  test('gives an id to a directory of an older version that has none', () => {
    const files = disk()
    files.put(`${DATA}/meta.properties`, Buffer.from('version=0\nbroker.id=1\n'))
    const id = claimDirectory(files, DATA, OWNER, random)
    expect(claimDirectory(files, DATA, OWNER, random)).toBe(id)
  })

  test('refuses the directory of another cluster or node, and says so', () => {
    const files = disk()
    claimDirectory(files, DATA, OWNER, random)
    const claim = (owner: Partial<typeof OWNER>) => () => {
      claimDirectory(files, DATA, { ...OWNER, ...owner }, random)
    }
    expect(claim({ nodeId: 2 })).toThrow('belongs to node 1, and this broker is node 2')
    expect(claim({ clusterId: 'other' })).toThrow(`belongs to cluster ${OWNER.clusterId}`)
  })

  test('leaves nothing or the whole when any call fails', () => {
    let failed = 1
    for (let nth = 1; failed > 0; nth++) {
      const files = disk()
      const fault = files.faults.add({ nth, code: 'ENOSPC' })
      try {
        claimDirectory(files, DATA, OWNER, random)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
      failed = fault.failed
      files.crash(new SeededRandom(nth))
      const id = claimDirectory(files, DATA, OWNER, random)
      expect(claimDirectory(files, DATA, OWNER, random), `call ${nth}`).toBe(id)
    }
  })
})

test('the clean-shutdown marker outlives a power cut, and so does its removal', () => {
  const files = disk()
  expect(wasStoppedCleanly(files, DATA)).toBe(false)
  writeCleanShutdown(files, DATA)
  files.crash()
  expect(wasStoppedCleanly(files, DATA)).toBe(true)
  expect(files.contentOf(`${DATA}/.kafka_cleanshutdown`).toString()).toBe(
    '{"version":0,"brokerEpoch":-1}',
  )
  removeCleanShutdown(files, DATA)
  files.crash()
  expect(wasStoppedCleanly(files, DATA)).toBe(false)
  removeCleanShutdown(files, DATA)
})

test('partition directories are told from everything else', () => {
  const files = disk()
  const topicId = uuidOf(Buffer.alloc(16, 3))
  for (const name of ['clicks-0', 'my-topic-12', 'bad-1', 'none-0', 'metadata', 'x-01']) {
    files.makeDirectory(`${DATA}/${name}`)
  }
  const deleted = deletedName('clicks-7', random)
  files.makeDirectory(`${DATA}/${deleted}`)
  files.makeDirectory(`${DATA}/${strayName('clicks-8', random)}`)
  files.put(`${DATA}/file-1`, Buffer.from('not a directory'))
  files.put(`${DATA}/bad-1/partition.metadata`, Buffer.from('version: 0\n'))
  writePartitionMetadata(files, `${DATA}/clicks-0`, topicId)
  writePartitionMetadata(files, `${DATA}/my-topic-12`, topicId)
  expect(listPartitions(files, DATA)).toEqual([
    { name: 'bad-1', topic: 'bad', partition: 1 },
    { name: 'clicks-0', topic: 'clicks', partition: 0 },
    { name: 'my-topic-12', topic: 'my-topic', partition: 12 },
    { name: 'none-0', topic: 'none', partition: 0 },
  ])
  const configOf = ({ topic }: { topic: string }) => (topic === 'clicks' ? SMALL_LOG : null)
  files.faults.add({ operation: 'read', path: /none-0/, times: Infinity, code: 'EIO' })
  files.put(`${DATA}/none-0/partition.metadata`, Buffer.from('version: 0\n'))
  const found = findPartitions({ files, directory: DATA, configOf }, new Map())
  expect(found.known).toMatchObject([{ name: 'clicks-0', topicId, config: SMALL_LOG }])
  expect(found.strays.map(({ name }) => name)).toEqual(['bad-1', 'my-topic-12'])
  expect(found.unreadable).toMatchObject([{ name: 'none-0', error: { code: 'EIO' } }])
  expect(listDeleted(files, DATA)).toEqual([deleted])
})

test('the name of a deleted partition is never longer than a name may be', () => {
  const longest = `${'t'.repeat(249)}-9999`
  expect(deletedName(longest, random)).toMatch(/^t+-9999\.[0-9a-f]{32}-delete$/)
  expect(deletedName(longest, random)).toHaveLength(255)
  expect(deletedName('clicks-3', random)).toMatch(/^clicks-3\.[0-9a-f]{32}-delete$/)
})

describe('OffsetCheckpoints', () => {
  const logs = [
    { topic: 'clicks', partition: 0, recoveryPoint: 1_042, logStartOffset: 0 },
    { topic: 'my-topic', partition: 12, recoveryPoint: 998, logStartOffset: 500 },
  ]

  test('writes both files as Kafka does and reads them after a power cut', async () => {
    const files = disk()
    await new OffsetCheckpoints(files, DATA, silentLogger).save(logs)
    expect(files.contentOf(`${DATA}/recovery-point-offset-checkpoint`).toString()).toBe(
      '0\n2\nclicks 0 1042\nmy-topic 12 998\n',
    )
    expect(files.contentOf(`${DATA}/log-start-offset-checkpoint`).toString()).toBe(
      '0\n1\nmy-topic 12 500\n',
    )
    files.crash()
    const found = new OffsetCheckpoints(files, DATA, silentLogger).load()
    expect([...found.values()]).toEqual(logs)
  })

  test('writes a file only when its content changed', async () => {
    const files = disk()
    const checkpoints = new OffsetCheckpoints(files, DATA, silentLogger)
    await checkpoints.save(logs)
    const renames = files.faults.count({ operation: 'rename' })
    await checkpoints.save(logs)
    expect(renames.calls).toBe(0)
    await checkpoints.save(logs.map((log) => ({ ...log, recoveryPoint: 2_000 })))
    expect(renames.calls).toBe(1)
  })

  test('keeps the old content when a write fails, and writes it the next time', async () => {
    const files = disk()
    const checkpoints = new OffsetCheckpoints(files, DATA, silentLogger)
    await checkpoints.save(logs)
    const later = logs.map((log) => ({ ...log, recoveryPoint: 2_000 }))
    for (const operation of ['open', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
      const fault = files.faults.add({ operation, code: 'ENOSPC' })
      await expect(checkpoints.save(later)).rejects.toThrow('ENOSPC')
      fault.cancel()
      const found = new OffsetCheckpoints(files.clone(), DATA, silentLogger).load()
      expect([1_042, 2_000]).toContain(found.get('clicks-0')!.recoveryPoint)
    }
    await checkpoints.save(later)
    files.crash()
    const found = new OffsetCheckpoints(files, DATA, silentLogger).load()
    expect(found.get('clicks-0')!.recoveryPoint).toBe(2_000)
  })

  test('a file that makes no sense counts as none', () => {
    const files = disk()
    files.put(`${DATA}/recovery-point-offset-checkpoint`, Buffer.from('0\n9\nclicks 0 5\n'))
    expect(new OffsetCheckpoints(files, DATA, silentLogger).load().size).toBe(0)
  })
})
