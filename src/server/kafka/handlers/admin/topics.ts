// Topics over the Kafka protocol: CreateTopics, CreatePartitions, DeleteTopics.

import { BrokerError } from '../../../../base/errors.ts'
import { inParallel } from '../../../../base/in-parallel.ts'
import { ZERO_UUID } from '../../../../base/uuid.ts'
import type { ConfigService } from '../../../../broker/config-service.ts'
import type { QuotaService } from '../../../../broker/quotas/quota-service.ts'
import type { TopicService } from '../../../../broker/topic-service.ts'
import {
  CREATE_PARTITIONS,
  type CreatePartitionsTopic,
} from '../../../../protocol/kafka/gen/create-partitions.ts'
import {
  CREATE_TOPICS,
  type CreatableReplicaAssignment,
  type CreatableTopic,
  type CreatableTopicResultInit,
} from '../../../../protocol/kafka/gen/create-topics.ts'
import {
  DELETE_TOPICS,
  type DeletableTopicResultInit,
  type DeleteTopicsRequest,
  type DeleteTopicState,
} from '../../../../protocol/kafka/gen/delete-topics.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import { MutationQuota } from '../../mutation-quota.ts'
import { CONFIG_SOURCES, MAX_CONFIGS } from './config-numbers.ts'
import { checkCount, errorFields, firstError, refusalOfLater, repeated } from '../error-fields.ts'

export interface TopicHandlerServices {
  readonly topics: TopicService
  readonly configs: ConfigService
  readonly quotas: QuotaService
}

/** Topics of one request that are worked on at once: each waits for the disk. */
const PARALLEL_TOPICS = 8

/** First versions whose clients know that a quota may refuse what they ask for (KIP-599). */
const STRICT_FROM = { createTopics: 6, createPartitions: 3, deleteTopics: 5 } as const

/** In place of a number: the broker's default, or what the assignment says. */
const DEFAULT = -1

export function topicHandlers(services: TopicHandlerServices): readonly KafkaHandler[] {
  return [createTopics(services), createPartitions(services), deleteTopics(services)]
}

function createTopics(services: TopicHandlerServices): KafkaHandler {
  return handlerOf(CREATE_TOPICS, {
    handle: async ({ topics, validateOnly }, context) => {
      const quota = new MutationQuota(services.quotas, context, STRICT_FROM.createTopics)
      const twice = repeated(topics.map(({ name }) => name))
      const wanted = topics.filter(({ name }) => !twice.has(name))
      const results = new Map<string, CreatableTopicResultInit>()
      await inParallel(wanted, PARALLEL_TOPICS, async (topic) => {
        results.set(topic.name, await create(services, topic, validateOnly, context, quota))
      })
      for (const name of twice) results.set(name, notCreated(name, namedTwice()))
      return { throttleTimeMs: quota.settle(), topics: inOrder(topics, results) }
    },
    refuse: ({ topics }, error) => {
      return { throttleTimeMs: 0, topics: topics.map(({ name }) => notCreated(name, error)) }
    },
    outcome: ({ topics }) => firstError(topics),
    cuts: [{ asked: ['topics'], answered: ['topics'] }],
  })
}

async function create(
  { topics, configs }: TopicHandlerServices,
  topic: CreatableTopic,
  validateOnly: boolean,
  { caller, version }: KafkaContext,
  quota: MutationQuota,
): Promise<CreatableTopicResultInit> {
  try {
    if (!validateOnly) quota.check()
    const texts = configTexts(topic)
    const { name, numPartitions, replicationFactor } = topic
    const wanted = {
      name,
      partitions: numPartitions === DEFAULT ? null : numPartitions,
      replicationFactor: replicationFactor === DEFAULT ? null : replicationFactor,
      configs: texts,
      ...assignmentsOf(topic.assignments),
    }
    const created = await topics.create(caller, wanted, { validateOnly })
    if (!validateOnly) quota.count(created.partitionCount)
    const described = version >= 5 ? configs.describeNew(caller, texts) : []
    return {
      name,
      topicId: created.topicId,
      ...errorFields(null),
      numPartitions: created.partitionCount,
      replicationFactor: created.replicationFactor,
      configs: described.map(({ source, readOnly, sensitive: isSensitive, ...config }) => {
        const { name: configName, value } = config
        return {
          name: configName,
          value,
          readOnly,
          configSource: CONFIG_SOURCES[source],
          isSensitive,
        }
      }),
    }
  } catch (error) {
    return notCreated(topic.name, BrokerError.from(error))
  }
}

