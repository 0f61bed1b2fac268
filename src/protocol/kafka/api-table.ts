// Which versions of each API a broker of ours speaks. The codecs know more: all of Kafka 4.3.
//
// `served` is what a handler gets. `advertised` is what ApiVersions tells, which differs once:
// librdkafka below 2.11.1 compresses with gzip, snappy and lz4 only towards brokers whose range
// includes Produce 0, so Kafka tells 0 and refuses 0 to 2 when they come (KAFKA-18659).
//
// Reasons for a ceiling below Kafka's own:
//   Produce 12   13 names topics by their ids
//   AddPartitionsToTxn 3   4 and 5 are for brokers, and @platformatic/kafka would choose them
//   InitProducerId 5, FindCoordinator 5   next: two-phase commit, share groups
//   OffsetCommit 9, OffsetFetch 9, DescribeGroups 5, DescribeLogDirs 4, DescribeCluster 1: next
//     versions are of Kafka 4.1 and later, and no client needs them
//
// An API is offered only where the broker has a handler for it; this table says how far.

import { APIS } from './gen/apis.ts'
import { API_KEYS, type ApiName } from './gen/api-keys.ts'
import type { AnyApi } from './message-codec.ts'

export interface ServedVersions {
  readonly served: readonly [min: number, max: number]
  readonly advertised: readonly [min: number, max: number]
}

function same(min: number, max: number): ServedVersions {
  return { served: [min, max], advertised: [min, max] }
}

/** By name of the API; those for brokers among themselves are missing. */
export const SERVED_VERSIONS = {
  Produce: { served: [3, 12], advertised: [0, 12] },
  Fetch: same(4, 17),
  ListOffsets: same(1, 11),
  Metadata: same(0, 12),
  OffsetCommit: same(2, 9),
  OffsetFetch: same(1, 9),
  FindCoordinator: same(0, 5),
  JoinGroup: same(0, 9),
  Heartbeat: same(0, 4),
  LeaveGroup: same(0, 5),
  SyncGroup: same(0, 5),
  DescribeGroups: same(0, 5),
  ListGroups: same(0, 5),
  SaslHandshake: same(0, 1),
  ApiVersions: same(0, 4),
  CreateTopics: same(2, 7),
  DeleteTopics: same(1, 6),
  DeleteRecords: same(0, 2),
  InitProducerId: same(0, 5),
  OffsetForLeaderEpoch: same(2, 4),
  AddPartitionsToTxn: same(0, 3),
  AddOffsetsToTxn: same(0, 4),
  EndTxn: same(0, 5),
  WriteTxnMarkers: same(1, 2),
  TxnOffsetCommit: same(0, 5),
  DescribeAcls: same(1, 3),
  CreateAcls: same(1, 3),
  DeleteAcls: same(1, 3),
  DescribeConfigs: same(1, 4),
  AlterConfigs: same(0, 2),
  DescribeLogDirs: same(1, 4),
  SaslAuthenticate: same(0, 2),
  CreatePartitions: same(0, 3),
  DeleteGroups: same(0, 2),
  ElectLeaders: same(0, 2),
  IncrementalAlterConfigs: same(0, 1),
  AlterPartitionReassignments: same(0, 1),
  ListPartitionReassignments: same(0, 0),
  OffsetDelete: same(0, 0),
  DescribeClientQuotas: same(0, 1),
  AlterClientQuotas: same(0, 1),
  DescribeUserScramCredentials: same(0, 0),
  AlterUserScramCredentials: same(0, 0),
  DescribeCluster: same(0, 1),
  DescribeProducers: same(0, 0),
  DescribeTransactions: same(0, 0),
  ListTransactions: same(0, 2),
  ConsumerGroupHeartbeat: same(0, 1),
  ConsumerGroupDescribe: same(0, 1),
  ListConfigResources: same(0, 1),
  DescribeTopicPartitions: same(0, 0),
} as const satisfies Partial<Record<ApiName, ServedVersions>>

/** By key, so that a look-up by a number from the wire is one load. */
const BY_KEY: readonly (AnyApi | undefined)[] = (() => {
  const apis: (AnyApi | undefined)[] = Array.from({ length: 128 })
  for (const api of APIS) apis[api.key] = api
  return apis
})()

/** The codecs of an API; undefined for a key that has none. @param key any number from the wire */
export function apiOf(key: number): AnyApi | undefined {
  return BY_KEY[key]
}

const SERVED_BY_KEY = new Map<number, ServedVersions>(
  Object.entries(SERVED_VERSIONS).map(([name, versions]) => [API_KEYS[name as ApiName], versions]),
)

/** What a broker speaks of an API; undefined where it speaks none of it. */
export function servedVersions(key: number): ServedVersions | undefined {
  return SERVED_BY_KEY.get(key)
}
