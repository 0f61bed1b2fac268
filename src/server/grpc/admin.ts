// gRPC front of administration: topics, configurations, the cluster.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { ClusterService } from '../../broker/cluster-service.ts'
import type { ConfigService } from '../../broker/config-service.ts'
import type {
  PartitionDescription,
  TopicService,
  TopicSummary,
} from '../../broker/topic-service.ts'
import * as pb from '../../protocol/grpc/gen/sluice/v1/admin_pb.ts'
import { ADMIN_SERVICE } from '../../protocol/grpc/services.ts'
import type { CallHost } from './calls.ts'
import { describedConfig, parseResource } from './configs.ts'
import { errorMessage } from './error-message.ts'
import { safeNumber } from './numbers.ts'

export interface AdminServices {
  readonly topics: TopicService
  readonly configs: ConfigService
  readonly cluster: ClusterService
}

export function addAdmin(calls: CallHost, { topics, configs, cluster }: AdminServices): void {
  addTopics(calls, topics)
  addConfigs(calls, configs)
  calls.unary(ADMIN_SERVICE.describeCluster, (_request, { caller }) => {
    const { clusterId, controllerId, brokers } = cluster.describe(caller)
    return create(pb.DescribeClusterResponseSchema, {
      clusterId,
      controllerId,
      brokers: [...brokers],
    })
  })
}

function addTopics(calls: CallHost, topics: TopicService): void {
  calls.unary(ADMIN_SERVICE.createTopic, async (request, { caller }) => {
    const { name, partitions, replicationFactor, validateOnly } = request
    const topic = {
      name,
      partitions: partitions || null,
      replicationFactor: replicationFactor || null,
      configs: new Map(Object.entries(request.configs)),
    }
    const created = await topics.create(caller, topic, { validateOnly })
    return create(pb.CreateTopicResponseSchema, { topic: topicMessage(created) })
  })
  calls.unary(ADMIN_SERVICE.deleteTopic, async ({ name }, { caller }) => {
    await topics.delete(caller, name)
    return create(pb.DeleteTopicResponseSchema)
  })
  calls.unary(ADMIN_SERVICE.listTopics, ({ pageSize, pageToken, includeInternal }, { caller }) => {
    const page = { pageSize, pageToken: pageToken || null, includeInternal }
    const listed = topics.list(caller, page)
    return create(pb.ListTopicsResponseSchema, {
      topics: listed.topics.map(topicMessage),
      nextPageToken: listed.nextPageToken ?? '',
    })
  })
  calls.unary(ADMIN_SERVICE.describeTopic, ({ name }, { caller }) => {
    const described = topics.describe(caller, name)
    return create(pb.DescribeTopicResponseSchema, {
      topic: topicMessage(described),
      partitions: described.partitions.map(partitionMessage),
    })
  })
  calls.unary(ADMIN_SERVICE.createPartitions, async (request, { caller }) => {
    const { topic: name, totalPartitions, validateOnly } = request
    const extended = await topics.createPartitions(caller, name, totalPartitions, { validateOnly })
    return create(pb.CreatePartitionsResponseSchema, { topic: topicMessage(extended) })
  })
  calls.unary(ADMIN_SERVICE.deleteRecords, async ({ topic, partitions }, { caller }) => {
    const deletions = partitions.map(({ partition, beforeOffset }) => {
      return { partition, beforeOffset: safeNumber(beforeOffset, 'before_offset') }
    })
    const deleted = await topics.deleteRecords(caller, topic, deletions)
    const results = deleted.map(({ partition, logStartOffset, error }) => {
      return { partition, logStartOffset: BigInt(logStartOffset), ...errorMessage(error) }
    })
    return create(pb.DeleteRecordsResponseSchema, { partitions: results })
  })
}

function addConfigs(calls: CallHost, configs: ConfigService): void {
  calls.unary(ADMIN_SERVICE.describeConfigs, ({ resource, names }, { caller }) => {
    const described = configs.describe(caller, parseResource(resource), names)
    return create(pb.DescribeConfigsResponseSchema, { configs: described.map(describedConfig) })
  })
  calls.unary(ADMIN_SERVICE.alterConfigs, async (request, { caller }) => {
    const { set, unset, validateOnly } = request
    const resource = parseResource(request.resource)
    const change = { resource, set: new Map(Object.entries(set)), unset }
    await configs.alter(caller, change, { validateOnly })
    return create(pb.AlterConfigsResponseSchema)
  })
}

function topicMessage(topic: TopicSummary): MessageInitShape<typeof pb.TopicSchema> {
  const { name, topicId, partitionCount: partitions, replicationFactor, internal, configs } = topic
  const own = Object.fromEntries(configs)
  return { name, topicId, partitions, replicationFactor, internal, configs: own }
}

function partitionMessage(
  described: PartitionDescription,
): MessageInitShape<typeof pb.PartitionDescriptionSchema> {
  const { partition, leader, leaderEpoch, replicas, isr, error } = described
  const { logStartOffset, highWatermark, logEndOffset, sizeBytes } = described
  return {
    partition,
    leader,
    leaderEpoch,
    replicas: [...replicas],
    isr: [...isr],
    logStartOffset: BigInt(logStartOffset),
    highWatermark: BigInt(highWatermark),
    logEndOffset: BigInt(logEndOffset),
    sizeBytes: BigInt(sizeBytes),
    ...errorMessage(error),
  }
}