function notCreated(name: string, error: BrokerError): CreatableTopicResultInit {
  return { name, ...errorFields(error) }
}

/** @throws BrokerError INVALID_CONFIG for a name without a value, INVALID_REQUEST for one with two */
function configTexts({ configs }: CreatableTopic): ReadonlyMap<string, string> {
  checkCount(configs.length, MAX_CONFIGS, 'configurations of one topic')
  const texts = new Map<string, string>()
  for (const { name, value } of configs) {
    const shown = name.slice(0, 300)
    if (value === null) {
      throw new BrokerError('INVALID_CONFIG', { message: `${shown} has no value; leave it out` })
    }
    if (texts.has(name)) {
      throw new BrokerError('INVALID_REQUEST', { message: `${shown} is given more than once` })
    }
    texts.set(name, value)
  }
  return texts
}

/** @throws BrokerError INVALID_REPLICA_ASSIGNMENT when the partitions are not 0, 1, 2 … each once */
function assignmentsOf(assignments: readonly CreatableReplicaAssignment[]): {
  assignments?: readonly (readonly number[])[]
} {
  if (assignments.length === 0) return {}
  const sorted = [...assignments].sort((a, b) => a.partitionIndex - b.partitionIndex)
  if (sorted.every(({ partitionIndex }, at) => partitionIndex === at)) {
    return { assignments: sorted.map(({ brokerIds }) => brokerIds) }
  }
  const message = 'Assigned partitions are numbered from 0 on, each once and without a gap'
  throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', { message })
}

function createPartitions({ topics, quotas }: TopicHandlerServices): KafkaHandler {
  const extend = async (
    { name, count, assignments }: CreatePartitionsTopic,
    validateOnly: boolean,
    { caller }: KafkaContext,
    quota: MutationQuota,
  ): Promise<BrokerError | null> => {
    const before = topics.partitionCountOf(caller, name)
    const places = assignments?.map(({ brokerIds }) => brokerIds)
    const options = { validateOnly, ...(places === undefined ? {} : { assignments: places }) }
    return await refusalOfLater(async () => {
      if (!validateOnly) quota.check()
      await topics.createPartitions(caller, name, count, options)
      if (!validateOnly) quota.count(Math.max(0, count - before))
    })
  }
  return handlerOf(CREATE_PARTITIONS, {
    handle: async ({ topics: wanted, validateOnly }, context) => {
      const quota = new MutationQuota(quotas, context, STRICT_FROM.createPartitions)
      const twice = repeated(wanted.map(({ name }) => name))
      const results = new Map<string, BrokerError | null>()
      for (const name of twice) results.set(name, namedTwice())
      const once = wanted.filter(({ name }) => !twice.has(name))
      await inParallel(once, PARALLEL_TOPICS, async (topic) => {
        results.set(topic.name, await extend(topic, validateOnly, context, quota))
      })
      const names = [...new Set(wanted.map(({ name }) => name))]
      return {
        throttleTimeMs: quota.settle(),
        results: names.map((name) => ({ name, ...errorFields(results.get(name)!) })),
      }
    },
    refuse: ({ topics: wanted }, error) => {
      const results = wanted.map(({ name }) => ({ name, ...errorFields(error) }))
      return { throttleTimeMs: 0, results }
    },
    outcome: ({ results }) => firstError(results),
    cuts: [{ asked: ['topics'], answered: ['results'] }],
  })
}

