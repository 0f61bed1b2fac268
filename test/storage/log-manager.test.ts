// A data directory in use: partitions made and deleted, stops and starts, retention, failing logs.

import { describe, expect, test } from 'vitest'
import { uuidOf } from '../../src/base/uuid.ts'
import { NO_PRODUCER } from '../../src/record/validate.ts'
import type { RecoveryProgress } from '../../src/storage/directory/log-loader.ts'
import { DATA } from './log-fixture.ts'
import { ManagerFixture } from './manager-fixture.ts'

describe('a partition', () => {
  test('that was made is there after a power cut', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 3)
    rig.files.crash()
    await rig.open()
    expect(rig.logs().map(({ name }) => name)).toEqual(['clicks-0', 'clicks-1', 'clicks-2'])
  })

  test('is made once, and refused to another topic of its name', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    const { id, config } = rig.topics.get('clicks')!
    const partition = { topic: 'clicks', partition: 0 }
    expect(await rig.settled(rig.manager.create(partition, id, config))).toBe(rig.log('clicks'))
    const other = rig.manager.create(partition, uuidOf(Buffer.alloc(16, 1)), config)
    await expect(rig.settled(other)).rejects.toMatchObject({ code: 'INCONSISTENT_TOPIC_ID' })
  })

  test('that was deleted stays so after a power cut, and its files go later', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 2)
    rig.append(rig.log('clicks', 0))
    await rig.clock.settle()
    await rig.settled(rig.manager.delete({ topic: 'clicks', partition: 0 }))
    expect(rig.manager.get({ topic: 'clicks', partition: 0 })).toBeUndefined()
    expect(rig.names(/-delete$/)).toHaveLength(1)

    rig.files.crash()
    await rig.open()
    expect(rig.logs().map(({ name }) => name)).toEqual(['clicks-1'])
    expect(rig.manager.strays()).toEqual([])
    await rig.pass(1_000)
    expect(rig.names(/-delete$/)).toEqual([])
  })

  test('can be made again by its name at once, and has no old records', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    for (let n = 0; n < 30; n++) rig.append(rig.log('clicks'))
    await rig.clock.settle()
    await rig.settled(rig.manager.delete({ topic: 'clicks', partition: 0 }))
    await rig.topic('clicks', 1)
    expect(rig.log('clicks').logEndOffset).toBe(0)
    rig.files.crash()
    await rig.open()
    expect(rig.log('clicks').logEndOffset).toBe(0)
  })

  test('that no topic knows is reported, and never touched', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    rig.append(rig.log('clicks'))
    await rig.settled(rig.manager.close())
    const before = rig.files.filesBelow(`${DATA}/clicks-0`)
    const clicks = rig.topics.get('clicks')!
    rig.topics.delete('clicks')
    await rig.open()
    expect(rig.manager.get({ topic: 'clicks', partition: 0 })).toBeUndefined()
    expect(rig.manager.strays()).toEqual([
      { name: 'clicks-0', topicId: clicks.id, reason: 'no topic has this name and id' },
    ])
    await rig.pass(400_000, 10_000)
    expect(rig.files.filesBelow(`${DATA}/clicks-0`)).toEqual(before)

    // A new topic takes the name; the stray is put aside with all that is in it.
    await rig.topic('clicks', 1)
    expect(rig.log('clicks').logEndOffset).toBe(0)
    const [aside] = rig.names(/^clicks-0\..*-stray$/)
    expect(rig.files.filesBelow(`${DATA}/${aside}`)).toHaveLength(before.length)
  })

  test('whose topic was not known at start is opened with its records when it is', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    rig.append(rig.log('clicks'))
    await rig.clock.settle()
    const { logEndOffset } = rig.log('clicks')
    rig.files.crash()
    const clicks = rig.topics.get('clicks')!
    rig.topics.clear()
    await rig.open()
    const created = rig.manager.create({ topic: 'clicks', partition: 0 }, clicks.id, clicks.config)
    expect((await rig.settled(created)).logEndOffset).toBe(logEndOffset)
    expect(rig.manager.strays()).toEqual([])
  })
})

