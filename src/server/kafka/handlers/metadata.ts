// Metadata: brokers, and topics with their partitions and leaders.
//
//   v0   an empty list asks for all topics; from v1 on null does, and an empty list for none
//   v4   the client says whether topics may be made; before, they always may
//   v8   authorized operations: not told, as if nobody had asked
//   v10  topics by id beside their name; v12 by id alone
//
// A topic that is made by asking is there when the answer comes, so that no client has to ask twice.
// Source: KafkaApis.handleTopicMetadataRequest in apache/kafka.

import { ERRORS, type ErrorCode } from '../../../base/errors.ts'
import { ZERO_UUID } from '../../../base/uuid.ts'
import type { RoutingService } from '../../../broker/routing-service.ts'
import { isInternalTopic } from '../../../metadata/internal-topics.ts'
import type { TopicImage } from '../../../metadata/metadata-image.ts'
import {
  METADATA,
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponseInit,
  type MetadataResponseTopicInit,
} from '../../../protocol/kafka/gen/metadata.ts'
import type { Services } from '../../broker-core.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'
import { distinct, firstError } from './error-fields.ts'
import { kafkaNodes, placedPartition } from '../nodes.ts'

/** First version in which a topic may be asked for by its id alone. */
const IDS_ALONE_FROM = 12

type MetadataServices = Pick<Services, 'routing' | 'cluster'>

export function metadataHandlers(services: MetadataServices): KafkaHandler[] {
  return [
    handlerOf(METADATA, {
      handle: (request, context) => describe(services, request, context),
      refuse: ({ topics }, error, context) => ({
        ...clusterOf(services, context),
        topics: (topics ?? []).map((asked) => failed(asked, error.code, context)),
      }),
      outcome: ({ topics }) => firstError(topics),
      cuts: [{ asked: ['topics'], answered: ['topics'], key: keyOf }],
    }),
  ]
}

async function describe(
  services: MetadataServices,
  request: MetadataRequest,
  context: KafkaContext,
): Promise<MetadataResponseInit> {
  const { routing } = services
  const topics = request.topics && distinct(request.topics, keyOf)
  if (topics === null || (topics.length === 0 && context.version === 0)) {
    const all = routing.topics(context.caller).map(described)
    return { ...clusterOf(services, context), topics: all }
  }
  const found = topics.map((asked) => find(services, asked, request, context))
  const made: Found[] = []
  for (const topic of found) made.push(topic instanceof Promise ? await topic : topic)
  const answers = made.map((topic, slot) => {
    return typeof topic === 'string' ? failed(topics[slot]!, topic, context) : described(topic)
  })
  return { ...clusterOf(services, context), topics: answers }
}

function keyOf({ topicId, name }: MetadataRequestTopic): string {
  return `${topicId} ${name}`
}

type Found = ReturnType<RoutingService['topic']>

/** A value unless a topic has to be made: a client may ask for a hundred thousand of them. */
function find(
  { routing }: MetadataServices,
  { name, topicId }: MetadataRequestTopic,
  { allowAutoTopicCreation }: MetadataRequest,
  { caller, version }: KafkaContext,
): Found | Promise<Found> {
  if (topicId !== ZERO_UUID) {
    return version >= IDS_ALONE_FROM ? routing.topicById(caller, topicId) : 'INVALID_REQUEST'
  }
  if (name === null) return 'INVALID_REQUEST'
  return allowAutoTopicCreation ? routing.topicOrNew(caller, name) : routing.topic(caller, name)
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
  return { errorCode: 0, name, topicId, isInternal, partitions: partitions.map(placedPartition) }
}

/** What is not there comes back as it was asked for: by its name, or by its id. */
function failed(
  { name, topicId }: MetadataRequestTopic,
  code: ErrorCode,
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
