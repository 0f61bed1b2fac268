// The number of each API that has a definition. Made by tools/generate-kafka.ts; do not edit.

export const API_KEYS = {
  /** Gives record batches to the leaders of partitions. */
  Produce: 0,
  /** Reads record batches from partitions, and waits for them if there are none yet. */
  Fetch: 1,
  /** Finds offsets by timestamp. */
  ListOffsets: 2,
  /** Tells brokers, topics, partitions and their leaders. */
  Metadata: 3,
  /** Stores the offsets that a group has read up to. */
  OffsetCommit: 8,
  /** Tells the offsets that a group has stored. */
  OffsetFetch: 9,
  /** Finds the broker that coordinates a group or a transactional id. */
  FindCoordinator: 10,
  /** Joins a group of the classic protocol, and waits for its next generation. */
  JoinGroup: 11,
  /** Keeps a member of a classic group alive. */
  Heartbeat: 12,
  /** Leaves a classic group. */
  LeaveGroup: 13,
  /** Hands the assignment of the leader of a classic group to its members. */
  SyncGroup: 14,
  /** Describes groups of the classic protocol. */
  DescribeGroups: 15,
  /** Lists groups. */
  ListGroups: 16,
  /** Chooses the SASL mechanism. After v0 bare tokens follow, after v1 SaslAuthenticate. */
  SaslHandshake: 17,
  /** Tells which APIs and versions the broker serves. The answer always has header v0. */
  ApiVersions: 18,
  /** Creates topics. */
  CreateTopics: 19,
  /** Deletes topics. */
  DeleteTopics: 20,
  /** Moves the log start offset forward. */
  DeleteRecords: 21,
  /** Gives a producer its id and epoch. */
  InitProducerId: 22,
  /** Tells where a leader epoch ends. */
  OffsetForLeaderEpoch: 23,
  /** Adds partitions to a transaction. */
  AddPartitionsToTxn: 24,
  /** Adds the offsets of a group to a transaction. */
  AddOffsetsToTxn: 25,
  /** Commits or aborts a transaction. */
  EndTxn: 26,
  /** Writes the end of transactions into partitions; between brokers. */
  WriteTxnMarkers: 27,
  /** Stores offsets of a group inside a transaction. */
  TxnOffsetCommit: 28,
  /** Lists access rules. */
  DescribeAcls: 29,
  /** Adds access rules. */
  CreateAcls: 30,
  /** Removes access rules. */
  DeleteAcls: 31,
  /** Describes the configs of topics, brokers and other resources. */
  DescribeConfigs: 32,
  /** Replaces all configs of a resource. */
  AlterConfigs: 33,
  /** Describes the log directories of a broker. */
  DescribeLogDirs: 35,
  /** Carries the tokens of a SASL exchange. */
  SaslAuthenticate: 36,
  /** Adds partitions to topics. */
  CreatePartitions: 37,
  /** Deletes groups. */
  DeleteGroups: 42,
  /** Elects leaders. */
  ElectLeaders: 43,
  /** Changes single configs of a resource. */
  IncrementalAlterConfigs: 44,
  /** Starts or stops moving partitions to other brokers. */
  AlterPartitionReassignments: 45,
  /** Lists partitions that are moving. */
  ListPartitionReassignments: 46,
  /** Deletes stored offsets of a group. */
  OffsetDelete: 47,
  /** Describes quotas. */
  DescribeClientQuotas: 48,
  /** Changes quotas. */
  AlterClientQuotas: 49,
  /** Describes the SCRAM credentials of users. */
  DescribeUserScramCredentials: 50,
  /** Changes the SCRAM credentials of users. */
  AlterUserScramCredentials: 51,
  /** Describes the cluster. */
  DescribeCluster: 60,
  /** Describes the producers that are active on partitions. */
  DescribeProducers: 61,
  /** Describes transactions. */
  DescribeTransactions: 65,
  /** Lists transactions. */
  ListTransactions: 66,
  /** Keeps a member of a group of the newer protocol alive, and moves its partitions (KIP-848). */
  ConsumerGroupHeartbeat: 68,
  /** Describes groups of the newer protocol. */
  ConsumerGroupDescribe: 69,
  /** Lists resources that have configs. */
  ListConfigResources: 74,
  /** Describes topics, a page of partitions at a time (KIP-966). */
  DescribeTopicPartitions: 75,
} as const

export type ApiName = keyof typeof API_KEYS
