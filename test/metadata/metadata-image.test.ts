// The image of the cluster: what each record changes, and that nothing else does.

import { expect, test } from 'vitest'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { quotaKey } from '../../src/metadata/client-quotas.ts'
import type { MetadataRecord, QuotaEntity } from '../../src/metadata/metadata-record.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { contentOf, placements, someRecord, topicCreated } from './some-records.ts'

const CLICKS = topicCreated('clicks', 2, [['retention.ms', '5']])

test('a topic is found by its name, by its id, and among all', () => {
  const image = MetadataImage.EMPTY.replay(topicCreated('orders')).replay(CLICKS)
  expect(image.version).toBe(2)
  expect(image.topic('clicks')).toBe(image.topicById(CLICKS.topicId))
  expect(image.topics().map(({ name }) => name)).toEqual(['clicks', 'orders'])
  expect(image.partitionCount).toBe(3)
  expect(image.partition('clicks', 1)?.partition).toBe(1)
  expect(image.partition('clicks', 2)).toBeNull()
  expect(image.configs({ type: 'topic', name: 'clicks' })).toEqual(new Map([['retention.ms', '5']]))
})

test('an image stays as it is while others are made from it', () => {
  const before = MetadataImage.EMPTY.replay(CLICKS)
  const content = structuredClone(contentOf(before))
  before.replayAll([
    { type: 'PartitionsAdded', topic: 'clicks', partitions: placements(1, 2) },
    {
      type: 'ConfigChanged',
      resource: { type: 'topic', name: 'clicks' },
      set: [['segment.ms', '1']],
      unset: ['retention.ms'],
    },
    { type: 'TopicDeleted', name: 'clicks', topicId: CLICKS.topicId },
  ])
  expect(contentOf(before)).toEqual(content)
})

test('a deleted topic leaves nothing to the next one of its name', () => {
  const image = MetadataImage.EMPTY.replayAll([
    CLICKS,
    { type: 'TopicDeleted', name: 'clicks', topicId: CLICKS.topicId },
    topicCreated('clicks', 1, [], 1),
  ])
  expect(image.topicById(CLICKS.topicId)).toBeNull()
  expect(image.topic('clicks')?.partitions).toHaveLength(1)
  expect(image.configs({ type: 'topic', name: 'clicks' }).size).toBe(0)
})

test('an unclean start raises the leader epoch of what the broker leads, and a clean one does not', () => {
  const broker = { type: 'BrokerStarted', grpcAddress: 'h:1', rack: '', version: '1' } as const
  const start = MetadataImage.EMPTY.replay(CLICKS)
  const epochs = (image: MetadataImage) => {
    return image.topic('clicks')!.partitions.map(({ leaderEpoch }) => leaderEpoch)
  }
  expect(epochs(start.replay({ ...broker, brokerId: 1, clean: true }))).toEqual([0, 0])
  expect(epochs(start.replay({ ...broker, brokerId: 2, clean: false }))).toEqual([0, 0])
  const raised = start.replay({ ...broker, brokerId: 1, clean: false })
  expect(epochs(raised)).toEqual([1, 1])
  expect(raised.topicById(CLICKS.topicId)).toBe(raised.topic('clicks'))
  expect(raised.broker(1)?.grpcAddress).toBe('h:1')
})

test('a credential of a user stands for one mechanism, and goes alone', () => {
  const texts = { salt: 'a', storedKey: 'b', serverKey: 'c', iterations: 4_096 }
  const set = { type: 'ScramCredentialSet', user: 'ann', ...texts } as const
  const image = MetadataImage.EMPTY.replayAll([
    { ...set, mechanism: 'SCRAM-SHA-256' },
    { ...set, mechanism: 'SCRAM-SHA-512' },
    { ...set, mechanism: 'SCRAM-SHA-512', iterations: 5_000 },
    { type: 'ScramCredentialRemoved', user: 'ann', mechanism: 'SCRAM-SHA-256' },
  ])
  expect(image.scramCredentials('ann')).toEqual(
    new Map([['SCRAM-SHA-512', { ...texts, iterations: 5_000 }]]),
  )
  expect(image.scramCredentials('__proto__').size).toBe(0)
  const gone = { type: 'ScramCredentialRemoved', user: 'ann', mechanism: 'SCRAM-SHA-512' } as const
  expect(image.replay(gone).scramUsers()).toEqual([])
})

test('a quota is that of its very entity: a default is no name, and no name is no default', () => {
  const change = (entity: QuotaEntity, limit: number): MetadataRecord => {
    return { type: 'ClientQuotaChanged', entity, set: [['producer_byte_rate', limit]], unset: [] }
  }
  const entities: QuotaEntity[] = [
    { user: 'ann' },
    { user: null },
    { user: null, clientId: null },
    { user: 'null' },
    { clientId: 'ann' },
    { ip: '::1' },
  ]
  const image = MetadataImage.EMPTY.replayAll(entities.map(change))
  const limits = entities.map((entity) => image.clientQuotas.get(quotaKey(entity))?.limits)
  expect(limits).toEqual(entities.map((_, n) => new Map([['producer_byte_rate', n]])))
  const unset = ['producer_byte_rate', 'consumer_byte_rate']
  const less = image.replay({ type: 'ClientQuotaChanged', entity: { user: null }, set: [], unset })
  expect(less.clientQuotas.size).toBe(entities.length - 1)
  expect(less.clientQuotas.has(quotaKey({ user: null }))).toBe(false)
})

test.each([
  [
    'the end of a credential that is not there',
    [{ type: 'ScramCredentialRemoved', user: 'ann', mechanism: 'SCRAM-SHA-256' }],
  ],
  ['a topic that is there already', [CLICKS, CLICKS]],
  [
    'the end of a topic that is another one',
    [CLICKS, { ...CLICKS, type: 'TopicDeleted', topicId: 'x' }],
  ],
  [
    'partitions for no topic',
    [{ type: 'PartitionsAdded', topic: 'clicks', partitions: placements(1) }],
  ],
  [
    'partitions that leave a gap',
    [CLICKS, { type: 'PartitionsAdded', topic: 'clicks', partitions: placements(1, 3) }],
  ],
  ['a topic without partitions', [topicCreated('none', 0)]],
] as const)('%s contradicts the image', (_, records) => {
  expect(() => MetadataImage.EMPTY.replayAll(records)).toThrow('')
})

test('the records of an image make the same image again, whatever was done before', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    let image = MetadataImage.EMPTY
    for (let n = 0; n < 60; n++) image = image.replay(someRecord(random, image, n))
    const again = MetadataImage.EMPTY.replayAll(image.records()).at(image.version)
    expect(contentOf(again), `seed ${seed}`).toEqual(contentOf(image))
  }
})

test('ten thousand topics replay at once', () => {
  const records = Array.from({ length: 10_000 }, (_, n) => topicCreated(`t-${n}`))
  const image = MetadataImage.EMPTY.replayAll(records)
  expect(image.topicCount).toBe(10_000)
  expect(image.topics()[1]!.name).toBe('t-1')
})
