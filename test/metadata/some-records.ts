// Metadata records for tests: topics with ids that follow from their names.

import { uuidOf } from '../../src/base/uuid.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type {
  MetadataRecord,
  PartitionPlacement,
  TopicCreated,
} from '../../src/metadata/metadata-record.ts'
import type { SeededRandom } from '../support/seeded-random.ts'

export function placements(count: number, first = 0): PartitionPlacement[] {
  return Array.from({ length: count }, (_, index) => {
    return { partition: first + index, replicas: [1], isr: [1], leader: 1, leaderEpoch: 0 }
  })
}

/** @param life tells topics of one name apart */
export function topicCreated(
  name: string,
  partitionCount = 1,
  configs: TopicCreated['configs'] = [],
  life = 0,
): TopicCreated {
  const id = Buffer.alloc(16)
  id.write(name, 'utf8')
  id[15] = life
  const partitions = placements(partitionCount)
  return { type: 'TopicCreated', name, topicId: uuidOf(id), partitions, configs }
}

/** A change that fits the image: of any kind. @param life as of `topicCreated` */
export function someRecord(
  random: SeededRandom,
  image: MetadataImage,
  life: number,
): MetadataRecord {
  const name = random.pick(['clicks', 'orders', '__proto__', 'constructor', 'a.b', 'c-1'])
  const topic = image.topic(name)
  const retention: readonly [string, string] = ['retention.ms', String(random.below(1e6))]
  if (topic === null) return topicCreated(name, random.between(1, 4), [retention], life)
  switch (random.below(7)) {
    case 0:
      return { type: 'TopicDeleted', name, topicId: topic.topicId }
    case 1: {
      const partitions = placements(random.between(1, 3), topic.partitions.length)
      return { type: 'PartitionsAdded', topic: name, partitions }
    }
    case 2: {
      const resource = { type: 'topic', name } as const
      if (random.chance(0.5))
        return { type: 'ConfigChanged', resource, set: [retention], unset: [] }
      return { type: 'ConfigChanged', resource, set: [], unset: ['retention.ms'] }
    }
    case 3: {
      const nextProducerId = image.nextProducerId + random.between(1, 2_000)
      return { type: 'ProducerIdsTaken', brokerId: 1, nextProducerId }
    }
    case 4:
      return someCredential(random, image)
    case 5: {
      const entity = random.pick([
        { user: 'ann' },
        { user: 'ann', clientId: null },
        { user: null },
        { clientId: '0' },
        { ip: '127.0.0.1' },
      ])
      const quota = 'producer_byte_rate'
      const set = random.chance(0.6) ? [[quota, random.below(1e6) + 0.5] as const] : []
      return { type: 'ClientQuotaChanged', entity, set, unset: set.length === 0 ? [quota] : [] }
    }
    default: {
      const broker = { brokerId: 1, grpcAddress: '127.0.0.1:1', rack: '', version: '0.1.0' }
      return { type: 'BrokerStarted', ...broker, clean: random.chance(0.5) }
    }
  }
}

function someCredential(random: SeededRandom, image: MetadataImage): MetadataRecord {
  const user = random.pick(['ann', 'bob', '__proto__'])
  const mechanism = random.pick(['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)
  if (image.scramCredentials(user).has(mechanism) && random.chance(0.5)) {
    return { type: 'ScramCredentialRemoved', user, mechanism }
  }
  const keys = { salt: 'c2FsdA==', storedKey: 'c3RvcmVk', serverKey: 'c2VydmVy' }
  const iterations = random.between(4_096, 16_384)
  return { type: 'ScramCredentialSet', user, mechanism, ...keys, iterations }
}

/** All that an image says, to compare it by. */
export function contentOf(image: MetadataImage): unknown {
  return { version: image.version, records: image.records() }
}