describe('a stop', () => {
  test('that is clean leaves a marker and no journal, and the next start reads no log', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 40)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    expect(rig.manager.stats().journalRounds).toBe(1)
    for (const log of rig.logs()) rig.append(log)
    await rig.settled(rig.manager.close())
    expect(rig.files.openFileCount).toBe(0)
    expect(rig.clock.timerCount).toBe(0)
    expect(rig.names(/commit-journal/)).toEqual([])
    expect(rig.names(/kafka_cleanshutdown/)).toHaveLength(1)

    rig.files.crash()
    const progress: RecoveryProgress[] = []
    rig.options = { onProgress: (now) => progress.push(now) }
    await rig.open()
    expect(progress.at(-1)).toMatchObject({ bytesDone: 0, logsTotal: 40 })
    expect(rig.names(/kafka_cleanshutdown/)).toEqual([])
    for (const log of rig.logs()) await rig.expectKept(log, Infinity, 'after a clean stop')
  })

  test('with a log offline is not a clean one', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 2)
    rig.files.faults.add({ operation: 'sync', path: /clicks-1/, times: Infinity, code: 'EIO' })
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    await rig.settled(rig.manager.close())
    expect(rig.names(/kafka_cleanshutdown/)).toEqual([])
  })

  test('keeps what waited for the end of the turn', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    rig.append(rig.log('clicks'))
    await rig.settled(rig.manager.close())
    rig.files.crash()
    await rig.open()
    await rig.expectKept(rig.log('clicks'), Infinity, 'after a stop')
  })
})

describe('a start', () => {
  test('is refused while another process has the directory', async () => {
    const rig = await ManagerFixture.start()
    const second = new ManagerFixture(rig.files)
    await expect(second.open()).rejects.toMatchObject({ code: 'EBUSY' })
    await rig.settled(rig.manager.close())
    await second.open()
  })

  test('gives the directory back when it fails', async () => {
    const rig = await ManagerFixture.start()
    await rig.settled(rig.manager.close())
    rig.options = { nodeId: 2 }
    await expect(rig.open()).rejects.toThrow('belongs to node 1')
    rig.options = {}
    await rig.open()
  })

  test('tells how far it is', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 5)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    rig.files.kill()
    const progress: RecoveryProgress[] = []
    rig.options = { onProgress: (now) => progress.push(now) }
    await rig.open()
    const last = progress.at(-1)!
    expect(last).toMatchObject({ name: 'clicks-4', logsDone: 4, logsTotal: 5 })
    expect(last.bytesTotal).toBeGreaterThan(0)
    expect(last.bytesDone).toBe(last.bytesTotal)
  })

  test('opens all other logs when one cannot be opened, and that one as soon as it can', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 3)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    rig.files.kill()
    rig.files.faults.add({ operation: 'read', path: /clicks-1\//, times: Infinity, code: 'EIO' })
    await rig.open()
    expect(rig.logs().map(({ name }) => name)).toEqual(['clicks-0', 'clicks-2'])
    expect([...rig.manager.offline().keys()]).toEqual(['clicks-1'])
    rig.files.faults.clear()
    await rig.pass(6_000)
    expect(rig.cameBack).toEqual(['clicks-1'])
    await rig.expectKept(rig.log('clicks', 1), Infinity, 'opened late')
  })

  test('keeps the journal for a directory that the disk does not name, until it does', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 40)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    expect(rig.manager.stats().journalRounds).toBe(1)
    rig.files.crash()
    const path = /clicks-7\/partition.metadata$/
    rig.files.faults.add({ operation: 'read', path, times: Infinity, code: 'EIO' })
    await rig.open()
    expect(rig.manager.strays()).toEqual([])
    expect(rig.manager.get({ topic: 'clicks', partition: 7 })).toBeUndefined()
    const { id, config } = rig.topics.get('clicks')!
    const created = rig.manager.create({ topic: 'clicks', partition: 7 }, id, config)
    await expect(rig.settled(created)).rejects.toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    await rig.pass(20_000)
    rig.files.faults.clear()
    await rig.pass(6_000)
    for (const log of rig.logs()) await rig.expectKept(log, Infinity, 'read late')
    expect(rig.logs()).toHaveLength(40)
    await rig.pass(6_000)
    expect(rig.names(/commit-journal/)).toEqual([])
  })

  test('that cannot give a journal back keeps it until it can', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 40)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    const durable = rig.durable()
    rig.files.crash()
    rig.files.faults.add({ operation: 'write', path: /clicks-7\//, times: 3, code: 'ENOSPC' })
    await rig.open()
    expect([...rig.manager.offline().keys()]).toEqual(['clicks-7'])
    expect(rig.names(/commit-journal/)).toHaveLength(1)
    for (const log of rig.logs()) await rig.expectKept(log, durable.get(log.name)!, 'at start')
    await rig.pass(10_000)
    expect(rig.cameBack).toEqual(['clicks-7'])
    await rig.expectKept(rig.log('clicks', 7), durable.get('clicks-7')!, 'later')
    await rig.pass(10_000)
    expect(rig.names(/commit-journal/)).toEqual([])
  })
})

