// Identities of producers: no id is given twice, whatever crashes when.

import { ProducerIdBlocks } from '../../src/broker/produce/producer-id-blocks.ts'
import { expect, test } from 'vitest'
import { ProducerIdService } from '../../src/broker/producer-id-service.ts'
import type { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { TestPartitions } from '../support/partitions.ts'
import { clusterOfOne } from '../controller/cluster-of-one.ts'
import { CALLER } from './broker-of-one.ts'

async function start(files?: MemoryFileSystem): Promise<{
  service: ProducerIdService
  files: MemoryFileSystem
}> {
  const cluster = await clusterOfOne({}, files)
  const { controller: control, store } = cluster
  const service = new ProducerIdService({
    ...{ store, partitions: new TestPartitions(), blocks: new ProducerIdBlocks(control, 1) },
  })
  return { service, files: cluster.files }
}

async function newId(service: ProducerIdService): Promise<number> {
  return (await service.init(CALLER, null)).producerId
}

test('every producer gets an id of its own, and epoch 0', async () => {
  const { service } = await start()
  const given = await Promise.all(Array.from({ length: 3_500 }, () => service.init(CALLER, null)))
  expect(new Set(given.map(({ producerId }) => producerId)).size).toBe(3_500)
  expect(Math.max(...given.map(({ producerId }) => producerId))).toBe(3_499)
  expect(given.every(({ producerEpoch }) => producerEpoch === 0)).toBe(true)
})

test('no id is given twice over many lives, each cut short by a power cut', async () => {
  const random = new SeededRandom(22)
  const seen = new Set<number>()
  let { service, files } = await start()
  for (let life = 0; life < 40; life++) {
    if (random.chance(0.3)) {
      files.faults.add({ operation: 'sync', nth: random.between(1, 2), code: 'EIO' })
    }
    for (let n = random.between(1, 1_200); n > 0; n--) {
      const producerId = await newId(service).catch(() => -1)
      if (producerId < 0) break
      expect(seen.has(producerId)).toBe(false)
      seen.add(producerId)
    }
    files.faults.clear()
    files.crash(random)
    ;({ service, files } = await start(files))
  }
  expect(seen.size).toBeGreaterThan(5_000)
})

test('a producer that goes on gets the next epoch, however often it asks', async () => {
  const { service } = await start()
  const producerId = await newId(service)
  const goOn = { producerId, producerEpoch: 6 }
  for (let n = 0; n < 2; n++) {
    expect(await service.init(CALLER, goOn)).toEqual({ producerId, producerEpoch: 7 })
  }
  const last = { producerId, producerEpoch: 32_766 }
  expect(await service.init(CALLER, last)).toEqual({ producerId: producerId + 1, producerEpoch: 0 })
})

test.each([
  ['INVALID_REQUEST', { producerId: 4, producerEpoch: -1 }],
  ['INVALID_REQUEST', { producerId: -1, producerEpoch: 4 }],
  ['INVALID_PRODUCER_ID_MAPPING', { producerId: 1_000, producerEpoch: 0 }],
] as const)('%s refuses %o', async (code, current) => {
  const { service } = await start()
  await newId(service)
  await expect(service.init(CALLER, current)).rejects.toMatchObject({ code })
})
