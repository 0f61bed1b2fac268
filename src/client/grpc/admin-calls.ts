// The calls of AdminService, and ListOffsets, over gRPC: messages to plain values and back.

import { create } from '@bufbuild/protobuf'
import { ADMIN_SERVICE, FETCH_SERVICE } from '../../protocol/grpc/services.ts'
import {
  AlterConfigsRequestSchema,
  ConfigResourceSchema,
  ConfigResourceType,
  ConfigSource as WireConfigSource,
  CreatePartitionsRequestSchema,
  CreateTopicRequestSchema,
  DeleteRecordsRequestSchema,
  DeleteTopicRequestSchema,
  DescribeClusterRequestSchema,
  DescribeConfigsRequestSchema,
  DescribeTopicRequestSchema,
  ListTopicsRequestSchema,
} from '../../protocol/grpc/gen/sluice/v1/admin_pb.ts'
import type {
  Config,
  ConfigResource as WireConfigResource,
  PartitionDescription as WirePartition,
  Topic as WireTopic,
} from '../../protocol/grpc/gen/sluice/v1/admin_pb.ts'
import { ListOffsetsRequestSchema } from '../../protocol/grpc/gen/sluice/v1/fetch_pb.ts'
import { Position_Edge, PositionSchema } from '../../protocol/grpc/gen/sluice/v1/records_pb.ts'
import type { Position } from '../../protocol/grpc/gen/sluice/v1/records_pb.ts'
import type {
  AdminCalls,
  ConfigEntry,
  ConfigResource,
  ConfigSource,
  PartitionDescription,
  Topic,
} from '../admin-calls.ts'
import type { StartPosition, Transport } from '../transport.ts'
import type { Connection } from './connection.ts'
import { ISOLATIONS } from './isolation.ts'
import { errorOf } from './wire-error.ts'

export function adminCalls(connection: Connection): AdminCalls & Pick<Transport, 'listOffsets'> {
  return {
    ...topicCalls(connection),
    ...configCalls(connection),
    ...recordCalls(connection),
    async describeCluster(timeoutMs) {
      const request = create(DescribeClusterRequestSchema)
      const answer = await connection.call(ADMIN_SERVICE.describeCluster, request, timeoutMs)
      const brokers = answer.brokers.map(({ brokerId, grpcAddress, rack, version }) => {
        return { brokerId, address: grpcAddress, rack, version }
      })
      return { clusterId: answer.clusterId, controllerId: answer.controllerId, brokers }
    },
  }
}

function topicCalls(
  connection: Connection,
): Pick<
  AdminCalls,
  'createTopic' | 'deleteTopic' | 'listTopics' | 'describeTopic' | 'createPartitions'
> {
  return {
    async createTopic(topic, timeoutMs) {
      const request = create(CreateTopicRequestSchema, {
        name: topic.name,
        partitions: topic.partitions ?? 0,
        replicationFactor: topic.replicationFactor ?? 0,
        configs: { ...topic.configs },
        validateOnly: topic.validateOnly ?? false,
      })
      const answer = await connection.call(ADMIN_SERVICE.createTopic, request, timeoutMs)
      return topicOf(answer.topic!)
    },

    async deleteTopic(name, timeoutMs) {
      const request = create(DeleteTopicRequestSchema, { name })
      await connection.call(ADMIN_SERVICE.deleteTopic, request, timeoutMs)
    },

    async listTopics(page, timeoutMs) {
      const request = create(ListTopicsRequestSchema, {
        pageSize: page.pageSize ?? 0,
        pageToken: page.pageToken ?? '',
        includeInternal: page.includeInternal ?? false,
      })
      const answer = await connection.call(ADMIN_SERVICE.listTopics, request, timeoutMs)
      const nextPageToken = answer.nextPageToken === '' ? null : answer.nextPageToken
      return { topics: answer.topics.map(topicOf), nextPageToken }
    },

    async describeTopic(name, timeoutMs) {
      const request = create(DescribeTopicRequestSchema, { name })
      const answer = await connection.call(ADMIN_SERVICE.describeTopic, request, timeoutMs)
      const partitionDescriptions = answer.partitions.map(partitionOf)
      return { ...topicOf(answer.topic!), partitionDescriptions }
    },

    async createPartitions(topic, totalPartitions, { validateOnly = false }, timeoutMs) {
      const fields = { topic, totalPartitions, validateOnly }
      const request = create(CreatePartitionsRequestSchema, fields)
      const answer = await connection.call(ADMIN_SERVICE.createPartitions, request, timeoutMs)
      return topicOf(answer.topic!)
    },
  }
}