describe('a log that fails', () => {
  test('harms no other, comes back, and has all that it called durable', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 3)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    const [first, second] = rig.logs()
    rig.files.faults.add({ operation: 'sync', path: /clicks-1\//, code: 'EIO' })
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    expect(rig.heard.failures).toHaveLength(1)
    expect(() => rig.append(second!)).toThrow('KAFKA_STORAGE_ERROR')
    rig.append(first!)
    await rig.clock.settle()
    expect(first!.durableOffset).toBe(first!.logEndOffset)
    await rig.pass(3_000)
    expect(rig.cameBack).toEqual(['clicks-1'])
    rig.append(second!)
    await rig.clock.settle()
    expect(second!.durableOffset).toBe(second!.logEndOffset)
    rig.files.crash()
    await rig.open()
    for (const log of rig.logs()) await rig.expectKept(log, Infinity, 'after a power cut')
  })

  test('gets from the journal what a failed sync took', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 40)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    expect(rig.manager.stats().journalRounds).toBe(1)
    const durable = rig.durable()
    rig.files.faults.add({ operation: 'sync', path: /clicks-7\/.*\.log$/, code: 'EIO' })
    while (rig.heard.failures.length === 0) await rig.pass(100, 100)
    for (const path of rig.files.filesBelow(`${DATA}/clicks-7`)) rig.files.dropCache(path)
    await rig.pass(10_000)
    expect(rig.cameBack).toEqual(['clicks-7'])
    const log = rig.log('clicks', 7)
    await rig.expectKept(log, durable.get('clicks-7')!, 'revived')
    rig.append(log)
    await rig.clock.settle()
    await rig.pass(10_000)
    expect(rig.names(/commit-journal/)).toEqual([])
    rig.files.crash()
    await rig.open()
    for (const log of rig.logs()) await rig.expectKept(log, Infinity, 'after a power cut')
  })

  test('for want of space works again when there is some, without a restart', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 2)
    for (const log of rig.logs()) rig.append(log)
    await rig.clock.settle()
    rig.files.capacityBytes = rig.files.usedBytes + 100
    for (let n = 0; n < 5; n++) {
      for (const log of rig.logs()) if (log.offline === null) rig.append(log)
      await rig.clock.settle()
    }
    expect(rig.logs().map(({ offline }) => offline?.code)).toEqual(
      Array(2).fill('KAFKA_STORAGE_ERROR'),
    )
    await rig.pass(20_000)
    expect(rig.cameBack).toEqual([])
    rig.files.capacityBytes = Infinity
    await rig.pass(6_000)
    expect(rig.cameBack.toSorted()).toEqual(['clicks-0', 'clicks-1'])
    for (const log of rig.logs()) {
      rig.append(log)
      await rig.clock.settle()
      expect(log.durableOffset).toBe(log.logEndOffset)
      await rig.expectKept(log, Infinity, 'with space again')
    }
  })
})

