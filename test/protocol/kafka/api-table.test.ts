// The versions that are told to clients: what each client needs to find.

import { expect, test } from 'vitest'
import { SERVED_VERSIONS, apiOf, servedVersions } from '../../../src/protocol/kafka/api-table.ts'
import { API_KEYS, type ApiName } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { APIS } from '../../../src/protocol/kafka/gen/apis.ts'

/** What clients need to find, by key: the version of each, and who asks for it. */
const NEEDED: readonly [key: number, version: number, client: string][] = [
  [0, 0, 'librdkafka below 2.11.1, to compress with gzip, snappy and lz4 (KAFKA-18659)'],
  [0, 3, 'librdkafka, for batches of format 2'],
  [0, 7, 'librdkafka and kafkajs, for zstd'],
  [0, 8, 'kafka-python 2.0.2, to take the broker for 2.4'],
  [1, 4, 'librdkafka, for batches of format 2'],
  [1, 10, 'librdkafka, for zstd'],
  [1, 11, 'kafkajs and librdkafka 2.0'],
  [2, 1, 'librdkafka, to look up offsets by time'],
  [3, 0, 'kafka-python 2.0.2, as a probe'],
  [8, 2, 'librdkafka, for groups'],
  [9, 1, 'librdkafka, for groups'],
  [10, 0, 'librdkafka, for groups and lz4'],
  [11, 0, 'librdkafka, for groups and Kerberos (KAFKA-19444)'],
  [17, 0, 'kafka-python 2.0.2, which sends bare tokens then'],
  [22, 0, 'librdkafka, for idempotence'],
  [23, 2, 'librdkafka, which asks for no other version'],
  [24, 0, 'librdkafka, for transactions'],
  [25, 0, 'librdkafka, for transactions'],
  [26, 1, 'librdkafka, for transactions'],
  [29, 2, 'kafka-python 2.0.2, to take the broker for 2.5'],
  [68, 0, 'librdkafka 2.4 to 2.8'],
  [68, 1, 'librdkafka from 2.10 on'],
]

test.each(NEEDED)('API %i tells version %i: %s', (key, version) => {
  const [min, max] = servedVersions(key)!.advertised
  expect(version).toBeGreaterThanOrEqual(min)
  expect(version).toBeLessThanOrEqual(max)
})

test.each(Object.entries(SERVED_VERSIONS))(
  '%s is served as far as it has codecs',
  (name, range) => {
    const { minVersion, maxVersion } = apiOf(API_KEYS[name as ApiName])!
    expect(range.served[0]).toBeGreaterThanOrEqual(minVersion)
    expect(range.served[1]).toBeLessThanOrEqual(maxVersion)
    expect(range.advertised[1]).toBe(range.served[1])
  },
)

test('only Produce tells more than it serves', () => {
  const differ = Object.entries(SERVED_VERSIONS).filter(([, { served, advertised }]) => {
    return served[0] !== advertised[0]
  })
  expect(differ.map(([name]) => name)).toEqual(['Produce'])
})

test('versions that are for brokers, or need what we do not do yet, are not told', () => {
  expect(servedVersions(API_KEYS.AddPartitionsToTxn)!.advertised[1]).toBe(3)
  expect(servedVersions(API_KEYS.Produce)!.advertised[1]).toBe(12)
})

test('every API is found by its key, and no other number finds one', () => {
  for (const api of APIS) expect(apiOf(api.key)).toBe(api)
  for (const key of [-1, 4, 127, 128, 32767, -32768]) expect(apiOf(key)).toBeUndefined()
})
