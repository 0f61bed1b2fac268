// Metadata: brokers, and topics with their partitions and leaders.
//
//   v0   an empty list asks for all topics; from v1 on null does, and an empty list for none
//   v4   the client says whether topics may be made; before, they always may
//   v8   authorized operations: not told, as if nobody had asked
//   v10  topics by id beside their name; v12 by id alone
//
// A topic that is made by asking is there when the answer comes, so that no client has to ask twice.
// Source: KafkaApis.handleTopicMetadataRequest in apache/kafka.

import { BrokerError, ERRORS } from '../../../base/errors.ts'
import { ZERO_UUID } from '../../../base/uuid.ts'
import { isInternalTopic } from '../../../metadata/internal-topics.ts'
import type { TopicImage } from '../../../metadata/metadata-image.ts'
import type { PartitionPlacement } from '../../../metadata/metadata-record.ts'
import {
  METADATA,
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponseInit,
  type MetadataResponsePartitionInit,
  type MetadataResponseTopicInit,
} from '../../../protocol/kafka/gen/metadata.ts'
import type { Services } from '../../broker-core.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'
import { firstError } from './error-fields.ts'
import { kafkaNodes } from '../nodes.ts'

/** First version in which a topic may be asked for by its id alone. */
const IDS_ALONE_FROM = 12

type MetadataServices = Pick<Services, 'routing' | 'cluster'>

export function metadataHandlers(services: MetadataServices): KafkaHandler[] {
  return [
    handlerOf(METADATA, {
      handle: (request, context) => describe(services, request, context),
      refuse: ({ topics }, error, context) => ({
        ...clusterOf(services, context),
        topics: (topics ?? []).map((asked) => failed(asked, error, context)),
      }),
      outcome: ({ topics }) => firstError(topics),
    }),
  ]
}

async function describe(
  services: MetadataServices,
  request: MetadataRequest,
  context: KafkaContext,
): Promise<MetadataResponseInit> {
  const { routing } = services
  const { topics } = request
  if (topics === null || (topics.length === 0 && context.version === 0)) {
    const all = routing.topics(context.caller).map(described)
    return { ...clusterOf(services, context), topics: all }
  }
  const found = await Promise.all(topics.map((asked) => find(services, asked, request, context)))
  return { ...clusterOf(services, context), topics: found }
}

async function find(
  { routing }: MetadataServices,
  asked: MetadataRequestTopic,
  { allowAutoTopicCreation }: MetadataRequest,
  context: KafkaContext,
): Promise<MetadataResponseTopicInit> {
  const { name, topicId } = asked
  const { caller } = context
  try {
    if (topicId !== ZERO_UUID) {
      if (context.version >= IDS_ALONE_FROM) return described(routing.topicById(caller, topicId))
      const message = 'Topics can be asked for by id from version 12 on'
      throw new BrokerError('INVALID_REQUEST', { message })
    }
    if (name === null) throw new BrokerError('INVALID_REQUEST', { message: 'A topic has no name' })
    if (!allowAutoTopicCreation) return described(routing.topic(caller, name))
    return described(await routing.topicOrNew(caller, name))
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    return failed(asked, error, context)
  }
}

function clusterOf(
  { cluster }: MetadataServices,
  { caller, peer }: KafkaContext,
): Omit<MetadataResponseInit, 'topics'> {
  const { clusterId, controllerId, brokers } = cluster.describe(caller)
  return { throttleTimeMs: 0, brokers: kafkaNodes(brokers, peer), clusterId, controllerId }
}

function described({ name, topicId, partitions }: TopicImage): MetadataResponseTopicInit {
  const isInternal = isInternalTopic(name)
  return { errorCode: 0, name, topicId, isInternal, partitions: partitions.map(placed) }
}

function placed(placement: PartitionPlacement): MetadataResponsePartitionInit {
  const { partition: partitionIndex, leader: leaderId, leaderEpoch, replicas, isr } = placement
  return {
    errorCode: leaderId < 0 ? ERRORS.LEADER_NOT_AVAILABLE.id : 0,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: [],
  }
}

/** What is not there comes back as it was asked for: by its name, or by its id. */
function failed(
  { name, topicId }: MetadataRequestTopic,
  { code }: BrokerError,
  { version }: KafkaContext,
): MetadataResponseTopicInit {
  return {
    errorCode: ERRORS[code].id,
    name: version >= IDS_ALONE_FROM ? name : (name ?? ''),
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  }
}