describe('with flush.policy=os', () => {
  test('no round is made, and the log is synced in the background', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1, { flushPolicy: 'os', segmentBytes: 2 ** 30 })
    const log = rig.log('clicks')
    rig.append(log)
    await rig.clock.settle()
    await rig.pass(10_000)
    expect(log.recoveryPoint).toBe(0)
    const { rounds } = rig.manager.stats()
    expect(rounds).toBe(0)
    for (let n = 0; n < 70; n++) {
      const batch = Buffer.from(rig.append(log).bytes)
      log.append(Buffer.concat([batch, Buffer.alloc(1024 * 1024)]), {
        ...NO_PRODUCER,
        lastOffsetDelta: 0,
        maxTimestamp: -1,
      })
      await rig.clock.settle()
    }
    expect(log.recoveryPoint).toBeGreaterThan(50)
    expect(rig.manager.stats().rounds).toBe(0)
  })

  test('small segments are synced before many of them are open', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1, { flushPolicy: 'os', segmentBytes: 500 })
    const log = rig.log('clicks')
    let most = 0
    for (let n = 0; n < 600; n++) {
      rig.append(log)
      await rig.clock.settle()
      most = Math.max(most, [...log.segments].filter(({ pinned }) => pinned).length)
    }
    expect(log.segments.count).toBeGreaterThan(100)
    // Those that are not quite full are more of them for the same bytes.
    expect(most).toBeLessThan(100)
    expect(most).toBeGreaterThan(10)
    expect(log.recoveryPoint).toBeGreaterThan(0)
  })

  test('what retention removes is no reason to sync the rest', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1, { flushPolicy: 'os', segmentBytes: 5_000 })
    const log = rig.log('clicks')
    for (let n = 0; n < 100; n++) {
      rig.append(log)
      await rig.clock.settle()
    }
    expect(log.segments.count).toBeGreaterThan(2)
    await rig.settled(rig.manager.deleteRecordsBefore(log, log.logEndOffset - 1))
    await rig.pass(1_000)
    expect(log.segments.count).toBe(1)
    expect(log.recoveryPoint).toBe(0)
  })
})

describe('checkpoints', () => {
  test('are saved every five seconds when something changed', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    rig.append(rig.log('clicks'))
    await rig.clock.settle()
    await rig.pass(6_000)
    const path = `${DATA}/recovery-point-offset-checkpoint`
    const { logEndOffset } = rig.log('clicks')
    expect(rig.files.durableContentOf(path).toString()).toBe(`0\n1\nclicks 0 ${logEndOffset}\n`)
    const renames = rig.files.faults.count({ operation: 'rename' })
    await rig.pass(20_000)
    expect(renames.calls).toBe(0)
  })

  test('that cannot be written harm nothing', async () => {
    const rig = await ManagerFixture.start()
    await rig.topic('clicks', 1)
    const fault = { path: /-offset-checkpoint/, times: Infinity, code: 'ENOSPC' } as const
    rig.files.faults.add(fault)
    rig.append(rig.log('clicks'))
    await rig.clock.settle()
    await rig.pass(20_000)
    expect(rig.heard.failures).toEqual([])
    rig.files.faults.clear()
    await rig.pass(6_000)
    const path = `${DATA}/recovery-point-offset-checkpoint`
    expect(rig.files.contentOf(path).toString()).toContain(
      `clicks 0 ${rig.log('clicks').logEndOffset}`,
    )
  })
})

test('a directory that cannot be made is an error, and is made the next time', async () => {
  const rig = new ManagerFixture()
  rig.files.faults.add({ operation: 'makeDirectory', code: 'EIO' })
  await expect(rig.open()).rejects.toMatchObject({ code: 'EIO' })
  await rig.open()
})