function configCalls(connection: Connection): Pick<AdminCalls, 'describeConfigs' | 'alterConfigs'> {
  return {
    async describeConfigs(resource, names, timeoutMs) {
      const fields = { resource: wireResource(resource), names: [...names] }
      const request = create(DescribeConfigsRequestSchema, fields)
      const answer = await connection.call(ADMIN_SERVICE.describeConfigs, request, timeoutMs)
      return answer.configs.map(configOf)
    },

    async alterConfigs(resource, { set, unset, validateOnly = false }, timeoutMs) {
      const request = create(AlterConfigsRequestSchema, {
        resource: wireResource(resource),
        set: { ...set },
        unset: [...(unset ?? [])],
        validateOnly,
      })
      await connection.call(ADMIN_SERVICE.alterConfigs, request, timeoutMs)
    },
  }
}

function recordCalls(
  connection: Connection,
): Pick<AdminCalls, 'deleteRecords'> & Pick<Transport, 'listOffsets'> {
  return {
    async deleteRecords(topic, partitions, timeoutMs) {
      const request = create(DeleteRecordsRequestSchema, {
        topic,
        partitions: partitions.map(({ partition, beforeOffset }) => {
          const offset = beforeOffset === 'high-watermark' ? -1n : BigInt(beforeOffset)
          return { partition, beforeOffset: offset }
        }),
      })
      const answer = await connection.call(ADMIN_SERVICE.deleteRecords, request, timeoutMs)
      return answer.partitions.map(({ partition, logStartOffset, error }) => {
        return { partition, logStartOffset: Number(logStartOffset), error: errorOf(error) }
      })
    },

    async listOffsets(partitions, isolation, timeoutMs) {
      const request = create(ListOffsetsRequestSchema, {
        partitions: partitions.map(({ topic, partition, position }) => {
          return { topic, partition, position: wirePosition(position) }
        }),
        isolation: ISOLATIONS[isolation],
      })
      const answer = await connection.call(FETCH_SERVICE.listOffsets, request, timeoutMs)
      return answer.partitions.map(({ topic, partition, offset, timestampMs, error }) => {
        return {
          topic,
          partition,
          offset: Number(offset),
          timestampMs: Number(timestampMs),
          error: errorOf(error),
        }
      })
    },
  }
}

function topicOf(topic: WireTopic): Topic {
  const { name, topicId, partitions, replicationFactor, internal, configs } = topic
  return { name, topicId, partitions, replicationFactor, internal, configs }
}

function partitionOf(wire: WirePartition): PartitionDescription {
  const { partition, leader, leaderEpoch, replicas, isr } = wire
  return {
    partition,
    leader: leader < 0 ? null : leader,
    leaderEpoch,
    replicas,
    isr,
    logStartOffset: Number(wire.logStartOffset),
    highWatermark: Number(wire.highWatermark),
    logEndOffset: Number(wire.logEndOffset),
    sizeBytes: Number(wire.sizeBytes),
    error: errorOf(wire.error),
  }
}

function configOf(config: Config): ConfigEntry {
  const { name, value, readOnly, sensitive, type, defaultValue, allowed, documentation } = config
  return {
    name,
    value,
    source: sourceOf(config.source),
    readOnly,
    sensitive,
    type,
    defaultValue,
    allowed,
    documentation,
    synonyms: config.synonyms.map((synonym) => {
      return { name: synonym.name, value: synonym.value, source: sourceOf(synonym.source) }
    }),
  }
}

const SOURCES: ReadonlyMap<WireConfigSource, ConfigSource> = new Map([
  [WireConfigSource.TOPIC, 'topic'],
  [WireConfigSource.DYNAMIC_BROKER, 'dynamic-broker'],
  [WireConfigSource.STATIC_BROKER, 'static-broker'],
  [WireConfigSource.DEFAULT, 'default'],
])

function sourceOf(source: WireConfigSource): ConfigSource {
  return SOURCES.get(source) ?? 'unknown'
}

function wireResource({ type, name }: ConfigResource): WireConfigResource {
  const wireType = type === 'topic' ? ConfigResourceType.TOPIC : ConfigResourceType.BROKER
  return create(ConfigResourceSchema, { type: wireType, name })
}

function wirePosition(position: StartPosition): Position {
  switch (position.kind) {
    case 'earliest':
      return create(PositionSchema, { kind: { case: 'edge', value: Position_Edge.EARLIEST } })
    case 'latest':
      return create(PositionSchema, { kind: { case: 'edge', value: Position_Edge.LATEST } })
    case 'offset':
      return create(PositionSchema, { kind: { case: 'offset', value: BigInt(position.offset) } })
    case 'timestamp': {
      const value = BigInt(position.timestampMs)
      return create(PositionSchema, { kind: { case: 'timestampMs', value } })
    }
  }
}