function deleteTopics({ topics, quotas }: TopicHandlerServices): KafkaHandler {
  return handlerOf(DELETE_TOPICS, {
    handle: async (request, context) => {
      const { caller } = context
      const quota = new MutationQuota(quotas, context, STRICT_FROM.deleteTopics)
      const wanted = wantedDeletions(request, context.version)
      const deletions = wanted.map((state) => deletionOf(topics, state, context))
      refuseRepeated(deletions)
      await inParallel(deletions, PARALLEL_TOPICS, async (deletion) => {
        const { name, topicId } = deletion
        if (deletion.error !== null || name === null) return
        const partitions = topics.partitionCountOf(caller, name)
        deletion.error = await refusalOfLater(async () => {
          quota.check()
          await topics.delete(caller, name, topicId)
          quota.count(partitions)
        })
      })
      const responses = deletions.map((deletion) => deletionResult(deletion, context.version))
      const throttleTimeMs = quota.settle()
      return { throttleTimeMs, responses: onceByName(responses, context.version) }
    },
    refuse: (request, error, { version }) => {
      const responses = wantedDeletions(request, version).map(({ name, topicId }) => {
        return { name: name ?? (version < 6 ? '' : null), topicId, ...errorFields(error) }
      })
      return { throttleTimeMs: 0, responses }
    },
    outcome: ({ responses }) => firstError(responses),
    cuts: [
      { asked: ['topics'], answered: ['responses'] },
      { asked: ['topicNames'], answered: ['responses'] },
    ],
  })
}

/** One topic to be deleted, as far as it was found. */
interface Deletion {
  readonly asked: DeleteTopicState
  readonly name: string | null
  /** Null when it was asked for by a name that no topic has. */
  readonly topicId: string | null
  error: BrokerError | null
}

function wantedDeletions(
  { topics, topicNames }: DeleteTopicsRequest,
  version: number,
): readonly DeleteTopicState[] {
  if (version >= 6) return topics
  return topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
}

function deletionOf(
  topics: TopicService,
  asked: DeleteTopicState,
  { caller }: KafkaContext,
): Deletion {
  const { name, topicId } = asked
  const byId = topicId !== ZERO_UUID
  if (byId === (name !== null)) {
    const message = byId
      ? 'Give the name of a topic or its id, not both'
      : 'Neither name nor id is given'
    return { asked, name, topicId, error: new BrokerError('INVALID_REQUEST', { message }) }
  }
  if (name !== null) return { asked, name, topicId: topics.idOf(caller, name), error: null }
  const found = topics.nameOf(caller, topicId)
  const error = found === null ? new BrokerError('UNKNOWN_TOPIC_ID', { topicId }) : null
  return { asked, name: found, topicId, error }
}

/** A topic that is named twice, by its name or its id, is not deleted: one of the two is a mistake. */
function refuseRepeated(deletions: readonly Deletion[]): void {
  const sound = deletions.filter(({ error }) => error === null)
  const twice = repeated(sound.map(({ name }) => name))
  for (const deletion of sound) if (twice.has(deletion.name)) deletion.error = namedTwice()
}

function deletionResult(
  { asked, name, topicId, error }: Deletion,
  version: number,
): DeletableTopicResultInit {
  if (error !== null) {
    const shown = asked.name ?? (version < 6 ? '' : null)
    return { name: shown, topicId: asked.topicId, ...errorFields(error) }
  }
  return { name, topicId: topicId ?? ZERO_UUID, ...errorFields(null) }
}

/** Before version 6 a name that was given twice is answered once. */
function onceByName(
  results: readonly DeletableTopicResultInit[],
  version: number,
): readonly DeletableTopicResultInit[] {
  return version >= 6
    ? results
    : [...new Map(results.map((result) => [result.name, result])).values()]
}

/** Results in the order in which the topics are first named. */
function inOrder<T>(topics: readonly { readonly name: string }[], results: ReadonlyMap<string, T>) {
  return [...new Set(topics.map(({ name }) => name))].map((name) => results.get(name)!)
}

function namedTwice(): BrokerError {
  return new BrokerError('INVALID_REQUEST', { message: 'The topic is named more than once' })
}
