// All APIs that have a definition, by key. Made by tools/generate-kafka.ts; do not edit.

import type { AnyApi } from '../message-codec.ts'
import { PRODUCE } from './produce.ts'
import { FETCH } from './fetch.ts'
import { LIST_OFFSETS } from './list-offsets.ts'
import { METADATA } from './metadata.ts'
import { OFFSET_COMMIT } from './offset-commit.ts'
import { OFFSET_FETCH } from './offset-fetch.ts'
import { FIND_COORDINATOR } from './find-coordinator.ts'
import { JOIN_GROUP } from './join-group.ts'
import { HEARTBEAT } from './heartbeat.ts'
import { LEAVE_GROUP } from './leave-group.ts'
import { SYNC_GROUP } from './sync-group.ts'
import { DESCRIBE_GROUPS } from './describe-groups.ts'
import { LIST_GROUPS } from './list-groups.ts'
import { SASL_HANDSHAKE } from './sasl-handshake.ts'
import { API_VERSIONS } from './api-versions.ts'
import { CREATE_TOPICS } from './create-topics.ts'
import { DELETE_TOPICS } from './delete-topics.ts'
import { DELETE_RECORDS } from './delete-records.ts'
import { INIT_PRODUCER_ID } from './init-producer-id.ts'
import { OFFSET_FOR_LEADER_EPOCH } from './offset-for-leader-epoch.ts'
import { ADD_PARTITIONS_TO_TXN } from './add-partitions-to-txn.ts'
import { ADD_OFFSETS_TO_TXN } from './add-offsets-to-txn.ts'
import { END_TXN } from './end-txn.ts'
import { WRITE_TXN_MARKERS } from './write-txn-markers.ts'
import { TXN_OFFSET_COMMIT } from './txn-offset-commit.ts'
import { DESCRIBE_ACLS } from './describe-acls.ts'
import { CREATE_ACLS } from './create-acls.ts'
import { DELETE_ACLS } from './delete-acls.ts'
import { DESCRIBE_CONFIGS } from './describe-configs.ts'
import { ALTER_CONFIGS } from './alter-configs.ts'
import { DESCRIBE_LOG_DIRS } from './describe-log-dirs.ts'
import { SASL_AUTHENTICATE } from './sasl-authenticate.ts'
import { CREATE_PARTITIONS } from './create-partitions.ts'
import { DELETE_GROUPS } from './delete-groups.ts'
import { ELECT_LEADERS } from './elect-leaders.ts'
import { INCREMENTAL_ALTER_CONFIGS } from './incremental-alter-configs.ts'
import { ALTER_PARTITION_REASSIGNMENTS } from './alter-partition-reassignments.ts'
import { LIST_PARTITION_REASSIGNMENTS } from './list-partition-reassignments.ts'
import { OFFSET_DELETE } from './offset-delete.ts'
import { DESCRIBE_CLIENT_QUOTAS } from './describe-client-quotas.ts'
import { ALTER_CLIENT_QUOTAS } from './alter-client-quotas.ts'
import { DESCRIBE_USER_SCRAM_CREDENTIALS } from './describe-user-scram-credentials.ts'
import { ALTER_USER_SCRAM_CREDENTIALS } from './alter-user-scram-credentials.ts'
import { DESCRIBE_CLUSTER } from './describe-cluster.ts'
import { DESCRIBE_PRODUCERS } from './describe-producers.ts'
import { DESCRIBE_TRANSACTIONS } from './describe-transactions.ts'
import { LIST_TRANSACTIONS } from './list-transactions.ts'
import { CONSUMER_GROUP_HEARTBEAT } from './consumer-group-heartbeat.ts'
import { CONSUMER_GROUP_DESCRIBE } from './consumer-group-describe.ts'
import { LIST_CONFIG_RESOURCES } from './list-config-resources.ts'
import { DESCRIBE_TOPIC_PARTITIONS } from './describe-topic-partitions.ts'

export const APIS: readonly AnyApi[] = [
  PRODUCE,
  FETCH,
  LIST_OFFSETS,
  METADATA,
  OFFSET_COMMIT,
  OFFSET_FETCH,
  FIND_COORDINATOR,
  JOIN_GROUP,
  HEARTBEAT,
  LEAVE_GROUP,
  SYNC_GROUP,
  DESCRIBE_GROUPS,
  LIST_GROUPS,
  SASL_HANDSHAKE,
  API_VERSIONS,
  CREATE_TOPICS,
  DELETE_TOPICS,
  DELETE_RECORDS,
  INIT_PRODUCER_ID,
  OFFSET_FOR_LEADER_EPOCH,
  ADD_PARTITIONS_TO_TXN,
  ADD_OFFSETS_TO_TXN,
  END_TXN,
  WRITE_TXN_MARKERS,
  TXN_OFFSET_COMMIT,
  DESCRIBE_ACLS,
  CREATE_ACLS,
  DELETE_ACLS,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  DESCRIBE_LOG_DIRS,
  SASL_AUTHENTICATE,
  CREATE_PARTITIONS,
  DELETE_GROUPS,
  ELECT_LEADERS,
  INCREMENTAL_ALTER_CONFIGS,
  ALTER_PARTITION_REASSIGNMENTS,
  LIST_PARTITION_REASSIGNMENTS,
  OFFSET_DELETE,
  DESCRIBE_CLIENT_QUOTAS,
  ALTER_CLIENT_QUOTAS,
  DESCRIBE_USER_SCRAM_CREDENTIALS,
  ALTER_USER_SCRAM_CREDENTIALS,
  DESCRIBE_CLUSTER,
  DESCRIBE_PRODUCERS,
  DESCRIBE_TRANSACTIONS,
  LIST_TRANSACTIONS,
  CONSUMER_GROUP_HEARTBEAT,
  CONSUMER_GROUP_DESCRIBE,
  LIST_CONFIG_RESOURCES,
  DESCRIBE_TOPIC_PARTITIONS,
]
